/* SPDX-License-Identifier: MIT */
/*
 * Which rows of one block of a trace match a filter, with as little of the block read as that
 * takes: nothing behind its directory where that decides, else the columns that the filter looks
 * at. One sieve serves one thread.
 */
#pragma once

#include "rule/rule.h"
#include "trace/look.h"

struct espy_sieve {
	struct espy_look look;
	struct espy_rule *rule;
	struct espy_need need; /* of the rule */
	bool stateful;         /* every block must be given, in order */
	bool by_type;          /* the rule looks at nothing but the type of an event */
	bool weighs; /* set by the caller: what rows stand for is wanted too, see model/merged.h */
	int8_t verdict[ESPY_EVENT_ID_MAX]; /* by_type: 0 not known yet, 1 matches, -1 does not */
	struct espy_batch *row;            /* to find that out */

	/* Of the block that was sieved last: */
	struct espy_batch *batch;     /* rows, as far as they were needed; empty when none was */
	bool is_decoded;              /* the batch holds what was asked for */
	enum espy_rule_chance chance; /* what the directory told */
	uint64_t *bits;               /* rows that match */
	uint32_t matched;
};

/* `trace` must stay open for as long. An error of the filter has its column in *err. */
int espy_sieve_init(struct espy_sieve *s, const struct espy_trace *trace, const char *filter,
		    struct espy_err *err);
void espy_sieve_done(struct espy_sieve *s);

/*
 * Sieves a block that was listed. With `extra`, the batch holds these columns and those of the
 * filter afterwards if any row matches; NULL: only the number of them is wanted. 0, or the errno of
 * espy_look_open, espy_look_decode or -ENOMEM.
 */
int espy_sieve_block(struct espy_sieve *s, const struct espy_index_block *e,
		     const struct espy_need *extra, struct espy_err *err);
/* Decodes everything of the same block, for rows that are shown. Bits stay as they are. */
int espy_sieve_whole(struct espy_sieve *s, struct espy_err *err);

/* Has the block that was opened last rows that stand for many operations? */
bool espy_sieve_has_merged(const struct espy_sieve *s);
/* What is needed to know for how many. */
void espy_sieve_need_merged(struct espy_need *need);

/* Do rows of that type match? Only when s->by_type. 1, 0 or -ENOMEM. */
int espy_sieve_type(struct espy_sieve *s, unsigned type);
