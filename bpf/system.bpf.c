/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring: every request that a program hands in, counted by what it asks for. What it does to
 * files and sockets is not decoded. The tracepoint changed its name and arguments:
 * io_uring_submit_sqe with five (5.10), seven (5.15) and two (6.0) of them, io_uring_submit_req
 * since 6.4; one program fits.
 */
#include "exit.bpf.h"

static __always_inline int send_uring(u32 opcode, u64 user_data, bool sqpoll)
{
	struct espy_ev_system_uring *rec;
	struct task_state *st;
	u32 seq;

	if (!armed || !event_on[ESPY_EV_system_uring] || failed_only)
		return 0;
	st = state_recorded(current_task());
	if (!st)
		return 0;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_system, &seq);
	if (!rec)
		return 0;
	header_now(&rec->hdr, st, ESPY_EV_system_uring);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->user_data = user_data;
	rec->opcode = opcode;
	rec->sqpoll = sqpoll;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

#define SETUP_SQPOLL 2

static __always_inline int send_uring_req(struct io_kiocb *req)
{
	return send_uring(BPF_CORE_READ(req, opcode), uring_user_data(req),
			  BPF_CORE_READ(req, ctx, flags) & SETUP_SQPOLL);
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(system_uring, struct io_kiocb *req)
{
	return send_uring_req(req);
}

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(system_uring__2, struct io_kiocb *req, bool force)
{
	return send_uring_req(req);
}

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(system_uring__5, void *ring, u8 opcode, u64 user_data, bool force, bool sq_thread)
{
	return send_uring(opcode, user_data, sq_thread);
}

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(system_uring__7, void *ring, void *req, u8 opcode, u64 user_data, u32 flags,
	     bool force, bool sq_thread)
{
	return send_uring(opcode, user_data, sq_thread);
}
