/* SPDX-License-Identifier: MIT */
/* The relations of the filter language: one row each in operator.c. */
#pragma once

#include "rule/number.h"
#include "rule/text.h"

/* What a value can be compared as; a column may be several of them. */
enum espy_sort {
	ESPY_SORT_NUMBER = 1,
	ESPY_SORT_FLAGS = 2, /* a number whose bits have names */
	ESPY_SORT_TEXT = 4,
	ESPY_SORT_ARGV = 8,  /* also text */
	ESPY_SORT_ADDR = 16, /* also text */
};

enum espy_operator_flags {
	ESPY_OP_NEGATE = 1,  /* true where there is a value and the test fails */
	ESPY_OP_SET = 2,     /* is one of the values: names can be checked, addresses be networks */
	ESPY_OP_LIST = 4,    /* takes (a, b, c) */
	ESPY_OP_ELEMENT = 8, /* text: one of the arguments is exactly that */
	ESPY_OP_FIELD = 16,  /* a function of a field may stand on the right */
	ESPY_OP_WORD = 32,   /* and a field by its bare name */
};

struct espy_operator {
	const char *spellings; /* separated by commas; "i" before one of letters: without regard to
				  case */
	const char *doc;
	unsigned flags;
	unsigned sorts;                                   /* what it applies to */
	struct espy_range (*number)(struct espy_range v); /* the numbers that satisfy it, or … */
	enum espy_bits bits;                              /* … how bits are tested */
	espy_text_prepare_fn prepare;
	espy_text_match_fn match;
};

/* i from 0 until NULL. */
const struct espy_operator *espy_operator_at(unsigned i);

/* The first spelling, without the others. */
struct espy_str espy_operator_name(const struct espy_operator *op);

/* One spelling, a word of one to three words; *i from 0, false after the last. */
bool espy_operator_spelling(const struct espy_operator *op, unsigned i, struct espy_str *ret);
