/* SPDX-License-Identifier: MIT */
/*
 * Columns: every value an event can be asked for by name, the same in the filter language, in text,
 * CSV and JSON, and in summaries. Either one of columns.def, or an event field by its name in every
 * event that has it.
 */
#pragma once

#include "base/buf.h"
#include "model/batch.h"

enum espy_column_id {
#define COLUMN(name, ...) ESPY_COL_##name,
#include "model/columns.def"
	ESPY_COL__FIELDS /* ids from here on are event fields, one per distinct name */
};

enum espy_column_type { ESPY_TYPE_NUM, ESPY_TYPE_INT, ESPY_TYPE_STR };

struct espy_column {
	const char *name, *title, *doc;
	uint16_t id;   /* enum espy_column_id */
	uint8_t type;  /* enum espy_column_type */
	uint8_t fmt;   /* enum espy_fmt; events may show the same name by different sets of flags */
	uint8_t width; /* usual width in text output */
};

/* All of them: i from 0 until NULL. Thread-safe, built at first use, never freed. */
const struct espy_column *espy_column_at(unsigned i);
/* By name; NULL when there is none. */
const struct espy_column *espy_column_find(struct espy_str name);
/* Index of the column in the fields of this event, or -1: it has none (or it is a common column).
 */
int espy_column_field(const struct espy_column *c, const struct espy_schema *s);

/*
 * The value of a row. Returns false when the event has no such column (a file event has no
 * `remote`) or it is empty by nature (`error` of a success); *ret says nothing then. Strings that
 * are not in the batch's dictionary (class, syscall, detail…) are made in *scratch, which the
 * caller resets when done with the value.
 */
bool espy_column_get(const struct espy_column *c, const struct espy_batch *b, uint32_t row,
		     struct espy_buf *scratch, struct espy_value *ret);

/* fmt to show the column with for this row's event (field fmt for fields). */
unsigned espy_column_fmt(const struct espy_column *c, const struct espy_batch *b, uint32_t row);

/* The row's detail: "flags: O_RDONLY|O_CLOEXEC, mode: 0644", escaped, appended to `out`. */
void espy_column_detail(struct espy_buf *out, const struct espy_batch *b, uint32_t row);

/* A string value as a person reads it, unescaped: ARGV becomes words quoted for a shell and joined
 * by spaces; anything else is taken as it is. */
void espy_column_text(struct espy_buf *out, unsigned fmt, struct espy_str s);
