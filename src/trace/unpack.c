/* SPDX-License-Identifier: MIT */
#include "trace/unpack.h"
#include <errno.h>
#include <string.h>
#include "trace/layout.h"

/*
 * The compiler makes the loops into vector instructions, a second copy of each for processors with
 * AVX2. Sanitizers and clang 14 do not get along with that choice.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FAST __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("O3")))
#else
#define FAST
#endif

#define TILE                                                                                     \
	1024u /* numbers that are worked on at once where they cannot go straight to their place \
	       */

static uint64_t all_ones(unsigned bytes)
{
	return bytes >= 8 ? UINT64_MAX : (1ull << 8 * bytes) - 1;
}

/* --- planes -------------------------------------------------------------------------------------
 */

/* Plane p of row i, where it belongs in a number of type T. */
#define PLANE(T, p) ((T)((T)raw[(size_t)(p)*stride + i] << 8 * (p)))

/* One loop for each width: to[i] = min + planes; the largest is kept. */
#define LOOP(T, sum)                                 \
	for (size_t i = 0; i < n; i++) {             \
		T v = (T)(min + (T)(sum));           \
		to[i] = v;                           \
		largest = v > largest ? v : largest; \
	}                                            \
	break

#define P1(T) PLANE(T, 0)
#define P2(T) P1(T) | PLANE(T, 1)
#define P3(T) P2(T) | PLANE(T, 2)
#define P4(T) P3(T) | PLANE(T, 3)
#define P5(T) P4(T) | PLANE(T, 4)
#define P6(T) P5(T) | PLANE(T, 5)
#define P7(T) P6(T) | PLANE(T, 6)
#define P8(T) P7(T) | PLANE(T, 7)

FAST static uint64_t planes_8(uint8_t *to, const uint8_t *raw, size_t stride, size_t n,
			      unsigned width, uint8_t min)
{
	uint8_t largest = 0;

	switch (width) {
	case 1:
		LOOP(uint8_t, P1(uint8_t));
	}
	return largest;
}

FAST static uint64_t planes_16(uint16_t *to, const uint8_t *raw, size_t stride, size_t n,
			       unsigned width, uint16_t min)
{
	uint16_t largest = 0;

	switch (width) {
	case 1:
		LOOP(uint16_t, P1(uint16_t));
	case 2:
		LOOP(uint16_t, P2(uint16_t));
	}
	return largest;
}

FAST static uint64_t planes_32(uint32_t *to, const uint8_t *raw, size_t stride, size_t n,
			       unsigned width, uint32_t min)
{
	uint32_t largest = 0;

	switch (width) {
	case 1:
		LOOP(uint32_t, P1(uint32_t));
	case 2:
		LOOP(uint32_t, P2(uint32_t));
	case 3:
		LOOP(uint32_t, P3(uint32_t));
	case 4:
		LOOP(uint32_t, P4(uint32_t));
	}
	return largest;
}

/* Without the largest: processors before AVX-512 have no instruction for that. */
#undef LOOP
#define LOOP(T, sum)                   \
	for (size_t i = 0; i < n; i++) \
		to[i] = min + (sum);   \
	break

FAST static void planes_64(uint64_t *to, const uint8_t *raw, size_t stride, size_t n,
			   unsigned width, uint64_t min)
{
	switch (width) {
	case 1:
		LOOP(uint64_t, P1(uint64_t));
	case 2:
		LOOP(uint64_t, P2(uint64_t));
	case 3:
		LOOP(uint64_t, P3(uint64_t));
	case 4:
		LOOP(uint64_t, P4(uint64_t));
	case 5:
		LOOP(uint64_t, P5(uint64_t));
	case 6:
		LOOP(uint64_t, P6(uint64_t));
	case 7:
		LOOP(uint64_t, P7(uint64_t));
	case 8:
		LOOP(uint64_t, P8(uint64_t));
	default:
		for (size_t i = 0; i < n; i++)
			to[i] = min;
	}
}

/* --- into the type that is asked for ------------------------------------------------------------
 */

/* Numbers that were worked out as 64 bits. Returns whether all are at most `max`. */
static bool narrow(const uint64_t *x, size_t n, void *to, unsigned size, uint64_t max)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < n; i++)
		largest = x[i] > largest ? x[i] : largest;
	if (size == 4)
		for (size_t i = 0; i < n; i++)
			((uint32_t *)to)[i] = (uint32_t)x[i];
	else if (size == 2)
		for (size_t i = 0; i < n; i++)
			((uint16_t *)to)[i] = (uint16_t)x[i];
	else if (size == 1)
		for (size_t i = 0; i < n; i++)
			((uint8_t *)to)[i] = (uint8_t)x[i];
	else
		memcpy(to, x, n * sizeof(*x));
	return largest <= max;
}

