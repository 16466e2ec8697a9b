/* SPDX-License-Identifier: MIT */
/*
 * Processes that can be held for a while and go on as if nothing had been: a control group of
 * version 2 below the caller's own, and its file cgroup.freeze (Linux 5.2,
 * Documentation/admin-guide/ cgroup-v2.rst). Needs a mounted cgroup2 and the right to make
 * directories there; no controller.
 *
 * A process of its own waits for the end of this one, however it ends, and then lets all go on.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"

struct espy_freezer;

/* Makes the group, empty. 0, or negative errno with a sentence; espy_freezer_free in the end. */
int espy_freezer_new(struct espy_freezer **ret, struct espy_err *err);
/* Moves a process into it; what it forks from then on is there as well. */
int espy_freezer_join(struct espy_freezer *f, pid_t pid, struct espy_err *err);
/* Asks for it; the kernel does it within microseconds for what runs, and a thread in a call that
 * cannot be interrupted stops when that ends. 0 or negative errno. From any thread. */
int espy_freezer_set(struct espy_freezer *f, bool frozen);
/* Lets all go on, moves them back to the caller's group, and removes this one. NULL is allowed. */
void espy_freezer_free(struct espy_freezer *f);
