/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs: reads, or writes, of one thread on one file, one after the other and all of them
 * successful, which are told as one record; and threads that are left out. See press.bpf.h.
 */
#pragma once

#include "exit.bpf.h"

/* The thread and the iterator that tells of threads which wait may both be at its runs. Kernels
 * without such atomics (before 5.12) have no such iterator while calls are recorded. */
#ifdef ESPY_OLD
#define runs_take(st)  1
#define runs_leave(st) ((void)0)
#else
static __always_inline bool runs_take(struct task_state *st)
{
	return __sync_val_compare_and_swap(&st->runs_busy, 0, 1) == 0;
}

static __always_inline void runs_leave(struct task_state *st)
{
	*(volatile u32 *)&st->runs_busy = 0;
}
#endif

static __always_inline bool runs_any(const struct task_state *st)
{
	return st->run[RUN_READS].times | st->run[RUN_WRITES].times;
}

/* Can this call, on this object, be one of many? */
static __always_inline bool run_may_be(const struct task_state *st)
{
	if (!st->obj || st->obj & (OBJ_MEM | OBJ_SETTING) || (st->obj & OBJ_KIND) == KIND_SOCKET)
		return false;
	if (st->type == ESPY_EV_file_read)
		return event_on[ESPY_EV_file_reads];
	return st->type == ESPY_EV_file_write && event_on[ESPY_EV_file_writes];
}

/* Is the call that ends the next of a run? Reads and writes have one each: many a program does both
 * in turns. */
static __always_inline bool runs_go_on(const struct task_state *st, long ret)
{
	const struct run *run = &st->run[st->type == ESPY_EV_file_write];

	return ret >= 0 && run->times && run->type == st->type && run->obj == st->obj &&
	       run->nr == st->nr && run->abi == st->abi && run->times < RUN_TIMES &&
	       st->entry - run->began < RUN_NS;
}

/* The record of a run; it has no text. */
static __always_inline void run_fill(struct espy_ev_file_reads *rec, const struct task_state *st,
				     const struct run *run)
{
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->hdr.time = bpf_ktime_get_boot_ns();
	rec->hdr.duration = run->inside;
	rec->hdr.result = run->bytes;
	rec->hdr.type = run->type == ESPY_EV_file_read ? ESPY_EV_file_reads : ESPY_EV_file_writes;
	rec->hdr.call = run->nr;
	rec->hdr.abi = run->abi;
	rec->hdr.size = sizeof(*rec);
	header_task(&rec->hdr, st);
	path_of_object(&rec->path, run->obj);
	rec->requested = run->requested;
	rec->offset = run->offset;
	rec->times = run->times;
	rec->began = run->began;
	rec->ended = run->ended;
}

_Static_assert(sizeof(struct espy_ev_file_reads) == sizeof(struct espy_ev_file_writes), "runs");

static __always_inline void run_close(struct run *run)
{
	run->times = 0;
	__sync_fetch_and_add(&runs_open, -1);
}

/* A run is many calls: its record has a place in the ring like one of a process's life. */
static __always_inline void run_tell(struct task_state *st, struct run *run)
{
	struct espy_ev_file_reads *rec;
	u32 seq;

	if (!run->times)
		return;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_system, &seq);
	if (rec) {
		run_fill(rec, st, run);
		rec->hdr.seq = seq;
		bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	} else { /* it was counted as one event of the system's */
		this_cpu()->lost[ESPY_CLASS_system]--;
		this_cpu()->lost[ESPY_CLASS_file] += run->times;
	}
	run_close(run);
}

/* Tells of one of the current thread's runs, if there is one. Global: verified once. */
__noinline int run_end(u32 i)
{
	struct task_state *st = state_current(false);

	if (!st || !runs_take(st))
		return 0;
	run_tell(st, &st->run[i % RUNS]);
	runs_leave(st);
	return 0;
}

static __always_inline void runs_end(void)
{
	run_end(RUN_READS);
	run_end(RUN_WRITES);
}

/* The call of `st` ends, and does not go on with a run that there is. */
static __always_inline void runs_break(const struct task_state *st)
{
	if (st->type != ESPY_EV_file_write)
		run_end(RUN_READS);
	if (st->type != ESPY_EV_file_read)
		run_end(RUN_WRITES);
}

