/* SPDX-License-Identifier: MIT */
/* The differences between two runs for a person, or as JSON or CSV. */
#pragma once

#include "engine/diff-find.h"
#include "engine/summary-view.h"

struct espy_diff_view_options {
	enum espy_view_format format;
	const char *a, *b; /* names of the two runs */
	uint32_t limit;    /* text: lines of each program; 0: all */
	bool all;          /* text: also what follows from other differences or is usual */
	struct espy_table_style style;
};

/* Appends to `out`. 0, -ENOMEM. */
int espy_diff_view(const struct espy_diff *d, const struct espy_differences *f,
		   struct espy_buf *out, const struct espy_diff_view_options *o);
