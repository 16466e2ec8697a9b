/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a filter bounds of what is recorded, so that the rest costs little: processes, executables,
 * cgroups and paths. Only what certainly cannot match is left out; user space filters again.
 *
 * Paths are compared where they are told to user space: the very names that it will show, from the
 * root, with what the loader made of the filter (src/sense/only.h). The verdict becomes a bit of
 * the object's id. Names are compared as a whole, so that no directory has to be found at the
 * start, and one that is replaced later is the one that is meant.
 */
#pragma once

#include "maps.bpf.h"

/* Global, as the others here: loops that are verified once. */
__noinline int only_pid(u32 pid)
{
	for (u32 i = 0; i < ESPY_ONLY_PIDS; i++) {
		if (i >= n_only_pids)
			break;
		if (only_pids[i] == pid)
			return true;
	}
	return false;
}

/* Does the path whose names were just written fit this one? Without a function for each name: the
 * stack of calls is 8 deep at most. Where it has no name no byte counts. */
__noinline int only_fits(u32 index, u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	const struct espy_only_path *p = &only_paths[index & (2 * ESPY_ONLY_MAX - 1)];
	u64 differ = 0;
	u32 names;

	if (!s)
		return true;
	names = s->walk.names;
	if (names < p->n || (p->is_exact && names != p->n))
		return false;
	for (u32 i = 0; i < ESPY_ONLY_NAMES; i++) {
		u32 at = s->walk.at[(names - 1 - i) & (ESPY_ONLY_NAMES - 1)] & (OBJ_TEXT - 1);
		const u64 *text = (void *)s->text + at;

		if (differ)
			break;
		for (u32 w = 0; w < ESPY_ONLY_WORDS; w++)
			differ |= (text[w] ^ p->name[i].word[w]) & p->name[i].mask[w];
	}
	return !differ;
}

/* One of the `n` from `first` on? */
static __always_inline bool only_any(u32 first, u32 n, u32 user)
{
	for (u32 i = 0; i < ESPY_ONLY_MAX; i++) {
		if (i >= n)
			break;
		if (only_fits(first + i, user))
			return true;
	}
	return false;
}
