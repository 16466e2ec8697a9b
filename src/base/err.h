/* SPDX-License-Identifier: MIT */
/*
 * Errors that a person can mend. Functions return 0 or more for good and a negative errno for bad;
 * where a sentence helps, a last argument `struct espy_err *err` (may be NULL) takes one.
 */
#pragma once

struct espy_err {
	int code;              /* negative errno */
	unsigned line, column; /* 1-based place in `source`, 0 when there is none */
	char source[256];      /* file or argument it is about, "" when there is none */
	char text[768];        /* one sentence without a final newline */
};

/* Fills *err (when not NULL) and returns `code`, so that a caller can `return espy_err_set(…)`. */
int espy_err_set(struct espy_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with a place; `column` is 1-based, `source` may be NULL. */
int espy_err_at(struct espy_err *err, int code, const char *source, unsigned line, unsigned column,
		const char *fmt, ...) __attribute__((format(printf, 6, 7)));
