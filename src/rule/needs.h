/* SPDX-License-Identifier: MIT */
/* What an expression can only match: bounds that no matching row is outside of. */
#pragma once

#include "rule/expr.h"
#include "rule/rule.h"
#include "rule/state.h"

void espy_needs(const struct espy_expr *e, struct espy_rule_needs *ret);
/* Widens a by b. */
void espy_needs_either(struct espy_rule_needs *a, const struct espy_rule_needs *b);
/* Widens it by the events without which conditions that remember rows would not know. */
void espy_needs_states(const struct espy_state *states, struct espy_rule_needs *n);
