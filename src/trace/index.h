/* SPDX-License-Identifier: MIT */
/* Where the blocks of events are and what is in them: the index of a trace. */
#pragma once

#include "trace/block.h"
#include "trace/encode.h"

#define ESPY_INDEX_TYPES 8 /* words of 64 types */

struct espy_index_block {
	uint64_t offset, first_seq;
	uint64_t start, end;
	uint64_t types[ESPY_INDEX_TYPES]; /* bit set: there are events of that type */
	uint32_t length, rows;
	uint16_t type; /* enum espy_trace_type */
};

struct espy_index {
	ESPY_VEC(struct espy_index_block) blocks;
	uint64_t previous; /* offset of the index block before, 0 none */
};

void espy_index_done(struct espy_index *x);

/* Notes a block that was written: `h` in file order, as espy_encode_batch gives it. 0 or -ENOMEM.
 */
int espy_index_add(struct espy_index *x, const struct espy_trace_block *h, uint64_t offset,
		   const struct espy_batch *b);
/* The tables of an index block. */
void espy_index_encode(struct espy_encode *e, const struct espy_index *x);
/* From an index block: its entries are put before those that *x has, so that a reader who follows
 * the chain backwards ends with all of them in order; x->previous is where the chain goes on. 0,
 * -EBADMSG (block->why), -ENOMEM. */
int espy_index_decode(struct espy_index *x, struct espy_block *block);
