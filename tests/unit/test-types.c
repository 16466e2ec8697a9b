/* SPDX-License-Identifier: MIT */
#include "sense/types.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* int; struct pair { int a, b; }; enum pair { one = 1 }; typedef struct pair pair; a tag "pair" */
static const struct {
	struct btf_header h;
	struct btf_type number;
	uint32_t bits;
	struct btf_type pair;
	struct btf_member members[2];
	struct btf_type choice;
	struct btf_enum one;
	struct btf_type name;
	struct btf_type tag;
	char names[24];
} sample = {
	.h = {BTF_MAGIC, BTF_VERSION, 0, sizeof(struct btf_header), 0, 96, 96, 24},
	.number = {1, BTF_KIND_INT << 24, {4}},
	.bits = 32,
	.pair = {5, BTF_KIND_STRUCT << 24 | 2, {8}},
	.members = {{10, 1, 0}, {12, 1, 32}},
	.choice = {5, BTF_KIND_ENUM << 24 | 1, {4}},
	.one = {14, 1},
	.name = {5, BTF_KIND_TYPEDEF << 24, {2}},
	.tag = {5, BTF_KIND_TYPE_TAG << 24, {1}},
	.names = "\0int\0pair\0a\0b\0one",
};

static void test_by_id(void **state)
{
	struct espy_types t;

	(void)state;
	assert_int_equal(espy_types_init(&t, &sample, sizeof(sample)), 0);
	assert_int_equal(t.n, 5);
	assert_null(espy_types_get(&t, 0));
	assert_null(espy_types_get(&t, 6));
	assert_int_equal(btf_kind(espy_types_get(&t, 3)), BTF_KIND_ENUM);
	assert_string_equal(espy_types_name(&t, espy_types_get(&t, 4)->name_off), "pair");
	assert_string_equal(espy_types_name(&t, 1000), "");
	espy_types_done(&t);
}

static void test_by_name(void **state)
{
	struct espy_types t;
	uint32_t cursor = 0, seen = 0, id;

	(void)state;
	assert_int_equal(espy_types_init(&t, &sample, sizeof(sample)), 0);
	assert_int_equal(espy_types_index(&t), 0);
	assert_int_equal(espy_types_find(&t, "int", 3, BTF_KIND_INT), 1);
	assert_int_equal(espy_types_find(&t, "int", 3, BTF_KIND_STRUCT), 0);
	assert_int_equal(espy_types_find(&t, "pairs", 4, BTF_KIND_STRUCT), 2);
	assert_int_equal(espy_types_find(&t, "pair", 4, BTF_KIND_TYPEDEF), 4);
	assert_int_equal(espy_types_find(&t, "pai", 3, BTF_KIND_STRUCT), 0);
	assert_int_equal(espy_types_find(&t, "pairs", 5, BTF_KIND_STRUCT), 0);
	assert_int_equal(espy_types_find(&t, "pair", 4, BTF_KIND_TYPE_TAG), 0); /* not looked for */
	while ((id = espy_types_next(&t, "pair", 4, &cursor)))
		seen |= 1u << id;
	assert_int_equal(seen, 1u << 2 | 1u << 3 | 1u << 4);
	espy_types_done(&t);
}

/* Whatever is missing at its end, and whatever else it says it is. */
static void test_damaged(void **state)
{
	uint8_t *copy;
	struct espy_types t;

	(void)state;
	for (size_t n = 0; n < sizeof(sample); n++) {
		copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, &sample, n);
		assert_int_equal(espy_types_init(&t, copy, n), -EINVAL);
		espy_types_done(&t);
		free(copy);
	}
	copy = malloc(sizeof(sample));
	assert_non_null(copy);
	memcpy(copy, &sample, sizeof(sample));
	copy[sizeof(struct btf_header) + 7] = 31; /* a kind that nobody knows */
	assert_int_equal(espy_types_init(&t, copy, sizeof(sample)), -EINVAL);
	espy_types_done(&t);
	free(copy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_id),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
