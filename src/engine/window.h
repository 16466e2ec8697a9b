/* SPDX-License-Identifier: MIT */
/* Which part of a capture is kept: from the first event that matches one filter, to a while after
 * the first that matches another. */
#pragma once

#include <stdbool.h>
#include "base/err.h"
#include "rule/rule.h"

struct espy_window;

struct espy_window_options {
	const char *from, *until; /* filters; NULL or "": from the start, to the end */
	uint64_t after_ns;        /* kept after the event that `until` matched */
};

/* NULL in *ret when there is nothing to do. 0, -ENOMEM, or a filter error. */
int espy_window_new(struct espy_window **ret, const struct espy_window_options *o,
		    struct espy_err *err);
void espy_window_free(struct espy_window *w);
/* Boot clock ns of the capture's start, for times in filters. */
void espy_window_set_start(struct espy_window *w, uint64_t start);
/* Widens *needs to what the window's own filters look at. */
void espy_window_needs(const struct espy_window *w, struct espy_rule_needs *needs);

/* Clears the bits of rows that are outside. Wants every batch, in order, with all of its rows. 0 or
 * -ENOMEM. */
int espy_window_cut(struct espy_window *w, const struct espy_batch *b, uint64_t *bits);
/* Has the time after the matching event passed? */
bool espy_window_over(const struct espy_window *w, uint64_t now);
/* Is nothing kept, because nothing matched `from`? */
bool espy_window_waits(const struct espy_window *w);
