/* SPDX-License-Identifier: MIT */
/*
 * Captures that Espy can read: its own traces and those of other programs. One const ops table per
 * format, each in its own file; which one fits is told by the first bytes of the file.
 */
#pragma once

#include "base/err.h"
#include "model/batch.h"
#include "model/machine.h"

#define ESPY_READER_HEAD 4096u /* bytes that a probe is shown */

struct espy_reader;
struct espy_trace;

/* All functions take the format's own state. Batches and errors as in trace/trace.h: 1 there is
 * one, 0 the end, -EBADMSG once for a damaged part that calling again goes on behind, other
 * negative errno for the end of it; every error names the file and, where the file is wrong, the
 * offset. */
struct espy_reader_format {
	const char *name;     /* "pml" */
	const char *suffixes; /* ".pml" */
	const char *help;     /* one line */
	/* Is it this format? `n` is at most ESPY_READER_HEAD, less for a shorter file. */
	bool (*probe)(const uint8_t *head, size_t n);
	/* Takes `fd` over, also on failure; it stands at the start of the file. `name` is for
	 * errors and is copied. */
	int (*open)(void **ret, int fd, const char *name, struct espy_err *err);
	void (*close)(void *state);
	const struct espy_machine *(*machine)(void *state);
	/* What existed at the start, until it returns 0; before the first `next`. */
	int (*snapshot)(void *state, struct espy_batch *b, struct espy_err *err);
	int (*next)(void *state, struct espy_batch *b, struct espy_err *err);
	/* NULL: the capture does not say. Known when `next` has returned 0. */
	const struct espy_ending *(*ending)(void *state);
	/* Events that the capture itself threw away again, as far as it was read; may be NULL. */
	uint64_t (*dropped)(void *state);
	/* Back to the first events. */
	int (*rewind)(void *state);
	double (*progress)(void *state); /* 0..1 */
	/* Espy's own trace that it reads, so that single blocks of it can be looked at; NULL in
	 * other formats. */
	struct espy_trace *(*trace)(void *state);
};

/* All formats, NULL-terminated; the first one is Espy's own. By name, NULL when unknown. */
extern const struct espy_reader_format *const espy_reader_formats[];
const struct espy_reader_format *espy_reader_find(struct espy_str name);

/* Opens by path ("-" is stdin, which only Espy's own format can be read from) with that format, or
 * with the one that the content shows when it is NULL. */
int espy_reader_open(struct espy_reader **ret, const char *path,
		     const struct espy_reader_format *format, struct espy_err *err);
/* The same with a descriptor, which the reader owns from then on (also on failure); `name` is for
 * errors and is copied. */
int espy_reader_open_fd(struct espy_reader **ret, int fd, const char *name,
			const struct espy_reader_format *format, struct espy_err *err);
void espy_reader_close(struct espy_reader *r);
const struct espy_reader_format *espy_reader_format(const struct espy_reader *r);

/* The functions of the format. */
const struct espy_machine *espy_reader_machine(const struct espy_reader *r);
int espy_reader_snapshot(struct espy_reader *r, struct espy_batch *b, struct espy_err *err);
int espy_reader_next(struct espy_reader *r, struct espy_batch *b, struct espy_err *err);
const struct espy_ending *espy_reader_ending(const struct espy_reader *r);
uint64_t espy_reader_dropped(const struct espy_reader *r);
int espy_reader_rewind(struct espy_reader *r);
double espy_reader_progress(const struct espy_reader *r);
/* NULL: it is not one of Espy's own. */
struct espy_trace *espy_reader_trace(const struct espy_reader *r);
