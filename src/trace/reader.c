/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "trace/decode.h"
#include "trace/describe.h"
#include "trace/input.h"
#include "trace/layout.h"
#include "trace/names.h"

#define NAME_MAX_BYTES 256u
#define SCAN_STEP      (64u << 10) /* bytes that are looked at once for the next good block */

struct espy_trace {
	struct espy_input in;
	struct espy_decode decode;
	struct espy_names names;
	struct espy_machine machine;
	struct espy_ending ending;
	struct espy_err pending; /* damage met while opening, told at the first chance */
	uint64_t first;          /* offset of the first block */
	uint64_t offset;         /* of the next */
	uint64_t seed;           /* of block header hashes */
	bool has_ending;
	bool has_machine;
	bool at_events; /* opening got as far as the blocks behind schema and machine */
	bool lost;      /* the header at `offset` is bad: look for the next good one */
	char name[NAME_MAX_BYTES];
};

#define fail(t, err, code, ...) espy_err_at(err, code, (t)->name, 0, 0, __VA_ARGS__)

/* --- blocks ----------------------------------------------------------------------------------- */

/* Is there a good header in p[n]? Returns the bytes to go on by; *found says whether it is there.
 */
static size_t scan(const struct espy_trace *t, const uint8_t *p, size_t n, bool *found)
{
	struct espy_trace_block h;
	size_t at = 0;

	for (; at + sizeof(h) <= n; at += ESPY_TRACE_ALIGN) {
		if (p[at] == (ESPY_TRACE_BLOCK & 0xff) &&
		    espy_block_header(&h, p + at, t->seed) == 0) {
			*found = true;
			return at;
		}
	}
	return at;
}

/* Goes on to the next good block header. 1: found, 0: none so far, negative errno. */
static int resync(struct espy_trace *t)
{
	while (t->lost) {
		const uint8_t *p;
		ssize_t n = espy_input_get(&t->in, t->offset, SCAN_STEP, &p);
		bool found = false;

		if (n < (ssize_t)sizeof(struct espy_trace_block))
			return n < 0 ? (int)n : 0;
		t->offset += scan(t, p, (size_t)n, &found);
		t->lost = !found;
	}
	return 1;
}

/* What is there of the next block may have changed when we are asked again. */
static int nothing_yet(struct espy_trace *t)
{
	espy_input_drop(&t->in);
	return 0;
}

/* The header of the next block. 1, 0: nothing more yet, or negative errno. */
static int peek(struct espy_trace *t, struct espy_trace_block *h, struct espy_err *err)
{
	const uint8_t *p;
	ssize_t n;
	int r;

	r = resync(t);
	if (r < 0)
		return fail(t, err, r, "cannot read: %s", strerror(-r));
	n = r ? espy_input_get(&t->in, t->offset, sizeof(*h), &p) : 0;
	if (n < 0)
		return fail(t, err, (int)n, "cannot read: %s", strerror((int)-n));
	if (n < (ssize_t)sizeof(*h))
		return nothing_yet(t);
	if (espy_block_header(h, p, t->seed) == 0)
		return 1;
	r = fail(t, err, -EBADMSG,
		 "the block at offset %" PRIu64 " is damaged: its header is wrong", t->offset);
	t->lost = true;
	t->offset += ESPY_TRACE_ALIGN;
	return r;
}

static uint64_t block_size(const struct espy_trace_block *h)
{
	return (uint64_t)h->head_length + h->payload_length;
}

static int damaged(struct espy_trace *t, struct espy_err *err, int code, uint64_t offset)
{
	if (code == -ENOMEM)
		return fail(t, err, code, "out of memory");
	return fail(t, err, code, "the block at offset %" PRIu64 " is damaged: %s", offset,
		    t->decode.block.why);
}

/* Reads the whole block with that header and steps behind it. 1, 0: it is not all there yet, or
 * negative errno. */
static int load(struct espy_trace *t, const struct espy_trace_block *h, struct espy_err *err)
{
	uint64_t at = t->offset, size = block_size(h);
	const uint8_t *p;
	ssize_t n = espy_input_get(&t->in, at, size, &p);
	int r;

	if (n < 0)
		return fail(t, err, (int)n, "cannot read: %s", strerror((int)-n));
	if ((uint64_t)n < size)
		return nothing_yet(t);
	t->offset += size;
	r = espy_block_load(&t->decode.block, h, p);
	return r < 0 ? damaged(t, err, r, at) : 1;
}

