/* SPDX-License-Identifier: MIT */
#include "format/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPY_BYTES 65536u

static int open_in(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int espy_spool_file(void)
{
	const char *dir = getenv("TMPDIR");
	int fd = dir && *dir ? open_in(dir) : -ENOENT;

	if (fd < 0)
		fd = open_in("/var/tmp");
	return fd < 0 ? open_in("/tmp") : fd;
}

int espy_spool_open(struct espy_spool *s, struct espy_err *err)
{
	int fd = espy_spool_file(), r;

	if (fd < 0)
		return espy_err_set(err, fd,
				    "cannot make a temporary file: %s; TMPDIR can name "
				    "another directory",
				    strerror(-fd));
	r = espy_output_file_init(&s->file, fd, "a temporary file", err);
	if (r < 0)
		close(fd);
	return r;
}

void espy_spool_done(struct espy_spool *s)
{
	if (s->file.path && s->file.fd >= 0)
		close(s->file.fd);
	espy_output_file_done(&s->file);
}

int espy_spool_copy(struct espy_spool *s, struct espy_output_file *to, struct espy_err *err)
{
	int r = espy_output_file_flush(&s->file, err);

	for (uint64_t at = 0; at < s->file.flushed && r >= 0;) {
		ssize_t n;

		if (espy_buf_reserve(&to->buf, COPY_BYTES) < 0)
			return espy_output_failed(err, -ENOMEM, to->path);
		n = pread(s->file.fd, to->buf.p + to->buf.n, COPY_BYTES, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return espy_output_failed(err, n < 0 ? -errno : -EIO, s->file.path);
		to->buf.n += (size_t)n;
		at += (uint64_t)n;
		r = espy_output_file_full(to, err);
	}
	return r;
}
