/* SPDX-License-Identifier: MIT */
#include "format/parquet-column.h"
#include <endian.h>
#include <errno.h>

#define LEVEL        1   /* of zstd */
#define STATS_STRING 128 /* bytes of the longest string that is told as least or most */
#define RUN          8   /* equal values that are worth a run of their own */

/* Numbers of parquet.thrift. */
enum { TYPE_BOOLEAN = 0, TYPE_INT64 = 2, TYPE_BYTE_ARRAY = 6 };
enum { ENCODING_PLAIN = 0, ENCODING_RLE = 3, ENCODING_RLE_DICTIONARY = 8 };
enum { PAGE_DATA = 0, PAGE_DICTIONARY = 2 };
enum { CODEC_ZSTD = 6 };
enum { CONVERTED_UTF8 = 0, CONVERTED_UINT_64 = 14 };
enum { LOGICAL_STRING = 1, LOGICAL_TIMESTAMP = 8, LOGICAL_INTEGER = 10 };
enum { UNIT_NANOS = 3 };
enum { OPTIONAL = 1 };

void espy_parquet_column_done(struct espy_parquet_column *c)
{
	espy_vec_done(&c->present);
	espy_vec_done(&c->numbers);
	espy_vec_done(&c->indices);
	espy_vec_done(&c->order);
	espy_vec_done(&c->index_of);
}

void espy_parquet_column_reset(struct espy_parquet_column *c)
{
	c->rows = 0;
	c->present.n = c->numbers.n = c->indices.n = c->order.n = c->index_of.n = 0;
}

/* --- values ------------------------------------------------------------------------------------
 */

static int pad(struct espy_parquet_column *c, uint32_t rows)
{
	if (espy_vec_reserve(&c->present, (size_t)rows + 1) < 0)
		return -ENOMEM;
	while (c->present.n < rows)
		c->present.v[c->present.n++] = 0;
	return 0;
}

static int add_present(struct espy_parquet_column *c, uint32_t row)
{
	if (pad(c, row) < 0)
		return -ENOMEM;
	c->present.v[c->present.n++] = 1;
	return 0;
}

static bool is_less(const struct espy_parquet_column *c, uint64_t a, uint64_t b)
{
	return c->kind == ESPY_CELL_UINT || c->kind == ESPY_CELL_BOOL ? a < b
								      : (int64_t)a < (int64_t)b;
}

int espy_parquet_number(struct espy_parquet_column *c, uint32_t row, uint64_t v)
{
	if (!c->numbers.n)
		c->least = c->most = v;
	if (is_less(c, v, c->least))
		c->least = v;
	if (is_less(c, c->most, v))
		c->most = v;
	if (add_present(c, row) < 0 || espy_vec_push(&c->numbers, v) < 0)
		return -ENOMEM;
	return 0;
}

int espy_parquet_string(struct espy_parquet_column *c, uint32_t row, uint32_t string)
{
	if (string >= c->index_of.n) {
		size_t n = c->index_of.n, want = (size_t)string + 1;

		if (espy_vec_reserve(&c->index_of, want) < 0)
			return -ENOMEM;
		memset(c->index_of.v + n, 0, (want - n) * sizeof(*c->index_of.v));
		c->index_of.n = want;
	}
	if (!c->index_of.v[string]) {
		if (espy_vec_push(&c->order, string) < 0)
			return -ENOMEM;
		c->index_of.v[string] = (uint32_t)c->order.n;
	}
	if (add_present(c, row) < 0 || espy_vec_push(&c->indices, c->index_of.v[string] - 1) < 0)
		return -ENOMEM;
	return 0;
}

/* --- runs and packed bits ----------------------------------------------------------------------
 */

static unsigned width_of(uint32_t most)
{
	return most ? 32 - (unsigned)__builtin_clz(most) : 0;
}

