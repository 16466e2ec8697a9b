/* SPDX-License-Identifier: MIT */
/* Leaves over columns that are not keyed: numbers that every row has, and the fields of events. */
#pragma once

#include "rule/eval.h"

/*
 * A leaf on a number that is a column of the batch. out[] becomes the rows of mask[] for which it
 * is true, before any complement. False: the column is not of that kind, and nothing was done.
 */
bool espy_numbers_column(struct espy_eval *e, const struct espy_leaf *l, const uint64_t *mask,
			 uint64_t *out);
/* The same for a leaf on a field of some events; 0 or -ENOMEM. */
int espy_numbers_field(struct espy_eval *e, const struct espy_leaf *l, const uint64_t *mask,
		       uint64_t *out);
