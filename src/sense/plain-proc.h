/* SPDX-License-Identifier: MIT */
/*
 * What the plain pack takes from /proc: the image of a process (executable, arguments, directory)
 * and who it is (users, session, cgroup, namespaces). See proc(5), cgroups(7), namespaces(7).
 */
#pragma once

#include <limits.h>
#include "base/map.h"
#include "base/proc.h"
#include "base/str.h"
#include "sense/plain-record.h"
#include "sense/plain-task.h"

#define ESPY_PLAIN_ARGS    16384u /* bytes of arguments, and of environment: as the base pack */
#define ESPY_PLAIN_CGROUPS 8192u  /* told of at once; fewer than enrich/cgroup.h remembers */

struct espy_plain_image {
	char exe[PATH_MAX], cwd[PATH_MAX];
	char argv[ESPY_PLAIN_ARGS + 2], env[ESPY_PLAIN_ARGS + 2];
	size_t n_exe, n_cwd, n_argv, n_env;
	bool is_deleted, is_cut;
	uint32_t memory; /* ENUM_memory, 0: a file with a name */
	uint32_t dev;    /* as the kernel packs it; with inode 0 nothing is known */
	uint64_t inode, size;
	int64_t mtime, ctime;
};

/* `dir` is of espy_proc_open. What cannot be read is empty. */
void espy_plain_image_read(struct espy_plain_image *ret, int dir, bool with_env);
/* The fields image_*, which three events have. */
#define ESPY_PLAIN_SET_VERSION(rec, i)           \
	do {                                     \
		(rec)->image_dev = (i)->dev;     \
		(rec)->image_inode = (i)->inode; \
		(rec)->image_size = (i)->size;   \
		(rec)->image_mtime = (i)->mtime; \
		(rec)->image_ctime = (i)->ctime; \
	} while (0)

/* Where version 2's hierarchy may be mounted; ended by NULL. */
extern const char *const espy_plain_cgroup_mounts[];

struct espy_plain_cgroups {
	struct espy_map told; /* ids, of which a definition went out */
	const char *only;     /* path of the one that is wanted, below the mount; NULL all */
	/* A cgroup that has to be defined: see meta_cgroup. */
	void (*define)(void *ctx, uint64_t id, struct espy_str path);
	void *ctx;
};

/*
 * Cgroup and namespaces of the process; with `all` also users, session and the like, which messages
 * keep up to date afterwards. `info` is what espy_proc_stat said.
 */
void espy_plain_who_read(struct espy_plain_process *p, int dir, struct espy_proc_info *info,
			 bool all, struct espy_plain_cgroups *cgroups);
