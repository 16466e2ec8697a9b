/* SPDX-License-Identifier: MIT */
#include "format/output-file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int espy_output_failed(struct espy_err *err, int r, const char *path)
{
	if (r == -ENOMEM)
		return espy_err_set(err, r, "no memory left to write %s", path);
	return espy_err_set(err, r, "cannot write %s: %s", path, strerror(-r));
}

int espy_output_file_init(struct espy_output_file *f, int fd, const char *path,
			  struct espy_err *err)
{
	*f = (struct espy_output_file){.fd = fd, .path = strdup(path)};
	return f->path ? 0 : espy_output_failed(err, -ENOMEM, path);
}

void espy_output_file_done(struct espy_output_file *f)
{
	espy_buf_done(&f->buf);
	free((char *)f->path);
	f->path = NULL;
}

int espy_output_file_flush(struct espy_output_file *f, struct espy_err *err)
{
	size_t n = f->buf.n;
	int r = f->buf.error ? f->buf.error : espy_buf_flush(&f->buf, f->fd);

	if (r < 0)
		return espy_output_failed(err, r, f->path);
	f->flushed += n;
	return 0;
}

int espy_output_file_full(struct espy_output_file *f, struct espy_err *err)
{
	if (f->buf.n < ESPY_OUTPUT_BUFFER && !f->buf.error)
		return 0;
	return espy_output_file_flush(f, err);
}
