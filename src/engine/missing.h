/* SPDX-License-Identifier: MIT */
/*
 * What programs looked for in vain and whether they found it elsewhere afterwards: a shell that
 * walks $PATH, a compiler its include directories, a loader its library path. A miss is a lookup
 * that ended with ENOENT or ENOTDIR; it counts as found when the same process later looks up the
 * same file name anywhere with success.
 */
#pragma once

#include "base/map.h"
#include "model/batch.h"

#define ESPY_MISSING_STRINGS_MAX (1u << 20) /* file names and paths kept */
#define ESPY_MISSING_MAX         (1u << 18) /* pairs of process and name kept */

struct espy_missing {
	struct espy_dict strings;
	struct espy_map misses; /* process, name -> path where it was found */
	uint32_t *names;        /* this batch's path id -> name id + 1 */
	uint32_t n_names, cap_names;
};

int espy_missing_init(struct espy_missing *m);
void espy_missing_done(struct espy_missing *m);
/* Before the rows of another batch. 0, -ENOMEM. */
int espy_missing_begin(struct espy_missing *m, const struct espy_batch *b);
/* Every row, in order; `proc` is the caller's number of the row's process. 0, -ENOMEM. */
int espy_missing_row(struct espy_missing *m, const struct espy_batch *b, uint32_t row,
		     uint32_t proc);
/* Where `proc` found the name of `path` after it had missed it; "" when it did not. */
struct espy_str espy_missing_found(struct espy_missing *m, uint32_t proc, struct espy_str path);
/* The name that is compared: the file name, of a library without its version. */
struct espy_str espy_missing_name(struct espy_str path);
/* The row looked something up and it was not there. */
bool espy_missing_is_miss(const struct espy_batch *b, uint32_t row);
