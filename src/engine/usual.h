/* SPDX-License-Identifier: MIT */
/* Failures that programs expect and go on from: what a healthy run is full of. */
#pragma once

#include "base/str.h"

/* `error` as in "ENOENT", `op` the operation as users type it, `path` what it was about. */
bool espy_usual(struct espy_str error, struct espy_str op, struct espy_str path);
/* The kernel's own code of a call that a signal interrupted and that is started again. */
bool espy_usual_is_restart(struct espy_str error);