/* What a read or write asked for, and where. */
static __always_inline void io_args(const struct task_state *st, const struct espy_call *c,
				    u64 *ret_size, u64 *ret_at)
{
	*ret_size = plain_arg(st, c, 0);
	*ret_at = plain_arg(st, c, 1);
	if (c->flags & ESPY_CALL_POS && (!c->arg[1] || *ret_at == ~0ull))
		*ret_at = st->pos; /* none given, or preadv2's -1 */
	if (c->flags & ESPY_CALL_VECTOR)
		*ret_size = iov_bytes(call_arg(st, 2), call_arg(st, 3), st->abi == ESPY_ABI_NATIVE);
}

static __always_inline void run_begin(struct run *run, const struct task_state *st, u64 now,
				      u64 offset)
{
	run->type = st->type;
	run->nr = st->nr;
	run->abi = st->abi;
	run->obj = st->obj;
	run->began = st->entry ? st->entry : now;
	run->offset = offset;
	run->bytes = run->requested = run->inside = 0;
	__sync_fetch_and_add(&runs_open, 1);
}

/* The call that ends belongs to a run, a new one or that which there is. False: it does not. */
__noinline int run_add(long ret, u64 now)
{
	struct task_state *st = state_current(false);
	struct run *run;
	u64 size, at;

	if (!st || !armed || !run_may_be(st) || !runs_take(st))
		return false;
	run = &st->run[st->type == ESPY_EV_file_write];
	io_args(st, call_of(st), &size, &at);
	if (!run->times)
		run_begin(run, st, now, at);
	run->times++;
	run->bytes += ret;
	run->requested += size;
	run->inside += st->entry ? now - st->entry : 0;
	run->ended = now;
	runs_leave(st);
	return true;
}

static __always_inline bool runs_take_call(const struct task_state *st, long ret, u64 now)
{
	if (!merge_always && !this_cpu()->level && !runs_any(st))
		return false;
	if (stacks && !this_cpu()->level) /* the call has one of its own */
		return false;
	return ret >= 0 && run_add(ret, now);
}

/* --- threads that are left out ---------------------------------------------------------------- */

static __always_inline void isolate_tell(struct task_state *st)
{
	struct espy_ev_system_isolate *rec;
	u32 seq;

	if (st->left_out == press_episode)
		return;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_system, &seq);
	if (!rec)
		return;
	st->left_out = press_episode;
	header_now(&rec->hdr, st, ESPY_EV_system_isolate);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->made = st->made;
	rec->window = 1ull << SHARE_SHIFT;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

/* At the end of a call under overload, before its record: is the thread, or all of this class, left
 * out now? */
__noinline int press_leaves_out(u32 type, u64 now)
{
	struct task_state *st = state_current(false);
	struct espy_cpu *c = this_cpu();

	if (!st || is_lifecycle(class_of(type)))
		return false;
	press_check(now);
	if (st->window != (u32)(now >> SHARE_SHIFT)) {
		st->window = now >> SHARE_SHIFT;
		st->made = 0;
	}
	st->made++;
	if (c->level < PRESS_ISOLATING || st->made <= SHARE)
		return c->level >= PRESS_LIFECYCLE;
	isolate_tell(st);
	return true;
}

/* --- threads that wait ------------------------------------------------------------------------ */

u64 run_age = 0; /* only runs whose last call ended so long ago; ns */

static __always_inline void run_list(struct seq_file *seq, struct espy_ev_file_reads *rec,
				     struct task_state *st, struct run *run)
{
	if (!run->times)
		return;
	run_fill(rec, st, run);
	rec->hdr.flags = ESPY_F_APART;
	bpf_seq_write(seq, rec, sizeof(*rec));
	run_close(run);
}

static __always_inline bool run_waits(const struct run *run, u64 now)
{
	return run->times && now - run->ended >= run_age;
}

/* Of each thread the runs that it does not go on with. */
SEC("iter/task")
int file_reads__waiting(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	u64 now = bpf_ktime_get_boot_ns();
	u32 user = SCRATCH_ITER;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct task_state *st;

#ifdef ESPY_OLD
	if (armed) /* the thread may be at them, too */
		return 0;
#endif
	st = t ? state_of(t, false) : NULL;
	if (!st || !s || !runs_any(st) || !runs_take(st))
		return 0;
	if (run_waits(&st->run[RUN_READS], now))
		run_list(seq, (void *)s->text, st, &st->run[RUN_READS]);
	if (run_waits(&st->run[RUN_WRITES], now))
		run_list(seq, (void *)s->text, st, &st->run[RUN_WRITES]);
	runs_leave(st);
	return 0;
}
