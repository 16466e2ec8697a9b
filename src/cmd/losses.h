/* SPDX-License-Identifier: MIT */
/* What a capture does not have, or has in less detail: one sentence each on the standard error. */
#pragma once

#include "model/machine.h"

/* At the end of a capture: overload, with what helps against it, or else what --merge did. Losses
 * stand in the line or report of the command. */
void espy_overload_tell(const struct espy_ending *e);
/* After a trace was read to its end: losses and overload. */
void espy_losses_tell(const struct espy_ending *e);
