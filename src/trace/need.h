/* SPDX-License-Identifier: MIT */
/* What of a block must be decoded so that some columns can be asked for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "model/column.h"

#define ESPY_NEED_COLUMNS 512u /* ids of columns are below this; others stand for everything */

/* Columns by espy_column.id. */
struct espy_need {
	uint64_t bits[ESPY_NEED_COLUMNS / 64];
	bool all;      /* whatever the bits say */
	bool no_exits; /* the result is asked for, but not which rows are of process_exit */
};

static inline bool espy_need_has(const struct espy_need *n, unsigned id)
{
	return n->all || id >= ESPY_NEED_COLUMNS || n->bits[id / 64] >> (id % 64) & 1;
}

static inline void espy_need_add(struct espy_need *n, unsigned id)
{
	if (id < ESPY_NEED_COLUMNS)
		n->bits[id / 64] |= 1ull << id % 64;
	else
		n->all = true;
}

/* The parts of a block. */
struct espy_parts_needed {
	uint32_t rows;  /* bit c: column c of the rows, as layout.h numbers them */
	bool text;      /* the dictionary */
	bool procs;     /* the processes, … */
	bool proc_text; /* … with their strings */
	bool type;      /* which type each row is of */
	bool place;     /* and its place in the group of that type */
	bool result;    /* result is asked for: the rows of process_exit must be found */
};
/* `need` NULL: everything. */
struct espy_parts_needed espy_need_parts(const struct espy_need *need);
