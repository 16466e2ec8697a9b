/* SPDX-License-Identifier: MIT */
/* Sinks consume batches: a trace file, lines on a terminal, a summary. Const ops tables. */
#pragma once

#include "base/err.h"
#include "model/batch.h"
#include "model/machine.h"

struct espy_sink;

struct espy_sink_ops {
	/* What existed at the start (rows of process_running…); may be NULL. */
	int (*snapshot)(struct espy_sink *s, const struct espy_batch *b, struct espy_err *err);
	/* Events; `bits` says which rows matched the filter (espy_rule_bit). Negative errno ends
	 * the capture; so does 1: it cannot take this batch nor any other. */
	int (*batch)(struct espy_sink *s, const struct espy_batch *b, const uint64_t *bits,
		     struct espy_err *err);
	/* The capture is over. */
	int (*end)(struct espy_sink *s, const struct espy_ending *e, struct espy_err *err);
	/* It looks at nothing but rows that matched: a batch without any need not be given. */
	bool matched_only;
};

/* First member of every sink. */
struct espy_sink {
	const struct espy_sink_ops *ops;
};
