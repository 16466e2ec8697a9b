/* SPDX-License-Identifier: MIT */
/* A planned expression over a whole batch: bits in, fewer bits out. */
#pragma once

#include "rule/expr.h"

/* Memory that evaluation keeps between batches. A zeroed one is ready for use. */
struct espy_eval {
	const struct espy_batch *b;
	uint32_t words; /* of a set of rows */
	uint64_t *bits; /* two sets of rows for each level of the expression */
	size_t bits_cap;
	uint8_t *known; /* by key: false, true, or not worked out yet */
	size_t known_cap;
	struct espy_leaf_scratch scratch;
};
void espy_eval_done(struct espy_eval *e);

/*
 * Sets out[] to the rows of mask[] (ESPY_RULE_WORDS(b->n) words each, apart from each other) for
 * which `expr` is true. Lineages and clocks have been set up for the batch. 0 or -ENOMEM.
 */
int espy_eval(struct espy_eval *e, const struct espy_expr *expr, const struct espy_batch *b,
	      const uint64_t *mask, uint64_t *out);
