/* SPDX-License-Identifier: MIT */
/*
 * A leaf: one test of one value of a row. It is false for a row that has no such value, also when
 * it is negated (path != x); the opposite of that is the work of the expression around it.
 */
#pragma once

#include "rule/address.h"
#include "rule/lineage.h"
#include "rule/operand.h"

enum espy_leaf_kind {
	ESPY_LEAF_PRESENT, /* there is a value */
	ESPY_LEAF_HAS,     /* there is a value, and if it is text it is not empty */
	ESPY_LEAF_NUMBER,
	ESPY_LEAF_TEXT,
	ESPY_LEAF_ELEMENT, /* text, one of the strings of an argument vector */
	ESPY_LEAF_ADDRESS, /* an address in one of the networks, or one of the texts */
	ESPY_LEAF_LINEAGE,
	ESPY_LEAF_PAIR,  /* two values of the row stand in a relation */
	ESPY_LEAF_STATE, /* depends on rows before: worked out for the batch already */
};

/* The numbers that satisfy it differ with how an event shows the column: O_CREAT means nothing
 * among flags of rename. */
struct espy_leaf_number {
	unsigned fmt;
	struct espy_number_test test;
};

/* What stands right of the operand: another one. */
struct espy_pair {
	struct espy_operand other;
	const struct espy_operator *op; /* NULL: it is enough that both have a value */
	bool fold;
};

struct espy_state;

struct espy_leaf {
	enum espy_leaf_kind kind;
	struct espy_operand operand;
	bool negate;
	bool is_plain; /* the text is tested as it lies in the batch */
	struct espy_leaf_number *numbers;
	uint32_t n_numbers;
	struct espy_text_test text;
	struct espy_network *networks;
	uint32_t n_networks;
	struct espy_lineage lineage;
	struct espy_pair pair;
	struct espy_state *state;
	struct espy_leaf *next; /* all of a rule */
};

/* Memory for values that are in the making; what one call leaves there the next overwrites. */
struct espy_leaf_scratch {
	struct espy_buf made;                   /* by the column */
	struct espy_buf text;                   /* by functions */
	struct espy_buf other_made, other_text; /* the same for the right one of a pair */
};

/* The test for one row. A lineage must have been set up for the batch (espy_lineage_begin). */
bool espy_leaf_test(const struct espy_leaf *l, const struct espy_batch *b, uint32_t row,
		    struct espy_leaf_scratch *scratch);

/* The same for a value that is at hand, as the events with this fmt show it. */
bool espy_leaf_test_text(const struct espy_leaf *l, struct espy_str s, unsigned fmt,
			 struct espy_leaf_scratch *scratch);
/* The test of numbers for a fmt; NULL: none of the constants means anything there. */
const struct espy_number_test *espy_leaf_number(const struct espy_leaf *l, unsigned fmt);

/* Makes constants that are times into numbers. */
void espy_leaf_bind(struct espy_leaf *l, const struct espy_clock *clock);
