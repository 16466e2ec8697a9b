/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>
#include "trace/describe.h"
#include "trace/encode.h"
#include "trace/index.h"
#include "trace/layout.h"
#include "trace/names.h"

#define NAME_MAX_BYTES 256u

struct espy_trace_writer {
	struct espy_encode encode;
	struct espy_index index; /* of the blocks since the last index block */
	uint64_t offset;         /* where the next block goes */
	uint64_t seed;           /* of block header hashes: start of the capture's id */
	int fd;
	bool cuttable; /* a file, so that a half block can be cut off */
	bool broken;   /* a half block stands at the end and cannot be cut off */
	char name[NAME_MAX_BYTES];
};

static int fail(struct espy_trace_writer *w, struct espy_err *err, int code)
{
	if (code == -E2BIG)
		return espy_err_at(err, code, w->name, 0, 0,
				   "a block would be larger than the format allows");
	return espy_err_at(err, code, w->name, 0, 0, "cannot write the trace: %s", strerror(-code));
}

/* --- bytes to the file ------------------------------------------------------------------------ */

/* Drops the n bytes that were written. */
static void advance(struct iovec **part, int *n_parts, size_t n)
{
	while (*n_parts && n >= (*part)->iov_len) {
		n -= (*part)->iov_len;
		++*part;
		--*n_parts;
	}
	if (n) {
		(*part)->iov_base = (char *)(*part)->iov_base + n;
		(*part)->iov_len -= n;
	}
}

/* A block that is there only in part: away with it, so that the next one can follow. */
static void cut_back(struct espy_trace_writer *w)
{
	if (!w->cuttable || ftruncate(w->fd, (off_t)w->offset) < 0 ||
	    lseek(w->fd, (off_t)w->offset, SEEK_SET) < 0)
		w->broken = true;
}

/* A pipe whose other side set it to non-blocking. */
static int wait_for_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, -1) == 1 ? 0 : -errno;
}

