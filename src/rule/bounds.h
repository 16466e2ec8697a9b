/* SPDX-License-Identifier: MIT */
/* Bounds of a text: every value that can match is one of a few texts, lies under one, or begins
 * with one. Texts are the rule's own memory. */
#pragma once

#include "rule/leaf.h"
#include "rule/rule.h"

/* What the leaf, which is true as it stands, lets its text be; n 0: anything. */
void espy_bounds_of(const struct espy_leaf *l, struct espy_text_bounds *ret);
/* What is within both: one of them, as narrow as that can be said. */
void espy_bounds_both(struct espy_text_bounds *a, const struct espy_text_bounds *b);
/* What is within one of them; n 0 when that cannot be said. */
void espy_bounds_either(struct espy_text_bounds *a, const struct espy_text_bounds *b);
