/* SPDX-License-Identifier: MIT */
/* Values of Process Monitor's rules in the filter language: its names of operations, results and
 * classes as the events, errors and classes that they stand for, its times as ours. */
#pragma once

#include "base/buf.h"

/* A relation in its positive form (is not: as is) and its value. */
struct espy_pmc_test {
	uint32_t relation; /* enum espy_pmc_relation */
	struct espy_str value;
};

/* Append a condition that holds for the events whose column passes the test. 0, or -ENOTSUP when
 * that cannot be said: nothing was added. */
typedef int espy_pmc_values_fn(struct espy_buf *out, struct espy_pmc_test t);
espy_pmc_values_fn espy_pmc_operations, espy_pmc_results, espy_pmc_classes, espy_pmc_categories;

/* Append `column sign` and the value as a time or duration of ours. Likewise. */
typedef int espy_pmc_special_fn(struct espy_buf *out, const char *column, const char *sign,
				struct espy_str value);
espy_pmc_special_fn espy_pmc_clock, espy_pmc_date, espy_pmc_relative, espy_pmc_duration;

/* Does no event of this machine pass a test of its operation? */
bool espy_pmc_is_foreign(struct espy_pmc_test t);
/* Appends a string of the filter language. */
void espy_pmc_quote(struct espy_buf *out, struct espy_str s);