/* Eight values and more, least bits first; behind the last one zeros up to a multiple of eight. */
static void add_packed(struct espy_buf *out, const uint32_t *v, size_t n, unsigned width)
{
	size_t groups = (n + 7) / 8;
	uint64_t bits = 0;
	unsigned have = 0;

	if (!n)
		return;
	espy_thrift_varint(out, groups << 1 | 1);
	for (size_t i = 0; i < groups * 8; i++) {
		bits |= (uint64_t)(i < n ? v[i] : 0) << have;
		for (have += width; have >= 8; have -= 8, bits >>= 8)
			espy_buf_putc(out, (char)bits);
	}
}

static void add_run(struct espy_buf *out, uint32_t v, size_t n, unsigned width)
{
	espy_thrift_varint(out, n << 1);
	for (unsigned have = 0; have < width; have += 8, v >>= 8)
		espy_buf_putc(out, (char)v);
}

static size_t run_length(const uint32_t *v, size_t n)
{
	size_t i = 1;

	while (i < n && v[i] == v[0])
		i++;
	return i;
}

/* A packed part ends at a multiple of eight, so it takes the head of the run behind it. */
static void add_hybrid(struct espy_buf *out, const uint32_t *v, size_t n, unsigned width)
{
	size_t from = 0, at = 0;

	while (at < n) {
		size_t run = run_length(v + at, n - at);
		size_t fill = (8 - (at - from) % 8) % 8;

		if (run < fill + RUN) {
			at += run;
			continue;
		}
		add_packed(out, v + from, at + fill - from, width);
		add_run(out, v[at], run - fill, width);
		at += run;
		from = at;
	}
	add_packed(out, v + from, n - from, width);
}

/* --- pages -------------------------------------------------------------------------------------
 */

static void add_u32(struct espy_buf *out, uint32_t v)
{
	const uint8_t bytes[] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
				 (uint8_t)(v >> 24)};

	espy_buf_add(out, bytes, sizeof(bytes));
}

static void add_u64(struct espy_buf *out, uint64_t v)
{
	add_u32(out, (uint32_t)v);
	add_u32(out, (uint32_t)(v >> 32));
}

/* Which rows have a value, behind the length of that. */
static void add_levels(struct espy_buf *out, const struct espy_parquet_column *c)
{
	size_t start = out->n, n;

	add_u32(out, 0);
	add_hybrid(out, c->present.v, c->present.n, 1);
	n = out->n - start - 4;
	for (unsigned i = 0; i < 4 && !out->error; i++)
		out->p[start + i] = (char)(n >> 8 * i);
}

static void add_bits(struct espy_buf *out, const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		unsigned byte = 0;

		for (size_t k = i; k < n && k < i + 8; k++)
			byte |= (unsigned)(v[k] & 1) << (k - i);
		espy_buf_putc(out, (char)byte);
	}
}

static void add_values(struct espy_buf *out, const struct espy_parquet_column *c)
{
	if (c->kind == ESPY_CELL_TEXT) {
		unsigned width = width_of(c->order.n ? (uint32_t)c->order.n - 1 : 0);

		espy_buf_putc(out, (char)width);
		add_hybrid(out, c->indices.v, c->indices.n, width);
	} else if (c->kind == ESPY_CELL_BOOL) {
		add_bits(out, c->numbers.v, c->numbers.n);
	} else {
		for (size_t i = 0; i < c->numbers.n; i++)
			add_u64(out, c->numbers.v[i]);
	}
}

static int compress(struct espy_parquet_pages *p)
{
	size_t bound = ZSTD_compressBound(p->page.n), n;

	espy_buf_reset(&p->packed);
	if (p->page.error || espy_buf_reserve(&p->packed, bound) < 0)
		return -ENOMEM;
	n = ZSTD_compressCCtx(p->zstd, p->packed.p, bound, p->page.p, p->page.n, LEVEL);
	if (ZSTD_isError(n))
		return -ENOMEM;
	p->packed.n = n;
	return 0;
}

/* p->page as a page of the file; returns the bytes that its head and it would take as they are. */
static int64_t add_page(struct espy_parquet_pages *p, int type, size_t values, int encoding,
			struct espy_buf *out)
{
	struct espy_thrift t = {.out = out};
	size_t start = out->n, head;

