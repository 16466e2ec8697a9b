/* SPDX-License-Identifier: MIT */
#include "trace/pack.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "trace/layout.h"

#define TILE 512u /* numbers that are worked on at once, in the first level cache */
#define SIGN (1ull << 63)

/* Compiled twice, also for what most processors of today have; which is used shows at the start. A
 * fuzzer's or sanitizer's build must not run code before it is set up. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && defined(__GNUC__) && !defined(__clang__) && \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FOR_WIDE_VECTORS __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define FOR_WIDE_VECTORS
#endif

#define HASH_SLOTS 1024u /* of the search for distinct values */
#define HASH_SHIFT 54    /* 64 minus the bits of a slot */

/* What a look at all values tells. */
struct survey {
	uint64_t min, max;           /* in the column's own order */
	uint64_t step_min, step_max; /* signed differences */
};

static unsigned bytes_for(uint64_t v)
{
	return v ? (71u - (unsigned)__builtin_clzll(v)) / 8 : 0;
}

/* Compared as signed numbers, which vectors of 64 bits are made for. */
FOR_WIDE_VECTORS
static void survey(struct survey *s, const uint64_t *v, size_t n, bool is_signed)
{
	uint64_t bias = is_signed ? 0 : SIGN;
	int64_t min = (int64_t)(v[0] ^ bias), max = min, lo = INT64_MAX, hi = INT64_MIN;

	for (size_t i = 1; i < n; i++) {
		int64_t x = (int64_t)(v[i] ^ bias);
		int64_t d = (int64_t)(v[i] - v[i - 1]);

		min = x < min ? x : min;
		max = x > max ? x : max;
		lo = d < lo ? d : lo;
		hi = d > hi ? d : hi;
	}
	*s = (struct survey){(uint64_t)min ^ bias, (uint64_t)max ^ bias, (uint64_t)lo,
			     (uint64_t)hi};
	if (n < 2)
		s->step_min = s->step_max = 0;
}

/* --- planes ----------------------------------------------------------------------------------- */

/* Lays x[count], rows at..at+count of n, into planes. */
FOR_WIDE_VECTORS
static void spread(uint8_t *out, const uint64_t *x, size_t count, size_t at, size_t n,
		   unsigned width)
{
	for (unsigned p = 0; p < width; p++) {
		uint8_t *plane = out + p * n + at;

		for (size_t i = 0; i < count; i++)
			plane[i] = (uint8_t)(x[i] >> 8 * p);
	}
}

static void gather(uint64_t *x, const uint8_t *raw, size_t count, size_t at, size_t n,
		   unsigned width)
{
	memset(x, 0, count * sizeof(*x));
	for (unsigned p = 0; p < width; p++) {
		const uint8_t *plane = raw + p * n + at;

		for (size_t i = 0; i < count; i++)
			x[i] |= (uint64_t)plane[i] << 8 * p;
	}
}

static void pack_plain(const struct espy_pack *p, const uint64_t *v, size_t n, uint8_t *out)
{
	uint64_t x[TILE];

	for (size_t at = 0; at < n; at += TILE) {
		size_t count = n - at < TILE ? n - at : TILE;

		for (size_t i = 0; i < count; i++)
			x[i] = v[at + i] - p->min;
		spread(out, x, count, at, n, p->width);
	}
}

static void pack_delta(const struct espy_pack *p, const uint64_t *v, size_t n, uint8_t *out)
{
	uint64_t x[TILE], last = p->first - p->step;

	for (size_t at = 0; at < n; at += TILE) {
		size_t count = n - at < TILE ? n - at : TILE;

		for (size_t i = 0; i < count; i++) {
			x[i] = v[at + i] - last - p->step;
			last = v[at + i];
		}
		spread(out, x, count, at, n, p->width);
	}
}

/* --- palette ---------------------------------------------------------------------------------- */

struct palette {
	uint64_t value[ESPY_PALETTE_MAX]; /* offsets from the smallest */
	unsigned n;
	uint64_t key[HASH_SLOTS];
	uint16_t code[HASH_SLOTS]; /* index of value + 1, 0: free */
};

static unsigned palette_slot(const struct palette *p, uint64_t x)
{
	unsigned i = (unsigned)(x * 0x9e3779b97f4a7c15ull >> HASH_SHIFT);

	while (p->code[i] && p->key[i] != x)
		i = (i + 1) & (HASH_SLOTS - 1);
	return i;
}

