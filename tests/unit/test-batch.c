/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "model/batch.h"

static unsigned field(unsigned type, const char *name)
{
	int f = espy_schema_field(espy_schema_get(type), espy_str0(name));

	assert_true(f >= 0);
	return (unsigned)f;
}

static void a_dictionary_holds_each_string_once(void **state)
{
	struct espy_dict d;
	char buf[32];

	(void)state;
	assert_int_equal(espy_dict_init(&d), 0);
	assert_int_equal(espy_dict_add(&d, ESPY_STR_NONE), 0);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 20000; i++) {
			int n = snprintf(buf, sizeof(buf), "/usr/lib/%u.so", i);

			assert_int_equal(espy_dict_add(&d, (struct espy_str){buf, (size_t)n}),
					 i + 1);
		}
	}
	assert_int_equal(d.n, 20001);
	assert_true(espy_str_eq(espy_dict_get(&d, 7), ESPY_STR("/usr/lib/6.so")));
	assert_true(espy_str_eq(espy_dict_get(&d, 0), ESPY_STR_NONE));
	assert_true(espy_str_eq(espy_dict_get(&d, 20001), ESPY_STR_NONE));
	espy_dict_reset(&d);
	assert_int_equal(d.n, 1);
	assert_int_equal(espy_dict_add(&d, ESPY_STR("/usr/lib/9.so")), 1);
	espy_dict_done(&d);
}

/* Every length around the steps of the hash; bytes, not text; the caller's memory is not kept. */
static void strings_are_bytes_and_copied(void **state)
{
	struct espy_dict d;
	char buf[80];

	(void)state;
	assert_int_equal(espy_dict_init(&d), 0);
	for (unsigned n = 1; n < 70; n++) {
		memset(buf, 0, sizeof(buf));
		assert_int_equal(espy_dict_add(&d, (struct espy_str){buf, n}), 2 * n - 1);
		buf[n - 1] = (char)0xff;
		assert_int_equal(espy_dict_add(&d, (struct espy_str){buf, n}), 2 * n);
	}
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(espy_dict_get(&d, 138).n, 69);
	assert_int_equal(espy_dict_get(&d, 138).p[0], 0);
	assert_int_equal(espy_dict_get(&d, 138).p[68], (char)0xff);
	espy_dict_done(&d);
}

static void a_string_has_a_limit(void **state)
{
	char *big = calloc(1, ESPY_BATCH_STRING_MAX + 1);
	struct espy_dict d;

	(void)state;
	assert_non_null(big);
	assert_int_equal(espy_dict_init(&d), 0);
	assert_int_equal(espy_dict_add(&d, (struct espy_str){big, ESPY_BATCH_STRING_MAX + 1}),
			 UINT32_MAX);
	assert_int_equal(espy_dict_add(&d, (struct espy_str){big, ESPY_BATCH_STRING_MAX}), 1);
	free(big);
	espy_dict_done(&d);
}

static void appended_strings_are_found_by_add(void **state)
{
	struct espy_dict d;

	(void)state;
	assert_int_equal(espy_dict_init(&d), 0);
	assert_int_equal(espy_dict_reserve(&d, 1000), 0);
	for (unsigned i = 1; i < 1000; i++) {
		char *p = espy_arena_printf(&d.arena, "s%u", i);

		assert_non_null(p);
		espy_dict_append(&d, espy_str0(p));
	}
	assert_int_equal(espy_dict_add(&d, ESPY_STR("s999")), 999);
	assert_int_equal(espy_dict_add(&d, ESPY_STR("s1")), 1);
	assert_int_equal(espy_dict_add(&d, ESPY_STR("new")), 1000);
	assert_int_equal(espy_dict_add(&d, ESPY_STR("new")), 1000);
	espy_dict_done(&d);
}

static void rows_start_at_zero(void **state)
{
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++) {
			int row = espy_batch_add(b, i & 1 ? ESPY_EV_file_read : ESPY_EV_file_open);

			assert_int_equal(row, i);
			assert_int_equal(b->time[row], 0);
			assert_int_equal(b->result[row], 0);
			assert_int_equal(b->path[row], 0);
			assert_int_equal(b->path_source[row], 0);
			assert_int_equal(b->slot[row], i / 2);
			assert_int_equal(b->group[b->type[row]]->row[i / 2], i);
			for (unsigned f = 0; f < b->group[b->type[row]]->schema->n_fields; f++)
				assert_int_equal(espy_batch_get(b, (uint32_t)row, f).num, 0);
			b->time[row] = b->duration[row] = 77;
			b->path_source[row] = 3;
			espy_batch_set_num(b, (uint32_t)row, 1, UINT64_MAX);
		}
		assert_null(b->group[ESPY_EV_file_close]);
		espy_batch_reset(b);
		assert_int_equal(b->n, 0);
		assert_null(b->group[ESPY_EV_file_open]);
	}
	espy_batch_free(b);
}

