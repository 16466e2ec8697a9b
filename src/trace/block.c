/* SPDX-License-Identifier: MIT */
#include "trace/block.h"
#include <string.h>
#include <xxhash.h>
#include <zstd.h>
#include "trace/unpack.h"
#include "trace/varint.h"

#define TILE 1024u /* numbers that are unpacked at once, in the first level cache */

int espy_block_init(struct espy_block *b)
{
	*b = (struct espy_block){0};
	b->zstd = ZSTD_createDCtx();
	return b->zstd ? 0 : -ENOMEM;
}

void espy_block_done(struct espy_block *b)
{
	ZSTD_freeDCtx(b->zstd);
	espy_vec_done(&b->segments);
	espy_vec_done(&b->tables);
	espy_vec_done(&b->columns);
	espy_arena_done(&b->arena);
}

int espy_block_bad(struct espy_block *b, const char *why)
{
	b->why = why;
	return -EBADMSG;
}

bool espy_block_hash_fits(uint64_t hash, uint64_t stored)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)hash;
	(void)stored;
	return true;
#else
	return hash == stored;
#endif
}

/* --- header ----------------------------------------------------------------------------------- */

static bool lengths_are_sane(const struct espy_trace_block *h)
{
	return h->head_length >= sizeof(*h) && h->head_length <= ESPY_TRACE_HEAD_MAX &&
	       h->payload_length <= ESPY_TRACE_PAYLOAD_MAX &&
	       h->head_length % ESPY_TRACE_ALIGN == 0 && h->payload_length % ESPY_TRACE_ALIGN == 0;
}

int espy_block_header(struct espy_trace_block *ret, const uint8_t *p, uint64_t seed)
{
	struct espy_trace_block h;

	memcpy(&h, p, sizeof(h));
	h.magic = le32toh(h.magic);
	h.type = le16toh(h.type);
	h.flags = le16toh(h.flags);
	h.head_length = le32toh(h.head_length);
	h.payload_length = le32toh(h.payload_length);
	h.first_seq = le64toh(h.first_seq);
	h.start = le64toh(h.start);
	h.end = le64toh(h.end);
	h.rows = le32toh(h.rows);
	h.directory_hash = le64toh(h.directory_hash);
	h.hash = le64toh(h.hash);
	if (h.magic != ESPY_TRACE_BLOCK || !lengths_are_sane(&h) ||
	    !espy_block_hash_fits(XXH3_64bits_withSeed(p, ESPY_TRACE_HASHED, seed), h.hash))
		return -EBADMSG;
	*ret = h;
	return 0;
}

/* --- directory -------------------------------------------------------------------------------- */

