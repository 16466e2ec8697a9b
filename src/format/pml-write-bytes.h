/* SPDX-License-Identifier: MIT */
/* Little-endian numbers and UTF-16 for the writers of Process Monitor's binary files. */
#pragma once

#include "base/buf.h"

static inline void espy_put_u8(struct espy_buf *b, uint8_t v)
{
	espy_buf_putc(b, (char)v);
}
static inline void espy_put_u16(struct espy_buf *b, uint16_t v)
{
	uint8_t p[] = {(uint8_t)v, (uint8_t)(v >> 8)};

	espy_buf_add(b, p, sizeof(p));
}
static inline void espy_put_u32(struct espy_buf *b, uint32_t v)
{
	espy_put_u16(b, (uint16_t)v);
	espy_put_u16(b, (uint16_t)(v >> 16));
}
static inline void espy_put_u64(struct espy_buf *b, uint64_t v)
{
	espy_put_u32(b, (uint32_t)v);
	espy_put_u32(b, (uint32_t)(v >> 32));
}
void espy_put_zeros(struct espy_buf *b, size_t n);

/* Overwrites a number that was put before at `at`. */
void espy_patch_u32(struct espy_buf *b, size_t at, uint32_t v);

/* Appends at most `max` units of UTF-16 of UTF-8, without a NUL, and returns how many; bytes that
 * are not UTF-8 become U+FFFD. Nothing is cut within a pair. *cut (may be NULL) is set when some of
 * it did not fit. */
size_t espy_put_utf16(struct espy_buf *b, struct espy_str s, size_t max, bool *cut);
