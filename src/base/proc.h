/* SPDX-License-Identifier: MIT */
/* What /proc says of a process that nobody announced. It is asked after the fact: the answer may be
 * younger than the event, and is marked so (ESPY_PROC_GUESSED). See proc(5). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"

struct espy_proc_info {
	uint64_t start; /* boot clock ns, to a clock tick */
	uint32_t pid, ppid, sid;
	uint32_t uid, euid, gid, egid, login_uid;
	bool is_kernel;
	char name[16]; /* with a NUL */
	char tty[16];  /* with a NUL: "pts/3", "tty1", "ttyS0" */
	struct espy_buf exe, cmdline;
};

/*
 * Reads the process if it is the one that started at `start` (boot clock ns), within a clock tick,
 * or whoever has the pid when that is 0;
 * 0 or negative errno (-ESRCH: it is gone, or another). `ret` is filled only on success; its
 * buffers are the caller's, reset here.
 */
int espy_proc_read(struct espy_proc_info *ret, uint32_t pid, uint64_t start);
