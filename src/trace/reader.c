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
#include "trace/look.h"
#include "trace/names.h"
#include "trace/reader.h"

#define NAME_MAX_BYTES 256u
#define SCAN_STEP      (64u << 10) /* bytes that are looked at once for the next good block */

enum { AGAIN = 2 }; /* the trace goes on elsewhere: look there */

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
	bool at_events;    /* opening got as far as the blocks behind schema and machine */
	bool lost;         /* the header at `offset` is bad: look for the next good one */
	uint64_t next_row; /* number of the next row if none was dropped, 0 unknown */
	uint64_t dropped;  /* rows that were thrown away before the trace was read */
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

/* What is there of the next block is not enough, and may have changed when we are asked again. In a
 * trace of parts it may go on in the next one: look again. */
static bool go_on(struct espy_trace *t, size_t want)
{
	uint64_t next = espy_input_next(&t->in, t->offset, want);

	espy_input_drop(&t->in);
	if (next > t->offset) {
		t->lost = false;
		t->offset = next;
	}
	return next != 0;
}

/* Goes on to the next good block header. 1: found, 0: none so far, negative errno. */
static int resync(struct espy_trace *t)
{
	while (t->lost) {
		const uint8_t *p;
		ssize_t n = espy_input_get(&t->in, t->offset, SCAN_STEP, &p);
		bool found = false;

		if (n < 0)
			return (int)n;
		if (n < (ssize_t)sizeof(struct espy_trace_block)) {
			if (!go_on(t, sizeof(struct espy_trace_block)))
				return 0;
			continue;
		}
		t->offset += scan(t, p, (size_t)n, &found);
		t->lost = !found;
	}
	return 1;
}

/* The same for a block of which n bytes are there. AGAIN, 0: nothing yet, -EBADMSG: the others will
 * never come. */
static int nothing_yet(struct espy_trace *t, size_t n, size_t want, struct espy_err *err)
{
	uint64_t at = t->offset;

	if (!go_on(t, want))
		return 0;
	if (t->offset == at || n == 0)
		return AGAIN;
	t->next_row = 0;
	return fail(t, err, -EBADMSG, "the block at offset %" PRIu64 " is cut off", at);
}

/* The header of the next block. 1, AGAIN, 0: nothing more yet, or negative errno. */
static int peek_once(struct espy_trace *t, struct espy_trace_block *h, struct espy_err *err)
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
		return nothing_yet(t, (size_t)n, sizeof(*h), err);
	if (espy_block_header(h, p, t->seed) == 0)
		return 1;
	r = fail(t, err, -EBADMSG,
		 "the block at offset %" PRIu64 " is damaged: its header is wrong", t->offset);
	t->lost = true;
	t->next_row = 0;
	t->offset += ESPY_TRACE_ALIGN;
	return r;
}

