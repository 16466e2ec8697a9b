/* SPDX-License-Identifier: MIT */
/*
 * Whole files that Espy can write for other programs. One const ops table per format, each in its
 * own file, and one row in outputs.c. The formats of lines (format.h) are outputs too, through one
 * adapter; they need no row of their own.
 */
#pragma once

#include "base/err.h"
#include "format/format.h"
#include "model/batch.h"
#include "model/column.h"
#include "model/machine.h"

struct espy_output_options {
	const char *path; /* for errors, and for libraries that open files by themselves */
	const struct espy_machine *machine;
	const struct espy_column *const
		*columns; /* NULL-terminated; NULL: the format's own choice */
	bool stacks;      /* write them where the format can */
	/* `lines` of the format that is opened: its adapter serves many. */
	const struct espy_format *lines;
};

enum espy_output_flags {
	/* Takes whole batches, `bits` is NULL: the rows that a filter let through come as batches
	 * of their own, numbered anew. */
	ESPY_OUTPUT_WHOLE = 1,
	/* Writes not only at the end of the file: it must be a regular one, not a pipe. */
	ESPY_OUTPUT_SEEKS = 2,
};

/* Functions return 0 or a negative errno with one sentence in *err. */
struct espy_output_format {
	const char *name;     /* "sqlite" */
	const char *suffixes; /* ".sqlite .db" */
	const char *help;     /* one line */
	/* The file is created and empty; `fd` is borrowed and stays open until finish or drop. */
	int (*open)(void **ret, int fd, const struct espy_output_options *o, struct espy_err *err);
	/* What existed at the start; may be NULL. */
	int (*snapshot)(void *state, const struct espy_batch *b, struct espy_err *err);
	/* The rows whose bit is set; all of them when `bits` is NULL. */
	int (*batch)(void *state, const struct espy_batch *b, const uint64_t *bits,
		     struct espy_err *err);
	/* Completes the file and frees the state, also on failure; `e` may be NULL. */
	int (*finish)(void *state, const struct espy_ending *e, struct espy_err *err);
	/* Frees the state; what is in the file is thrown away by the caller. */
	void (*drop)(void *state);
	unsigned flags; /* enum espy_output_flags */
	const struct espy_format *lines;
};

/* Those of whole files, NULL-terminated. */
extern const struct espy_output_format *const espy_outputs[];
/* All of them, those of lines first: i from 0 until NULL. Thread-safe. */
const struct espy_output_format *espy_output_at(unsigned i);
/* By name, NULL when unknown. */
const struct espy_output_format *espy_output_find(struct espy_str name);
/* By the longest suffix that the path ends with; NULL when there is none. */
const struct espy_output_format *espy_output_of_path(struct espy_str path);

static inline bool espy_output_wants(const uint64_t *bits, uint32_t row)
{
	return !bits || bits[row / 64] >> (row % 64) & 1;
}
