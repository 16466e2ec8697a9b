/* SPDX-License-Identifier: MIT */
/* A checked filter: leaves under AND, OR and NOT. */
#pragma once

#include "rule/leaf.h"

enum espy_expr_kind {
	ESPY_EXPR_ALL, /* every row */
	ESPY_EXPR_AND, /* children */
	ESPY_EXPR_OR,  /* children */
	ESPY_EXPR_NOT, /* one child; espy_plan removes them */
	ESPY_EXPR_LEAF,
};

/* What the result of an expression depends on, so that it need be worked out only once for each. */
enum espy_key {
	ESPY_KEY_ROW,    /* anything in the row */
	ESPY_KEY_TYPE,   /* the event type */
	ESPY_KEY_SOURCE, /* the source of the path */
	ESPY_KEY_CALL,   /* the system call */
	ESPY_KEY_PROC,   /* the entry of the process table */
	ESPY_KEY_PATH,   /* the path; without one, the event type */
	ESPY_KEY__MAX
};

struct espy_expr {
	enum espy_expr_kind kind;
	struct espy_expr *first, *next;
	struct espy_leaf *leaf;
	/* Set by espy_plan: */
	bool complement;   /* LEAF, ALL: the rows for which it is false */
	bool keyed;        /* evaluated as a whole, once per key */
	enum espy_key key; /* of it and all below it */
	uint32_t cost;     /* of one evaluation, in no unit */
	uint32_t height;   /* levels of AND and OR, its own too, that are evaluated row by row */
};

/* NULL when memory is out. */
struct espy_expr *espy_expr_new(struct espy_arena *arena, enum espy_expr_kind kind);
struct espy_expr *espy_expr_leaf(struct espy_arena *arena, struct espy_leaf *l);
/* Puts `child` (NULL: does nothing) in front of e's children. */
static inline void espy_expr_add(struct espy_expr *e, struct espy_expr *child)
{
	if (child) {
		child->next = e->first;
		e->first = child;
	}
}