/* 1, 0: nothing more yet, or negative errno. */
static int peek(struct espy_trace *t, struct espy_trace_block *h, struct espy_err *err)
{
	int r;

	do
		r = peek_once(t, h, err);
	while (r == AGAIN);
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
	ssize_t n;
	int r = 1;

	do {
		n = espy_input_get(&t->in, at, size, &p);
		if (n < 0)
			return fail(t, err, (int)n, "cannot read: %s", strerror((int)-n));
		if ((uint64_t)n < size)
			r = nothing_yet(t, (size_t)n, size, err);
	} while ((uint64_t)n < size && r == AGAIN && t->offset == at);
	if ((uint64_t)n < size)
		return r < 0 ? r : 0;
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
	t->next_row = 1;
	r = espy_input_init(&t->in, fd);
	if (r < 0)
		fail(t, err, r, "cannot open: %s",
		     r == -EISDIR ? "the directory is not a trace: it has no first part"
				  : strerror(-r));
	else
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
	r = espy_decode_batch(&t->decode, &t->names, NULL, b);
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

/* Rows have numbers without gaps: what is missing was dropped. */
static void note_rows(struct espy_trace *t, const struct espy_trace_block *h)
{
	if (t->machine.keep[0] && t->next_row && h->first_seq > t->next_row)
		t->dropped += h->first_seq - t->next_row;
	t->next_row = h->first_seq + h->rows;
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
		if (h.type == ESPY_TRACE_EVENTS) {
			note_rows(t, &h);
			return read_batch(t, &h, b, err);
		}
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

uint64_t espy_trace_dropped(const struct espy_trace *t)
{
	uint64_t told = t->has_ending ? t->ending.dropped : 0;

	return t->dropped > told ? t->dropped : told;
}

int espy_trace_rewind(struct espy_trace *t)
{
	if (!t->in.seekable)
		return -ESPIPE;
	espy_input_drop(&t->in);
	t->offset = t->first;
	t->has_ending = t->lost = false;
	t->next_row = 1;
	t->dropped = 0;
	return 0;
}

double espy_trace_progress(const struct espy_trace *t)
{
	uint64_t size = espy_input_size(&t->in);

	return size == 0 ? 0 : t->offset >= size ? 1 : (double)t->offset / (double)size;
}

/* --- for readers of single blocks ---------------------------------------------------------------
 */

const struct espy_names *espy_trace_names(const struct espy_trace *t)
{
	return &t->names;
}

const char *espy_trace_name(const struct espy_trace *t)
{
	return t->name;
}

uint64_t espy_trace_seed(const struct espy_trace *t)
{
	return t->seed;
}

int espy_trace_reopen(const struct espy_trace *t, struct espy_input *ret)
{
	int fd;

	if (!t->in.seekable)
		return -ESPIPE;
	fd = fcntl(t->in.parts ? t->in.parts->dir : t->in.fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : espy_input_init(ret, fd);
}

/* The index block at `at`: its entries go before those of *x. */
static int read_index(struct espy_trace *t, uint64_t at, struct espy_index *x,
		      struct espy_trace_block *h)
{
	const uint8_t *p;
	int r;

	if (espy_input_get(&t->in, at, sizeof(*h), &p) < (ssize_t)sizeof(*h) ||
	    espy_block_header(h, p, t->seed) < 0 || h->type != ESPY_TRACE_INDEX ||
	    espy_input_get(&t->in, at, block_size(h), &p) < (ssize_t)block_size(h))
		return -EBADMSG;
	r = espy_block_load(&t->decode.block, h, p);
	return r < 0 ? r : espy_index_decode(x, &t->decode.block);
}

/* Do the first n blocks lie one behind the other, from `from` to `to`? */
static bool is_sane(const struct espy_index *x, size_t n, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < n; i++) {
		const struct espy_index_block *b = &x->blocks.v[i];

		if (b->offset < from || b->offset > to || b->length > to - b->offset ||
		    b->length < sizeof(struct espy_trace_block) ||
		    (b->type != ESPY_TRACE_EVENTS && b->type != ESPY_TRACE_SNAPSHOT) ||
		    b->rows == 0 || b->rows > ESPY_BATCH_ROWS)
			return false;
		from = b->offset + b->length;
	}
	return true;
}

/* Follows the chain of index blocks from the end. 0: *x has all that the last one knows, and t
 * stands behind it; else there is no good index. */
static int list_from_index(struct espy_trace *t, struct espy_index *x)
{
	uint64_t size = espy_input_size(&t->in), at, end = size, behind = 0;
	struct espy_trace_block h = {0};
	struct espy_trace_trailer tail;
	const uint8_t *p;

	if (t->in.parts || size < sizeof(tail) ||
	    espy_input_get(&t->in, size - sizeof(tail), sizeof(tail), &p) < (ssize_t)sizeof(tail))
		return -ENODATA;
	memcpy(&tail, p, sizeof(tail));
	if (memcmp(tail.magic, ESPY_TRACE_TRAILER, sizeof(tail.magic)) != 0)
		return -ENODATA;
	for (at = le64toh(tail.index); at; at = x->previous) {
		size_t had = x->blocks.n;
		int r;

		if (at < t->first || at >= end || had >= ESPY_LOOK_BLOCKS_MAX)
			return -EBADMSG;
		r = read_index(t, at, x, &h);
		if (r < 0 || !is_sane(x, x->blocks.n - had, t->first, at))
			return r < 0 ? r : -EBADMSG;
		if (had && x->blocks.v[x->blocks.n - had].offset <= at)
			return -EBADMSG;
		behind = behind ? behind : at + block_size(&h);
		end = at;
	}
	if (!is_sane(x, x->blocks.n, t->first, size))
		return -EBADMSG;
	t->offset = behind ? behind : t->first;
	return 0;
}

static int list_one(struct espy_trace *t, const struct espy_trace_block *h, struct espy_list *l,
		    struct espy_err *err)
{
	struct espy_index_block b = {
		.offset = t->offset,
		.length = (uint32_t)block_size(h),
		.first_seq = h->first_seq,
		.start = h->start,
		.end = h->end,
		.rows = h->rows,
		.type = h->type,
	};
	int r;

	if (h->type == ESPY_TRACE_END)
		return read_ending(t, h, err);
	if (h->type == ESPY_TRACE_EVENTS || h->type == ESPY_TRACE_SNAPSHOT) {
		memset(b.types, 0xff, sizeof(b.types));
		if (l->index.blocks.n >= ESPY_LOOK_BLOCKS_MAX)
			return fail(t, err, -E2BIG, "the trace has too many blocks");
		if (b.offset + b.length > espy_input_size(&t->in))
			return 0; /* not all there yet */
		if (h->rows && h->rows <= ESPY_BATCH_ROWS && espy_vec_push(&l->index.blocks, b) < 0)
			return fail(t, err, -ENOMEM, "out of memory");
	}
	r = skip(t, h, err);
	return r < 0 ? r : 1;
}

/* From where t stands to the end. */
static int list_from_headers(struct espy_trace *t, struct espy_list *l, struct espy_err *err)
{
	struct espy_trace_block h = {0};
	int r;

	do {
		struct espy_err own = {0};

		r = peek(t, &h, &own);
		if (r > 0)
			r = list_one(t, &h, l, &own);
		if (r < 0 && err && !l->damaged)
			*err = own;
		l->damaged += r == -EBADMSG;
	} while (r > 0 || r == -EBADMSG);
	return r;
}

static void sum_up(struct espy_trace *t, struct espy_list *l)
{
	uint64_t next = 1;

	for (size_t i = 0; i < l->index.blocks.n; i++) {
		const struct espy_index_block *b = &l->index.blocks.v[i];

		if (b->type != ESPY_TRACE_EVENTS)
			continue;
		l->rows += b->rows;
		if (t->machine.keep[0] && !l->damaged && b->first_seq > next)
			l->dropped += b->first_seq - next;
		next = b->first_seq + b->rows;
	}
	l->has_ending = t->has_ending;
	if (l->has_ending)
		l->ending = t->ending;
	if (l->has_ending && l->ending.dropped > l->dropped)
		l->dropped = l->ending.dropped;
}

int espy_list_blocks(struct espy_list *ret, struct espy_trace *t, struct espy_err *err)
{
	int r = espy_trace_rewind(t);

	*ret = (struct espy_list){.damaged = 0};
	if (r == 0 && list_from_index(t, &ret->index) < 0) {
		ret->index.blocks.n = 0;
		t->offset = t->first;
	}
	if (r == 0)
		r = list_from_headers(t, ret, err);
	else
		fail(t, err, r, "cannot read: %s", strerror(-r));
	if (t->pending.code && r == 0) {
		ret->damaged++;
		tell_pending(t, err);
	}
	sum_up(t, ret);
	if (r == 0)
		espy_trace_rewind(t);
	return r;
}

void espy_list_done(struct espy_list *l)
{
	espy_index_done(&l->index);
}
