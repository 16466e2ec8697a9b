/* SPDX-License-Identifier: MIT */
/*
 * Values of columns for formats in which a column has one type in every row: a number, a truth, a
 * time, or text. What is a number in some events and a name in others (`mode`, `kind`) is text.
 */
#pragma once

#include "base/buf.h"
#include "base/escape.h"
#include "model/column.h"

enum espy_cell_kind {
	ESPY_CELL_INT,  /* signed */
	ESPY_CELL_UINT, /* unsigned: addresses, requests, tags */
	ESPY_CELL_TIME, /* ns since 1970 */
	ESPY_CELL_BOOL,
	ESPY_CELL_TEXT, /* bytes; see espy_cell_is_text */
};

/* The type that the column has in every row. */
enum espy_cell_kind espy_cell_kind(const struct espy_column *c);

struct espy_cell {
	uint64_t num; /* also the bits of a signed one */
	struct espy_str str;
	struct espy_str raw; /* the exact bytes where str could not hold them, else empty */
	uint32_t id; /* of str in the batch's dictionary, UINT32_MAX when it is not from there */
};

/*
 * The value of a row; false: the event has none, or it is a "none" of its kind (no flag, no time).
 * Command lines are JSON arrays, flags and modes what text shows. Strings may lie in *scratch,
 * which the caller resets.
 */
bool espy_cell_get(const struct espy_column *c, enum espy_cell_kind kind,
		   const struct espy_batch *b, uint32_t row, struct espy_buf *scratch,
		   struct espy_cell *ret);

/* The value as a JSON value; strings that are not UTF-8 have U+FFFD for their bad bytes. Returns
 * whether that happened. */
int espy_cell_json(struct espy_buf *out, enum espy_cell_kind kind, const struct espy_cell *cell);
/* The fields of the row's event, but for path and path2, as a JSON object: as in the format json,
 * empty strings and names of nothing left out. */
void espy_cell_fields(struct espy_buf *out, const struct espy_batch *b, uint32_t row);
/* The columns of each event, made when it is first met: of a list or, when that is NULL, some that
 * every event has and all fields of the event. A zeroed one with its `columns` set is ready. */
#define ESPY_CELL_COLUMNS 64 /* of one event */
struct espy_cell_list {
	size_t n;
	const struct espy_column *columns[ESPY_CELL_COLUMNS];
	uint8_t kinds[ESPY_CELL_COLUMNS]; /* enum espy_cell_kind */
};
struct espy_cell_lists {
	const struct espy_column *const *columns; /* lives as long as this */
	bool stacks;
	struct espy_arena arena;
	struct espy_cell_list *of[ESPY_EVENT_ID_MAX];
};
/* NULL when memory is out. */
const struct espy_cell_list *espy_cell_list(struct espy_cell_lists *l, unsigned type);
/* A JSON string; returns as above. */
static inline int espy_cell_string(struct espy_buf *out, struct espy_str s)
{
	int replaced;

	espy_buf_putc(out, '"');
	replaced = espy_escape_json(out, s);
	espy_buf_putc(out, '"');
	return replaced;
}
/* Strings, each ended by a NUL but perhaps the last, as a JSON array of what `add` writes of each;
 * returns whether one of them did. */
int espy_cell_array(struct espy_buf *out, struct espy_str words,
		    int (*add)(struct espy_buf *out, struct espy_str s));
/* Lower-case hexadecimal. */
void espy_cell_hex(struct espy_buf *out, struct espy_str s);