	if (compress(p) < 0)
		return -ENOMEM;
	espy_thrift_begin(&t, 0);
	espy_thrift_i32(&t, 1, type);
	espy_thrift_i32(&t, 2, (int32_t)p->page.n);
	espy_thrift_i32(&t, 3, (int32_t)p->packed.n);
	espy_thrift_begin(&t, type == PAGE_DATA ? 5 : 7);
	espy_thrift_i32(&t, 1, (int32_t)values);
	espy_thrift_i32(&t, 2, encoding);
	if (type == PAGE_DATA) {
		espy_thrift_i32(&t, 3, ENCODING_RLE);
		espy_thrift_i32(&t, 4, ENCODING_RLE);
	}
	espy_thrift_end(&t);
	espy_thrift_end(&t);
	head = out->n - start;
	espy_buf_add(out, p->packed.p, p->packed.n);
	return (int64_t)(head + p->page.n);
}

static int64_t add_dictionary(const struct espy_parquet_column *c, struct espy_parquet_pages *p,
			      struct espy_buf *out)
{
	espy_buf_reset(&p->page);
	for (size_t i = 0; i < c->order.n; i++) {
		struct espy_str s = espy_dict_get(p->strings, c->order.v[i]);

		add_u32(&p->page, (uint32_t)s.n);
		espy_buf_str(&p->page, s);
	}
	return add_page(p, PAGE_DICTIONARY, c->order.n, ENCODING_PLAIN, out);
}

/* --- the chunk ----------------------------------------------------------------------------------
 */

static int type_of(const struct espy_parquet_column *c)
{
	if (c->kind == ESPY_CELL_TEXT)
		return TYPE_BYTE_ARRAY;
	return c->kind == ESPY_CELL_BOOL ? TYPE_BOOLEAN : TYPE_INT64;
}

