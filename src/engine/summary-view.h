/* SPDX-License-Identifier: MIT */
/* A summary as text, JSON or CSV. */
#pragma once

#include "engine/summary.h"

enum espy_view_format { ESPY_VIEW_TEXT, ESPY_VIEW_JSON, ESPY_VIEW_CSV };

struct espy_summary_view_options {
	enum espy_view_format format;
	uint32_t limit;   /* rows, of a kind with sections those of each; 0: all */
	const char *sort; /* as espy_summary_order() */
	bool brief;       /* text: only the table, no line above or below it */
	struct espy_table_style style;
};

/* Appends to `out`. 0, -ENOMEM, -EINVAL (no such column to sort by). */
int espy_summary_view(struct espy_summary *s, struct espy_buf *out,
		      const struct espy_summary_view_options *o);
/* Names that --sort takes for the kind, joined by commas. */
void espy_summary_view_columns(const struct espy_summary_kind *k, struct espy_buf *out);
