/* SPDX-License-Identifier: MIT */
/* From the tables of a block to a batch. */
#pragma once

#include "trace/names.h"
#include "trace/need.h"

#define ESPY_DECODE_COLUMNS 32u /* numbers of columns of the rows are below this */

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
	ESPY_VEC(uint16_t) place;     /* type in the file to index of groups + 1 */
	ESPY_VEC(uint32_t) last_seq;  /* by CPU */
	ESPY_VEC(uint16_t) local;     /* type in the file to ours */
	const struct espy_need *need; /* NULL: everything */
	struct espy_parts_needed parts;
	bool only_exits;    /* of types only process_exit matters, … */
	uint32_t exit_type; /* … which is this in the file */
	/* Columns that are not needed are 0. How many rows of each are known to be: */
	const struct espy_batch *zero_of; /* in this batch, which only this decoder fills */
	uint32_t zero[ESPY_DECODE_COLUMNS];
};

int espy_decode_init(struct espy_decode *d); /* 0 or -ENOMEM */
void espy_decode_done(struct espy_decode *d);

/*
 * The snapshot or events block that d->block has loaded, into *b, which is reset first and is empty
 * after a failure. 0, -ENOMEM, -EBADMSG (d->block.why), or what d->block.fetch returned.
 *
 * With `need` (NULL: everything) only what these columns are made of is decoded, and checked;
 * flags, n, first_seq and wall_offset always are. The other columns of the rows are 0, and so are
 * other fields. Without need of a string the dictionary, without need of a process the table of
 * them is empty; with need of no other strings than those of processes it may hold only these;
 * b->type and b->group fit each other, but when no type is asked for every row is of
 * system_unknown, and only when a field is asked for do groups have rows. The process_exit group
 * has its rows also when the result is asked for, but with need->no_exits.
 *
 * A batch that is given twice must not have been changed in between.
 */
int espy_decode_batch(struct espy_decode *d, const struct espy_names *names,
		      const struct espy_need *need, struct espy_batch *b);