static int compare(struct espy_str a, struct espy_str b)
{
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

static void add_text_range(const struct espy_parquet_column *c, const struct espy_dict *strings,
			   struct espy_thrift *t)
{
	struct espy_str least = espy_dict_get(strings, c->order.v[0]), most = least;

	for (size_t i = 1; i < c->order.n; i++) {
		struct espy_str s = espy_dict_get(strings, c->order.v[i]);

		if (compare(s, least) < 0)
			least = s;
		if (compare(s, most) > 0)
			most = s;
	}
	if (least.n > STATS_STRING || most.n > STATS_STRING)
		return;
	espy_thrift_bytes(t, 5, most);
	espy_thrift_bytes(t, 6, least);
}

static void add_range(const struct espy_parquet_column *c, struct espy_thrift *t)
{
	size_t n = c->kind == ESPY_CELL_BOOL ? 1 : sizeof(uint64_t);
	uint64_t most = htole64(c->most), least = htole64(c->least);

	espy_thrift_bytes(t, 5, (struct espy_str){(const char *)&most, n});
	espy_thrift_bytes(t, 6, (struct espy_str){(const char *)&least, n});
}

static void add_statistics(const struct espy_parquet_column *c, const struct espy_parquet_pages *p,
			   struct espy_thrift *t)
{
	espy_thrift_begin(t, 12);
	espy_thrift_i64(t, 3, (int64_t)(c->present.n - c->numbers.n - c->indices.n));
	if (c->order.n)
		add_text_range(c, p->strings, t);
	else if (c->numbers.n)
		add_range(c, t);
	espy_thrift_end(t);
}

struct chunk {
	uint64_t dictionary, data, end; /* offsets in the file */
	int64_t bytes;                  /* before compression */
};

static void add_meta(const struct espy_parquet_column *c, const struct espy_parquet_pages *p,
		     const struct chunk *k, struct espy_thrift *t)
{
	bool is_text = c->kind == ESPY_CELL_TEXT;
	uint64_t start = is_text ? k->dictionary : k->data;

	espy_thrift_begin(t, 0);
	espy_thrift_i64(t, 2, (int64_t)start);
	espy_thrift_begin(t, 3);
	espy_thrift_i32(t, 1, type_of(c));
	espy_thrift_list(t, 2, ESPY_THRIFT_I32, is_text ? 3 : 2);
	espy_thrift_element_i32(t, ENCODING_PLAIN);
	espy_thrift_element_i32(t, ENCODING_RLE);
	if (is_text)
		espy_thrift_element_i32(t, ENCODING_RLE_DICTIONARY);
	espy_thrift_list(t, 3, ESPY_THRIFT_BINARY, 1);
	espy_thrift_element_bytes(t, espy_str0(c->name));
	espy_thrift_i32(t, 4, CODEC_ZSTD);
	espy_thrift_i64(t, 5, (int64_t)c->present.n);
	espy_thrift_i64(t, 6, k->bytes);
	espy_thrift_i64(t, 7, (int64_t)(k->end - start));
	espy_thrift_i64(t, 9, (int64_t)k->data);
	if (is_text)
		espy_thrift_i64(t, 11, (int64_t)k->dictionary);
	add_statistics(c, p, t);
	espy_thrift_end(t);
	espy_thrift_end(t);
}

int64_t espy_parquet_chunk(struct espy_parquet_column *c, struct espy_parquet_pages *p,
			   uint32_t rows, uint64_t offset, struct espy_buf *out,
			   struct espy_thrift *meta)
{
	struct chunk k = {.dictionary = offset};
	size_t start = out->n;
	int64_t n;

	if (pad(c, rows) < 0)
		return -ENOMEM;
	if (c->kind == ESPY_CELL_TEXT)
		k.bytes = add_dictionary(c, p, out);
	if (k.bytes < 0)
		return k.bytes;
	k.data = offset + (out->n - start);
	espy_buf_reset(&p->page);
	add_levels(&p->page, c);
	add_values(&p->page, c);
	n = add_page(p, PAGE_DATA, c->present.n,
		     c->kind == ESPY_CELL_TEXT ? ENCODING_RLE_DICTIONARY : ENCODING_PLAIN, out);
	if (n < 0)
		return n;
	k.bytes += n;
	k.end = offset + (out->n - start);
	add_meta(c, p, &k, meta);
	return out->error ? out->error : k.bytes;
}

/* --- the schema ---------------------------------------------------------------------------------
 */

static void add_logical(const struct espy_parquet_column *c, struct espy_thrift *t)
{
	espy_thrift_begin(t, 10);
	switch (c->kind) {
	case ESPY_CELL_TEXT:
		espy_thrift_begin(t, LOGICAL_STRING);
		break;
	case ESPY_CELL_TIME:
		espy_thrift_begin(t, LOGICAL_TIMESTAMP);
		espy_thrift_bool(t, 1, true); /* UTC */
		espy_thrift_begin(t, 2);
		espy_thrift_begin(t, UNIT_NANOS);
		espy_thrift_end(t);
		espy_thrift_end(t);
		break;
	default: /* a byte of width, which is not in the header's types, and whether it is signed */
		espy_thrift_begin(t, LOGICAL_INTEGER);
		espy_buf_add(t->out, "\x13\x40", 2);
		t->last[t->depth] = 1;
		espy_thrift_bool(t, 2, c->kind == ESPY_CELL_INT);
		break;
	}
	espy_thrift_end(t);
	espy_thrift_end(t);
}

void espy_parquet_schema(const struct espy_parquet_column *c, struct espy_thrift *t)
{
	espy_thrift_begin(t, 0);
	espy_thrift_i32(t, 1, type_of(c));
	espy_thrift_i32(t, 3, OPTIONAL);
	espy_thrift_bytes(t, 4, espy_str0(c->name));
	if (c->kind == ESPY_CELL_TEXT)
		espy_thrift_i32(t, 6, CONVERTED_UTF8);
	else if (c->kind == ESPY_CELL_UINT)
		espy_thrift_i32(t, 6, CONVERTED_UINT_64);
	if (c->kind != ESPY_CELL_BOOL)
		add_logical(c, t);
	espy_thrift_end(t);
}
