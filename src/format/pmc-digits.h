/* SPDX-License-Identifier: MIT */
/* Numbers within Process Monitor's texts: "1:18:10.7752429 AM", "7/31/2020", "9CAE-C62A". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Up to `max` digits at *at, which goes behind them; false when there is none. */
static inline bool espy_take_digits(const char **at, unsigned base, unsigned max, uint64_t *ret)
{
	uint64_t v = 0;
	unsigned n = 0;

	for (; n < max; n++) {
		char c = (*at)[n];
		unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
			     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
			     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
						    : base;

		if (d >= base)
			break;
		v = v * base + d;
	}
	*at += n;
	*ret = v;
	return n > 0;
}

/* Three decimal numbers with that sign between them. */
static inline bool espy_take_three(const char **at, char sign, uint64_t ret[3])
{
	for (unsigned i = 0; i < 3; i++) {
		if (i && *(*at)++ != sign)
			return false;
		if (!espy_take_digits(at, 10, 9, &ret[i]))
			return false;
	}
	return true;
}
