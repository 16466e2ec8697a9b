/* SPDX-License-Identifier: MIT */
/* From the tables of a block to a batch. */
#pragma once

#include "trace/names.h"

/* A type of event of the block. */
struct espy_decode_group {
	const struct espy_table *table;
	const struct espy_name *name; /* NULL: the schema block does not name it */
	struct espy_group *group;     /* NULL: we do not know it */
	uint32_t type;                /* in the file */
	uint32_t next;                /* rows met so far */
};

/* A row of a type that we do not know. */
struct espy_decode_unknown {
	uint32_t row;
	uint32_t group; /* index of groups */
	uint32_t place; /* in it */
};

struct espy_decode {
	struct espy_block block;
	ESPY_VEC(struct espy_decode_group) groups;
	ESPY_VEC(struct espy_decode_unknown) unknown;
	ESPY_VEC(uint16_t) place;    /* type in the file to index of groups + 1 */
	ESPY_VEC(uint32_t) last_seq; /* by CPU */
};

int espy_decode_init(struct espy_decode *d); /* 0 or -ENOMEM */
void espy_decode_done(struct espy_decode *d);

/* The snapshot or events block that d->block has loaded, into *b, which is reset first and is empty
 * after a failure. 0, -ENOMEM, -EBADMSG (d->block.why). */
int espy_decode_batch(struct espy_decode *d, const struct espy_names *names, struct espy_batch *b);
