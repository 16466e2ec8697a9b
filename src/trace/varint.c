/* SPDX-License-Identifier: MIT */
#include "trace/varint.h"

#define VARINT_MAX 10 /* bytes of a 64-bit number */

void espy_varint_add(struct espy_buf *b, uint64_t v)
{
	uint8_t out[VARINT_MAX];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	espy_buf_add(b, out, n);
}

void espy_varint_add_signed(struct espy_buf *b, int64_t v)
{
	espy_varint_add(b, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

uint8_t espy_cursor_byte(struct espy_cursor *c)
{
	if (c->p >= c->end) {
		c->bad = true;
		return 0;
	}
	return *c->p++;
}

uint64_t espy_cursor_varint(struct espy_cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 7 * VARINT_MAX; shift += 7) {
		uint8_t byte = espy_cursor_byte(c);

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return c->bad ? 0 : v;
	}
	c->bad = true;
	return 0;
}

int64_t espy_cursor_signed(struct espy_cursor *c)
{
	uint64_t v = espy_cursor_varint(c);

	return (int64_t)(v >> 1 ^ -(v & 1));
}

uint32_t espy_cursor_limited(struct espy_cursor *c, uint32_t max)
{
	uint64_t v = espy_cursor_varint(c);

	if (v <= max)
		return (uint32_t)v;
	c->bad = true;
	return 0;
}
