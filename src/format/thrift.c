/* SPDX-License-Identifier: MIT */
#include "format/thrift.h"
#include <errno.h>

void espy_thrift_varint(struct espy_buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		espy_buf_putc(out, (char)(v | 0x80));
	espy_buf_putc(out, (char)v);
}

static void zigzag(struct espy_buf *out, int64_t v)
{
	espy_thrift_varint(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

/* The difference to the field before, when it is small, and the type share one byte. */
static void field(struct espy_thrift *t, int id, unsigned type)
{
	int *last = &t->last[t->depth];
	int step = id - *last;

	if (step > 0 && step < 16) {
		espy_buf_putc(t->out, (char)((unsigned)step << 4 | type));
	} else {
		espy_buf_putc(t->out, (char)type);
		zigzag(t->out, id);
	}
	*last = id;
}

void espy_thrift_i32(struct espy_thrift *t, int id, int32_t v)
{
	field(t, id, ESPY_THRIFT_I32);
	zigzag(t->out, v);
}

void espy_thrift_i64(struct espy_thrift *t, int id, int64_t v)
{
	field(t, id, ESPY_THRIFT_I64);
	zigzag(t->out, v);
}

void espy_thrift_bool(struct espy_thrift *t, int id, bool v)
{
	field(t, id, v ? ESPY_THRIFT_TRUE : ESPY_THRIFT_FALSE);
}

void espy_thrift_element_bytes(struct espy_thrift *t, struct espy_str s)
{
	espy_thrift_varint(t->out, s.n);
	espy_buf_str(t->out, s);
}

void espy_thrift_bytes(struct espy_thrift *t, int id, struct espy_str s)
{
	field(t, id, ESPY_THRIFT_BINARY);
	espy_thrift_element_bytes(t, s);
}

void espy_thrift_element_i32(struct espy_thrift *t, int32_t v)
{
	zigzag(t->out, v);
}

void espy_thrift_begin(struct espy_thrift *t, int id)
{
	if (id)
		field(t, id, ESPY_THRIFT_STRUCT);
	if (t->depth + 1 < ESPY_THRIFT_DEPTH)
		t->last[++t->depth] = 0;
	else
		t->out->error = -E2BIG; /* a struct that no format here has */
}

void espy_thrift_end(struct espy_thrift *t)
{
	espy_buf_putc(t->out, 0);
	if (t->depth)
		t->depth--;
}

void espy_thrift_list(struct espy_thrift *t, int id, enum espy_thrift_type type, size_t n)
{
	field(t, id, ESPY_THRIFT_LIST);
	if (n < 15) {
		espy_buf_putc(t->out, (char)(n << 4 | type));
		return;
	}
	espy_buf_putc(t->out, (char)(0xf0 | type));
	espy_thrift_varint(t->out, n);
}
