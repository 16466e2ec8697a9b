/* SPDX-License-Identifier: MIT */
/* Reading and writing trace files: docs/format/trace.md is the specification. */
#pragma once

#include "base/err.h"
#include "model/batch.h"
#include "model/machine.h"

struct espy_trace_writer;

/*
 * Starts a trace in `fd`, which the writer owns from then on (also on failure). `name` is for
 * errors. Writes header, schema and machine at once.
 */
int espy_trace_create(struct espy_trace_writer **ret, int fd, const char *name,
		      const struct espy_machine *m, struct espy_err *err);
/*
 * Starts a trace of parts in `dir`, an empty directory, of which only the newest is kept: never
 * more than `bytes` on the disk, and as long as that allows at least the last `span_ns`, at most a
 * sixteenth more. 0: no such bound, not both. A block that does not fit by itself is dropped.
 */
struct espy_trace_keep {
	uint64_t bytes, span_ns;
};
#define ESPY_TRACE_KEEP_MIN (1u << 20) /* least `bytes` */
int espy_trace_create_ring(struct espy_trace_writer **ret, int dir, const char *name,
			   const struct espy_trace_keep *keep, const struct espy_machine *m,
			   struct espy_err *err);
/* From now on the trace may not become larger: what would not fit, end included, is not written and
 * espy_trace_write returns 1. */
void espy_trace_set_max(struct espy_trace_writer *w, uint64_t bytes);
/* One block: what existed at the start (rows of type *_running), or events. Data is in the file
 * (not on the disk) when these return. -ENOSPC and the like leave the file readable up to the last
 * block. */
int espy_trace_write_snapshot(struct espy_trace_writer *w, const struct espy_batch *b,
			      struct espy_err *err);
int espy_trace_write(struct espy_trace_writer *w, const struct espy_batch *b, struct espy_err *err);
/* Bytes written so far. */
uint64_t espy_trace_written(const struct espy_trace_writer *w);
/* Bytes of the trace that are there, which is less once some were dropped. */
uint64_t espy_trace_size(const struct espy_trace_writer *w);
/* Rows that were dropped so far, and when the last of them ended (boot clock ns). */
uint64_t espy_trace_forgotten(const struct espy_trace_writer *w, uint64_t *ret_until);
/* Index and end record, close. The writer is freed in any case. `e` NULL: just close. What was
 * dropped is added to what *e says of it. */
int espy_trace_finish(struct espy_trace_writer *w, const struct espy_ending *e,
		      struct espy_err *err);

/* What is done to the stacks of every batch that is read with them, before anybody sees it; it may
 * be called by several threads at a time. One for the program; NULL: nothing. */
typedef void espy_stacks_fn(void *ctx, struct espy_batch *b);
void espy_trace_on_stacks(espy_stacks_fn *fn, void *ctx);

struct espy_trace;

/* Opens by path ("-" is stdin, which need not be seekable); a directory is a trace of parts. A
 * damaged or unknown file gives an error with the offset; a trace without end (Espy was killed, or
 * still writes) opens. */
int espy_trace_open(struct espy_trace **ret, const char *path, struct espy_err *err);
/* The same with a descriptor, which the trace owns from then on (also on failure); `name` is for
 * errors. */
int espy_trace_open_fd(struct espy_trace **ret, int fd, const char *name, struct espy_err *err);
void espy_trace_close(struct espy_trace *t);
const struct espy_machine *espy_trace_machine(const struct espy_trace *t);

/*
 * The next block of events into *b, which is reset first. 1: there is one; 0: the end, or nothing
 * more yet; negative: error, with the file's offset in the sentence. A block with a bad checksum is
 * an error (-EBADMSG) once; calling again goes on behind it.
 */
int espy_trace_next(struct espy_trace *t, struct espy_batch *b, struct espy_err *err);
/* The snapshot at the start, likewise; call it before espy_trace_next, until it returns 0. */
int espy_trace_snapshot(struct espy_trace *t, struct espy_batch *b, struct espy_err *err);
/* NULL: the trace has no end record (yet). Known once espy_trace_next returned 0. */
const struct espy_ending *espy_trace_ending(const struct espy_trace *t);
/* Rows that were recorded but dropped to keep the bounds, as far as it was read. */
uint64_t espy_trace_dropped(const struct espy_trace *t);
/* Back to the first block; -ESPIPE for a pipe. */
int espy_trace_rewind(struct espy_trace *t);
/* 0..1, how much of the file was read, for progress. */
double espy_trace_progress(const struct espy_trace *t);
