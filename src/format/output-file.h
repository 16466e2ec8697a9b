/* SPDX-License-Identifier: MIT */
/* The file under an output that is written from its head to its end: a buffer, and where it stands.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define ESPY_OUTPUT_BUFFER (1u << 20) /* bytes that are written at once */

struct espy_output_file {
	struct espy_buf buf;
	uint64_t flushed; /* bytes that are in the file */
	const char *path; /* owned */
	int fd;           /* borrowed */
};

/* 0 or -ENOMEM. */
int espy_output_file_init(struct espy_output_file *f, int fd, const char *path,
			  struct espy_err *err);
void espy_output_file_done(struct espy_output_file *f);
/* Offset of the next byte. */
static inline uint64_t espy_output_file_at(const struct espy_output_file *f)
{
	return f->flushed + f->buf.n;
}
/* Writes what is in the buffer; `full` only when it is long. 0, -ENOMEM of an append before, or the
 * errno of the file. */
int espy_output_file_flush(struct espy_output_file *f, struct espy_err *err);
int espy_output_file_full(struct espy_output_file *f, struct espy_err *err);
/* "cannot write PATH: …"; returns r. */
int espy_output_failed(struct espy_err *err, int r, const char *path);
