/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/arena.h"

static void test_alloc_is_aligned_and_separate(void **state)
{
	struct espy_arena a = {0};
	unsigned char *p[300];

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		p[i] = espy_arena_alloc(&a, i);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_equal(p[i][j], i & 0xff);
	espy_arena_done(&a);
	assert_null(a.head);
	assert_int_equal(a.used, 0);
}

static void test_zalloc_clears_reused_memory(void **state)
{
	struct espy_arena a = {0};
	static const char zeros[5000];
	void *p;

	(void)state;
	memset(espy_arena_alloc(&a, 5000), 0xff, 5000);
	espy_arena_reset(&a);
	p = espy_arena_zalloc(&a, 5000);
	assert_memory_equal(p, zeros, 5000);
	espy_arena_done(&a);
}

static void test_dup_and_printf(void **state)
{
	struct espy_arena a = {0};
	char *s;

	(void)state;
	s = espy_arena_dup(&a, "a\0bcd", 3);
	assert_memory_equal(s, "a\0b", 4);
	assert_string_equal(espy_arena_dup(&a, NULL, 0), "");
	assert_string_equal(espy_arena_printf(&a, "%s-%d", "x", 42), "x-42");
	espy_arena_done(&a);
}

static void test_large_and_impossible_sizes(void **state)
{
	struct espy_arena a = {0};
	char *big = espy_arena_alloc(&a, (size_t)40 << 20);

	(void)state;
	assert_non_null(big);
	big[((size_t)40 << 20) - 1] = 1;
	assert_null(espy_arena_alloc(&a, SIZE_MAX));
	assert_null(espy_arena_alloc(&a, SIZE_MAX - 15));
	assert_null(espy_arena_zalloc(&a, SIZE_MAX / 2));
	assert_null(espy_arena_dup(&a, big, SIZE_MAX));
	assert_non_null(espy_arena_alloc(&a, 1)); /* a refusal does no harm */
	espy_arena_done(&a);
}

/* A round that repeats must come to rest in one kept chunk: no malloc per batch. */
static void test_reset_settles_on_one_chunk(void **state)
{
	struct espy_arena a = {0};
	struct espy_arena_chunk *settled = NULL;

	(void)state;
	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 1000; i++)
			assert_non_null(espy_arena_alloc(&a, 1000));
		assert_true(a.used >= 1000 * 1000);
		if (round == 6)
			settled = a.head;
		if (round < 7)
			espy_arena_reset(&a);
	}
	assert_ptr_equal(a.head, settled);
	espy_arena_reset(&a);
	assert_int_equal(a.used, 0);
	espy_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc_is_aligned_and_separate),
		cmocka_unit_test(test_zalloc_clears_reused_memory),
		cmocka_unit_test(test_dup_and_printf),
		cmocka_unit_test(test_large_and_impossible_sizes),
		cmocka_unit_test(test_reset_settles_on_one_chunk),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
