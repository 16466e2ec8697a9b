/* SPDX-License-Identifier: MIT */
#include "trace/build.h"
#include <errno.h>
#include <xxhash.h>
#include <zstd.h>
#include "trace/varint.h"

/* Columns smaller than this share one segment: a frame of its own costs a dozen bytes, and small
 * columns compress better together. */
#define POOL_COLUMN_MAX (2u << 10)
/* Planes are compressed one by one from this size on, because their bytes have little in common. */
#define PLANE_FRAME_MIN (2u << 10)

/* The fast levels: about 15 % more bytes than 1 and 3 are, and questions about numbers a fifth
 * faster. */
#define LEVEL_NUMBERS (-1)
#define LEVEL_BYTES   (-1)

#define POOL_SEGMENT 0u

/* The fuzzer's seeds are stored plain, or nothing that it changes would get past zstd. */
#ifdef ESPY_TRACE_PLAIN
#define COMPRESS false
#else
#define COMPRESS true
#endif

int espy_build_init(struct espy_build *b)
{
	*b = (struct espy_build){0};
	b->zstd = ZSTD_createCCtx();
	return b->zstd ? 0 : -ENOMEM;
}

void espy_build_done(struct espy_build *b)
{
	ZSTD_freeCCtx(b->zstd);
	espy_buf_done(&b->segments);
	espy_buf_done(&b->tables);
	espy_buf_done(&b->columns);
	espy_buf_done(&b->head);
	espy_buf_done(&b->pool);
	espy_buf_done(&b->packed_pool);
	espy_buf_done(&b->payload);
	espy_buf_done(&b->scratch);
}

/* Empty, and without the memory of an earlier failure. */
static void clear(struct espy_buf *b)
{
	espy_buf_reset(b);
	b->error = 0;
}

void espy_build_begin(struct espy_build *b)
{
	clear(&b->segments);
	clear(&b->tables);
	clear(&b->columns);
	clear(&b->head);
	clear(&b->pool);
	clear(&b->packed_pool);
	clear(&b->payload);
	clear(&b->scratch);
	b->n_segments = 1;
	b->n_columns = b->table_id = b->table_rows = 0;
	b->raw_bytes = 0;
	b->error = 0;
}

static void fail(struct espy_build *b, int error)
{
	if (b->error == 0)
		b->error = error;
}

static void end_table(struct espy_build *b)
{
	if (b->table_id == 0)
		return;
	espy_varint_add(&b->tables, b->table_id);
	espy_varint_add(&b->tables, b->table_rows);
	espy_varint_add(&b->tables, b->n_columns);
	espy_buf_add(&b->tables, b->columns.p, b->columns.n);
	espy_buf_reset(&b->columns);
	b->n_columns = 0;
}

void espy_build_table(struct espy_build *b, uint32_t id, uint32_t rows)
{
	end_table(b);
	b->table_id = id;
	b->table_rows = rows;
}

/* --- segments --------------------------------------------------------------------------------- */

/* Appends a frame; 0, or -ENOMEM. */
static int compress(struct espy_build *b, struct espy_buf *out, const void *p, size_t n, int level)
{
	size_t bound = ZSTD_compressBound(n), r;

	if (espy_buf_reserve(out, bound) < 0)
		return -ENOMEM;
	r = ZSTD_compressCCtx(b->zstd, out->p + out->n, bound, p, n, level);
	if (ZSTD_isError(r))
		return -ENOMEM;
	out->n += r;
	return 0;
}

/* Compresses p[n], `frame` bytes at a time, or leaves it as it is where that does not pay. Returns
 * the codec, or -ENOMEM. */
static int store(struct espy_build *b, struct espy_buf *out, const char *p, size_t n, size_t frame,
		 int level)
{
	size_t start = out->n;

	for (size_t at = 0; COMPRESS && at < n; at += frame)
		if (compress(b, out, p + at, n - at < frame ? n - at : frame, level) < 0)
			return -ENOMEM;
	if (COMPRESS && out->n - start < n - n / 32)
		return ESPY_CODEC_ZSTD;
	out->n = start;
	espy_buf_add(out, p, n);
	return out->error ? -ENOMEM : ESPY_CODEC_NONE;
}

