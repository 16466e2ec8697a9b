/* SPDX-License-Identifier: MIT */
/*
 * The processes and threads that the plain pack knows, as the kernel's messages tell of them and,
 * for those that were there before, /proc. A child has what its parent has until a message says
 * otherwise, so that also one that is gone before anybody can look is known by its user, session
 * and cgroup.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/map.h"

#define ESPY_PLAIN_TASKS_MAX (1u << 22) /* threads; the kernel's own limit (PID_MAX_LIMIT) */
#define ESPY_PLAIN_COMM      16         /* with a NUL */
#define ESPY_PLAIN_NS        6          /* pid, mnt, net, user, uts, ipc */

struct espy_plain_thread {
	uint32_t tid;
	uint64_t start; /* boot clock ns */
	struct espy_plain_process *of;
	struct espy_plain_thread *next, *prev;
};

struct espy_plain_process {
	uint64_t start, parent_start; /* boot clock ns; 0 not known */
	uint64_t cgroup, cgroup_ref;
	uint32_t pid, ppid;
	uint32_t uid, gid, euid, egid; /* UINT32_MAX not known, likewise the next two */
	uint32_t login_uid, audit_session;
	uint32_t sid, ns_pid;
	uint32_t ns[ESPY_PLAIN_NS];
	uint32_t tracer_pid, tracer_tid; /* 0 none */
	uint32_t leader_code;            /* exit code of the first thread, when it has left */
	bool is_target, is_kernel, is_outside, is_missing, is_told;
	char comm[ESPY_PLAIN_COMM], tty[ESPY_PLAIN_COMM];
	struct espy_plain_thread *threads; /* alive, the newest first */
	struct espy_plain_process *next;   /* when free */
};

/* A zeroed one is ready for use. */
struct espy_plain_tasks {
	struct espy_map processes, threads; /* by pid, by tid */
	struct espy_plain_process *free_processes;
	struct espy_plain_thread *free_threads;
	int64_t targets; /* processes with is_target */
};

void espy_plain_tasks_done(struct espy_plain_tasks *t);

/* NULL when it is not known. */
struct espy_plain_process *espy_plain_find(const struct espy_plain_tasks *t, uint32_t pid);
struct espy_plain_thread *espy_plain_find_thread(const struct espy_plain_tasks *t, uint32_t tid);
/* A new process with its first thread, in the place of one that had the pid; with what `parent`
 * (NULL: not known) has. NULL when memory is out. */
struct espy_plain_process *espy_plain_add(struct espy_plain_tasks *t, uint32_t pid, uint64_t start,
					  const struct espy_plain_process *parent);
/* Its thread of that id, which is made where it is not known; NULL when memory is out. */
struct espy_plain_thread *espy_plain_add_thread(struct espy_plain_tasks *t,
						struct espy_plain_process *p, uint32_t tid,
						uint64_t start);
void espy_plain_drop_thread(struct espy_plain_tasks *t, struct espy_plain_thread *thread);
void espy_plain_drop(struct espy_plain_tasks *t, struct espy_plain_process *p);
/* Its other threads are gone, and the one that is left has the process's id. 0 or -ENOMEM. */
int espy_plain_exec(struct espy_plain_tasks *t, struct espy_plain_process *p);
void espy_plain_set_target(struct espy_plain_tasks *t, struct espy_plain_process *p, bool is);

/* `rec`: a record of a kind that says who a process is, meta_task or process_running. */
#define ESPY_PLAIN_SET_WHO(rec, p)                         \
	do {                                               \
		(rec)->parent_start = (p)->parent_start;   \
		(rec)->cgroup = (p)->cgroup;               \
		(rec)->cgroup_ref = (p)->cgroup_ref;       \
		(rec)->ppid = (p)->ppid;                   \
		(rec)->uid = (p)->uid;                     \
		(rec)->gid = (p)->gid;                     \
		(rec)->euid = (p)->euid;                   \
		(rec)->egid = (p)->egid;                   \
		(rec)->sid = (p)->sid;                     \
		(rec)->login_uid = (p)->login_uid;         \
		(rec)->audit_session = (p)->audit_session; \
		(rec)->kernel = (p)->is_kernel;            \
		(rec)->ns_pid = (p)->ns_pid;               \
		(rec)->pid_ns = (p)->ns[0];                \
		(rec)->mnt_ns = (p)->ns[1];                \
		(rec)->net_ns = (p)->ns[2];                \
		(rec)->user_ns = (p)->ns[3];               \
		(rec)->uts_ns = (p)->ns[4];                \
		(rec)->ipc_ns = (p)->ns[5];                \
	} while (0)
