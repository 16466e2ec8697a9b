/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "base/err.h"

static void test_set_fills_and_returns_the_code(void **state)
{
	struct espy_err err = {.line = 7, .column = 9, .source = "old", .text = "old"};

	(void)state;
	assert_int_equal(espy_err_set(&err, -ENOENT, "no file '%s'", "x"), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "no file 'x'");
	assert_string_equal(err.source, "");
	assert_int_equal(err.line, 0);
	assert_int_equal(err.column, 0);
}

static void test_at_keeps_the_place(void **state)
{
	struct espy_err err;

	(void)state;
	assert_int_equal(espy_err_at(&err, -EINVAL, "a.conf", 3, 14, "bad word"), -EINVAL);
	assert_string_equal(err.source, "a.conf");
	assert_int_equal(err.line, 3);
	assert_int_equal(err.column, 14);
	assert_int_equal(espy_err_at(&err, -EINVAL, NULL, 1, 1, "bad word"), -EINVAL);
	assert_string_equal(err.source, "");
}

static void test_null_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(espy_err_set(NULL, -EPERM, "%d", 1), -EPERM);
	assert_int_equal(espy_err_at(NULL, -EPERM, "s", 1, 1, "%d", 1), -EPERM);
}

static void test_long_text_shows_that_it_is_cut(void **state)
{
	struct espy_err err;
	char big[2000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	espy_err_at(&err, -EINVAL, big, 1, 1, "%s", big);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.text + sizeof(err.text) - 5, "x...");
	assert_string_equal(err.source + sizeof(err.source) - 5, "x...");
}

static void test_message_may_wrap_itself(void **state)
{
	struct espy_err err;

	(void)state;
	espy_err_at(&err, -EINVAL, "f", 2, 5, "inner");
	espy_err_at(&err, err.code, err.source, err.line, err.column, "outer: %s", err.text);
	assert_string_equal(err.text, "outer: inner");
	assert_string_equal(err.source, "f");
	assert_int_equal(err.line, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_fills_and_returns_the_code),
		cmocka_unit_test(test_at_keeps_the_place),
		cmocka_unit_test(test_null_is_allowed),
		cmocka_unit_test(test_long_text_shows_that_it_is_cut),
		cmocka_unit_test(test_message_may_wrap_itself),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
