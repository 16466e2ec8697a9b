/* SPDX-License-Identifier: MIT */
/* Errors of a filter: one sentence and the column of the wrong token. */
#pragma once

#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

/* Fills *err (may be NULL) for the byte `at` (from 0) of the filter's text and returns `code`;
 * printf's arguments follow. */
#define espy_fail_at(err, code, at, ...) espy_err_at(err, code, NULL, 1, (at) + 1, __VA_ARGS__)

/* A piece of the filter's text, short and without control bytes, for a sentence. */
struct espy_shown {
	char s[64];
};
struct espy_shown espy_fail_show(struct espy_str s);
