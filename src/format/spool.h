/* SPDX-License-Identifier: MIT */
/* Bytes that wait in a temporary file until their place in an output comes. */
#pragma once

#include "format/output-file.h"

struct espy_spool {
	struct espy_output_file file; /* append to file.buf, then espy_output_file_full */
};

/* 0, or a negative errno with a sentence. */
int espy_spool_open(struct espy_spool *s, struct espy_err *err);
void espy_spool_done(struct espy_spool *s); /* also of a zeroed one */
/* Appends all that was written to `to`. */
int espy_spool_copy(struct espy_spool *s, struct espy_output_file *to, struct espy_err *err);

/* A file without a name where temporary ones belong: TMPDIR, else /var/tmp, else /tmp. The
 * descriptor, or a negative errno. */
int espy_spool_file(void);
