/* SPDX-License-Identifier: MIT */
/* What the parts of check share. */
#pragma once

#include "rule/check.h"

/* A leaf that the rule will free; NULL when memory is out. */
struct espy_leaf *espy_check_new_leaf(struct espy_check *c, enum espy_leaf_kind kind);
/* The expression for a leaf that is complete: restricted to its operand's event, where that names
 * one. */
int espy_check_finish(struct espy_check *c, struct espy_leaf *l, struct espy_expr **ret);
/* a AND b, a OR b; just b when there is no a. */
int espy_check_join(struct espy_check *c, enum espy_expr_kind kind, struct espy_expr *a,
		    struct espy_expr *b, struct espy_expr **ret);

/* between(), same_file() and the like. */
int espy_check_state(struct espy_check *c, const struct espy_node *n, struct espy_expr **ret);

/* operand op values, as if neither the relation nor the node were negated. */
int espy_check_leaf(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		    const struct espy_token *values, uint32_t n_values, struct espy_expr **ret);
/* The same where another field stands right of the relation, negations and all. Returns 1, or 0
 * when there is a value and *ret was left alone. */
int espy_check_pair(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		    int n_operands, struct espy_expr **ret);
/* operand takes no such relation: returns -EINVAL with a sentence that lists those it takes. */
int espy_check_fail_operator(struct espy_check *c, const struct espy_node *n,
			     const struct espy_operand *o);
/* NOT e. */
int espy_check_invert(struct espy_check *c, struct espy_expr *e, struct espy_expr **ret);
/* e, where the row is of the operand's event. */
int espy_check_restrict(struct espy_check *c, const struct espy_operand *o, struct espy_expr *e,
			struct espy_expr **ret);
/* The text of a column is one of the values. */
int espy_check_text_set(struct espy_check *c, const char *column, const struct espy_token *values,
			uint32_t n, struct espy_expr **ret);

/* The operation failed with an errno that has a name, which is when there is a value of `error`. */
int espy_check_has_error(struct espy_check *c, const struct espy_operand *o,
			 struct espy_expr **ret);
/* error == one of the values. */
int espy_check_error_set(struct espy_check *c, const struct espy_operand *o,
			 const struct espy_token *values, uint32_t n, struct espy_expr **ret);
