/* SPDX-License-Identifier: MIT */
/* What a replay reads, into one of the outputs of format/output.h. */
#pragma once

#include "engine/replay.h"
#include "format/output.h"

struct espy_convert {
	struct espy_sink sink;
	const struct espy_output_format *format;
	struct espy_output_options options;  /* `machine` and `lines` are set here */
	const struct espy_replay_end *input; /* of the same replay */
	const char *filter;                  /* of the same replay; "" or NULL: none */
	/* Makes the file and returns its descriptor, which stays the caller's. Called once the
	 * input and the filter are known to be good. */
	int (*create)(void *ctx, struct espy_err *err);
	bool (*stopped)(void *ctx); /* looked at before every block; true ends with -EINTR */
	void *ctx;

	/* Its own. */
	void *state;
	struct espy_machine machine;
	struct espy_batch *part; /* what the filter let through */
	uint64_t rows;           /* written */
};

/* The fields above `state` are the caller's to fill before or after. */
void espy_convert_init(struct espy_convert *c);
/* Drops what was not finished. */
void espy_convert_done(struct espy_convert *c);
