/* SPDX-License-Identifier: MIT */
#include "format/perfetto-proto.h"

#define LENGTH_BYTES 4 /* a varint of this many bytes, whatever the length */

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

static void varint(struct espy_buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		espy_buf_putc(out, (char)(v | 0x80));
	espy_buf_putc(out, (char)v);
}

void espy_proto_number(struct espy_buf *out, unsigned field, uint64_t v)
{
	varint(out, field << 3 | WIRE_VARINT);
	varint(out, v);
}

void espy_proto_bytes(struct espy_buf *out, unsigned field, struct espy_str s)
{
	varint(out, field << 3 | WIRE_BYTES);
	varint(out, s.n);
	espy_buf_str(out, s);
}

int espy_proto_string(struct espy_buf *out, unsigned field, struct espy_str s)
{
	size_t begun;

	if (espy_str_is_utf8(s)) {
		espy_proto_bytes(out, field, s);
		return 0;
	}
	begun = espy_proto_begin(out, field);
	while (s.n) {
		uint32_t cp;
		size_t n = espy_str_utf8(s, &cp);

		if (n)
			espy_buf_add(out, s.p, n);
		else
			espy_buf_puts(out, "\xef\xbf\xbd");
		n += !n;
		s = (struct espy_str){s.p + n, s.n - n};
	}
	espy_proto_end(out, begun);
	return 1;
}

size_t espy_proto_begin(struct espy_buf *out, unsigned field)
{
	varint(out, field << 3 | WIRE_BYTES);
	espy_buf_add(out, "\0\0\0\0", LENGTH_BYTES);
	return out->n;
}

/* Short messages, which nearly all are, move up to the place of one length byte. */
void espy_proto_end(struct espy_buf *out, size_t begun)
{
	size_t n = out->n - begun;
	char *length = out->p + begun - LENGTH_BYTES;

	if (out->error)
		return;
	if (n < 0x80) {
		length[0] = (char)n;
		memmove(length + 1, out->p + begun, n);
		out->n -= LENGTH_BYTES - 1;
		return;
	}
	for (unsigned i = 0; i < LENGTH_BYTES; i++)
		length[i] = (char)((n >> 7 * i & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}
