/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/map.h"
#include "base/vec.h"

static char pool[4096]; /* distinct non-NULL values */

static void test_put_get_del(void **state)
{
	struct espy_map m = {0};

	(void)state;
	assert_null(espy_map_get(&m, 1, 2));
	assert_null(espy_map_del(&m, 1, 2));
	assert_int_equal(espy_map_put(&m, 1, 2, pool), 0);
	assert_int_equal(espy_map_put(&m, 2, 1, pool + 1), 0);
	assert_int_equal(espy_map_put(&m, 0, 0, pool + 2), 0);
	assert_ptr_equal(espy_map_get(&m, 1, 2), pool);
	assert_ptr_equal(espy_map_get(&m, 2, 1), pool + 1);
	assert_ptr_equal(espy_map_get(&m, 0, 0), pool + 2);
	assert_int_equal(espy_map_put(&m, 1, 2, pool + 3), 0);
	assert_ptr_equal(espy_map_get(&m, 1, 2), pool + 3);
	assert_int_equal(m.n, 3);
	assert_ptr_equal(espy_map_del(&m, 1, 2), pool + 3);
	assert_null(espy_map_get(&m, 1, 2));
	assert_null(espy_map_del(&m, 1, 2));
	assert_int_equal(m.n, 2);
	espy_map_done(&m);
	assert_null(espy_map_get(&m, 0, 0));
}

/* A long random walk, checked step by step against a plain array. */
static void test_agrees_with_an_array(void **state)
{
	struct espy_map m = {0};
	void *model[512] = {0};
	unsigned seed = 7;
	size_t live = 0;

	(void)state;
	for (int step = 0; step < 200000; step++) {
		unsigned k, op;

		seed = seed * 1103515245 + 12345;
		k = (seed >> 16) % 512;
		op = seed >> 8 & 3;
		if (op < 2) {
			void *v = pool + (seed >> 10) % sizeof(pool);

			live += !model[k];
			model[k] = v;
			assert_int_equal(espy_map_put(&m, k % 16, k / 16, v), 0);
		} else if (op == 2) {
			live -= !!model[k];
			assert_ptr_equal(espy_map_del(&m, k % 16, k / 16), model[k]);
			model[k] = NULL;
		} else {
			assert_ptr_equal(espy_map_get(&m, k % 16, k / 16), model[k]);
		}
		assert_int_equal(m.n, live);
	}
	espy_map_done(&m);
}

static void test_next_visits_each_once(void **state)
{
	struct espy_map m = {0};
	unsigned char seen[1000] = {0};
	struct espy_map_slot *s;
	size_t i = 0, n = 0;

	(void)state;
	for (uint64_t k = 0; k < 1000; k++)
		assert_int_equal(espy_map_put(&m, k << 32, k, pool + k), 0);
	for (uint64_t k = 0; k < 1000; k += 3)
		assert_ptr_equal(espy_map_del(&m, k << 32, k), pool + k);
	while ((s = espy_map_next(&m, &i))) {
		assert_int_equal(s->key.a, s->key.b << 32);
		assert_ptr_equal(s->value, pool + s->key.b);
		assert_int_equal(seen[s->key.b]++, 0);
		n++;
	}
	assert_int_equal(n, m.n);
	assert_int_equal(n, 666);
	espy_map_done(&m);
}

/* A million processes that come and go, ten at a time, must not make the table grow. */
static void test_churn_stays_small(void **state)
{
	struct espy_map m = {0};

	(void)state;
	for (uint64_t k = 0; k < 1000000; k++) {
		assert_int_equal(espy_map_put(&m, k, k * 4096, pool), 0);
		if (k >= 10)
			espy_map_del(&m, k - 10, (k - 10) * 4096);
	}
	assert_int_equal(m.n, 10);
	assert_true(m.cap <= 64);
	espy_map_done(&m);
}

static void test_vec_grows_and_refuses(void **state)
{
	ESPY_VEC(uint32_t) v = {0};
	uint32_t *kept;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(espy_vec_push(&v, i * 3), 0);
	assert_int_equal(v.n, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(v.v[i], i * 3);
	kept = v.v;
	assert_int_equal(espy_vec_reserve(&v, SIZE_MAX / 8), -ENOMEM);
	assert_ptr_equal(v.v, kept);
	assert_int_equal(v.n, 1000);
	espy_vec_done(&v);
	assert_null(v.v);
	assert_int_equal(v.cap, 0);
}

static void test_vec_of_structs(void **state)
{
	struct pair {
		int a, b;
	};
	ESPY_VEC(struct pair) v = {0};

	(void)state;
	assert_int_equal(espy_vec_push(&v, (struct pair){1, 2}), 0);
	assert_int_equal(espy_vec_push(&v, ((struct pair){.b = 4, .a = 3})), 0);
	assert_int_equal(v.v[1].a, 3);
	assert_int_equal(v.v[1].b, 4);
	espy_vec_done(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_get_del),
		cmocka_unit_test(test_agrees_with_an_array),
		cmocka_unit_test(test_next_visits_each_once),
		cmocka_unit_test(test_churn_stays_small),
		cmocka_unit_test(test_vec_grows_and_refuses),
		cmocka_unit_test(test_vec_of_structs),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
