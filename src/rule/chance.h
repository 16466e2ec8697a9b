/* SPDX-License-Identifier: MIT */
/* What an expression makes of a whole block of rows, from a summary of it. */
#pragma once

#include "rule/expr.h"
#include "rule/rule.h"

/* Lineages need no set-up; constants that are times have been bound. */
enum espy_rule_chance espy_chance(const struct espy_expr *e, const struct espy_rule_facts *f);