/* A block that nobody asked for. A type that we do not know may be one that must not be skipped. */
static int skip(struct espy_trace *t, const struct espy_trace_block *h, struct espy_err *err)
{
	if (h->type > ESPY_TRACE_END && (h->flags & ESPY_TRACE_NEEDED))
		return fail(t, err, -EPROTONOSUPPORT,
			    "the block at offset %" PRIu64
			    " is of a kind (%u) that this version of "
			    "Espy does not know",
			    t->offset, h->type);
	t->offset += block_size(h);
	return 0;
}

static int tell_pending(struct espy_trace *t, struct espy_err *err)
{
	int code = t->pending.code;

	if (code && err)
		*err = t->pending;
	t->pending.code = 0;
	return code;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int check_header(struct espy_trace *t, const struct espy_trace_header *h,
			struct espy_err *err)
{
	uint32_t size = le32toh(h->header_size);
	uint64_t hash = XXH3_64bits(h, offsetof(struct espy_trace_header, hash));
	const uint8_t *p;

	if (le32toh(h->version) > ESPY_TRACE_VERSION)
		return fail(t, err, -EPROTONOSUPPORT,
			    "the trace is of version %" PRIu32
			    ", and this Espy reads only version %d",
			    le32toh(h->version), ESPY_TRACE_VERSION);
	if (size < sizeof(*h) || size > ESPY_TRACE_HEADER_MAX || size % ESPY_TRACE_ALIGN)
		return fail(t, err, -EBADMSG,
			    "the trace is damaged: its header, at offset 0, is wrong");
	if (size > sizeof(*h)) {
		if (espy_input_get(&t->in, 0, size, &p) < (ssize_t)size)
			return fail(t, err, -EBADMSG, "the trace is cut off within its header");
		hash = XXH3_64bits_withSeed(p + sizeof(*h), size - sizeof(*h), hash);
	}
	if (!espy_block_hash_fits(hash, le64toh(h->hash)))
		return fail(t, err, -EBADMSG,
			    "the trace is damaged: its header, at offset 0, is wrong");
	if (h->incompatible)
		return fail(t, err, -EPROTONOSUPPORT,
			    "the trace was written by a newer Espy in a way that this one does "
			    "not know (flags %#" PRIx64 ")",
			    le64toh(h->incompatible));
	t->first = t->offset = size;
	return 0;
}

static int read_header(struct espy_trace *t, struct espy_err *err)
{
	struct espy_trace_header h;
	const uint8_t *p;
	ssize_t n = espy_input_get(&t->in, 0, sizeof(h), &p);
	size_t magic = n < ESPY_TRACE_MAGIC_SIZE ? (size_t)n : ESPY_TRACE_MAGIC_SIZE;
	uint64_t seed;

	if (n < 0)
		return fail(t, err, (int)n, "cannot read: %s", strerror((int)-n));
	if (n == 0)
		return fail(t, err, -ENODATA, "the file is empty");
	if (memcmp(p, ESPY_TRACE_MAGIC, magic) != 0)
		return fail(t, err, -EBADMSG, "this is not a trace of Espy");
	if (n < (ssize_t)sizeof(h))
		return fail(t, err, -EBADMSG,
			    "the trace is cut off within its header, after %zd bytes", n);
	memcpy(&h, p, sizeof(h));
	memcpy(&seed, h.id, sizeof(seed));
	t->seed = le64toh(seed);
	return check_header(t, &h, err);
}

static int read_description(struct espy_trace *t, const struct espy_trace_block *h,
			    struct espy_err *err)
{
	uint64_t at = t->offset;
	int r = load(t, h, err);

	if (r <= 0)
		return r;
	if (h->type == ESPY_TRACE_SCHEMA && t->names.n)
		return 1; /* a second one changes nothing */
	if (h->type == ESPY_TRACE_SCHEMA)
		r = espy_names_decode(&t->names, &t->decode.block);
	else
		r = espy_describe_read_machine(&t->machine, &t->decode.block);
	if (r < 0)
		return damaged(t, err, r, at);
	t->has_machine |= h->type == ESPY_TRACE_MACHINE;
	return 1;
}

/* One block of the start. 1: go on, 0: there is no more of it, or negative errno. */
static int read_one(struct espy_trace *t, struct espy_err *err)
{
	struct espy_trace_block h = {0};
	int r = peek(t, &h, err);

	if (r <= 0)
		return r;
	if (h.type == ESPY_TRACE_SCHEMA || h.type == ESPY_TRACE_MACHINE)
		return read_description(t, &h, err);
	t->at_events = h.type <= ESPY_TRACE_END;
	if (t->at_events)
		return 0;
	r = skip(t, &h, err);
	return r < 0 ? r : 1;
}

/* Schema and machine. Damage there does not hide the events: it is told with the first of them. */
static int read_start(struct espy_trace *t, struct espy_err *err)
{
	struct espy_err e = {0};
	int r;

	do {
		r = read_one(t, &e);
		if (r == -EBADMSG && t->pending.code == 0)
			t->pending = e;
	} while ((r > 0 && !t->has_machine) || r == -EBADMSG);
	if (r < 0 && err)
		*err = e;
	if (r < 0)
		return r;
	if (r == 0 && t->names.n == 0 && !t->at_events)
		return tell_pending(t, err)
			       ?: fail(t, err, -EBADMSG,
				       "the trace is cut off at offset %" PRIu64
				       ", before the description of its events",
				       t->offset);
	return t->names.n ? 0 : espy_names_own(&t->names);
}

int espy_trace_open_fd(struct espy_trace **ret, int fd, const char *name, struct espy_err *err)
{
	struct espy_trace *t = calloc(1, sizeof(*t));
	int r;

	if (!t || espy_decode_init(&t->decode) < 0) {
		free(t);
		close(fd);
		return espy_err_at(err, -ENOMEM, name, 0, 0, "out of memory");
	}
	snprintf(t->name, sizeof(t->name), "%s", name);
	espy_input_init(&t->in, fd);
	r = read_header(t, err);
	if (r == 0)
		r = read_start(t, err);
	if (r < 0) {
		espy_trace_close(t);
		return r;
	}
	*ret = t;
	return 0;
}

int espy_trace_open(struct espy_trace **ret, const char *path, struct espy_err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	const char *name = is_stdin ? "standard input" : path;

	if (fd < 0) {
		int code = -errno;

		return espy_err_at(err, code, name, 0, 0, "cannot open: %s", strerror(-code));
	}
	return espy_trace_open_fd(ret, fd, name, err);
}

void espy_trace_close(struct espy_trace *t)
{
	if (!t)
		return;
	espy_input_done(&t->in);
	espy_decode_done(&t->decode);
	espy_names_done(&t->names);
	free(t);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int read_batch(struct espy_trace *t, const struct espy_trace_block *h, struct espy_batch *b,
		      struct espy_err *err)
{
	uint64_t at = t->offset;
	int r = load(t, h, err);

	if (r <= 0)
		return r;
	r = espy_decode_batch(&t->decode, &t->names, b);
	return r < 0 ? damaged(t, err, r, at) : 1;
}

static int read_ending(struct espy_trace *t, const struct espy_trace_block *h, struct espy_err *err)
{
	uint64_t at = t->offset;
	int r = load(t, h, err);

	if (r <= 0)
		return r;
	r = espy_describe_read_ending(&t->ending, &t->decode.block);
	if (r < 0)
		return damaged(t, err, r, at);
	t->has_ending = true;
	return 0;
}

int espy_trace_next(struct espy_trace *t, struct espy_batch *b, struct espy_err *err)
{
	struct espy_trace_block h = {0};
	int r = tell_pending(t, err);

	espy_batch_reset(b);
	if (r < 0)
		return r;
	while (!t->has_ending) {
		r = peek(t, &h, err);
		if (r <= 0)
			return r;
		if (h.type == ESPY_TRACE_EVENTS)
			return read_batch(t, &h, b, err);
		if (h.type == ESPY_TRACE_END)
			return read_ending(t, &h, err);
		r = skip(t, &h, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int espy_trace_snapshot(struct espy_trace *t, struct espy_batch *b, struct espy_err *err)
{
	struct espy_trace_block h = {0};
	int r = tell_pending(t, err);

	espy_batch_reset(b);
	if (r < 0)
		return r;
	for (;;) {
		r = peek(t, &h, err);
		if (r <= 0 || h.type == ESPY_TRACE_EVENTS || h.type == ESPY_TRACE_END)
			return r < 0 ? r : 0;
		if (h.type == ESPY_TRACE_SNAPSHOT)
			return read_batch(t, &h, b, err);
		r = skip(t, &h, err);
		if (r < 0)
			return r;
	}
}

const struct espy_machine *espy_trace_machine(const struct espy_trace *t)
{
	return &t->machine;
}

const struct espy_ending *espy_trace_ending(const struct espy_trace *t)
{
	return t->has_ending ? &t->ending : NULL;
}

int espy_trace_rewind(struct espy_trace *t)
{
	if (!t->in.seekable)
		return -ESPIPE;
	espy_input_drop(&t->in);
	t->offset = t->first;
	t->has_ending = t->lost = false;
	return 0;
}

double espy_trace_progress(const struct espy_trace *t)
{
	uint64_t size = espy_input_size(&t->in);

	return size == 0 ? 0 : t->offset >= size ? 1 : (double)t->offset / (double)size;
}
