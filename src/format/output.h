/* SPDX-License-Identifier: MIT */
/*
 * Whole files that Espy can write for other programs: documents that take more than one line per
 * event (format.h has those). One const ops table per format, each in its own file.
 */
#pragma once

#include "base/err.h"
#include "model/batch.h"
#include "model/column.h"
#include "model/machine.h"

struct espy_output_options {
	const char *path; /* for errors, and for libraries that open files by themselves */
	const struct espy_machine *machine;
	const struct espy_column *const
		*columns; /* NULL-terminated; NULL: the format's own choice */
	bool stacks;      /* write them where the format can */
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
};

/* All of them, NULL-terminated; by name, NULL when unknown. */
extern const struct espy_output_format *const espy_outputs[];
const struct espy_output_format *espy_output_find(struct espy_str name);
