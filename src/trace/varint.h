/* SPDX-License-Identifier: MIT */
/* Numbers of variable length (LEB128), as the directory of a block is made of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

void espy_varint_add(struct espy_buf *b, uint64_t v);
void espy_varint_add_signed(struct espy_buf *b, int64_t v);

/* Reads from p up to end. What is not there, or too long, is 0 and sets `bad`, which stays: a
 * reader checks once. */
struct espy_cursor {
	const uint8_t *p, *end;
	bool bad;
};

uint64_t espy_cursor_varint(struct espy_cursor *c);
int64_t espy_cursor_signed(struct espy_cursor *c);
uint8_t espy_cursor_byte(struct espy_cursor *c);
/* A varint that must not be above `max`. */
uint32_t espy_cursor_limited(struct espy_cursor *c, uint32_t max);
