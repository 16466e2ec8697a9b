/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "trace/layout.h"
#include "trace/pack.h"
#include "trace/unpack.h"

#define N_MAX 3000u

static uint64_t state = 7;

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t item(const void *p, unsigned size, size_t i)
{
	uint64_t v = 0;

	memcpy(&v, (const char *)p + i * size, size); /* of a little-endian machine */
	return v;
}

/* All at once into items of every size, or not at all where one is too large. */
static void all_at_once(const struct espy_pack *p, const uint8_t *raw, const uint64_t *v, size_t n)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < n; i++)
		largest = v[i] > largest ? v[i] : largest;
	for (unsigned size = 1; size <= 8; size *= 2) {
		uint64_t most = size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1;
		void *back = malloc(n * size + 1);

		assert_non_null(back);
		assert_int_equal(espy_unpack_all(p, raw, n, back, size, most),
				 largest > most ? -ERANGE : 0);
		for (size_t i = 0; largest <= most && i < n; i++)
			assert_int_equal(item(back, size, i), v[i]);
		if (largest && largest <= most)
			assert_int_equal(espy_unpack_all(p, raw, n, back, size, largest - 1),
					 -ERANGE);
		free(back);
	}
	if (p->length)
		assert_int_equal(
			espy_unpack_all(p, raw, n + 1, (uint64_t[N_MAX + 2]){0}, 8, UINT64_MAX),
			-EBADMSG);
}

/* Packs, unpacks in odd pieces, compares; returns what was chosen. */
static struct espy_pack round_trip(const uint64_t *v, size_t n, bool is_signed)
{
	uint8_t *raw = malloc(espy_pack_bound(n));
	uint64_t back[N_MAX + 1];
	struct espy_pack p = {.is_signed = is_signed};
	struct espy_unpack u;
	uint8_t *exact;

	assert_non_null(raw);
	espy_pack_numbers(&p, v, n, raw);
	assert_true(p.length <= espy_pack_bound(n));
	exact = malloc(p.length + 1); /* a read behind the end shows under ASan */
	assert_non_null(exact);
	memcpy(exact, raw, p.length);
	assert_int_equal(espy_unpack_init(&u, &p, exact, n), 0);
	for (size_t at = 0, step = 1; at < n; at += step, step = step * 3 % 1000 + 1) {
		step = n - at < step ? n - at : step;
		espy_unpack_next(&u, back + at, step);
	}
	assert_memory_equal(v, back, n * sizeof(*v));
	all_at_once(&p, exact, v, n);
	free(exact);
	free(raw);
	return p;
}

static void equal_numbers_take_nothing(void **s)
{
	uint64_t v[100];

	(void)s;
	for (size_t i = 0; i < 100; i++)
		v[i] = 1234567890123;
	assert_int_equal(round_trip(v, 100, false).encoding, ESPY_ENC_CONST);
	assert_int_equal(round_trip(v, 100, true).length, 0);
	assert_int_equal(round_trip(v, 1, true).length, 0);
	assert_int_equal(round_trip(v, 0, true).length, 0);
}

static void a_straight_line_takes_nothing(void **s)
{
	uint64_t v[1000];
	struct espy_pack p;

	(void)s;
	for (size_t i = 0; i < 1000; i++)
		v[i] = 5000000 - 3 * i;
	p = round_trip(v, 1000, false);
	assert_int_equal(p.encoding, ESPY_ENC_DELTA);
	assert_int_equal(p.length, 0);
	assert_int_equal(p.min, 5000000 - 3 * 999);
	assert_int_equal(p.range, 3 * 999);
}

static void sorted_numbers_take_their_steps(void **s)
{
	uint64_t v[1000] = {1ull << 50};
	struct espy_pack p;

	(void)s;
	for (size_t i = 1; i < 1000; i++)
		v[i] = v[i - 1] + 40000 + any() % 200;
	p = round_trip(v, 1000, false);
	assert_int_equal(p.encoding, ESPY_ENC_DELTA);
	assert_int_equal(p.length, 1000);
}

