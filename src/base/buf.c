/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUF_CAP_MIN   256U
#define BUF_DECIMALS  20 /* digits of UINT64_MAX */
#define BUF_HEXDIGITS 16

static int grow(struct espy_buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_CAP_MIN;
	char *p;

	if (b->error)
		return b->error;
	if (n > SIZE_MAX / 4 || b->n > SIZE_MAX / 4)
		return b->error = -ENOMEM;
	while (cap - b->n < n)
		cap *= 2;
	p = realloc(b->p, cap);
	if (!p)
		return b->error = -ENOMEM;
	b->p = p;
	b->cap = cap;
	return 0;
}

/* Is there room now? After an error there is none, whatever the capacity. */
static inline bool has_room(struct espy_buf *b, size_t n)
{
	return __builtin_expect(!b->error && b->cap - b->n >= n, 1) || grow(b, n) == 0;
}

void espy_buf_done(struct espy_buf *b)
{
	free(b->p);
	*b = (struct espy_buf){0};
}

int espy_buf_reserve(struct espy_buf *b, size_t n)
{
	return has_room(b, n) ? 0 : b->error;
}

void espy_buf_add(struct espy_buf *b, const void *p, size_t n)
{
	if (!n || !has_room(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void espy_buf_str(struct espy_buf *b, struct espy_str s)
{
	espy_buf_add(b, s.p, s.n);
}

void espy_buf_puts(struct espy_buf *b, const char *s)
{
	espy_buf_add(b, s, strlen(s));
}

void espy_buf_putc(struct espy_buf *b, char c)
{
	if (has_room(b, 1))
		b->p[b->n++] = c;
}

/* Two digits per division: numbers are most of what a writer writes. */
static const char two_digits[] = "00010203040506070809101112131415161718192021222324252627282930313"
				 "23334353637383940414243444546474849505152535455565758596061626364"
				 "65666768697071727374757677787980818283848586878889909192939495969"
				 "79899";

void espy_buf_u64(struct espy_buf *b, uint64_t v)
{
	char digits[BUF_DECIMALS], *p = digits + BUF_DECIMALS;

	while (v >= 100) {
		p -= 2;
		memcpy(p, two_digits + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10) {
		p -= 2;
		memcpy(p, two_digits + 2 * v, 2);
	} else {
		*--p = (char)('0' + v);
	}
	espy_buf_add(b, p, (size_t)(digits + BUF_DECIMALS - p));
}

void espy_buf_s64(struct espy_buf *b, int64_t v)
{
	if (v < 0)
		espy_buf_putc(b, '-');
	espy_buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void espy_buf_hex(struct espy_buf *b, uint64_t v)
{
	char digits[BUF_HEXDIGITS], *p = digits + BUF_HEXDIGITS;

	do {
		*--p = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	espy_buf_add(b, "0x", 2);
	espy_buf_add(b, p, (size_t)(digits + BUF_HEXDIGITS - p));
}

void espy_buf_printf(struct espy_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !has_room(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

/* A terminal or pipe may be non-blocking because its other owner made it so: wait, do not lose. */
static int wait_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int espy_buf_flush(struct espy_buf *b, int fd)
{
	size_t done = 0;

	while (!b->error && done < b->n) {
		ssize_t n = write(fd, b->p + done, b->n - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			b->error = wait_writable(fd);
		else if (errno != EINTR)
			b->error = -errno;
	}
	b->n = 0;
	return b->error;
}
