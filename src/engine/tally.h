/* SPDX-License-Identifier: MIT */
/* Counts how often values of a column occur in operations, block after block. Values are remembered
 * by a hash and by where they were met first, so that the memory does not depend on how long they
 * are. */
#pragma once

#include "base/vec.h"
#include "model/column.h"

struct espy_tally_entry {
	uint64_t hash; /* of a string; a number itself */
	uint64_t count;
	uint32_t block, row; /* where it was met first; count 0: free */
};

#define ESPY_TALLY_TEXT_MAX (64u << 20) /* bytes of texts that are kept */

#define ESPY_TALLY_WAITING 64u

struct espy_tally {
	const struct espy_column *column;
	uint64_t seed; /* of hashes: names are chosen by traced programs */
	struct espy_tally_entry *v;
	size_t cap, n, max; /* slots, values, most values */
	uint64_t matched, none, others;
	struct espy_tally_entry waiting[ESPY_TALLY_WAITING];
	unsigned n_waiting;
	uint32_t *counts, *first; /* by id, of one block */
	size_t ids_cap;
	struct espy_buf scratch;
	/* With `keep`, for rows that cannot be looked at again: values are copied, and the row of
	 * an entry is the number of its value. */
	bool keep;
	struct espy_arena arena;
	ESPY_VEC(struct espy_value) values;
};

/* 0 or -ENOMEM. */
int espy_tally_init(struct espy_tally *t, const struct espy_column *c, uint64_t seed, size_t max);
void espy_tally_done(struct espy_tally *t);

/* Adds the rows of a block whose bit is set, each as often as it stands for operations
 * (model/merged.h). 0 or -ENOMEM. */
int espy_tally_rows(struct espy_tally *t, const struct espy_batch *b, const uint64_t *bits,
		    uint32_t block);
/* Is the value of the column a matter of the event's type? Then the block and row of an entry are
 * not those of a row: the row is the type that was met. */
bool espy_tally_is_of_type(const struct espy_column *c);
/* Adds `count` operations of a type, for such a column. */
int espy_tally_type(struct espy_tally *t, unsigned type, uint64_t count);
/* The value of such a column. */
const char *espy_tally_type_name(const struct espy_column *c, unsigned type);
/* Adds what `from` has counted, with the same column and seed. */
int espy_tally_merge(struct espy_tally *t, const struct espy_tally *from);
/* Takes the free slots out and sorts: most frequent first, then by where they were met first. */
void espy_tally_sort(struct espy_tally *t);
