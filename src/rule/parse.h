/* SPDX-License-Identifier: MIT */
/* Text → syntax tree. What is parsed here is the grammar of docs/reference/filter.md; whether
 * fields exist and values fit is for check.h. */
#pragma once

#include "rule/function.h"
#include "rule/lex.h"
#include "rule/operator.h"

#define ESPY_RULE_DEPTH_MAX     64u    /* parentheses and `not` in each other */
#define ESPY_RULE_FUNCTIONS_MAX 8u     /* functions around one field */
#define ESPY_RULE_LIST_MAX      16384u /* values of one list */

enum espy_node_kind {
	ESPY_NODE_AND,     /* children */
	ESPY_NODE_OR,      /* children */
	ESPY_NODE_NOT,     /* one child */
	ESPY_NODE_COMPARE, /* operand op values */
	ESPY_NODE_HAS,     /* operand */
	ESPY_NODE_NAMES,   /* values: classes, operations, events */
	ESPY_NODE_LINEAGE, /* function(values) */
	ESPY_NODE_STATE,   /* function(values), or function(children) */
};

/* A field with functions around it. */
struct espy_term {
	struct espy_token field;
	const struct espy_function *functions[ESPY_RULE_FUNCTIONS_MAX]; /* outermost first */
	uint32_t function_at[ESPY_RULE_FUNCTIONS_MAX];
	unsigned n_functions;
};

struct espy_node {
	enum espy_node_kind kind;
	uint32_t at; /* of the operator or function: first byte in the text */
	struct espy_node *first, *next;
	struct espy_term term;
	struct espy_term other; /* COMPARE: right of the operator, when it has functions */
	const struct espy_operator *op;
	const struct espy_function *function;
	bool negate; /* `not` before the operator */
	bool fold;   /* without regard to case */
	struct espy_token *values;
	uint32_t n_values;
};

/*
 * Parses `text` (at most ESPY_RULE_TEXT_MAX bytes); the tree lies in the arena and points into
 * `text`. *ret is NULL when there is nothing but blanks. 0; -EINVAL or -EOVERFLOW (a limit) with
 * *err; -ENOMEM.
 */
int espy_parse(struct espy_arena *arena, struct espy_str text, struct espy_err *err,
	       struct espy_node **ret);

/* Words that stand for a whole condition, such as `failed`: i from 0 until NULL. */
struct espy_word {
	const char *name, *text, *doc;
};
const struct espy_word *espy_parse_word(unsigned i);