static void few_large_numbers_take_a_palette(void **s)
{
	static const uint64_t few[] = {1ull << 40, 7, 1ull << 62, 4096};
	uint64_t v[1000];
	struct espy_pack p;

	(void)s;
	for (size_t i = 0; i < 1000; i++)
		v[i] = few[any() % 4];
	p = round_trip(v, 1000, false);
	assert_int_equal(p.encoding, ESPY_ENC_PALETTE);
	assert_int_equal(p.length, 1000 + 4 * 8);
	assert_int_equal(p.min, 7);
	assert_int_equal(p.min + p.range, 1ull << 62);
}

static void min_and_max_follow_the_sign(void **s)
{
	const uint64_t v[] = {3, (uint64_t)-2, 9, (uint64_t)INT64_MIN, INT64_MAX};
	struct espy_pack p = round_trip(v, 3, true);

	(void)s;
	assert_int_equal((int64_t)p.min, -2);
	assert_int_equal((int64_t)(p.min + p.range), 9);
	p = round_trip(v, 3, false);
	assert_int_equal(p.min, 3);
	assert_int_equal(p.min + p.range, UINT64_MAX - 1);
	p = round_trip(v, 5, true);
	assert_int_equal((int64_t)p.min, INT64_MIN);
	assert_int_equal((int64_t)(p.min + p.range), INT64_MAX);
}

static void any_numbers_come_back(void **s)
{
	uint64_t v[N_MAX];

	(void)s;
	for (unsigned round = 0; round < 2000; round++) {
		size_t n = any() % (round % 10 ? 60 : N_MAX);
		unsigned shift = any() % 64, kind = any() % 4;

		for (size_t i = 0; i < n; i++) {
			v[i] = any() >> shift;
			if (kind == 1 && i)
				v[i] = v[i - 1] + v[i];
			if (kind == 2)
				v[i] = any() % 3 ? (uint64_t)-1 : v[i] % 300;
			if (kind == 3 && i)
				v[i] = any() % 5 ? v[i - 1] : v[i];
		}
		round_trip(v, n, round & 1);
	}
}

static void wrong_lengths_are_refused(void **s)
{
	static const uint8_t raw[4096];
	struct espy_unpack u;
	struct espy_pack p = {.encoding = ESPY_ENC_PLAIN, .width = 2, .length = 20};

	(void)s;
	assert_int_equal(espy_unpack_init(&u, &p, raw, 10), 0);
	assert_int_equal(espy_unpack_init(&u, &p, raw, 11), -EBADMSG);
	assert_int_equal(espy_unpack_init(&u, &p, raw, 0), -EBADMSG);
	p.width = 9;
	p.length = 90;
	assert_int_equal(espy_unpack_init(&u, &p, raw, 10), -EBADMSG);
	p = (struct espy_pack){.encoding = ESPY_ENC_PALETTE, .width = 3, .length = 16};
	assert_int_equal(espy_unpack_init(&u, &p, raw, 10), 0);
	assert_int_equal(espy_unpack_init(&u, &p, raw, 11), -EBADMSG);
	assert_int_equal(espy_unpack_init(&u, &p, raw, 17), -EBADMSG);
	p.length = 3 * 257 + 10;
	assert_int_equal(espy_unpack_init(&u, &p, raw, 10), -EBADMSG);
	p.width = 0;
	assert_int_equal(espy_unpack_init(&u, &p, raw, 10), -EBADMSG);
	p.encoding = ESPY_ENC_BYTES;
	assert_int_equal(espy_unpack_init(&u, &p, raw, 10), -EBADMSG);
}

/* Codes without an entry must not read behind the palette. */
static void wrong_codes_mean_the_smallest(void **s)
{
	static const uint8_t raw[] = {5, 0, 255, 1};
	struct espy_pack p = {.encoding = ESPY_ENC_PALETTE, .width = 1, .length = 4, .min = 10};
	struct espy_unpack u;
	uint64_t v[3];

	(void)s;
	assert_int_equal(espy_unpack_init(&u, &p, raw, 3), 0);
	espy_unpack_next(&u, v, 3);
	assert_int_equal(v[0], 15);
	assert_int_equal(v[1], 10);
	assert_int_equal(v[2], 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_numbers_take_nothing),
		cmocka_unit_test(a_straight_line_takes_nothing),
		cmocka_unit_test(sorted_numbers_take_their_steps),
		cmocka_unit_test(few_large_numbers_take_a_palette),
		cmocka_unit_test(min_and_max_follow_the_sign),
		cmocka_unit_test(any_numbers_come_back),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(wrong_codes_mean_the_smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
