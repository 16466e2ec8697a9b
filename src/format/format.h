/* SPDX-License-Identifier: MIT */
/* Writers of events: one const ops table per format, each in its own file. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "model/column.h"
#include "model/machine.h"

struct espy_writer;

#define ESPY_WRITER_COLUMNS 64 /* one less can be chosen */

struct espy_writer_options {
	/* NULL-terminated; NULL: the format's own choice. Not used after espy_writer_init. */
	const struct espy_column *const *columns;
	unsigned width; /* of the terminal; 0: do not cut or pad to it */
	bool colour;
	bool utc; /* times of text output in UTC, else in the local zone */
	const struct espy_machine *machine; /* may be NULL */
};

struct espy_format {
	const char *name;     /* "json" */
	const char *suffixes; /* ".json .jsonl" */
	const char *help;     /* one line */
	/* Columns that this format alone has, by name; NULL: it has none. They come before those
	 * that all have. */
	const struct espy_column *(*find)(struct espy_str name);
	/* Appends the head of the document to `out`. */
	int (*begin)(struct espy_writer *w, struct espy_buf *out);
	/* Appends one event. */
	int (*row)(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
		   uint32_t row);
	/* Appends the tail. */
	int (*end)(struct espy_writer *w, struct espy_buf *out);
};

struct espy_writer {
	const struct espy_format *format;
	struct espy_writer_options options;
	struct espy_buf scratch, text;
	/* What is written, NULL-terminated; how wide text makes it, how long JSON's keys are. */
	const struct espy_column *columns[ESPY_WRITER_COLUMNS];
	uint16_t widths[ESPY_WRITER_COLUMNS];
	uint64_t rows; /* written so far */
	/* JSON: a bit for each field of an event that follows the columns. */
	uint64_t own[ESPY_EVENT_ID_MAX];
	uint64_t first; /* procmon-csv: time of the first event, boot clock ns */
};

/* All formats, NULL-terminated; by name, NULL when unknown. */
extern const struct espy_format *const espy_formats[];
const struct espy_format *espy_format_find(struct espy_str name);
/* "text, json, csv": all names, for errors; `buf` takes as many as fit and is returned. */
const char *espy_format_names(char *buf, size_t n);

/* 0, or -E2BIG: too many columns. `f->begin` is the caller's to call. */
int espy_writer_init(struct espy_writer *w, const struct espy_format *f,
		     const struct espy_writer_options *o);
void espy_writer_done(struct espy_writer *w);

/* "time,pid,path" → columns[] (NULL-terminated, at most max-1); the error names what there is. */
int espy_format_columns_of(const struct espy_format *f, const char *list,
			   const struct espy_column **columns, size_t max, struct espy_err *err);
/* The same without columns that only one format has. */
int espy_format_columns(const char *list, const struct espy_column **columns, size_t max,
			struct espy_err *err);
