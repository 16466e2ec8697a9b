/* SPDX-License-Identifier: MIT */
/* What /proc says of a process. It is asked after the fact: the answer may be younger than the
 * event that made one ask, and who asks has to say so. See proc(5). */
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

/* Directory of a process, as a descriptor; -ESRCH, or another negative errno. It stays with its
 * process: once that is gone nothing is read from it, even when the number is in use again. */
int espy_proc_open(uint32_t pid);
/* Reads a file of the directory whole, up to size - 1 bytes, with a NUL behind; how many, or
 * negative errno. */
ssize_t espy_proc_file(int dir, const char *name, char *to, size_t size);
/* The parts of espy_proc_read: what the file stat has, where it is the process that started then
 * (else -ESRCH), and users and groups. */
int espy_proc_stat(struct espy_proc_info *ret, int dir, uint64_t start);
void espy_proc_ids(struct espy_proc_info *ret, int dir);

/*
 * Reads the process if it is the one that started at `start` (boot clock ns), within a clock tick,
 * or whoever has the pid when that is 0;
 * 0 or negative errno (-ESRCH: it is gone, or another). `ret` is filled only on success; its
 * buffers are the caller's, reset here.
 */
int espy_proc_read(struct espy_proc_info *ret, uint32_t pid, uint64_t start);