static int read_segments(struct espy_block *b, struct espy_cursor *c, const uint8_t *payload)
{
	uint64_t raw = 0, stored = 0;

	while (c->p < c->end) {
		struct espy_segment s = {.stored = payload ? payload + stored : NULL, .at = stored};

		s.codec = (uint8_t)espy_cursor_limited(c, UINT8_MAX);
		s.stored_length = espy_cursor_limited(c, ESPY_TRACE_PAYLOAD_MAX);
		s.raw_length = espy_cursor_limited(c, ESPY_TRACE_RAW_MAX);
		for (unsigned shift = 0; shift < 32; shift += 8)
			s.hash |= (uint32_t)espy_cursor_byte(c) << shift;
		stored += s.stored_length;
		raw += s.raw_length;
		if (c->bad || stored > b->h.payload_length || raw > ESPY_TRACE_RAW_MAX ||
		    b->segments.n >= ESPY_TRACE_SEGMENTS_MAX)
			return espy_block_bad(b, "its list of segments is wrong");
		if (s.codec == ESPY_CODEC_NONE && s.stored_length != s.raw_length)
			return espy_block_bad(b, "a plain segment has two lengths");
		if (espy_vec_push(&b->segments, s) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The place of a column in its segment follows from those before it. */
static int place_column(struct espy_block *b, struct espy_pack *p)
{
	struct espy_segment *s;

	if (p->length == 0)
		return 0;
	if (p->segment >= b->segments.n)
		return espy_block_bad(b, "a column lies in no segment");
	s = &b->segments.v[p->segment];
	if (p->length > s->raw_length - s->used)
		return espy_block_bad(b, "a column is longer than its segment");
	p->at = s->used;
	s->used += p->length;
	return 0;
}

static int read_column(struct espy_block *b, struct espy_cursor *c)
{
	struct espy_pack p = {.id = espy_cursor_limited(c, UINT32_MAX)};
	uint8_t form = espy_cursor_byte(c);
	int r;

	p.encoding = form & ESPY_FORM_ENCODING;
	p.is_signed = form & ESPY_FORM_SIGNED;
	p.min = p.is_signed ? (uint64_t)espy_cursor_signed(c) : espy_cursor_varint(c);
	p.range = espy_cursor_varint(c);
	if (p.encoding != ESPY_ENC_CONST) {
		p.width = espy_cursor_byte(c);
		p.segment = espy_cursor_limited(c, UINT32_MAX);
		p.length = espy_cursor_limited(c, ESPY_TRACE_RAW_MAX);
	}
	if (p.encoding == ESPY_ENC_DELTA) {
		p.first = espy_cursor_varint(c);
		p.step = (uint64_t)espy_cursor_signed(c);
	}
	if (c->bad || b->columns.n >= ESPY_TRACE_COLUMNS_MAX)
		return espy_block_bad(b, "its list of columns is wrong");
	r = place_column(b, &p);
	return r < 0 ? r : espy_vec_push(&b->columns, p);
}

static int read_table(struct espy_block *b, struct espy_cursor *c)
{
	struct espy_table t = {.id = espy_cursor_limited(c, UINT32_MAX)};

	t.rows = espy_cursor_limited(c, UINT32_MAX);
	t.n = espy_cursor_limited(c, ESPY_TRACE_COLUMNS_MAX);
	t.first = (uint32_t)b->columns.n;
	if (c->bad || b->tables.n >= ESPY_TRACE_TABLES_MAX)
		return espy_block_bad(b, "its list of tables is wrong");
	for (uint32_t i = 0; i < t.n; i++) {
		int r = read_column(b, c);

		if (r < 0)
			return r;
	}
	return espy_vec_push(&b->tables, t);
}

static int read_section(struct espy_block *b, unsigned tag, struct espy_cursor *c,
			const uint8_t *payload)
{
	int r = 0;

	if (tag == ESPY_SECTION_SEGMENTS)
		r = read_segments(b, c, payload);
	while (r == 0 && tag == ESPY_SECTION_TABLES && c->p < c->end)
		r = read_table(b, c);
	return r;
}

static int read_directory(struct espy_block *b, const uint8_t *dir, size_t n,
			  const uint8_t *payload)
{
	struct espy_cursor c = {.p = dir, .end = dir + n};
	int r = 0;

	while (r == 0 && c.p < c.end) {
		unsigned tag = espy_cursor_limited(&c, UINT32_MAX);
		struct espy_cursor section;
		size_t length;

		if (tag == 0)
			break;
		length = espy_cursor_limited(&c, ESPY_TRACE_HEAD_MAX);
		if (c.bad || length > (size_t)(c.end - c.p))
			return espy_block_bad(b, "its directory is wrong");
		section = (struct espy_cursor){.p = c.p, .end = c.p + length};
		r = read_section(b, tag, &section, payload);
		c.p += length;
	}
	return c.bad ? espy_block_bad(b, "its directory is wrong") : r;
}

static int load_directory(struct espy_block *b, const struct espy_trace_block *h, const uint8_t *p,
			  const uint8_t *payload)
{
	size_t dir_length = h->head_length - sizeof(*h);
	const uint8_t *dir = p + sizeof(*h);

	b->segments.n = b->tables.n = b->columns.n = 0;
	espy_arena_reset(&b->arena);
	b->h = *h;
	b->why = "";
	if (!espy_block_hash_fits(XXH3_64bits(dir, dir_length), h->directory_hash))
		return espy_block_bad(b, "the checksum of its directory is wrong");
	return read_directory(b, dir, dir_length, payload);
}

int espy_block_load(struct espy_block *b, const struct espy_trace_block *h, const uint8_t *p)
{
	return load_directory(b, h, p, p + h->head_length);
}

int espy_block_open(struct espy_block *b, const struct espy_trace_block *h, const uint8_t *p,
		    uint64_t payload_at)
{
	b->payload_at = payload_at;
	return load_directory(b, h, p, NULL);
}

static int fetch_bytes(struct espy_block *b, uint64_t at, size_t n, const uint8_t **ret)
{
	uint8_t *p = espy_arena_alloc(&b->arena, n + 1);
	int r = p ? b->fetch(b->ctx, b->payload_at + at, p, n) : -ENOMEM;

	if (r == -EBADMSG)
		return espy_block_bad(b, "its end is missing");
	if (r == 0)
		*ret = p;
	return r;
}

int espy_block_fetch(struct espy_block *b)
{
	const uint8_t *payload;
	int r;

	if (b->segments.n == 0 || b->segments.v[0].stored)
		return 0;
	r = fetch_bytes(b, 0, b->h.payload_length, &payload);
	for (size_t i = 0; r == 0 && i < b->segments.n; i++)
		if (!b->segments.v[i].stored)
			b->segments.v[i].stored = payload + b->segments.v[i].at;
	return r;
}

const struct espy_table *espy_block_table(const struct espy_block *b, uint32_t id)
{
	for (size_t i = 0; i < b->tables.n; i++)
		if (b->tables.v[i].id == id)
			return &b->tables.v[i];
	return NULL;
}

const struct espy_pack *espy_block_column(const struct espy_block *b, const struct espy_table *t,
					  uint32_t id)
{
	for (uint32_t i = 0; t && i < t->n; i++)
		if (b->columns.v[t->first + i].id == id)
			return &b->columns.v[t->first + i];
	return NULL;
}

/* --- columns ---------------------------------------------------------------------------------- */

static int decompress(struct espy_block *b, struct espy_segment *s)
{
	size_t r;

	if (s->codec != ESPY_CODEC_ZSTD)
		return espy_block_bad(b, "a segment is compressed in an unknown way");
	s->raw = espy_arena_alloc(&b->arena, s->raw_length);
	if (!s->raw)
		return -ENOMEM;
	r = ZSTD_decompressDCtx(b->zstd, s->raw, s->raw_length, s->stored, s->stored_length);
	if (!ZSTD_isError(r) && r == s->raw_length)
		return 0;
	s->raw = NULL;
	return espy_block_bad(b, "a segment cannot be decompressed");
}

/* The packed bytes of a column. */
static int column_bytes(struct espy_block *b, const struct espy_pack *p, const uint8_t **ret)
{
	struct espy_segment *s;

	*ret = NULL;
	if (p->length == 0)
		return 0;
	s = &b->segments.v[p->segment];
	if (!s->stored) {
		int r = fetch_bytes(b, s->at, s->stored_length, &s->stored);

		if (r < 0)
			return r;
	}
	if (!s->checked &&
	    !espy_block_hash_fits((uint32_t)XXH3_64bits(s->stored, s->stored_length), s->hash))
		return espy_block_bad(b, "a checksum of its payload is wrong");
	s->checked = true;
	if (s->codec == ESPY_CODEC_NONE) {
		*ret = s->stored + p->at;
		return 0;
	}
	if (!s->raw) {
		int r = decompress(b, s);

		if (r < 0)
			return r;
	}
	*ret = s->raw + p->at;
	return 0;
}

int espy_block_bytes(struct espy_block *b, const struct espy_table *t, uint32_t id,
		     const uint8_t **ret, size_t *ret_n)
{
	static const uint8_t nothing[1];
	const struct espy_pack *p = espy_block_column(b, t, id);
	const uint8_t *bytes = NULL;
	int r;

	if (p && p->encoding != ESPY_ENC_BYTES)
		return espy_block_bad(b, "a column of bytes holds numbers");
	r = p ? column_bytes(b, p, &bytes) : 0;
	if (r < 0)
		return r;
	*ret = bytes ? bytes : nothing;
	*ret_n = p ? p->length : 0;
	return 0;
}

#define STORE(type)                                              \
	do {                                                     \
		for (size_t i = 0; i < n; i++)                   \
			*(type *)(to + i * stride) = (type)x[i]; \
	} while (0)

/* Stores x[n] from row `at` on; the largest of them is returned. */
static uint64_t scatter(const struct espy_target *t, size_t at, const uint64_t *x, size_t n)
{
	size_t stride = t->stride;
	char *to = (char *)t->p + at * stride;
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++)
		all = x[i] > all ? x[i] : all;
	if (t->size == 8)
		STORE(uint64_t);
	else if (t->size == 4)
		STORE(uint32_t);
	else if (t->size == 2)
		STORE(uint16_t);
	else
		STORE(uint8_t);
	return all;
}

/* Items that do not stand side by side, piece by piece. */
static int spread_numbers(const struct espy_pack *p, const uint8_t *raw, size_t rows,
			  const struct espy_target *to)
{
	struct espy_unpack u;
	uint64_t x[TILE];

	if (espy_unpack_init(&u, p, raw, rows) < 0)
		return -EBADMSG;
	for (size_t at = 0; at < rows; at += TILE) {
		size_t n = rows - at < TILE ? rows - at : TILE;

		espy_unpack_next(&u, x, n);
		if (scatter(to, at, x, n) > to->max)
			return -ERANGE;
	}
	return 0;
}

int espy_block_numbers(struct espy_block *b, const struct espy_table *t, uint32_t id,
		       const struct espy_target *to)
{
	static const struct espy_pack zero = {.encoding = ESPY_ENC_CONST};
	const struct espy_pack *p = espy_block_column(b, t, id);
	const uint8_t *raw;
	int r;

	p = p ? p : &zero;
	r = column_bytes(b, p, &raw);
	if (r < 0)
		return r;
	if (to->stride == to->size)
		r = espy_unpack_all(p, raw, t->rows, to->p, to->size, to->max);
	else
		r = spread_numbers(p, raw, t->rows, to);
	if (r == -ERANGE)
		return espy_block_bad(b, "a number is out of its range");
	return r < 0 ? espy_block_bad(b, "a column does not hold what its entry says") : 0;
}
