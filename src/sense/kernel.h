/* SPDX-License-Identifier: MIT */
/* What of what the BPF programs can use this kernel has: from its type information, and by trying.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "sense/types.h"

/* The kernel's own types. Zeroed: none. */
struct espy_kernel {
	struct espy_types types; /* indexed */
	void *map;
	size_t bytes;
};

/* 0, or negative errno and a sentence. */
int espy_kernel_open(struct espy_kernel *k, struct espy_err *err);
void espy_kernel_close(struct espy_kernel *k);

/* Task storage in tracing programs came in 5.13, bpf_loop in 5.17: a kernel with the one has the
 * other. */
struct espy_kernel_features {
	bool cast, task_btf, task_storage, loop;
	bool fentry;   /* trampolines load: the plus pack */
	bool perf;     /* tp_btf programs on system calls may be preempted: 7.2 */
	int uring_req; /* arguments of the tracepoint, -1: not there */
	int uring_sqe, uring_done, uring_full, uring_failed;
	int64_t preempt, current, hot; /* per-CPU variables, from the run queue; 0: not there */
	int oom;
	int suspend;
};

void espy_kernel_probe(struct espy_kernel_features *f, const struct espy_types *kernel);
/* The function that makes a pointer one of a type that the verifier knows; 0: 6.1 and older. */
uint32_t espy_kernel_cast(const struct espy_types *kernel);
