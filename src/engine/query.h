/* SPDX-License-Identifier: MIT */
/*
 * Questions about a capture of any size: how many rows match, which is the nth of them, what are
 * the values of a column and how often does each occur. Memory does not grow with the capture.
 * Rows are rows; occurrences are of operations, of which a merged row has many (model/merged.h).
 *
 * Espy's own traces are looked into block by block, by several threads, and what cannot matter is
 * not read; other captures, and a pipe, are read from their start for each question.
 */
#pragma once

#include <stdatomic.h>
#include "base/arena.h"
#include "base/err.h"
#include "model/column.h"
#include "model/machine.h"

#define ESPY_QUERY_THREADS 2u
/* Values of a column that are told apart in each thread; what comes later is among the others. */
#define ESPY_QUERY_GROUPS_MAX (3u << 19)
/* Values that are handed out. */
#define ESPY_QUERY_TOP_MAX (1u << 17)

struct espy_query;

/* `path` "-" is the standard input, of which one question can be asked. `filter` NULL or "" is
 * everything; an error in it has its column in *err. 0 or negative errno. */
int espy_query_open(struct espy_query **ret, const char *path, const char *filter,
		    struct espy_err *err);
void espy_query_close(struct espy_query *q);
const struct espy_machine *espy_query_machine(const struct espy_query *q);
/* NULL: it has no end record, or a capture that is read from its start was not read to it. */
const struct espy_ending *espy_query_ending(const struct espy_query *q);
/* Blocks that could not be read so far, and what was wrong with the first (NULL: nothing). */
unsigned espy_query_damaged(const struct espy_query *q, const struct espy_err **ret);
/* Events of the whole capture, whatever the filter; 0 while that is not known. */
uint64_t espy_query_rows(const struct espy_query *q);

/* Rows that were recorded but dropped to keep the bounds of the capture. */
uint64_t espy_query_dropped(const struct espy_query *q);

/* How a pass over the capture is watched; NULL for not at all. */
struct espy_query_watch {
	void (*progress)(void *ctx, double part); /* 0..1, often; may be NULL */
	void *ctx;
	const atomic_bool *cancel; /* true ends the pass with -ECANCELED; may be NULL */
};

/* How many rows match. The first time is a pass over the capture. 0 or negative errno. */
int espy_query_count(struct espy_query *q, const struct espy_query_watch *w, uint64_t *ret,
		     struct espy_err *err);

/*
 * Row n, from 0, of those that match: *ret_b (valid until the next question) and *ret_row of it. 1:
 * there it is, 0: there are not so many, or negative errno. Goes only as far as it must, and after
 * espy_query_count goes straight there.
 */
int espy_query_row(struct espy_query *q, uint64_t n, const struct espy_query_watch *w,
		   const struct espy_batch **ret_b, uint32_t *ret_row, struct espy_err *err);

struct espy_query_value {
	uint64_t count;
	bool is_string;
	uint64_t num;        /* a number, sign-extended where the column is signed */
	struct espy_str str; /* in the answer's arena */
	uint64_t block;      /* where it was met first: position of the block, and row of it */
	uint32_t row;
};

struct espy_query_groups {
	struct espy_arena arena;
	struct espy_query_value *v; /* most frequent first, then in the order of their first rows */
	size_t n;
	uint64_t matched; /* operations */
	uint64_t none;    /* those that have no such value */
	uint64_t others;  /* those with values that are not in v */
	uint64_t values;  /* different ones in all, when is_exact */
	bool is_exact;    /* there was room for all values: the counts are right */
};

/* Values of a column of the matching rows, the `top` most frequent (0: ESPY_QUERY_TOP_MAX). Clean
 * up with done. 0 or negative errno. */
int espy_query_group(struct espy_query *q, const struct espy_column *c, size_t top,
		     const struct espy_query_watch *w, struct espy_query_groups *ret,
		     struct espy_err *err);
void espy_query_groups_done(struct espy_query_groups *g);
