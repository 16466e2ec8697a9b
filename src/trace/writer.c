/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>
#include "trace/describe.h"
#include "trace/encode.h"
#include "trace/index.h"
#include "trace/layout.h"
#include "trace/names.h"
#include "trace/store.h"

#define NAME_MAX_BYTES 256u
#define END_BYTES      8192u /* an end block is smaller */
#define INDEX_BYTES    128u  /* so is the entry of a block in the index */

struct espy_trace_writer {
	struct espy_encode encode;
	struct espy_index index; /* of the blocks since the last index block */
	struct espy_store store;
	uint64_t seed; /* of block header hashes: start of the capture's id */
	char name[NAME_MAX_BYTES];
};

static int fail(struct espy_trace_writer *w, struct espy_err *err, int code)
{
	if (code == -E2BIG)
		return espy_err_at(err, code, w->name, 0, 0,
				   "a block would be larger than the format allows");
	if (code == -ENOSPC)
		return espy_err_at(
			err, code, w->name, 0, 0,
			"cannot write the trace: %s; what was written before can be read",
			strerror(-code));
	return espy_err_at(err, code, w->name, 0, 0, "cannot write the trace: %s", strerror(-code));
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
		r = espy_store_put(&w->store, &(struct iovec){out.p, out.n}, 1);
	espy_buf_done(&out);
	return r;
}

static int put_index(struct espy_trace_writer *w)
{
	struct espy_trace_block h = {.type = ESPY_TRACE_INDEX};
	uint64_t at = w->store.offset;
	int r;

	if (w->index.blocks.n == 0)
		return 0;
	espy_build_begin(&w->encode.build);
	espy_index_encode(&w->encode, &w->index);
	r = espy_build_end(&w->encode.build, &h, w->seed, NULL);
	if (r >= 0)
		r = espy_store_put(&w->store, w->encode.build.part, r);
	if (r < 0)
		return r;
	w->index.blocks.n = 0;
	w->index.previous = at;
	return 0;
}

static int put_end(struct espy_trace_writer *w, const struct espy_ending *ending)
{
	struct espy_trace_trailer tail = {.index = htole64(w->index.previous)};
	struct espy_trace_block h = {.type = ESPY_TRACE_END};
	struct espy_ending e = *ending;
	uint64_t until, dropped = espy_trace_forgotten(w, &until);
	int r;

	e.dropped += dropped;
	if (until > e.dropped_to)
		e.dropped_to = until;
	memcpy(tail.magic, ESPY_TRACE_TRAILER, sizeof(tail.magic));
	espy_build_begin(&w->encode.build);
	espy_describe_ending(&w->encode, &e);
	r = espy_build_end(&w->encode.build, &h, w->seed, &tail);
	return r < 0 ? r : espy_store_put(&w->store, w->encode.build.part, r);
}

static bool is_ring(const struct espy_trace_writer *w)
{
	return w->store.dir >= 0;
}

/* May the block that was built be put? 0: yes, 1: it does not fit, or negative errno. */
static int make_room(struct espy_trace_writer *w, const struct espy_trace_block *h)
{
	uint64_t reserve = END_BYTES + (w->index.blocks.n + 1) * INDEX_BYTES;
	struct espy_store_block b = {
		.bytes = espy_build_size(&w->encode.build),
		.rows = le32toh(h->rows),
		.end = le64toh(h->end),
	};

	if (le16toh(h->type) == ESPY_TRACE_SNAPSHOT)
		return espy_store_fits(&w->store, b.bytes + reserve) ? 0 : 1;
	return espy_store_room(&w->store, &b, reserve);
}

/* The index of a ring would point to what is gone: it has none. */
static int put_batch(struct espy_trace_writer *w, const struct espy_batch *b, unsigned type)
{
	struct espy_trace_block h;
	uint64_t at;
	int r, n;

	if (b->n == 0)
		return 0;
	if (w->index.blocks.n >= ESPY_TRACE_INDEX_MAX) {
		r = put_index(w);
		if (r < 0)
			return r;
	}
	n = espy_encode_batch(&w->encode, b, type, w->seed, &h);
	r = n < 0 ? n : make_room(w, &h);
	if (r != 0)
		return r;
	at = w->store.offset;
	r = espy_store_put(&w->store, w->encode.build.part, n);
	return r < 0 || is_ring(w) ? r : espy_index_add(&w->index, &h, at, b);
}

