/* SPDX-License-Identifier: MIT */
/*
 * Tests of numbers. Every relation is a set of ranges, so that one comparison (v - lo <= width)
 * serves them all, signed and unsigned; or a test of bits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "rule/clock.h"

/* Wide enough for every signed and unsigned number. */
typedef __int128 espy_wide;

#define ESPY_NUMBER_LEAST ((espy_wide)INT64_MIN)
#define ESPY_NUMBER_MOST  ((espy_wide)UINT64_MAX)

struct espy_range {
	espy_wide lo, hi; /* both included; none when lo > hi */
};

enum espy_bits { ESPY_BITS_NO, ESPY_BITS_ALL, ESPY_BITS_ANY };

/* A constant as it was written: a number, or a time that needs the capture's clock. */
struct espy_constant {
	struct espy_moment lo,
		hi;    /* equal but for a..b and times of less than a nanosecond's precision */
	uint64_t mask; /* bits test: which bits it speaks of, … */
	uint64_t want; /* … and what they must be */
};

/* v - lo <= width in unsigned arithmetic. */
struct espy_span {
	uint64_t lo, width;
};

struct espy_number_test {
	enum espy_bits bits;
	uint64_t mask, want; /* of the bits test */
	uint64_t keep;       /* bits of a value that mean something; all, but for 32-bit flags */
	const struct espy_constant *constants;
	struct espy_range (*relation)(struct espy_range v);
	uint32_t n; /* constants */
	bool needs_clock;
	bool is_wall;              /* values count from 1970 */
	struct espy_range *ranges; /* sorted, apart */
	uint32_t n_ranges;
	struct espy_span *spans[2]; /* by is_signed */
	uint32_t n_spans[2];
};

/* Makes a test of which bits, or relation, and constants, n and is_wall have been set; it keeps the
 * constants. All bits of a value count until the caller says otherwise in t->keep. 0 or -ENOMEM. */
int espy_number_prepare(struct espy_number_test *t, struct espy_arena *arena);
/* Must come before each use with another clock, where t->needs_clock. */
void espy_number_bind(struct espy_number_test *t, const struct espy_clock *clock);

bool espy_number_match(const struct espy_number_test *t, uint64_t v, bool is_signed);
