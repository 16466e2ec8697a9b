/* SPDX-License-Identifier: MIT */
/* What this machine is, for the head of a trace. */
#pragma once

#include <time.h>
#include "model/machine.h"

/* Fills what the system says about itself and the clocks; the rest of *m stays as it is. */
void espy_machine_read(struct espy_machine *m);
/* Boot clock, ns. */
uint64_t espy_machine_now(void);
/* How far `other` is ahead of `clock`, ns: of so many readings the one with the least time between
 * two looks at `clock`. */
int64_t espy_machine_apart(clockid_t clock, clockid_t other, unsigned tries);