/* --- the contract ----------------------------------------------------------------------------- */

static void writer_free(struct espy_trace_writer *w)
{
	espy_store_done(&w->store);
	espy_encode_done(&w->encode);
	espy_index_done(&w->index);
	free(w);
}

/* The rest of creating, once w->store is set up. */
static int create(struct espy_trace_writer **ret, struct espy_trace_writer *w, const char *name,
		  const struct espy_machine *m, struct espy_err *err)
{
	int r;

	snprintf(w->name, sizeof(w->name), "%s", name);
	r = put_start(w, m);
	if (r < 0) {
		fail(w, err, r);
		writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

static struct espy_trace_writer *writer_new(int fd, const char *name, struct espy_err *err)
{
	struct espy_trace_writer *w = calloc(1, sizeof(*w));

	if (w && espy_encode_init(&w->encode) == 0)
		return w;
	free(w);
	close(fd);
	espy_err_at(err, -ENOMEM, name, 0, 0, "out of memory");
	return NULL;
}

int espy_trace_create(struct espy_trace_writer **ret, int fd, const char *name,
		      const struct espy_machine *m, struct espy_err *err)
{
	struct espy_trace_writer *w = writer_new(fd, name, err);

	if (!w)
		return -ENOMEM;
	espy_store_init_file(&w->store, fd);
	return create(ret, w, name, m, err);
}

int espy_trace_create_ring(struct espy_trace_writer **ret, int dir, const char *name,
			   const struct espy_trace_keep *keep, const struct espy_machine *m,
			   struct espy_err *err)
{
	struct espy_trace_writer *w = writer_new(dir, name, err);

	if (!w)
		return -ENOMEM;
	espy_store_init_ring(&w->store, dir, keep);
	return create(ret, w, name, m, err);
}

void espy_trace_set_max(struct espy_trace_writer *w, uint64_t bytes)
{
	w->store.max = bytes;
}

int espy_trace_write_snapshot(struct espy_trace_writer *w, const struct espy_batch *b,
			      struct espy_err *err)
{
	int r = put_batch(w, b, ESPY_TRACE_SNAPSHOT);

	if (r > 0)
		return espy_err_at(err, -EFBIG, w->name, 0, 0,
				   "the list of what exists at the start does not fit into the "
				   "size that the trace may have: give it more");
	return r < 0 ? fail(w, err, r) : 0;
}

int espy_trace_write(struct espy_trace_writer *w, const struct espy_batch *b, struct espy_err *err)
{
	int r = put_batch(w, b, ESPY_TRACE_EVENTS);

	if (r < 0)
		return fail(w, err, r);
	return r > 0 && !is_ring(w);
}

uint64_t espy_trace_written(const struct espy_trace_writer *w)
{
	return w->store.offset;
}

uint64_t espy_trace_size(const struct espy_trace_writer *w)
{
	return espy_store_size(&w->store);
}

uint64_t espy_trace_forgotten(const struct espy_trace_writer *w, uint64_t *ret_until)
{
	*ret_until = w->store.dropped_to;
	return w->store.dropped;
}

int espy_trace_finish(struct espy_trace_writer *w, const struct espy_ending *e,
		      struct espy_err *err)
{
	int r = 0, r2;

	if (e)
		r = is_ring(w) ? espy_store_age(&w->store, e->ended) : put_index(w);
	if (e && r == 0)
		r = put_end(w, e);
	/* Some file systems say only now that there is no room. */
	r2 = espy_store_done(&w->store);
	r = r < 0 ? r : r2;
	if (r < 0)
		fail(w, err, r);
	writer_free(w);
	return r;
}
