/* SPDX-License-Identifier: MIT */
/*
 * Any block of a trace, in any order, and only what is asked for of it. Several threads may look
 * into one trace, each with a look of its own.
 */
#pragma once

#include "trace/decode.h"
#include "trace/index.h"
#include "trace/trace.h"

#define ESPY_LOOK_BLOCKS_MAX (1u << 20) /* of a trace that is looked into */

struct espy_list {
	struct espy_index index; /* snapshots and events, in their order */
	struct espy_ending ending;
	bool has_ending;
	uint64_t rows;    /* of the events */
	uint64_t dropped; /* rows, as espy_trace_dropped */
	unsigned damaged; /* blocks that could not be listed */
};

/*
 * Lists the blocks: from the index where there is one, from the headers for the rest, which after a
 * killed capture is all. Of what headers tell every bit of `types` is set. The trace is at its
 * start again afterwards. Damaged parts are left out and counted; *err is of the first one then. 0,
 * -ESPIPE (a pipe), -E2BIG, -ENOMEM, or the errno of reading. Clean up with done, also on failure.
 */
int espy_list_blocks(struct espy_list *ret, struct espy_trace *t, struct espy_err *err);
void espy_list_done(struct espy_list *l);

struct espy_input;

struct espy_look {
	struct espy_input *in;
	struct espy_decode decode;
	const struct espy_trace *trace;
	uint8_t *head; /* of the block */
	size_t head_cap;
};

/* The trace must stay open for as long. 0 or negative errno. */
int espy_look_init(struct espy_look *l, const struct espy_trace *t);
void espy_look_done(struct espy_look *l);

/* Reads header and directory of a block that was listed. 0, -EBADMSG (with the offset in *err, as
 * espy_trace_next), -ESTALE (the capture dropped it since it was listed), -ENOMEM, or the errno of
 * reading. */
int espy_look_open(struct espy_look *l, const struct espy_index_block *e, struct espy_err *err);
/* Decodes what is needed (NULL: everything) of the block that was opened, as espy_decode_batch has
 * it; again and again, of which only the first time unpacks. Errors as above. */
int espy_look_decode(struct espy_look *l, const struct espy_need *need, struct espy_batch *b,
		     struct espy_err *err);

/* Rows of the type in the open block, as its directory says. */
uint32_t espy_look_rows(const struct espy_look *l, unsigned type);
/* The types of events that we know, each with its rows (at most ESPY_EVENT_ID_MAX); rows of types
 * that we do not know are those of system_unknown. Returns how many types there are. */
struct espy_look_type {
	uint16_t type;
	uint32_t rows;
};
unsigned espy_look_types(const struct espy_look *l, struct espy_look_type *ret);

/* Smallest and largest of a column of numbers; `type` is that of the event when it is a field.
 * Signed when is_signed, else unsigned. False: the directory does not tell. */
struct espy_look_range {
	uint64_t min, max;
	bool is_signed;
};
bool espy_look_range(const struct espy_look *l, const struct espy_column *c, unsigned type,
		     struct espy_look_range *ret);
