/* SPDX-License-Identifier: MIT */
/* The part of a report about what failed: the failures that tell something first, what programs do
 * in vain as a matter of course in one line. */
#pragma once

#include "engine/section.h"
#include "engine/summary.h"

/* Adds the section. `failures` is a summary of kind "result", `n_operations` how many operations
 * there were. */
void espy_report_failed(struct espy_screen *screen, struct espy_summary *failures,
			uint64_t n_operations);
