/* SPDX-License-Identifier: MIT */
/*
 * What two runs did, as sets: for every program of each run and every subject, which operations
 * came to which results. Fed with the batches of one trace, then of the other. Memory grows with
 * the different (program, operation, subject, result), never with the number of events.
 */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "engine/diff-op.h"
#include "engine/sink.h"

#define ESPY_DIFF_KEYS_MAX  (1u << 20)
#define ESPY_DIFF_DEPTH_MAX 16u /* programs named in the path of one; the nearest ones */

struct espy_diff_key {
	uint32_t node;    /* id in `strings`: the programs from the root down, "make > gcc > cc1" */
	uint32_t subject; /* id in `strings`; 0 for the program itself */
	uint32_t op;      /* enum espy_diff_op, or more */
	int32_t result;   /* 0, a negative errno; of an exit the code or minus the signal */
	uint32_t count[2]; /* of operations in each run, at most UINT32_MAX */
	uint64_t seq[2];   /* of the first event of each run */
};

struct espy_diff {
	struct espy_sink sink; /* of the run that is being read */
	unsigned side;         /* 0 or 1: whose */
	bool exact;            /* names are compared as they are */
	struct espy_dict strings;
	ESPY_VEC(struct espy_diff_key) keys;
	struct espy_map index;    /* (node, op), (subject, result) -> number of the key */
	struct espy_map programs; /* node -> runs that have it, bit 0 and 1 */
	struct espy_map execed;   /* pid, start of those that were there before and ran a program */
	uint64_t left_over[2];    /* operations without a key, past the limit */
	uint64_t events[2];       /* operations that matched */

	/* of the batch at hand */
	uint32_t *subjects; /* id of its dictionary -> id of `strings` + 1 */
	uint32_t *nodes;    /* process entry -> id of `strings` + 1 */
	uint32_t cap_subjects, cap_nodes;
	struct espy_buf scratch;
};

int espy_diff_init(struct espy_diff *d);
void espy_diff_done(struct espy_diff *d);
/* From now on the sink takes this run: 0 or 1. */
void espy_diff_side(struct espy_diff *d, unsigned side);
/* Rows whose bit is set; NULL: all. 0 or -ENOMEM. */
int espy_diff_batch(struct espy_diff *d, const struct espy_batch *b, const uint64_t *bits);
/* The operation was done: an exit with 0, or no error. */
bool espy_diff_is_good(const struct espy_diff_key *k);
