/* SPDX-License-Identifier: MIT */
/* Words of a filter as numbers: what a size, a duration, an errno or a set of flags looks like when
 * a person types it. Names of values come from the event table's sets. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "model/schema.h"
#include "rule/lex.h"
#include "rule/number.h"

/* Is it a set of flags (rather than of values, or no set)? */
bool espy_literal_is_flags(unsigned fmt);

/* The bits of such a number that mean something: 32 for most sets, all for what is no set. */
uint64_t espy_literal_keep(unsigned fmt);

/*
 * The constant `word` for a column shown as `fmt`; `a..b` is a range when `ranges` is set. 0, or
 * -EINVAL without a sentence (espy_literal_fail has it: another fmt of the same column may know the
 * word).
 */
int espy_literal_constant(unsigned fmt, struct espy_str word, bool ranges,
			  struct espy_constant *ret);

/* Says what would have been right: "pid is a number: expected one such as 10 or 0x10 …". `names`
 * are the fmts that the column has, n of them. Returns -EINVAL. */
int espy_literal_fail(const uint8_t *fmts, size_t n, const char *column,
		      const struct espy_token *word, struct espy_err *err);

/* 10ns 1.5us 10ms 2s 3m 1h 2d, or 0; 0 or -EINVAL. */
int espy_literal_duration(struct espy_str s, __int128 *ret);
/* 4096 0x1000 010000 4k 1.5MiB 1MB (10^6): 0 or -EINVAL. */
int espy_literal_size(struct espy_str s, __int128 *ret);
/* 123 -123 0x7b 0173: 0 or -EINVAL. */
int espy_literal_integer(struct espy_str s, __int128 *ret);