/* Adds up differences, in place. Returns the last sum. */
static uint64_t add_up(uint64_t *x, size_t n, uint64_t last)
{
	for (size_t i = 0; i < n; i++)
		x[i] = last += x[i];
	return last;
}

/* What takes the way over 64 bits: differences, and numbers that might not fit. */
static int by_tiles(const struct espy_pack *p, const uint8_t *raw, size_t n, char *to,
		    unsigned size, uint64_t max)
{
	bool is_delta = p->encoding == ESPY_ENC_DELTA;
	uint64_t last = p->first - p->step, x[TILE];
	bool good = true;

	if (!raw && p->width)
		return -EBADMSG;
	for (size_t at = 0; at < n; at += TILE) {
		size_t count = n - at < TILE ? n - at : TILE;
		uint64_t *out = size == 8 ? (uint64_t *)to + at : x;

		planes_64(out, raw ? raw + at : NULL, n, count, p->width,
			  is_delta ? p->step : p->min);
		if (is_delta)
			last = add_up(out, count, last);
		if (size != 8 || max != UINT64_MAX)
			good &= narrow(out, count, to + at * size, size, max);
	}
	return good ? 0 : -ERANGE;
}

static int plain(const struct espy_pack *p, const uint8_t *raw, size_t n, void *to, unsigned size,
		 uint64_t max)
{
	uint64_t room = all_ones(p->width), largest;

	/* Anything else cannot overflow the item. */
	if (size == 8 || p->width == 0 || p->width > size || p->min > all_ones(size) ||
	    room > all_ones(size) - p->min)
		return by_tiles(p, raw, n, to, size, max);
	if (size == 4)
		largest = planes_32(to, raw, n, n, p->width, (uint32_t)p->min);
	else if (size == 2)
		largest = planes_16(to, raw, n, n, p->width, (uint16_t)p->min);
	else
		largest = planes_8(to, raw, n, n, p->width, (uint8_t)p->min);
	return largest <= max ? 0 : -ERANGE;
}

#define LOOK_UP(T)                                            \
	do {                                                  \
		T *out = to, own[ESPY_PALETTE_MAX];           \
		for (size_t i = 0; i < ESPY_PALETTE_MAX; i++) \
			own[i] = (T)table[i];                 \
		for (size_t i = 0; i < n; i++)                \
			out[i] = own[codes[i]];               \
	} while (0)

FAST static void look_up(const uint64_t *table, const uint8_t *codes, size_t n, void *to,
			 unsigned size)
{
	if (size == 8)
		LOOK_UP(uint64_t);
	else if (size == 4)
		LOOK_UP(uint32_t);
	else if (size == 2)
		LOOK_UP(uint16_t);
	else
		LOOK_UP(uint8_t);
}

static int palette(const struct espy_pack *p, const uint8_t *raw, size_t n, void *to, unsigned size,
		   uint64_t max)
{
	struct espy_unpack u;
	int r = espy_unpack_init(&u, p, raw, n);

	for (size_t i = 0; r == 0 && i < ESPY_PALETTE_MAX; i++)
		if (u.palette[i] > max)
			return -ERANGE;
	if (r == 0)
		look_up(u.palette, u.raw, n, to, size);
	return r;
}

static int constant(const struct espy_pack *p, size_t n, void *to, unsigned size, uint64_t max)
{
	static const uint8_t codes[TILE];
	uint64_t table[ESPY_PALETTE_MAX] = {p->min};

	if (n && p->min > max)
		return -ERANGE;
	if (p->min == 0) {
		memset(to, 0, n * size);
		return 0;
	}
	for (size_t at = 0; at < n; at += TILE)
		look_up(table, codes, n - at < TILE ? n - at : TILE, (char *)to + at * size, size);
	return 0;
}

int espy_unpack_all(const struct espy_pack *pack, const uint8_t *raw, size_t n, void *to,
		    unsigned size, uint64_t max)
{
	if (pack->width > sizeof(uint64_t))
		return -EBADMSG;
	switch (pack->encoding) {
	case ESPY_ENC_CONST:
		return constant(pack, n, to, size, max);
	case ESPY_ENC_PLAIN:
	case ESPY_ENC_DELTA:
		if (pack->length != pack->width * n)
			return -EBADMSG;
		return pack->encoding == ESPY_ENC_PLAIN ? plain(pack, raw, n, to, size, max)
							: by_tiles(pack, raw, n, to, size, max);
	case ESPY_ENC_PALETTE:
		return palette(pack, raw, n, to, size, max);
	default:
		return -EBADMSG;
	}
}
