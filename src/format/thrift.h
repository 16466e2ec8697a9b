/* SPDX-License-Identifier: MIT */
/*
 * Thrift's compact protocol, as far as a writer of Parquet needs it.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
#pragma once

#include "base/buf.h"

#define ESPY_THRIFT_DEPTH 8 /* structs within structs */

enum espy_thrift_type {
	ESPY_THRIFT_TRUE = 1,
	ESPY_THRIFT_FALSE = 2,
	ESPY_THRIFT_I32 = 5,
	ESPY_THRIFT_I64 = 6,
	ESPY_THRIFT_BINARY = 8,
	ESPY_THRIFT_LIST = 9,
	ESPY_THRIFT_STRUCT = 12,
};

/* Zeroed but for `out`; errors stay in the buffer. */
struct espy_thrift {
	struct espy_buf *out;
	int last[ESPY_THRIFT_DEPTH]; /* id of the last field of each open struct */
	unsigned depth;
};

void espy_thrift_varint(struct espy_buf *out, uint64_t v);
/* Fields in the order of their ids. */
void espy_thrift_i32(struct espy_thrift *t, int id, int32_t v);
void espy_thrift_i64(struct espy_thrift *t, int id, int64_t v);
void espy_thrift_bool(struct espy_thrift *t, int id, bool v);
void espy_thrift_bytes(struct espy_thrift *t, int id, struct espy_str s);
/* A struct as a field; id 0: as the whole or as an element of a list. */
void espy_thrift_begin(struct espy_thrift *t, int id);
void espy_thrift_end(struct espy_thrift *t);
/* Then come its elements: structs as above, the others by espy_thrift_element_*. */
void espy_thrift_list(struct espy_thrift *t, int id, enum espy_thrift_type type, size_t n);
void espy_thrift_element_i32(struct espy_thrift *t, int32_t v);
void espy_thrift_element_bytes(struct espy_thrift *t, struct espy_str s);
