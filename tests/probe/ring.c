/* SPDX-License-Identifier: MIT */
#include "ring.h"
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static uint32_t *in_ring(const struct uring *u, uint32_t at)
{
	return (void *)(u->rings + at);
}

bool uring_open_params(struct uring *u, struct io_uring_params p, unsigned entries)
{
	size_t n;

	memset(u, 0, sizeof(*u));
	u->p = p;
	u->fd = syscall(NR_io_uring_setup, (long)entries, &u->p);
	if (u->fd < 0)
		return false;
	n = u->p.sq_off.array + u->p.sq_entries * sizeof(uint32_t);
	if (n < u->p.cq_off.cqes + u->p.cq_entries * sizeof(struct io_uring_cqe))
		n = u->p.cq_off.cqes + u->p.cq_entries * sizeof(struct io_uring_cqe);
	u->rings = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, IORING_OFF_SQ_RING);
	u->sqes = mmap(NULL, u->p.sq_entries * sizeof(*u->sqes), PROT_READ | PROT_WRITE, MAP_SHARED,
		       u->fd, IORING_OFF_SQES);
	MUST(u->rings != MAP_FAILED && u->sqes != MAP_FAILED);
	return true;
}

bool uring_open(struct uring *u, unsigned flags)
{
	return uring_open_params(u, (struct io_uring_params){.flags = flags, .sq_thread_idle = 500},
				 16);
}

void uring_need(struct uring *u)
{
	if (!uring_open(u, 0))
		probe_skip("this kernel has no io_uring, or forbids it");
}

void uring_put(struct uring *u, struct io_uring_sqe sqe)
{
	_Atomic uint32_t *tail = (void *)in_ring(u, u->p.sq_off.tail);
	uint32_t at = *tail & *in_ring(u, u->p.sq_off.ring_mask);

	u->sqes[at] = sqe;
	in_ring(u, u->p.sq_off.array)[at] = at;
	atomic_store_explicit(tail, *tail + 1, memory_order_release);
}

long uring_enter(struct uring *u, unsigned n, unsigned wait)
{
	unsigned flags = (wait ? IORING_ENTER_GETEVENTS : 0) |
			 (u->p.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0);

	return syscall(NR_io_uring_enter, u->fd, (long)n, (long)wait, (long)flags, 0L, 0L);
}

struct io_uring_cqe uring_take(struct uring *u)
{
	_Atomic uint32_t *head = (void *)in_ring(u, u->p.cq_off.head);
	_Atomic uint32_t *tail = (void *)in_ring(u, u->p.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)in_ring(u, u->p.cq_off.cqes), cqe;

	while (*head == atomic_load_explicit(tail, memory_order_acquire))
		MUST(uring_enter(u, 0, 1) >= 0);
	cqe = cqes[*head & *in_ring(u, u->p.cq_off.ring_mask)];
	atomic_store_explicit(head, *head + 1, memory_order_release);
	return cqe;
}

static uint64_t uring_tag;

long uring_do(struct uring *u, struct io_uring_sqe sqe)
{
	struct io_uring_cqe cqe;

	sqe.user_data = ++uring_tag;
	uring_put(u, sqe);
	MUST(uring_enter(u, 1, 1) >= 0);
	cqe = uring_take(u);
	MUST(cqe.user_data == sqe.user_data);
	return cqe.res;
}

bool uring_has(struct uring *u, unsigned opcode)
{
	static char buf[sizeof(struct io_uring_probe) + 256 * sizeof(struct io_uring_probe_op)];
	struct io_uring_probe *p = (void *)buf;

	memset(buf, 0, sizeof(buf));
	if (syscall(NR_io_uring_register, u->fd, (long)IORING_REGISTER_PROBE, p, 256L))
		return false;
	return opcode <= p->last_op && p->ops[opcode].flags & IO_URING_OP_SUPPORTED;
}