/* Writes all parts, nearly always with one call; 0 or negative errno. */
static int put(struct espy_trace_writer *w, struct iovec *part, int n_parts)
{
	uint64_t written = 0;

	if (w->broken)
		return -EIO;
	for (advance(&part, &n_parts, 0); n_parts;) {
		ssize_t r = writev(w->fd, part, n_parts);
		int error = r < 0 ? errno : 0;

		if (error == EINTR || (error == EAGAIN && wait_for_room(w->fd) == 0))
			continue;
		if (error) {
			if (written)
				cut_back(w);
			return -error;
		}
		written += (size_t)r;
		advance(&part, &n_parts, (size_t)r);
	}
	w->offset += written;
	return 0;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static int put_header(struct espy_trace_writer *w, struct espy_buf *out)
{
	struct espy_trace_header h = {
		.magic = ESPY_TRACE_MAGIC,
		.version = htole32(ESPY_TRACE_VERSION),
		.header_size = htole32(sizeof(h)),
	};
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	h.created = htole64((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
	if (getrandom(h.id, sizeof(h.id), 0) != sizeof(h.id))
		return -errno;
	h.hash = htole64(XXH3_64bits(&h, offsetof(struct espy_trace_header, hash)));
	memcpy(&seed, h.id, sizeof(seed));
	w->seed = le64toh(seed);
	espy_buf_add(out, &h, sizeof(h));
	return 0;
}

/* Appends the block that was built to `out`. */
static int collect(struct espy_trace_writer *w, struct espy_buf *out, unsigned type)
{
	struct espy_trace_block h = {.type = (uint16_t)type};
	int n = espy_build_end(&w->encode.build, &h, w->seed, NULL);

	for (int i = 0; i < n; i++)
		espy_buf_add(out, w->encode.build.part[i].iov_base,
			     w->encode.build.part[i].iov_len);
	return n < 0 ? n : out->error;
}

/* Header, schema and machine in one piece, so that no reader ever meets a part of them. */
static int put_start(struct espy_trace_writer *w, const struct espy_machine *m)
{
	struct espy_buf out = {0};
	int r = put_header(w, &out);

	if (r == 0) {
		espy_build_begin(&w->encode.build);
		espy_names_encode(&w->encode);
		r = collect(w, &out, ESPY_TRACE_SCHEMA);
	}
	if (r == 0) {
		espy_build_begin(&w->encode.build);
		espy_describe_machine(&w->encode, m);
		r = collect(w, &out, ESPY_TRACE_MACHINE);
	}
	if (r == 0)
		r = put(w, &(struct iovec){out.p, out.n}, 1);
	espy_buf_done(&out);
	return r;
}

static int put_index(struct espy_trace_writer *w)
{
	struct espy_trace_block h = {.type = ESPY_TRACE_INDEX};
	uint64_t at = w->offset;
	int r;

	if (w->index.blocks.n == 0)
		return 0;
	espy_build_begin(&w->encode.build);
	espy_index_encode(&w->encode, &w->index);
	r = espy_build_end(&w->encode.build, &h, w->seed, NULL);
	if (r >= 0)
		r = put(w, w->encode.build.part, r);
	if (r < 0)
		return r;
	w->index.blocks.n = 0;
	w->index.previous = at;
	return 0;
}

static int put_end(struct espy_trace_writer *w, const struct espy_ending *e)
{
	struct espy_trace_trailer tail = {.index = htole64(w->index.previous)};
	struct espy_trace_block h = {.type = ESPY_TRACE_END};
	int r;

	memcpy(tail.magic, ESPY_TRACE_TRAILER, sizeof(tail.magic));
	espy_build_begin(&w->encode.build);
	espy_describe_ending(&w->encode, e);
	r = espy_build_end(&w->encode.build, &h, w->seed, &tail);
	return r < 0 ? r : put(w, w->encode.build.part, r);
}

static int put_batch(struct espy_trace_writer *w, const struct espy_batch *b, unsigned type)
{
	struct espy_trace_block h;
	uint64_t at;
	int r;

	if (b->n == 0)
		return 0;
	if (w->index.blocks.n >= ESPY_TRACE_INDEX_MAX) {
		r = put_index(w);
		if (r < 0)
			return r;
	}
	at = w->offset;
	r = espy_encode_batch(&w->encode, b, type, w->seed, &h);
	if (r >= 0)
		r = put(w, w->encode.build.part, r);
	return r < 0 ? r : espy_index_add(&w->index, &h, at, b);
}

/* --- the contract ----------------------------------------------------------------------------- */

static void writer_free(struct espy_trace_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	espy_encode_done(&w->encode);
	espy_index_done(&w->index);
	free(w);
}

int espy_trace_create(struct espy_trace_writer **ret, int fd, const char *name,
		      const struct espy_machine *m, struct espy_err *err)
{
	struct espy_trace_writer *w = calloc(1, sizeof(*w));
	struct stat st;
	int r;

	if (!w || espy_encode_init(&w->encode) < 0) {
		free(w);
		close(fd);
		return espy_err_at(err, -ENOMEM, name, 0, 0, "out of memory");
	}
	w->fd = fd;
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->cuttable = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
	r = put_start(w, m);
	if (r < 0) {
		fail(w, err, r);
		writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int espy_trace_write_snapshot(struct espy_trace_writer *w, const struct espy_batch *b,
			      struct espy_err *err)
{
	int r = put_batch(w, b, ESPY_TRACE_SNAPSHOT);

	return r < 0 ? fail(w, err, r) : 0;
}

int espy_trace_write(struct espy_trace_writer *w, const struct espy_batch *b, struct espy_err *err)
{
	int r = put_batch(w, b, ESPY_TRACE_EVENTS);

	return r < 0 ? fail(w, err, r) : 0;
}

uint64_t espy_trace_written(const struct espy_trace_writer *w)
{
	return w->offset;
}

int espy_trace_finish(struct espy_trace_writer *w, const struct espy_ending *e,
		      struct espy_err *err)
{
	int r = 0;

	if (e)
		r = put_index(w);
	if (e && r == 0)
		r = put_end(w, e);
	/* Some file systems say only now that there is no room. */
	if (close(w->fd) < 0 && r == 0)
		r = -errno;
	w->fd = -1;
	if (r < 0)
		fail(w, err, r);
	writer_free(w);
	return r;
}
