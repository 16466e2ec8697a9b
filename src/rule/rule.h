/* SPDX-License-Identifier: MIT */
/* The filter language: text → tree, checked against the event table → evaluated over batches. */
#pragma once

#include "base/err.h"
#include "model/batch.h"

struct espy_rule;

/*
 * Compiles one expression (docs/reference/filter.md). "" matches everything. An error has the
 * 1-based column in err->column and says what was expected or which names there are.
 */
int espy_rule_new(struct espy_rule **ret, const char *text, struct espy_err *err);
void espy_rule_free(struct espy_rule *r);

#define ESPY_RULE_WORDS(rows) (((rows) + 63u) / 64u)

/* Sets bit r of `bits` (ESPY_RULE_WORDS(b->n) words) for each row that matches; the others are 0.
 * Returns how many match, or -ENOMEM. Not thread-safe for one rule. */
int espy_rule_match(struct espy_rule *r, const struct espy_batch *b, uint64_t *bits);

/* When the capture started (boot clock ns), for times such as +2.5s and 10:00:00. Without it the
 * first batch that espy_rule_match sees stands for the start. */
void espy_rule_set_start(struct espy_rule *r, uint64_t start);

/* On how many texts a regular expression hit a limit so far; such a text does not match. */
uint64_t espy_rule_gave_up(const struct espy_rule *r);

static inline bool espy_rule_bit(const uint64_t *bits, uint32_t row)
{
	return bits[row / 64] >> (row % 64) & 1;
}

/* What a rule can only match: everything outside this cannot match, things inside may. It decides
 * which operations the kernel side records. */
struct espy_rule_needs {
	bool type[ESPY_EVENT_ID_MAX]; /* events that can match */
	bool failed_only;             /* only rows with result < 0 */
	uint64_t min_duration;        /* ns; only rows at least this long */
	uint32_t pids[64], n_pids;    /* only these pids; n_pids 0: any */
	uint32_t uids[64], n_uids;    /* only these real uids; n_uids 0: any */
};
void espy_rule_needs(const struct espy_rule *r, struct espy_rule_needs *ret);
