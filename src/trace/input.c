/* SPDX-License-Identifier: MIT */
#include "trace/input.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MIN (64u << 10) /* bytes that are asked for at least */

static int init_parts(struct espy_input *in, int dir)
{
	int r = -ENOMEM;

	in->fd = -1;
	in->seekable = true;
	in->parts = malloc(sizeof(*in->parts));
	if (in->parts)
		r = espy_parts_open(in->parts, dir);
	else
		close(dir);
	if (r < 0) {
		free(in->parts);
		in->parts = NULL;
	}
	return r;
}

int espy_input_init(struct espy_input *in, int fd)
{
	struct stat st;
	bool known = fstat(fd, &st) == 0;

	*in = (struct espy_input){.fd = fd};
	if (known && S_ISDIR(st.st_mode))
		return init_parts(in, fd);
	in->seekable = known && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
	return 0;
}

void espy_input_done(struct espy_input *in)
{
	if (in->parts)
		espy_parts_done(in->parts);
	free(in->parts);
	if (in->fd >= 0)
		close(in->fd);
	free(in->buf);
}

void espy_input_drop(struct espy_input *in)
{
	if (in->seekable)
		in->n = 0;
}

uint64_t espy_input_size(const struct espy_input *in)
{
	struct stat st;

	if (in->parts)
		return espy_parts_size(in->parts);
	return in->seekable && fstat(in->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

uint64_t espy_input_next(struct espy_input *in, uint64_t at, size_t want)
{
	uint64_t next = in->parts ? espy_parts_after(in->parts, at) : 0;
	uint64_t end = next ? espy_parts_end(in->parts, at) : 0;

	return end && end - at >= want ? at : next;
}

/* Makes buf[0] the byte at offset `at`. */
static int move_to(struct espy_input *in, uint64_t at)
{
	if (at >= in->base && at - in->base <= in->n) {
		in->n -= at - in->base;
		if (in->n && at != in->base)
			memmove(in->buf, in->buf + (at - in->base), in->n);
	} else if (in->seekable) {
		in->n = 0;
	} else {
		return -ESPIPE;
	}
	in->base = at;
	return 0;
}

/* Room behind what is there. It grows with what was really read, whatever was asked for. */
static int make_room(struct espy_input *in, size_t want)
{
	size_t cap = in->cap ? in->cap : READ_MIN;
	uint8_t *p;

	if (in->n < in->cap)
		return 0;
	while (cap <= in->n)
		cap *= 2;
	if (in->seekable && cap < want)
		cap = want;
	p = realloc(in->buf, cap);
	if (!p)
		return -ENOMEM;
	in->buf = p;
	in->cap = cap;
	return 0;
}

/* One read behind what is there: bytes, 0 at the end, negative errno. */
static ssize_t read_more(struct espy_input *in)
{
	ssize_t r;

	do {
		if (in->parts)
			return espy_parts_read(in->parts, in->base + in->n, in->buf + in->n,
					       in->cap - in->n);
		if (in->seekable)
			r = pread(in->fd, in->buf + in->n, in->cap - in->n,
				  (off_t)(in->base + in->n));
		else
			r = read(in->fd, in->buf + in->n, in->cap - in->n);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

/* Skips to `at` in a pipe. */
static int skip_to(struct espy_input *in, uint64_t at)
{
	while (at > in->base + in->n) {
		ssize_t r;

		in->base += in->n;
		in->n = 0;
		r = make_room(in, READ_MIN);
		if (r == 0)
			r = read_more(in);
		if (r <= 0)
			return (int)r;
		in->n = (size_t)r;
	}
	return 1;
}

static int fill(struct espy_input *in, size_t want)
{
	while (in->n < want) {
		ssize_t r = make_room(in, want);

		if (r == 0)
			r = read_more(in);
		if (r < 0)
			return (int)r;
		if (r == 0)
			break;
		in->n += (size_t)r;
	}
	return 0;
}

static bool has(const struct espy_input *in, uint64_t at, size_t want)
{
	return in->n && at >= in->base && at - in->base + want <= in->n;
}

ssize_t espy_input_get(struct espy_input *in, uint64_t at, size_t want, const uint8_t **ret)
{
	int r = 1;

	if (in->seekable && !has(in, at, want)) {
		/* Not more than there is, so that a length that is not true costs no memory. */
		uint64_t size = in->parts ? espy_parts_end(in->parts, at) : espy_input_size(in);

		want = at >= size ? 0 : want < size - at ? want : (size_t)(size - at);
	}
	if (has(in, at, want)) {
		*ret = in->buf + (at - in->base);
		return (ssize_t)want;
	}
	if (!in->seekable)
		r = skip_to(in, at);
	if (r <= 0)
		return r;
	r = move_to(in, at);
	if (r == 0)
		r = fill(in, want);
	if (r < 0)
		return r;
	*ret = in->buf;
	return (ssize_t)(in->n < want ? in->n : want);
}

ssize_t espy_input_read(struct espy_input *in, uint64_t at, void *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		char *p = (char *)to + done;
		ssize_t r;

		if (in->parts)
			r = espy_parts_read(in->parts, at + done, p, n - done);
		else
			r = pread(in->fd, p, n - done, (off_t)(at + done));
		if (r < 0 && !in->parts && errno == EINTR)
			continue;
		if (r < 0)
			return in->parts ? r : -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

bool espy_input_is_hole(struct espy_input *in, uint64_t at)
{
	return in->parts && espy_parts_end(in->parts, at) == 0;
}
