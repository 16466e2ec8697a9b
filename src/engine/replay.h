/* SPDX-License-Identifier: MIT */
/* A trace file through a filter into sinks, block by block. */
#pragma once

#include "engine/sink.h"
#include "format/reader.h"

#define ESPY_REPLAY_SINKS 16

struct espy_replay {
	const char *path;                           /* "-" is the standard input */
	const struct espy_reader_format *from;      /* NULL: what its content shows */
	const char *filter;                         /* "" or NULL: everything */
	struct espy_sink *sinks[ESPY_REPLAY_SINKS]; /* ended by NULL; borrowed */
	/* Told how far it is, 0..1, after every block; may be NULL. */
	void (*progress)(void *ctx, double part);
	void *ctx;
};

/* What the trace says of itself. */
struct espy_replay_end {
	struct espy_machine machine;
	struct espy_ending ending; /* only when has_ending: else Espy was killed or still writes */
	bool has_ending;
	uint64_t dropped; /* rows that the capture itself threw away again */
	uint64_t matched; /* rows that the filter let through */
	uint64_t rows;    /* of all */
	unsigned damaged; /* blocks that could not be read and were left out */
};

/*
 * Runs the whole trace. 0, or the negative errno of the trace, the filter (err->column is then set)
 * or a sink. A damaged block is left out and counted; *err keeps what was wrong with the first one,
 * and the return value is 0 all the same: what was read was read. *ret is filled as far as it was
 * known.
 */
int espy_replay(const struct espy_replay *r, struct espy_replay_end *ret, struct espy_err *err);