static void add_segment_entry(struct espy_buf *dir, int codec, const char *stored, size_t n,
			      size_t raw)
{
	uint32_t hash = htole32((uint32_t)XXH3_64bits(stored, n));

	espy_varint_add(dir, (uint64_t)codec);
	espy_varint_add(dir, n);
	espy_varint_add(dir, raw);
	espy_buf_add(dir, &hash, sizeof(hash));
}

/* Puts a column's bytes into a segment, its own or the pool, and returns its number. */
static uint32_t place(struct espy_build *b, const void *p, size_t n, size_t frame, int level)
{
	size_t start = b->payload.n;
	int codec;

	b->raw_bytes += n;
	if (n < POOL_COLUMN_MAX) {
		espy_buf_add(&b->pool, p, n);
		return POOL_SEGMENT;
	}
	codec = store(b, &b->payload, p, n, frame, level);
	if (codec < 0)
		fail(b, codec);
	add_segment_entry(&b->segments, codec, b->payload.p + start, b->payload.n - start, n);
	return b->n_segments++;
}

/* --- columns ---------------------------------------------------------------------------------- */

static void add_column_entry(struct espy_build *b, const struct espy_pack *p)
{
	struct espy_buf *c = &b->columns;

	espy_varint_add(c, p->id);
	espy_buf_putc(c, (char)(p->encoding | (p->is_signed ? ESPY_FORM_SIGNED : 0)));
	if (p->is_signed)
		espy_varint_add_signed(c, (int64_t)p->min);
	else
		espy_varint_add(c, p->min);
	espy_varint_add(c, p->range);
	b->n_columns++;
	if (p->encoding == ESPY_ENC_CONST)
		return;
	espy_buf_putc(c, (char)p->width);
	espy_varint_add(c, p->segment);
	espy_varint_add(c, p->length);
	if (p->encoding == ESPY_ENC_DELTA) {
		espy_varint_add(c, p->first);
		espy_varint_add_signed(c, (int64_t)p->step);
	}
}

/* What is 0 everywhere is not mentioned. */
void espy_build_constant(struct espy_build *b, uint32_t column, uint64_t v, bool is_signed)
{
	struct espy_pack p = {.id = column, .min = v, .is_signed = is_signed};

	if (v && b->table_rows)
		add_column_entry(b, &p);
}

void espy_build_numbers(struct espy_build *b, uint32_t column, const uint64_t *v, bool is_signed)
{
	struct espy_pack p = {.id = column, .is_signed = is_signed};
	size_t n = b->table_rows, frame;

	espy_buf_reset(&b->scratch);
	if (espy_buf_reserve(&b->scratch, espy_pack_bound(n)) < 0) {
		fail(b, -ENOMEM);
		return;
	}
	espy_pack_numbers(&p, v, n, (uint8_t *)b->scratch.p);
	if (p.encoding == ESPY_ENC_CONST) {
		espy_build_constant(b, column, p.min, is_signed);
		return;
	}
	frame = p.encoding != ESPY_ENC_PALETTE && n >= PLANE_FRAME_MIN ? n : p.length;
	p.segment = p.length ? place(b, b->scratch.p, p.length, frame, LEVEL_NUMBERS) : 0;
	add_column_entry(b, &p);
}

