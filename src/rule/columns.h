/* SPDX-License-Identifier: MIT */
/* Which columns the evaluation of a rule looks at. */
#pragma once

#include "rule/rule.h"
#include "rule/state.h"

/* Of all leaves and states of a rule, those inside of other conditions too. */
void espy_columns(const struct espy_leaf *leaves, const struct espy_state *states,
		  struct espy_rule_columns *ret);
