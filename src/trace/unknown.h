/* SPDX-License-Identifier: MIT */
/* Events that this program does not know become rows of system_unknown, so that a trace of a newer
 * Espy loses nothing: neither rows nor what is in them. */
#pragma once

#include "trace/decode.h"

/* Makes a row of system_unknown of each of d->unknown. 0, -ENOMEM, -EBADMSG. */
int espy_unknown_decode(struct espy_decode *d, struct espy_batch *b);