static void fields_come_back(void **state)
{
	const unsigned t = ESPY_EV_file_chmod;
	struct espy_batch *b;
	struct espy_value v;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_batch_add(b, t), 0);
	assert_int_equal(espy_batch_add(b, ESPY_EV_file_readlink), 1);
	assert_int_equal(espy_batch_set_str(b, 0, field(t, "path"), ESPY_STR("/a")), 0);
	espy_batch_set_num(b, 0, field(t, "mode"), 0644);
	espy_batch_set_num(b, 0, field(t, "old_mode"), (uint64_t)-1);
	assert_int_equal(
		espy_batch_set_str(b, 1, field(ESPY_EV_file_readlink, "target"), ESPY_STR("/a")),
		0);

	v = espy_batch_get(b, 0, field(t, "path"));
	assert_true(v.is_string && espy_str_eq(v.str, ESPY_STR("/a")));
	assert_int_equal(b->path[0], v.id);
	v = espy_batch_get(b, 0, field(t, "mode"));
	assert_true(!v.is_string && !v.is_signed && v.num == 0644);
	v = espy_batch_get(b, 0, field(t, "old_mode"));
	assert_true(v.is_signed && (int64_t)v.num == -1);
	v = espy_batch_get(b, 1, field(ESPY_EV_file_readlink, "target"));
	assert_int_equal(v.id, b->path[0]);
	assert_int_equal(b->path[1], 0);
	espy_batch_free(b);
}

static void a_batch_fills_up(void **state)
{
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (unsigned i = 0; i < ESPY_BATCH_ROWS; i++)
		assert_int_equal(espy_batch_add(b, ESPY_EV_file_write), i);
	assert_int_equal(espy_batch_add(b, ESPY_EV_file_write), -ENOSPC);
	assert_int_equal(b->group[ESPY_EV_file_write]->n, ESPY_BATCH_ROWS);
	espy_batch_reset(b);
	assert_int_equal(espy_batch_add(b, ESPY_EV_file_write), 0);
	espy_batch_free(b);
}

static void text_fills_a_batch_too(void **state)
{
	char *big = calloc(1, ESPY_BATCH_STRING_MAX);
	struct espy_batch *b;
	unsigned n;

	(void)state;
	assert_non_null(big);
	assert_int_equal(espy_batch_new(&b), 0);
	for (n = 0; n < 100 && espy_batch_add(b, ESPY_EV_file_mkdir) >= 0; n++) {
		memcpy(big, &n, sizeof(n));
		assert_int_equal(
			espy_batch_set_str(b, n, 0, (struct espy_str){big, ESPY_BATCH_STRING_MAX}),
			0);
	}
	assert_int_equal(n, ESPY_BATCH_TEXT_FULL / ESPY_BATCH_STRING_MAX);
	assert_int_equal(espy_batch_add(b, ESPY_EV_file_mkdir), -ENOSPC);
	free(big);
	espy_batch_free(b);
}

static void unknown_types_are_refused(void **state)
{
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_batch_add(b, 0), -EINVAL);
	assert_int_equal(espy_batch_add(b, ESPY_EVENT_ID_MAX - 1), -EINVAL);
	assert_int_equal(espy_batch_add(b, 1u << 31), -EINVAL);
	assert_int_equal(b->n, 0);
	espy_batch_free(b);
}

static void processes_are_kept_in_order(void **state)
{
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (uint32_t i = 0; i < 5000; i++) {
		struct espy_proc p = {.pid = i, .start = i * 10, .parent = UINT32_MAX};

		assert_int_equal(espy_batch_add_proc(b, &p), i);
	}
	assert_int_equal(espy_batch_add(b, ESPY_EV_process_exit), 0);
	b->proc[0] = 4999;
	assert_int_equal(espy_batch_proc(b, 0)->pid, 4999);
	assert_int_equal(espy_batch_proc(b, 0)->start, 49990);
	espy_batch_free(b);
}

static void fill(struct espy_batch *b, unsigned type, unsigned rows)
{
	while (rows--)
		assert_true(espy_batch_add(b, type) >= 0);
}

/* Room that many rows of a type took goes when a batch has few of it, or none; what is used stays.
 */
static void room_is_given_back(void **state)
{
	static const unsigned read = ESPY_EV_file_read, open = ESPY_EV_file_open;
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	fill(b, read, 20000);
	fill(b, open, 20000);
	espy_batch_reset(b);
	espy_batch_give_back(b);
	assert_true(b->spare[read]->cap >= 20000);
	fill(b, read, 10000);
	fill(b, open, 10);
	assert_int_equal(b->group[open]->n, 10);
	espy_batch_reset(b);
	espy_batch_give_back(b);
	assert_true(b->spare[read]->cap >= 20000);
	assert_null(b->spare[open]);
	fill(b, open, 10);
	espy_batch_reset(b);
	espy_batch_give_back(b);
	assert_null(b->spare[read]);
	assert_non_null(b->spare[open]);
	fill(b, open, 1);
	assert_int_equal(b->group[open]->n, 1);
	espy_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_given_back),
		cmocka_unit_test(a_dictionary_holds_each_string_once),
		cmocka_unit_test(strings_are_bytes_and_copied),
		cmocka_unit_test(a_string_has_a_limit),
		cmocka_unit_test(appended_strings_are_found_by_add),
		cmocka_unit_test(rows_start_at_zero),
		cmocka_unit_test(fields_come_back),
		cmocka_unit_test(a_batch_fills_up),
		cmocka_unit_test(text_fills_a_batch_too),
		cmocka_unit_test(unknown_types_are_refused),
		cmocka_unit_test(processes_are_kept_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