void espy_build_bytes(struct espy_build *b, uint32_t column, const void *p, size_t n)
{
	struct espy_pack entry = {.id = column, .encoding = ESPY_ENC_BYTES, .length = (uint32_t)n};

	if (n == 0)
		return;
	if (n > ESPY_TRACE_RAW_MAX) {
		fail(b, -E2BIG);
		return;
	}
	entry.segment = place(b, p, n, n, LEVEL_BYTES);
	add_column_entry(b, &entry);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void add_section(struct espy_buf *head, unsigned tag, const struct espy_buf *first,
			const struct espy_buf *rest)
{
	espy_varint_add(head, tag);
	espy_varint_add(head, first->n + rest->n);
	espy_buf_add(head, first->p, first->n);
	espy_buf_add(head, rest->p, rest->n);
}

static void pad(struct espy_buf *b, size_t n)
{
	while (n++ % ESPY_TRACE_ALIGN)
		espy_buf_putc(b, 0);
}

/* Room for the header, then the directory. The pool's entry comes first. */
static int make_head(struct espy_build *b)
{
	const struct espy_buf none = {0};
	struct espy_buf entry = {0};
	int codec = store(b, &b->packed_pool, b->pool.p, b->pool.n, b->pool.n, LEVEL_BYTES);

	if (codec < 0 || b->pool.error ||
	    espy_buf_reserve(&b->head, sizeof(struct espy_trace_block)) < 0)
		return -ENOMEM;
	add_segment_entry(&entry, codec, b->packed_pool.p, b->packed_pool.n, b->pool.n);
	b->head.n = sizeof(struct espy_trace_block);
	add_section(&b->head, ESPY_SECTION_SEGMENTS, &entry, &b->segments);
	add_section(&b->head, ESPY_SECTION_TABLES, &b->tables, &none);
	pad(&b->head, b->head.n);
	fail(b, entry.error);
	espy_buf_done(&entry);
	return b->error;
}

static int check_limits(const struct espy_build *b, uint64_t payload)
{
	if (b->segments.error || b->tables.error || b->columns.error || b->head.error ||
	    b->pool.error || b->packed_pool.error || b->payload.error)
		return -ENOMEM;
	if (b->head.n > ESPY_TRACE_HEAD_MAX || payload > ESPY_TRACE_PAYLOAD_MAX ||
	    b->raw_bytes > ESPY_TRACE_RAW_MAX || b->n_segments > ESPY_TRACE_SEGMENTS_MAX)
		return -E2BIG;
	return b->error;
}

static void to_little_endian(struct espy_trace_block *h)
{
	h->magic = htole32(h->magic);
	h->type = htole16(h->type);
	h->flags = htole16(h->flags);
	h->head_length = htole32(h->head_length);
	h->payload_length = htole32(h->payload_length);
	h->first_seq = htole64(h->first_seq);
	h->start = htole64(h->start);
	h->end = htole64(h->end);
	h->rows = htole32(h->rows);
	h->directory_hash = htole64(h->directory_hash);
}

static void fill_header(struct espy_build *b, struct espy_trace_block *h, uint64_t seed,
			uint64_t payload)
{
	const char *dir = b->head.p + sizeof(*h);

	h->magic = ESPY_TRACE_BLOCK;
	h->head_length = (uint32_t)b->head.n;
	h->payload_length = (uint32_t)payload;
	h->directory_hash = XXH3_64bits(dir, b->head.n - sizeof(*h));
	to_little_endian(h);
	h->hash = htole64(XXH3_64bits_withSeed(h, ESPY_TRACE_HASHED, seed));
	memcpy(b->head.p, h, sizeof(*h));
}

int espy_build_end(struct espy_build *b, struct espy_trace_block *h, uint64_t seed,
		   const struct espy_trace_trailer *tail)
{
	static const char zeros[ESPY_TRACE_ALIGN];
	uint64_t payload;
	int n = 1, r;

	end_table(b);
	r = make_head(b);
	if (r < 0)
		return r;
	payload = b->packed_pool.n + b->payload.n;
	b->part[n++] = (struct iovec){b->packed_pool.p, b->packed_pool.n};
	b->part[n++] = (struct iovec){b->payload.p, b->payload.n};
	b->part[n++] = (struct iovec){(void *)zeros, -payload % ESPY_TRACE_ALIGN};
	payload += -payload % ESPY_TRACE_ALIGN;
	if (tail) {
		b->part[n++] = (struct iovec){(void *)tail, sizeof(*tail)};
		payload += sizeof(*tail);
	}
	r = check_limits(b, payload);
	if (r < 0)
		return r;
	fill_header(b, h, seed, payload);
	b->part[0] = (struct iovec){b->head.p, b->head.n};
	return n;
}

uint64_t espy_build_size(const struct espy_build *b)
{
	struct espy_trace_block h;

	memcpy(&h, b->head.p, sizeof(h));
	return (uint64_t)le32toh(h.head_length) + le32toh(h.payload_length);
}
