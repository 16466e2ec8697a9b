/* SPDX-License-Identifier: MIT */
/* Findings with their evidence, for a person or as JSON. */
#pragma once

#include "engine/summary-view.h"
#include "engine/why-cause.h"

struct espy_why_view_options {
	enum espy_view_format format; /* text or json */
	const char *file;             /* of the trace, for the hint how to see the events */
	uint32_t limit;               /* findings; 0: all */
	bool all;                     /* also those that tell much less than the first one */
	struct espy_table_style style;
};

/* Appends to `out`. 0 or -ENOMEM. */
int espy_why_view(struct espy_why *w, const struct espy_why_findings *all, struct espy_buf *out,
		  const struct espy_why_view_options *o);
