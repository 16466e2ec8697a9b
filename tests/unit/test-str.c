/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/str.h"

static void test_compare(void **state)
{
	struct espy_str none = {NULL, 0};

	(void)state;
	assert_true(espy_str_eq(ESPY_STR("ab"), ESPY_STR("ab")));
	assert_false(espy_str_eq(ESPY_STR("ab"), ESPY_STR("abc")));
	assert_false(espy_str_eq(ESPY_STR("a\0b"), ESPY_STR("a\0c")));
	assert_true(espy_str_eq(none, ESPY_STR_NONE));
	assert_true(espy_str_eq(espy_str0(NULL), none));
	assert_true(espy_str_starts(ESPY_STR("/etc/x"), ESPY_STR("/etc")));
	assert_false(espy_str_starts(ESPY_STR("/et"), ESPY_STR("/etc")));
	assert_true(espy_str_starts(ESPY_STR("x"), none));
	assert_true(espy_str_ends(ESPY_STR("a.so"), ESPY_STR(".so")));
	assert_false(espy_str_ends(ESPY_STR("so"), ESPY_STR(".so")));
	assert_true(espy_str_ends(ESPY_STR("x"), none));
}

static void check_basename(const char *path, const char *want)
{
	struct espy_str got = espy_str_basename(espy_str0(path));

	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void test_basename(void **state)
{
	(void)state;
	check_basename("/usr/bin/cc", "cc");
	check_basename("cc", "cc");
	check_basename("/usr/", "");
	check_basename("/", "");
	check_basename("", "");
}

static void test_utf8_good(void **state)
{
	static const char *const good[] = {
		"",
		"a",
		"plain ascii longer than a word",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
		"eight by\xc3\xa9tes and more",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(espy_str_is_utf8(espy_str0(good[i])));
	assert_true(espy_str_is_utf8(ESPY_STR("a\0b")));
}

static void test_utf8_bad(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x41",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xe2\x82",
		"\xe2\x82\x41",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xf0\x90\x80",
		"\xf0\x90\x80\xc0",
		"a good start then \xfe",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(espy_str_is_utf8(espy_str0(bad[i])));
}

/* Encodes by the definition (RFC 3629, section 3) and expects the same code point back. */
static void test_utf8_every_code_point(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp < 0x110000; cp++) {
		char s[4];
		size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
		uint32_t got = UINT32_MAX;
		size_t want = cp >= 0xd800 && cp <= 0xdfff ? 0 : n;

		for (size_t i = n; i-- > 1;)
			s[i] = (char)(0x80 | (cp >> 6 * (n - 1 - i) & 0x3f));
		s[0] = (char)(n == 1 ? cp : (0xf00 >> n & 0xff) | cp >> 6 * (n - 1));
		if (espy_str_utf8((struct espy_str){s, n}, &got) != want || (want && got != cp))
			fail_msg("U+%04X", (unsigned)cp);
		if (espy_str_utf8((struct espy_str){s, n - 1}, &got))
			fail_msg("cut U+%04X", (unsigned)cp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_basename),
		cmocka_unit_test(test_utf8_good),
		cmocka_unit_test(test_utf8_bad),
		cmocka_unit_test(test_utf8_every_code_point),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
