/* SPDX-License-Identifier: MIT */
#include "format/reader.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "format/readers.h"

const struct espy_reader_format *const espy_reader_formats[] = {
	&espy_reader_espy,
	&espy_reader_pml,
	NULL,
};

struct espy_reader {
	const struct espy_reader_format *format;
	void *state;
};

const struct espy_reader_format *espy_reader_find(struct espy_str name)
{
	for (size_t i = 0; espy_reader_formats[i]; i++)
		if (espy_str_eq(espy_str0(espy_reader_formats[i]->name), name))
			return espy_reader_formats[i];
	return NULL;
}

/* The first bytes of a pipe, left in it. */
static ssize_t peek(int fd, uint8_t *head, size_t size)
{
	int copy[2];
	ssize_t n = -1;

	if (pipe2(copy, O_CLOEXEC) < 0)
		return -1;
	n = tee(fd, copy[1], size, 0);
	if (n > 0)
		n = read(copy[0], head, (size_t)n);
	close(copy[0]);
	close(copy[1]);
	return n;
}

/* The format that the first bytes show. What nobody knows is left to Espy's own reader, whose error
 * says what is wrong. */
static const struct espy_reader_format *probe(int fd)
{
	uint8_t head[ESPY_READER_HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0 && errno == ESPIPE)
		n = peek(fd, head, sizeof(head));
	for (size_t i = 0; n > 0 && espy_reader_formats[i]; i++)
		if (espy_reader_formats[i]->probe(head, (size_t)n))
			return espy_reader_formats[i];
	return espy_reader_formats[0];
}

static int open_file(const char *path, struct espy_err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd;

	if (is_stdin)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int e = -errno;

		return espy_err_at(err, e, is_stdin ? "standard input" : path, 0, 0,
				   "cannot open: %s", strerror(-e));
	}
	return fd;
}

int espy_reader_open_fd(struct espy_reader **ret, int fd, const char *name,
			const struct espy_reader_format *format, struct espy_err *err)
{
	struct espy_reader *in = calloc(1, sizeof(*in));
	int r;

	if (!in) {
		close(fd);
		return espy_err_set(err, -ENOMEM, "no memory left to read %s", name);
	}
	in->format = format ? format : probe(fd);
	if (in->format != espy_reader_formats[0] && lseek(fd, 0, SEEK_CUR) < 0) {
		espy_err_at(err, -ESPIPE, name, 0, 0,
			    "a %s capture cannot be read from a pipe: give its file",
			    in->format->name);
		close(fd);
		free(in);
		return -ESPIPE;
	}
	r = in->format->open(&in->state, fd, name, err);
	if (r < 0) {
		free(in);
		return r;
	}
	*ret = in;
	return 0;
}

int espy_reader_open(struct espy_reader **ret, const char *path,
		     const struct espy_reader_format *format, struct espy_err *err)
{
	int fd = open_file(path, err);

	if (fd < 0)
		return fd;
	return espy_reader_open_fd(ret, fd, strcmp(path, "-") == 0 ? "standard input" : path,
				   format, err);
}

void espy_reader_close(struct espy_reader *r)
{
	if (!r)
		return;
	r->format->close(r->state);
	free(r);
}

const struct espy_reader_format *espy_reader_format(const struct espy_reader *r)
{
	return r->format;
}

const struct espy_machine *espy_reader_machine(const struct espy_reader *r)
{
	return r->format->machine(r->state);
}

int espy_reader_snapshot(struct espy_reader *r, struct espy_batch *b, struct espy_err *err)
{
	return r->format->snapshot(r->state, b, err);
}

int espy_reader_next(struct espy_reader *r, struct espy_batch *b, struct espy_err *err)
{
	return r->format->next(r->state, b, err);
}

const struct espy_ending *espy_reader_ending(const struct espy_reader *r)
{
	return r->format->ending(r->state);
}

uint64_t espy_reader_dropped(const struct espy_reader *r)
{
	return r->format->dropped ? r->format->dropped(r->state) : 0;
}

int espy_reader_rewind(struct espy_reader *r)
{
	return r->format->rewind(r->state);
}

double espy_reader_progress(const struct espy_reader *r)
{
	return r->format->progress(r->state);
}

struct espy_trace *espy_reader_trace(const struct espy_reader *r)
{
	return r->format->trace ? r->format->trace(r->state) : NULL;
}
