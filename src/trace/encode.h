/* SPDX-License-Identifier: MIT */
/* From a batch to the tables of a block. */
#pragma once

#include "base/vec.h"
#include "model/batch.h"
#include "trace/build.h"

struct espy_encode {
	struct espy_build build;
	struct espy_buf numbers;     /* a column on its way, uint64_t */
	struct espy_buf bytes;       /* of the strings */
	ESPY_VEC(uint32_t) last_seq; /* by CPU */
	ESPY_VEC(uint32_t) ids;      /* of the dictionary's strings in the block */
};

int espy_encode_init(struct espy_encode *e); /* 0 or -ENOMEM */
void espy_encode_done(struct espy_encode *e);

/* Strings 1..n of the dictionary in their order, as the table of strings. */
void espy_encode_strings(struct espy_encode *e, const struct espy_dict *d);

/* Room for n numbers of a column; NULL when memory is out (which the build then knows). */
uint64_t *espy_encode_room(struct espy_encode *e, size_t n);

/*
 * A block of the type (snapshot or events) in e->build.part. Returns the number of parts, -ENOMEM,
 * or -E2BIG. *ret is the block's header (file order), for the index.
 */
int espy_encode_batch(struct espy_encode *e, const struct espy_batch *b, unsigned type,
		      uint64_t seed, struct espy_trace_block *ret);
