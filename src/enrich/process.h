/* SPDX-License-Identifier: MIT */
/*
 * The process table: who every (pid, start) is, as the records tell it, in their order. Ended
 * processes stay, so that their children still have a parent, until there are too many of them or
 * their texts take too much room; then those that were mentioned longest ago go, but of which one
 * that lives descends they go last.
 */
#pragma once

#include <stdbool.h>
#include "base/map.h"
#include "base/str.h"
#include "enrich/cgroup.h"
#include "model/batch.h"

#define ESPY_PROCESS_DEAD_DEFAULT 8192u      /* some 500 bytes each */
#define ESPY_PROCESS_LIVE_MAX     (1u << 20) /* beyond this the oldest are taken for ended */
#define ESPY_PROCESS_BYTES_MAX    (8u << 20) /* of texts, before ended processes go */
#define ESPY_PROCESS_NAME_MAX     15         /* TASK_COMM_LEN - 1 */
#define ESPY_PROCESS_TTY_MAX      31
#define ESPY_PROCESS_CMDLINE_MAX  16384
#define ESPY_PROCESS_ENDED_MIN    64u /* ended ones that stay whatever room the texts take */
#define ESPY_PROCESS_LATELY       16u
#define ESPY_ANCESTORS_MAX        64u /* put into a batch with one process */

/* Text that a process shares with the children it forked. */
struct espy_shared {
	uint32_t refs, n;
	char p[];
};

/* Which file, in which state. Two with all of it alike are one version of one file. */
struct espy_version {
	uint64_t inode, size; /* inode 0: not known */
	int64_t mtime, ctime; /* ns since 1970 */
	uint32_t dev;         /* as the kernel packs it */
	uint32_t pad;         /* 0 */
};

/* Inodes of namespaces, 0 not known. */
struct espy_namespaces {
	uint32_t pid, mnt, net, user, uts, ipc;
};

enum espy_process_lacks {                         /* what nothing has told yet */
			  ESPY_LACKS_IMAGE = 1,   /* executable and command line */
			  ESPY_LACKS_WHO = 2,     /* parent and credentials */
			  ESPY_LACKS_CMDLINE = 4, /* command line only */
};

struct espy_process_list {
	struct espy_process *head, *tail;
	size_t n;
};

struct espy_process {
	uint64_t start, parent_start, cgroup;
	uint32_t pid, ppid;
	uint32_t uid, gid, euid, egid; /* UINT32_MAX unknown */
	uint32_t sid, login_uid, audit_session;
	uint32_t ns_pid; /* its id in its own pid namespace, 0 where that is the machine's */
	struct espy_namespaces ns;
	struct espy_version version; /* of the executable */
	struct espy_cgroup *where;   /* NULL not known */
	uint32_t flags;              /* enum espy_proc_flags */
	uint8_t n_name, n_tty;
	uint8_t lacks; /* enum espy_process_lacks */
	bool is_dead;
	char name[ESPY_PROCESS_NAME_MAX], tty[ESPY_PROCESS_TTY_MAX];
	struct espy_shared *exe, *cmdline; /* NULL: none or not known */

	/* Its entry in the batch of generation `batch`; any change makes that 0. */
	uint32_t batch, batch_index;

	struct espy_process *prev, *next; /* in live or dead */
};

struct espy_processes {
	struct espy_map map;     /* (pid, start) */
	struct espy_map current; /* pid → the latest with it */
	struct espy_process_list live, dead;
	struct espy_process *lately[ESPY_PROCESS_LATELY]; /* got, by the low bits of the pid */
	struct espy_cgroups cgroups;
	size_t max_dead, bytes;
};

void espy_processes_init(struct espy_processes *t, size_t max_dead); /* 0: default */
void espy_processes_done(struct espy_processes *t);

/* NULL when it is not known. */
struct espy_process *espy_process_find(const struct espy_processes *t, uint32_t pid,
				       uint64_t start);
/* Finds or makes it; NULL when memory is out. With start 0 the current one of that pid is meant. */
struct espy_process *espy_process_get(struct espy_processes *t, uint32_t pid, uint64_t start);
/* Its parent, or NULL; never itself, never a younger one. */
struct espy_process *espy_process_parent(const struct espy_processes *t,
					 const struct espy_process *p);
/* It was mentioned: of the ended ones it will be the last to go. */
void espy_process_touch(struct espy_processes *t, struct espy_process *p);

/* What checked records say. `exe` is the resolved path of the record. 0 or -ENOMEM. A pointer to
 * any process may be invalid after a call that can make one. */
int espy_process_running(struct espy_processes *t, const struct espy_ev_process_running *rec,
			 struct espy_str exe);
int espy_process_task(struct espy_processes *t, const struct espy_ev_meta_task *rec);
int espy_process_fork(struct espy_processes *t, const struct espy_ev_process_fork *rec);
int espy_process_exec(struct espy_processes *t, const struct espy_ev_process_exec *rec,
		      struct espy_str exe);
int espy_process_comm(struct espy_processes *t, const struct espy_ev_process_comm *rec);
void espy_process_exit(struct espy_processes *t, uint32_t pid, uint64_t start);

/* A process that nobody announced: takes what it lacks from the parent that it still is a copy of,
 * or from what /proc says of it (NULL: nothing). It lacks nothing afterwards. */
struct espy_proc_info;
void espy_process_complete(struct espy_processes *t, struct espy_process *p,
			   const struct espy_proc_info *info);
bool espy_process_is_copy(const struct espy_process *p, const struct espy_process *parent);