/* The distinct values; false when there are too many for it to pay. */
static bool palette_collect(struct palette *p, const uint64_t *v, size_t n, uint64_t min,
			    unsigned limit)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t x = v[i] - min;
		unsigned slot;

		if (i && v[i] == v[i - 1])
			continue;
		slot = palette_slot(p, x);
		if (p->code[slot])
			continue;
		if (p->n == limit)
			return false;
		p->value[p->n++] = x;
		p->key[slot] = x;
		p->code[slot] = (uint16_t)p->n;
	}
	return true;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void pack_palette(struct espy_pack *ret, struct palette *p, const uint64_t *v, size_t n,
			 uint8_t *out)
{
	uint8_t *codes = out + (size_t)p->n * ret->width;
	unsigned last = 0;

	qsort(p->value, p->n, sizeof(p->value[0]), compare_u64);
	for (unsigned i = 0; i < p->n; i++) {
		p->code[palette_slot(p, p->value[i])] = (uint16_t)(i + 1);
		for (unsigned byte = 0; byte < ret->width; byte++)
			*out++ = (uint8_t)(p->value[i] >> 8 * byte);
	}
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || v[i] != v[i - 1])
			last = p->code[palette_slot(p, v[i] - ret->min)] - 1u;
		codes[i] = (uint8_t)last;
	}
	ret->length = (uint32_t)((size_t)p->n * ret->width + n);
}

/* A palette is a table of `width` bytes an entry and one byte a row. */
static bool try_palette(struct espy_pack *ret, const uint64_t *v, size_t n, uint8_t *out)
{
	size_t limit = n * (ret->width - 1u) / (ret->width + 1u);
	struct palette p = {0};

	if (limit > ESPY_PALETTE_MAX)
		limit = ESPY_PALETTE_MAX;
	if (ret->width < 2 || !palette_collect(&p, v, n, ret->min, (unsigned)limit))
		return false;
	ret->encoding = ESPY_ENC_PALETTE;
	pack_palette(ret, &p, v, n, out);
	return true;
}

/* --- the choice ------------------------------------------------------------------------------- */

void espy_pack_numbers(struct espy_pack *ret, const uint64_t *v, size_t n, uint8_t *out)
{
	struct survey s = {0};
	unsigned step_width;

	if (n)
		survey(&s, v, n, ret->is_signed);
	ret->min = s.min;
	ret->range = s.max - s.min;
	ret->first = ret->step = 0;
	ret->length = 0;
	ret->width = (uint8_t)bytes_for(ret->range);
	ret->encoding = ESPY_ENC_CONST;
	if (ret->range == 0)
		return;
	step_width = bytes_for(s.step_max - s.step_min);
	if (step_width > 0 && try_palette(ret, v, n, out))
		return;
	if (step_width < ret->width) {
		ret->encoding = ESPY_ENC_DELTA;
		ret->width = (uint8_t)step_width;
		ret->first = v[0];
		ret->step = s.step_min;
		pack_delta(ret, v, n, out);
	} else {
		ret->encoding = ESPY_ENC_PLAIN;
		pack_plain(ret, v, n, out);
	}
	ret->length = (uint32_t)(ret->width * n);
}

/* --- the way back ----------------------------------------------------------------------------- */

static int load_palette(struct espy_unpack *u)
{
	const struct espy_pack *p = u->pack;
	size_t size = p->length - u->n;

	if (p->length < u->n || p->width == 0 || size % p->width != 0 ||
	    size / p->width > ESPY_PALETTE_MAX)
		return -EBADMSG;
	/* Codes without an entry mean the smallest value: harmless, and cheaper than a check. */
	memset(u->palette, 0, sizeof(u->palette));
	for (size_t i = 0; i < size; i++)
		u->palette[i / p->width] |= (uint64_t)u->raw[i] << 8 * (i % p->width);
	for (size_t i = 0; i < ESPY_PALETTE_MAX; i++)
		u->palette[i] += p->min;
	u->raw += size;
	return 0;
}

int espy_unpack_init(struct espy_unpack *u, const struct espy_pack *pack, const uint8_t *raw,
		     size_t n)
{
	u->pack = pack;
	u->raw = raw;
	u->n = n;
	u->at = 0;
	u->last = pack->first - pack->step;
	if (pack->width > sizeof(uint64_t))
		return -EBADMSG;
	switch (pack->encoding) {
	case ESPY_ENC_CONST:
		return 0;
	case ESPY_ENC_PLAIN:
	case ESPY_ENC_DELTA:
		return pack->length == pack->width * n ? 0 : -EBADMSG;
	case ESPY_ENC_PALETTE:
		return load_palette(u);
	default:
		return -EBADMSG;
	}
}

void espy_unpack_next(struct espy_unpack *u, uint64_t *out, size_t count)
{
	const struct espy_pack *p = u->pack;

	switch (p->encoding) {
	case ESPY_ENC_CONST:
		for (size_t i = 0; i < count; i++)
			out[i] = p->min;
		break;
	case ESPY_ENC_PLAIN:
		gather(out, u->raw, count, u->at, u->n, p->width);
		for (size_t i = 0; i < count; i++)
			out[i] += p->min;
		break;
	case ESPY_ENC_DELTA:
		gather(out, u->raw, count, u->at, u->n, p->width);
		for (size_t i = 0; i < count; i++)
			out[i] = u->last = out[i] + u->last + p->step;
		break;
	default:
		for (size_t i = 0; i < count; i++)
			out[i] = u->palette[u->raw[u->at + i]];
		break;
	}
	u->at += count;
}
