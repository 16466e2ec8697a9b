/* SPDX-License-Identifier: MIT */
/*
 * Rules of Process Monitor as an expression of Espy's filter language (docs/reference/filter.md),
 * which fits its own captures and those of this machine.
 *
 * Rules on one column are alternatives, rules on several columns must all hold, and what an exclude
 * rule names is left out whatever the others say; all without regard to case.
 */
#pragma once

#include "format/pmc.h"

/* Appends the expression of the rules; nothing when there are none. `notes` (may be NULL) gets a
 * line for each rule that cannot mean the same here, ended by a newline. 0 or -ENOMEM. */
int espy_pmc_filter(const struct espy_pmc_rules *rules, struct espy_buf *out,
		    struct espy_buf *notes);
