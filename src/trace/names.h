/* SPDX-License-Identifier: MIT */
/* The events and fields that a trace knows, as its schema block tells, and which of ours they are.
 */
#pragma once

#include "base/arena.h"
#include "model/schema.h"
#include "trace/block.h"
#include "trace/encode.h"

#define ESPY_NAMES_NONE   (-1) /* no such field here, or of another kind */
#define ESPY_NAMES_COMMON (-2) /* the field `path`, a column of the rows */

struct espy_name_field {
	struct espy_str name;
	int local; /* field of the schema, ESPY_NAMES_NONE, ESPY_NAMES_COMMON */
	uint8_t kind;
};

struct espy_name {
	struct espy_str name;
	const struct espy_schema *local; /* NULL: an event that this program does not know */
	const struct espy_name_field *fields;
	uint32_t type; /* id in the file */
	uint32_t n_fields;
};

struct espy_names {
	struct espy_arena arena;
	struct espy_name *events;
	uint32_t n;
	uint16_t *place; /* id in the file to index of events + 1 */
	uint32_t n_place;
};

/* The tables of a schema block with everything that is in events.def. */
void espy_names_encode(struct espy_encode *e);

/* Our own names, for a trace without schema. 0 or -ENOMEM. Clean up with done. */
int espy_names_own(struct espy_names *ret);
/* From a schema block. 0, -ENOMEM, -EBADMSG (block->why). Clean up with done. */
int espy_names_decode(struct espy_names *ret, struct espy_block *block);
void espy_names_done(struct espy_names *n);

/* NULL when the trace does not name that id. */
const struct espy_name *espy_names_get(const struct espy_names *n, uint32_t type);
