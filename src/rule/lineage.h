/* SPDX-License-Identifier: MIT */
/* Who descends from whom: worked out once per batch for every entry of its process table. */
#pragma once

#include "model/batch.h"
#include "rule/function.h"

struct espy_lineage {
	enum espy_lineage_kind kind;
	uint32_t *pids; /* sorted */
	uint32_t n_pids;
	struct espy_text_test names; /* of processes; n is 0 when there are none */
	uint8_t *is;                 /* by entry of the batch */
	uint32_t cap;
};

/* Works it out for a batch; 0 or -ENOMEM. */
int espy_lineage_begin(struct espy_lineage *l, const struct espy_batch *b);
void espy_lineage_done(struct espy_lineage *l);

static inline bool espy_lineage_is(const struct espy_lineage *l, const struct espy_batch *b,
				   uint32_t row)
{
	return b->proc[row] < b->n_procs && l->is[b->proc[row]];
}
