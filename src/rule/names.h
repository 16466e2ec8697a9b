/* SPDX-License-Identifier: MIT */
/* Columns that only ever hold certain names, so that a wrong one is an error and not a filter that
 * never matches: classes, operations, events, sources of paths, system calls, errors. */
#pragma once

#include "rule/operand.h"

/* Is `name` a value of the column? True for columns that hold anything. */
bool espy_names_known(const struct espy_column *c, struct espy_str name);
/* Does the column hold only certain names, this one among them? */
bool espy_names_listed(const struct espy_column *c, struct espy_str name);
/* "there is no operation opn; did you mean open?": returns -EINVAL. */
int espy_names_fail(const struct espy_column *c, const struct espy_token *word,
		    struct espy_err *err);

/* The columns class, op and event, by the names that a bare word can be: i from 0 until NULL. */
const char *espy_names_bare(unsigned i);
/* For a bare word that is none of them. Returns -EINVAL. */
int espy_names_fail_bare(const struct espy_token *word, struct espy_err *err);
