/* SPDX-License-Identifier: MIT */
/* A whole packed column at once: the tight loops of reading. */
#pragma once

#include "trace/pack.h"

/*
 * All n numbers into to[], which holds items of `size` bytes (1, 2, 4 or 8). `raw` holds
 * pack->length bytes. 0, or -EBADMSG: that is not what n numbers take, or not numbers; -ERANGE: one
 * is above `max`, which an item can hold.
 */
int espy_unpack_all(const struct espy_pack *pack, const uint8_t *raw, size_t n, void *to,
		    unsigned size, uint64_t max);
