/* SPDX-License-Identifier: MIT */
/*
 * One column of one row group of a Parquet file: values as they come, then a chunk of one page (and
 * one with the dictionary of a column of text).
 * https://github.com/apache/parquet-format: Encodings.md, src/main/thrift/parquet.thrift
 */
#pragma once

#include <zstd.h>
#include "base/buf.h"
#include "base/vec.h"
#include "format/output-cell.h"
#include "format/thrift.h"

struct espy_parquet_column {
	const char *name;
	const struct espy_column *column; /* NULL: the one of exact bytes */
	enum espy_cell_kind kind;

	uint32_t rows;               /* of which is known whether they have a value */
	ESPY_VEC(uint32_t) present;  /* 0 or 1 for each of them */
	ESPY_VEC(uint64_t) numbers;  /* of a column that is no text */
	ESPY_VEC(uint32_t) indices;  /* of text: place in `order` */
	ESPY_VEC(uint32_t) order;    /* the dictionary: ids of the row group's strings */
	ESPY_VEC(uint32_t) index_of; /* of a string of the row group, plus one */
	uint64_t least, most;
};

/* What columns share while they are written. */
struct espy_parquet_pages {
	ZSTD_CCtx *zstd;
	struct espy_buf page, packed;
	const struct espy_dict *strings; /* of the row group */
};

void espy_parquet_column_done(struct espy_parquet_column *c);
void espy_parquet_column_reset(struct espy_parquet_column *c);
/* The value of that row of the group; rows between have none. `string` is an id of the row group's
 * strings. 0 or -ENOMEM. */
int espy_parquet_number(struct espy_parquet_column *c, uint32_t row, uint64_t v);
int espy_parquet_string(struct espy_parquet_column *c, uint32_t row, uint32_t string);
/*
 * Appends the chunk of `rows` rows to `out`, of which the first byte will be at `offset` in the
 * file, and its ColumnChunk to `meta`. Returns the bytes before compression, 0 or more, or a
 * negative errno.
 */
int64_t espy_parquet_chunk(struct espy_parquet_column *c, struct espy_parquet_pages *p,
			   uint32_t rows, uint64_t offset, struct espy_buf *out,
			   struct espy_thrift *meta);
/* Its SchemaElement. */
void espy_parquet_schema(const struct espy_parquet_column *c, struct espy_thrift *t);
