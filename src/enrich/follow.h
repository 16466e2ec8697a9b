/* SPDX-License-Identifier: MIT */
/* Rows that user space adds behind the row of a record: the same operation seen as something else.
 */
#pragma once

#include "enrich/decode.h"

#define ESPY_FOLLOW_ROWS 2u /* at most, behind one record */

/* The record that a row was just made of. */
struct espy_follow {
	struct espy_decoder *decoder;
	const struct espy_event *rec;
	const struct espy_decoded *v;
	struct espy_batch *b;
	uint32_t row;
	uint32_t path2; /* dictionary id of the field of that name, 0 none */
};

/* Appends a row of the type with all that the first has in common with it, but no fields: its
 * index, or what espy_batch_add returns. */
int espy_follow_row(const struct espy_follow *f, unsigned type, uint32_t path);
/* Dictionary id of a string that is added; 0 when there is no room for it. */
static inline uint32_t espy_follow_text(const struct espy_follow *f, struct espy_str s)
{
	uint32_t id = espy_dict_add(&f->b->dict, s);

	return id == UINT32_MAX ? 0 : id;
}
