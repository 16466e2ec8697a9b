/* SPDX-License-Identifier: MIT */
/* Two values of one row against each other: path == path2, uid != euid. */
#pragma once

#include "rule/leaf.h"

/* A leaf of the kind ESPY_LEAF_PAIR; false where one of the values is missing. */
bool espy_pair_test(const struct espy_leaf *l, const struct espy_batch *b, uint32_t row,
		    struct espy_leaf_scratch *scratch);

/* Can the two be compared with this operator: are both numbers, or both text? */
bool espy_pair_suits(const struct espy_operator *op, const struct espy_operand *a,
		     const struct espy_operand *b);
