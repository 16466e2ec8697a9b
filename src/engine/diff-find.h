/* SPDX-License-Identifier: MIT */
/* The differences between two runs, from the sets of what they did: paired, put together by subject
 * and by name, and in the order in which they tell most. */
#pragma once

#include "engine/diff.h"

enum espy_difference_mark { ESPY_DIFF_ONLY_A, ESPY_DIFF_ONLY_B, ESPY_DIFF_CHANGED };

enum espy_difference_rank {
	ESPY_DIFF_RANK_EXIT = 0,
	ESPY_DIFF_RANK_CHANGED = 1, /* what one run could the other could not */
	ESPY_DIFF_RANK_FAILED = 2,  /* failed in one run only, and not because it was not there */
	/* then what only one run did, by espy_diff_op_rank() */
	ESPY_DIFF_RANK_MISSED = 8, /* looked for in vain in one run only */
	ESPY_DIFF_RANK_USUAL = 9,  /* of the kind that programs expect; found elsewhere */
};

struct espy_difference {
	uint32_t node, subject; /* ids of the strings of the comparison */
	uint32_t first, n;      /* all keys of both: places in `order` */
	uint32_t name;          /* of a search: the file name that was looked for; else 0 */
	uint32_t places;        /* in so many places */
	uint32_t found;         /* where the other run found it; 0 when it did not */
	uint8_t mark, rank;
	bool is_implied; /* done by a program that only one run ran */
};

struct espy_differences {
	ESPY_VEC(struct espy_difference) list; /* of one program together, the gravest first */
	uint32_t *order;                       /* numbers of keys by program and subject */
	bool *is_paired;                       /* of each key: equal as far as names go */
	uint32_t n_same;                       /* keys that both runs have */
	uint32_t n_paired;                     /* keys left out since they differ in random parts */
};

/* 0 or -ENOMEM. */
int espy_differences_find(struct espy_differences *ret, struct espy_diff *d);
void espy_differences_done(struct espy_differences *f);
/* The key is of one run only, which is *ret_side, and has no pair in the other. */
bool espy_differences_is_own(const struct espy_differences *f, const struct espy_diff *d,
			     uint32_t key, unsigned *ret_side);
