/* SPDX-License-Identifier: MIT */
/* What the capture says about itself, and requests that it does not look into. */
#include "probe.h"
#include <linux/io_uring.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* --- io_uring by hand ------------------------------------------------------------------------ */

struct uring {
	int fd;
	char *rings;
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
};

static bool uring_open(struct uring *u, unsigned flags)
{
	size_t n;

	memset(u, 0, sizeof(*u));
	u->p.flags = flags;
	u->p.sq_thread_idle = 500;
	u->fd = syscall(NR_io_uring_setup, 8L, &u->p);
	if (u->fd < 0)
		return false;
	n = u->p.sq_off.array + u->p.sq_entries * sizeof(uint32_t);
	u->rings = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, IORING_OFF_SQ_RING);
	u->sqes = mmap(NULL, u->p.sq_entries * sizeof(*u->sqes), PROT_READ | PROT_WRITE, MAP_SHARED,
		       u->fd, IORING_OFF_SQES);
	MUST(u->rings != MAP_FAILED && u->sqes != MAP_FAILED);
	return true;
}

static void uring_put(struct uring *u, struct io_uring_sqe sqe)
{
	_Atomic uint32_t *tail = (void *)(u->rings + u->p.sq_off.tail);
	uint32_t mask = *(uint32_t *)(u->rings + u->p.sq_off.ring_mask), at = *tail & mask;

	u->sqes[at] = sqe;
	((uint32_t *)(u->rings + u->p.sq_off.array))[at] = at;
	atomic_store_explicit(tail, *tail + 1, memory_order_release);
}

static long uring_enter(struct uring *u, unsigned n, unsigned flags)
{
	return syscall(NR_io_uring_enter, u->fd, (long)n, (long)n, (long)flags, 0L, 0L);
}

static void uring_said(int opcode, uint64_t tag, int sqpoll)
{
	NOTED();
	WANT(system_uring, NUM(opcode, opcode), NUM(user_data, tag), NUM(sqpoll, sqpoll), ANY(tid));
}

PROBE(system_uring)
{
	struct uring u;
	static char buf[16];
	int fd = probe_file("a", "0123456789");

	if (!uring_open(&u, 0))
		probe_skip("this kernel has no io_uring, or forbids it");
	uring_put(&u, (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 0x1111});
	uring_put(&u, (struct io_uring_sqe){.opcode = IORING_OP_READV,
					    .fd = fd,
					    .addr = (uintptr_t) & (struct {
							    void *p;
							    size_t n;
						    }){buf, 4},
					    .len = 1,
					    .user_data = 0x2222222222ULL});
	uring_put(&u, (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
					    .fd = AT_FDCWD,
					    .addr = (uintptr_t) "a",
					    .user_data = 0x3333});
	MUST(uring_enter(&u, 3, IORING_ENTER_GETEVENTS) == 3);
	uring_said(IORING_OP_NOP, 0x1111, 0);
	uring_said(IORING_OP_READV, 0x2222222222ULL, 0);
	uring_said(IORING_OP_OPENAT, 0x3333, 0);
	if (!uring_open(&u, IORING_SETUP_SQPOLL)) {
		probe_note("no polling thread of io_uring here");
		return;
	}
	uring_put(&u, (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 0x4444});
	MUST(uring_enter(&u, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP) >= 0);
	uring_said(IORING_OP_NOP, 0x4444, 1);
}

/* --- loss ------------------------------------------------------------------------------------ */

#define CALLS_DEFAULT 300000

/*
 * Stops the program that reads the events, makes more of them than any buffer holds, and lets it go
 * on: what was recorded and what is said to be lost must add up to what was done. To be run in a
 * capture of its own.
 */
PROBE(system_loss)
{
	const char *calls = getenv("PROBE_LOSS_CALLS");
	long n = calls ? atol(calls) : CALLS_DEFAULT;

	if (probe_starter <= 1)
		probe_skip("the program that records is not there");
	MUST(kill(probe_starter, SIGSTOP) == 0);
	for (long i = 0; i < n; i++)
		syscall(NR_lseek, -1, 0L, 0L);
	MUST(kill(probe_starter, SIGCONT) == 0);
	DID(lseek, -EBADF);
	WANT(file_seek, NUM(or_lost, n));
}
