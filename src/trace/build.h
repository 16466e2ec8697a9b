/* SPDX-License-Identifier: MIT */
/* Puts a block together: tables and columns go in, the bytes of the block come out. */
#pragma once

#include <sys/uio.h>
#include "base/buf.h"
#include "model/batch.h"
#include "trace/layout.h"
#include "trace/pack.h"

#define ESPY_BUILD_PARTS 5

struct espy_build {
	struct ZSTD_CCtx_s *zstd;
	struct espy_buf segments; /* directory: all but the pool's */
	struct espy_buf tables;   /* directory */
	struct espy_buf columns;  /* of the table that is being made */
	struct espy_buf head, pool, packed_pool, payload;
	struct espy_buf scratch; /* one packed column */
	uint64_t raw_bytes;
	uint32_t n_segments, n_columns;
	uint32_t table_id, table_rows;
	int error;
	struct iovec part[ESPY_BUILD_PARTS];
};

int espy_build_init(struct espy_build *b); /* 0 or -ENOMEM */
void espy_build_done(struct espy_build *b);

/* Errors are kept until espy_build_end. */
void espy_build_begin(struct espy_build *b);
void espy_build_table(struct espy_build *b, uint32_t id, uint32_t rows);
/* As many as the table has rows. */
void espy_build_numbers(struct espy_build *b, uint32_t column, const uint64_t *v, bool is_signed);
void espy_build_constant(struct espy_build *b, uint32_t column, uint64_t v, bool is_signed);
void espy_build_bytes(struct espy_build *b, uint32_t column, const void *p, size_t n);

/*
 * The block is b->part[0..n) afterwards, until the next begin. Takes type, flags, first_seq, start,
 * end and rows of *h in host order and completes it. `tail` (16 bytes, or NULL) goes behind the
 * segments. Returns the number of parts, or -ENOMEM, -E2BIG (a limit of the format).
 */
int espy_build_end(struct espy_build *b, struct espy_trace_block *h, uint64_t seed,
		   const struct espy_trace_trailer *tail);
/* Bytes of the finished block. */
uint64_t espy_build_size(const struct espy_build *b);
