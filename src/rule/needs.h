/* SPDX-License-Identifier: MIT */
/* What an expression can only match: bounds that no matching row is outside of. */
#pragma once

#include "rule/expr.h"
#include "rule/rule.h"

void espy_needs(const struct espy_expr *e, struct espy_rule_needs *ret);
