/* SPDX-License-Identifier: MIT */
/* The part of a report about processes: the tree with processes of the same name and the same
 * ancestry taken together, the busiest ones first to get a line. */
#pragma once

#include "engine/section.h"
#include "engine/tree.h"

#define ESPY_REPORT_NAMES_MAX 4096u /* lines that are considered */
#define ESPY_REPORT_DEPTH_MAX 8u    /* levels that are drawn */

/* Adds the section; the tree must be linked. `max` is how many lines it may have. */
void espy_report_procs(struct espy_screen *screen, struct espy_tree *t, unsigned max);
