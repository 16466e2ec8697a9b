/* SPDX-License-Identifier: MIT */
/* Expressions that depend on one thing only are worked out once for each of it, when a row first
 * asks, and looked up for every other row: a path is searched once, however often it was opened. */
#pragma once

#include "rule/eval.h"

/* As espy_eval, for an expression that is keyed. */
int espy_keyed(struct espy_eval *e, const struct espy_expr *expr, const uint64_t *mask,
	       uint64_t *out);

/* n bytes of e->known, all unknown (ESPY_UNKNOWN), and one more; NULL when memory is out. */
#define ESPY_UNKNOWN 2
uint8_t *espy_keyed_memory(struct espy_eval *e, size_t n);
