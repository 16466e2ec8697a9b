/* SPDX-License-Identifier: MIT */
/* Failures that programs expect and go on from: what a healthy run is full of. */
#pragma once

#include "base/str.h"

/* Results of calls that a signal interrupted and that the kernel starts again, as positive numbers
 * (include/linux/errno.h). */
#define ESPY_USUAL_RESTART_FIRST 512
#define ESPY_USUAL_RESTART_LAST  516

/* `error` as in "ENOENT", `op` the operation as users type it, `path` what it was about. */
bool espy_usual(struct espy_str error, struct espy_str op, struct espy_str path);
