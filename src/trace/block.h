/* SPDX-License-Identifier: MIT */
/* A block that was read: its directory, and its columns when they are asked for. */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "trace/layout.h"
#include "trace/pack.h"

struct espy_segment {
	const uint8_t *stored; /* NULL: not fetched yet */
	uint64_t at;           /* in the payload */
	uint8_t *raw;          /* NULL: not decompressed yet */
	uint32_t stored_length, raw_length;
	uint32_t used; /* bytes that columns laid claim to */
	uint32_t hash;
	uint8_t codec;
	bool checked;
};

struct espy_table {
	uint32_t id, rows;
	uint32_t first, n; /* its columns */
};

/* Fetches n bytes of a file from `at` into `to`: 0 or a negative errno, -EBADMSG where there are
 * not so many. */
typedef int (*espy_block_fetch_fn)(void *ctx, uint64_t at, void *to, size_t n);

struct espy_block {
	struct espy_trace_block h; /* host order */
	ESPY_VEC(struct espy_segment) segments;
	ESPY_VEC(struct espy_table) tables;
	ESPY_VEC(struct espy_pack) columns;
	struct espy_arena arena; /* raw segments */
	struct ZSTD_DCtx_s *zstd;
	const char *why; /* what is wrong, after -EBADMSG */
	espy_block_fetch_fn fetch;
	void *ctx;           /* of fetch */
	uint64_t payload_at; /* offset in the file */
};

int espy_block_init(struct espy_block *b); /* 0 or -ENOMEM */
void espy_block_done(struct espy_block *b);

/* Reads 64 bytes; 0, or -EBADMSG: not the header of a block. */
int espy_block_header(struct espy_trace_block *ret, const uint8_t *p, uint64_t seed);
/* Takes the whole block with that header, which must stay until the last column was read; checks
 * the hashes and reads the directory. 0, -EBADMSG, -ENOMEM. */
int espy_block_load(struct espy_block *b, const struct espy_trace_block *h, const uint8_t *p);
/* The same with only header and directory at `p`, which are not needed afterwards; the payload, at
 * `payload_at` of the file, is fetched segment by segment as columns are asked for. Other errors
 * than those above come from b->fetch, which the caller has set. */
int espy_block_open(struct espy_block *b, const struct espy_trace_block *h, const uint8_t *p,
		    uint64_t payload_at);
/* All that was not fetched so far, at once. */
int espy_block_fetch(struct espy_block *b);

/* NULL: not there. */
const struct espy_table *espy_block_table(const struct espy_block *b, uint32_t id);
const struct espy_pack *espy_block_column(const struct espy_block *b, const struct espy_table *t,
					  uint32_t id);

/* Where a column of numbers is stored, and how large its items are. */
struct espy_target {
	void *p;
	uint32_t stride; /* bytes from one to the next */
	uint32_t size;   /* 1, 2, 4 or 8 */
	uint64_t max;    /* larger numbers are an error */
};
/* All rows of a column; zeros when it is not there. 0, -EBADMSG, -ENOMEM. */
int espy_block_numbers(struct espy_block *b, const struct espy_table *t, uint32_t id,
		       const struct espy_target *to);
/* A column of bytes, valid until the next load; nothing when it is not there. */
int espy_block_bytes(struct espy_block *b, const struct espy_table *t, uint32_t id,
		     const uint8_t **ret, size_t *ret_n);
/* Are they equal? In the builds for fuzzers always, or nothing would get past the checks. */
bool espy_block_hash_fits(uint64_t hash, uint64_t stored);
/* Says what is wrong; returns -EBADMSG. */
int espy_block_bad(struct espy_block *b, const char *why);
