/* SPDX-License-Identifier: MIT */
/* Part of a batch as a batch of its own. */
#pragma once

#include "model/batch.h"

/* Appends to `to`, which is reset first, the rows of `from` whose bit is set, with the strings and
 * processes that they need. 0 or negative errno. */
int espy_select_rows(struct espy_batch *to, const struct espy_batch *from, const uint64_t *bits);
