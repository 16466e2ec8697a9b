/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths that the plus pack noted during a call. */
#pragma once

#include "probe.bpf.h"

const volatile bool has_plus = 0; /* its programs are loaded */

#define NO_FD     (~0ull) /* closed, but not by its number */
#define PLUS_NAME 256     /* NAME_MAX and the NUL */

/* A name in a directory, or with len 0 the directory itself; obj 0: not noted. */
struct plus_name {
	u64 obj;
	u32 len, pad;
	char name[PLUS_NAME];
};

/* Of one thread: valid while `entry` is that of its call. */
struct plus_call {
	u64 entry;
	u64 has_old; /* task_state.old is set */
	struct plus_name path[2];
};

/* By thread id. LRU: a thread that is pushed out has a path of the caller's instead. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* the loader makes it more where the pack is loaded */
	__type(key, u32);
	__type(value, struct plus_call);
} plus_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct plus_call);
} plus_empty SEC(".maps");

/* What was before, for calls that change it. */
static __always_inline void note_old(struct task_state *st, struct inode *inode)
{
	if (st->type == ESPY_EV_file_chmod) {
		st->old[0] = KR(inode, i_mode) & 07777;
	} else if (st->type == ESPY_EV_file_chown) {
		st->old[0] = KR(inode, i_uid.val);
		st->old[1] = KR(inode, i_gid.val);
	} else {
		inode_times(inode, &st->old[0], &st->old[1]);
	}
}

static __always_inline struct plus_call *plus_of(const struct task_state *st, bool create)
{
	struct plus_call *c, *empty;
	u32 tid = st->tid, zero = 0;

	c = bpf_map_lookup_elem(&plus_calls, &tid);
	if (c || !create)
		return c;
	empty = bpf_map_lookup_elem(&plus_empty, &zero);
	if (!empty)
		return NULL;
	bpf_map_update_elem(&plus_calls, &tid, empty, BPF_ANY);
	return bpf_map_lookup_elem(&plus_calls, &tid);
}
