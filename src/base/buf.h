/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer for writers. Appending never fails at the call: when memory is out the
 * buffer remembers it in `error` (-ENOMEM) and further appends do nothing, so that a writer checks
 * once, at the end of a line or batch.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct espy_buf {
	char *p;
	size_t n, cap;
	int error;
};

void espy_buf_done(struct espy_buf *b);
static inline void espy_buf_reset(struct espy_buf *b)
{
	b->n = 0;
}
/* Makes room for `n` more bytes; 0, or -ENOMEM. */
int espy_buf_reserve(struct espy_buf *b, size_t n);
void espy_buf_add(struct espy_buf *b, const void *p, size_t n);
void espy_buf_str(struct espy_buf *b, struct espy_str s);
void espy_buf_puts(struct espy_buf *b, const char *s);
void espy_buf_putc(struct espy_buf *b, char c);
void espy_buf_u64(struct espy_buf *b, uint64_t v);
void espy_buf_s64(struct espy_buf *b, int64_t v);
void espy_buf_hex(struct espy_buf *b, uint64_t v); /* 0x… */
void espy_buf_printf(struct espy_buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Writes everything to fd and resets; 0 or negative errno (also b->error). */
int espy_buf_flush(struct espy_buf *b, int fd);
