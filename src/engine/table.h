/* SPDX-License-Identifier: MIT */
/*
 * Tables of results: typed cells that a person reads as aligned columns with human units, and a
 * program as JSON objects or CSV with plain numbers. Strings are views that must live as long as
 * the table, raw bytes of traced programs: they are escaped here, once.
 */
#pragma once

#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"

enum espy_cell_type {
	ESPY_CELL_COUNT,    /* 52,341 */
	ESPY_CELL_BYTES,    /* 1.2 MiB */
	ESPY_CELL_DURATION, /* ns: 45.1ms; in JSON and CSV the name ends in _ns */
	ESPY_CELL_NUM,      /* a number that is a name: 4711 */
	ESPY_CELL_TIME,     /* ns since 1970, 0 unknown: RFC 3339 */
	ESPY_CELL_TEXT,
	ESPY_CELL_PATH, /* cut in the middle when there is no room */
	ESPY_CELL_ARGV, /* strings, each ended by a NUL: words for a shell; in JSON an array */
	ESPY_CELL_RAW,  /* text that is escaped already */
};

enum espy_table_flags {
	ESPY_TABLE_FLEX = 1,     /* may be cut to fit the width */
	ESPY_TABLE_OPTIONAL = 2, /* left out when the width is small, last one first */
	ESPY_TABLE_NO_TEXT = 4,  /* only in JSON and CSV */
	ESPY_TABLE_NO_DATA = 8,  /* only in text */
	ESPY_TABLE_BAD = 16,     /* what is not 0 is shown as a fault */
	ESPY_TABLE_RIGHT = 32,   /* text that is aligned like a number */
};

struct espy_table_column {
	const char *name, *title;
	uint8_t type;  /* enum espy_cell_type */
	uint8_t flags; /* enum espy_table_flags */
};

enum espy_cell_mark { ESPY_MARK_NONE, ESPY_MARK_BAD, ESPY_MARK_DIM };

struct espy_cell {
	uint64_t num;
	struct espy_str str;
	uint8_t mark;  /* enum espy_cell_mark */
	bool is_unset; /* nothing is known: "-" in text, left out of JSON */
	bool is_blank; /* there is nothing to know: nothing */
};

struct espy_table_style {
	unsigned width; /* columns of the terminal; 0: do not cut */
	bool colour, utf8;
};

#define ESPY_TABLE_COLUMNS_MAX 32

struct espy_table {
	struct espy_table_column columns[ESPY_TABLE_COLUMNS_MAX];
	unsigned n_columns;
	unsigned flex_small; /* optional columns go before a flexible one gets smaller; 0: 24 */
	struct espy_arena arena;
	struct espy_table_row *first, **last;
	int error;                                        /* -ENOMEM, once */
	struct espy_cell nowhere[ESPY_TABLE_COLUMNS_MAX]; /* taken for a row when memory is out */
};

void espy_table_init(struct espy_table *t);
void espy_table_done(struct espy_table *t);
/* Columns first, then rows. Past ESPY_TABLE_COLUMNS_MAX they are ignored. */
void espy_table_column(struct espy_table *t, struct espy_table_column c);
/* A new row's cells, zeroed; they stay valid. When memory is out t->error is set and the cells are
 * thrown away, so callers fill them without a look. */
struct espy_cell *espy_table_row(struct espy_table *t);
/* A line between rows, text only; `text` is escaped already and copied. */
void espy_table_heading(struct espy_table *t, struct espy_str text);

/* Each appends all rows to `out` and returns 0, -ENOMEM. */
int espy_table_text(struct espy_table *t, struct espy_buf *out, const struct espy_table_style *s);
/* One object a line; `kind`, when not NULL, is its first member, "summary". */
int espy_table_json(struct espy_table *t, struct espy_buf *out, const char *kind);
/* A line of names and one for each row. */
int espy_table_csv(struct espy_table *t, struct espy_buf *out);

/* Escaped text, shortened to `width` columns with an ellipsis at its end or in its middle. */
void espy_table_cut(struct espy_buf *out, struct espy_str escaped, size_t width, bool middle,
		    bool utf8);
/* 52,341 */
void espy_table_count(struct espy_buf *out, uint64_t n);
/* "1 file", "52,341 files" */
void espy_table_things(struct espy_buf *out, uint64_t n, const char *one, const char *many);
/* Strings that are each ended by a NUL as words for a shell, which are also fit for a terminal. */
void espy_table_argv(struct espy_buf *out, struct espy_str s);
/* A member of a JSON object: "name":"…", and where `s` is not UTF-8 also its exact bytes. */
void espy_table_json_str(struct espy_buf *out, const char *name, struct espy_str s);
/* The same for strings that are each ended by a NUL: "name":["…","…"]. */
void espy_table_json_argv(struct espy_buf *out, const char *name, struct espy_str s);

/* Starts and ends what stands out on a terminal; nothing without colour. */
enum espy_table_look { ESPY_LOOK_HEAD, ESPY_LOOK_BAD, ESPY_LOOK_DIM, ESPY_LOOK_GOOD };
void espy_table_look(struct espy_buf *out, const struct espy_table_style *s,
		     enum espy_table_look look);
void espy_table_plain(struct espy_buf *out, const struct espy_table_style *s);
