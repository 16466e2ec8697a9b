/* SPDX-License-Identifier: MIT */
/* Syntax tree → expression: every field is looked up in the event table, every relation must suit
 * it, and every constant becomes what it is compared with. */
#pragma once

#include "rule/state.h"

struct espy_check {
	struct espy_arena *arena;
	struct espy_regexes *regexes;
	struct espy_err *err;
	struct espy_leaf *leaves;  /* of all that was checked, newest first */
	struct espy_state *states; /* those inside of others first */
};

/* 0; -EINVAL or -EOVERFLOW with *err; -ENOMEM. */
int espy_check(struct espy_check *c, const struct espy_node *n, struct espy_expr **ret);
