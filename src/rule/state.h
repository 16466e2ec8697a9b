/* SPDX-License-Identifier: MIT */
/*
 * Conditions that depend on rows before: between(), same_file(), follow(). Each sees every row of
 * every batch, in order, before the filter itself is evaluated, and leaves a bit for each row.
 */
#pragma once

#include "rule/eval.h"

#define ESPY_STATE_EXPRS_MAX    2u
#define ESPY_STATE_NAMES_MAX    1024u  /* of one same_file(), those that are gone included */
#define ESPY_STATE_NAME_MAX     65536u /* bytes of one: renames in a forged trace add up */
#define ESPY_STATE_FOLLOWED_MAX 8192u  /* open descriptors of one follow() */

struct espy_state;

struct espy_state_kind {
	unsigned n_exprs; /* filters that it takes; 0: it takes texts */
	const char *what; /* of its first argument, for error sentences */
	/* Events that change the state, ended by 0, and columns that it looks at, ended by NULL. */
	const uint16_t *types;
	const char *const *columns;
	/* Sets s->bits for the batch, all of them; 0 or -ENOMEM. */
	int (*batch)(struct espy_state *s, const struct espy_batch *b);
	void (*done)(struct espy_state *s);
};

extern const struct espy_state_kind espy_state_between, espy_state_same_file, espy_state_follow;

struct espy_state {
	const struct espy_state_kind *kind;
	struct espy_expr *expr[ESPY_STATE_EXPRS_MAX]; /* planned */
	uint64_t *expr_bits[ESPY_STATE_EXPRS_MAX];    /* the rows of the batch that match them */
	uint64_t *bits;                               /* the rows for which the condition is true */
	uint32_t words, words_cap;
	const struct espy_token *texts;
	uint32_t n_texts;
	struct espy_eval eval;
	void *memory;     /* of the kind; NULL before its first batch */
	uint64_t dropped; /* names or descriptors that found no room */
	struct espy_state *next;
};

/* Works a batch out; `mask` has all its rows. What is inside of this condition has been before. 0
 * or -ENOMEM. */
int espy_state_begin(struct espy_state *s, const struct espy_batch *b, const uint64_t *mask);
void espy_state_done(struct espy_state *s);

static inline void espy_state_set(struct espy_state *s, uint32_t row)
{
	s->bits[row / 64] |= 1ull << row % 64;
}

/* The value of a field of the row's event; 0 or "" when it has none. */
uint64_t espy_state_number(const struct espy_batch *b, uint32_t row, const char *field);
struct espy_str espy_state_text(const struct espy_batch *b, uint32_t row, const char *field);

#define ESPY_STATE_DELETED                                                     \
	ESPY_STR(" (deleted)") /* behind the name of a file that has none left \
				*/
