/* SPDX-License-Identifier: MIT */
/*
 * Prepares an expression for batches: NOT moves down to the leaves, nested ANDs and ORs become one,
 * what depends on the same thing (the path, the process, the event type …) is put together to be
 * worked out once for each of them, and the cheap stands before the dear.
 */
#pragma once

#include "rule/expr.h"

/* Changes the tree in place; *e may become another node. 0 or -ENOMEM. */
int espy_plan(struct espy_arena *arena, struct espy_expr **e);

/* How the values of a column are got at: what its leaves depend on. */
enum espy_key espy_plan_key(const struct espy_column *c);
