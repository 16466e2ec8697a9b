/* SPDX-License-Identifier: MIT */
/* What this process itself uses, for those who want to know what looking costs. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ESPY_SELF_THREADS_MAX 32

struct espy_self_thread {
	uint32_t tid;
	char name[16];   /* with a NUL */
	uint64_t cpu_ns; /* user and system time */
};

struct espy_self {
	uint64_t cpu_ns;   /* of all threads, also of those that ended */
	uint64_t resident; /* bytes; rings of the kernel that are mapped are in it */
	uint64_t own;      /* of them those that no file and no kernel ring is behind */
	/* those that run or have run, as far as they were there when it was asked */
	struct espy_self_thread thread[ESPY_SELF_THREADS_MAX];
	size_t n_threads;
};

/* Brings `s` up to date, zeroed at first: threads that have ended meanwhile stay in it. What /proc
 * does not tell stays as it was. See proc(5); clocks of threads: clock_getcpuclockid(3). */
void espy_self_read(struct espy_self *s);
