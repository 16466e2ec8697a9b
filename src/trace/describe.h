/* SPDX-License-Identifier: MIT */
/* What a trace says about the machine and about its end: named values. */
#pragma once

#include "model/machine.h"
#include "trace/block.h"
#include "trace/encode.h"

void espy_describe_machine(struct espy_encode *e, const struct espy_machine *m);
void espy_describe_ending(struct espy_encode *e, const struct espy_ending *ending);

/* From a block of that type; what it does not say is 0 or "", text that is too long is cut. 0,
 * -EBADMSG (block->why), -ENOMEM. */
int espy_describe_read_machine(struct espy_machine *ret, struct espy_block *block);
int espy_describe_read_ending(struct espy_ending *ret, struct espy_block *block);
