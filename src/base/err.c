/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * Formats into a local copy first: a caller that wraps a message passes err->text or err->source as
 * an argument. What does not fit ends in "..." so that a cut is never silent.
 */
__attribute__((format(printf, 4, 0))) static void
fill(struct espy_err *err, struct espy_err e, const char *source, const char *fmt, va_list ap)
{
	int n = vsnprintf(e.text, sizeof(e.text), fmt, ap);

	if (n < 0)
		e.text[0] = '\0';
	else if ((size_t)n >= sizeof(e.text))
		memcpy(e.text + sizeof(e.text) - 4, "...", 4);
	n = snprintf(e.source, sizeof(e.source), "%s", source ? source : "");
	if (n > 0 && (size_t)n >= sizeof(e.source))
		memcpy(e.source + sizeof(e.source) - 4, "...", 4);
	*err = e;
}

int espy_err_set(struct espy_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	fill(err, (struct espy_err){.code = code}, NULL, fmt, ap);
	va_end(ap);
	return code;
}

int espy_err_at(struct espy_err *err, int code, const char *source, unsigned line, unsigned column,
		const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	fill(err, (struct espy_err){.code = code, .line = line, .column = column}, source, fmt, ap);
	va_end(ap);
	return code;
}
