/* SPDX-License-Identifier: MIT */
/* The open descriptors that follow() watches: by process, and what each refers to. Processes that
 * share their descriptors (CLONE_FILES) share one set. */
#pragma once

#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

/* Bytes that renames may make a path: those of a forged trace could make it ever longer. */
#define ESPY_DESCRIPTOR_PATH_MAX (1u << 16)

struct espy_descriptor {
	uint64_t fd;
	char *path; /* what it refers to, as events show it */
	size_t path_n;
	bool cloexec;   /* closed by exec */
	bool listens;   /* a socket that will have no peer */
	bool is_socket; /* its path is made of its addresses, and changes with them */
};

struct espy_descriptor_set {
	unsigned refs; /* processes */
	ESPY_VEC(struct espy_descriptor) fds;
};

struct espy_descriptors {
	struct espy_map sets; /* (pid, start) → struct espy_descriptor_set; only with descriptors */
	uint32_t n, max;      /* descriptors of all sets; more than max are not taken */
	uint64_t dropped;
};
void espy_descriptors_done(struct espy_descriptors *d);

struct espy_process_id {
	uint64_t pid, start;
};

/* NULL: the process has none. */
struct espy_descriptor_set *espy_descriptors_of(const struct espy_descriptors *d,
						struct espy_process_id p);
/* Adds one; it replaces one of the same number. 0 or -ENOMEM. */
int espy_descriptors_open(struct espy_descriptors *d, struct espy_process_id p,
			  const struct espy_descriptor *fd, struct espy_str path);
/* Takes out first..last; returns how many there were. */
unsigned espy_descriptors_close(struct espy_descriptors *d, struct espy_process_id p,
				uint64_t first, uint64_t last);
/* The child has what the parent has, for itself or (shared) together with it. 0 or -ENOMEM. */
int espy_descriptors_fork(struct espy_descriptors *d, struct espy_process_id parent,
			  struct espy_process_id child, bool shared);
/* It no longer shares its descriptors, and those that exec closes are closed. 0 or -ENOMEM. */
int espy_descriptors_exec(struct espy_descriptors *d, struct espy_process_id p);
void espy_descriptors_exit(struct espy_descriptors *d, struct espy_process_id p);
/* What has the path `from`, or lies below it, is called `to` from now on. 0 or -ENOMEM. */
int espy_descriptors_rename(struct espy_descriptors *d, struct espy_str from, struct espy_str to);
/* 0 or -ENOMEM. */
int espy_descriptor_set_path(struct espy_descriptor *fd, struct espy_str path);

static inline struct espy_str espy_descriptor_path(const struct espy_descriptor *fd)
{
	return (struct espy_str){fd->path, fd->path_n};
}
