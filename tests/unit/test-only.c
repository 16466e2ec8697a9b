/* SPDX-License-Identifier: MIT */
/* Bounds in the form of the kernel side, compared as bpf/only.bpf.h does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sense/only.h"

static struct espy_only_path made;

static void make(enum espy_bound_kind kind, const char *text)
{
	struct espy_text_bounds b = {.v = {{espy_str0(text), kind}}, .n = 1};

	assert_int_equal(espy_only_paths(&made, &b), 1);
}

/* Does a path fit? Its names, each with a NUL, and behind each something else. */
static bool fits(const char *path)
{
	uint32_t n = 0;

	for (const char *p = path; *p; n++) {
		const char *end = strchr(p + 1, '/');
		size_t size = end ? (size_t)(end - p) : strlen(p);
		uint64_t text[ESPY_ONLY_WORDS + 32], differ = 0;

		memset(text, 'x', sizeof(text));
		memcpy(text, p + 1, size - 1);
		((char *)text)[size - 1] = '\0';
		for (unsigned w = 0; n < made.n && w < ESPY_ONLY_WORDS; w++)
			differ |= (text[w] ^ made.name[n].word[w]) & made.name[n].mask[w];
		if (differ)
			return false;
		p += size;
	}
	return n >= made.n && (!made.is_exact || n == made.n);
}

static void exact_paths(void **state)
{
	(void)state;
	make(ESPY_BOUND_IS, "/usr/bin/cat");
	assert_true(fits("/usr/bin/cat"));
	assert_false(fits("/usr/bin/cats"));
	assert_false(fits("/usr/bin/ca"));
	assert_false(fits("/usr/bin/cat/x"));
	assert_false(fits("/usr/bin"));
	assert_false(fits(""));
	make(ESPY_BOUND_IS, "/");
	assert_true(fits(""));
	assert_false(fits("/usr"));
}

static void directories(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		make(ESPY_BOUND_UNDER, i ? "/etc/ssl//" : "/etc/ssl");
		assert_true(fits("/etc/ssl"));
		assert_true(fits("/etc/ssl/certs/x"));
		assert_false(fits("/etc/sslx"));
		assert_false(fits("/etc"));
	}
	make(ESPY_BOUND_UNDER, "/");
	assert_true(fits("/usr"));
	assert_true(fits(""));
}

static void beginnings(void **state)
{
	(void)state;
	make(ESPY_BOUND_STARTS, "/etc/pass");
	assert_true(fits("/etc/passwd"));
	assert_true(fits("/etc/pass/a"));
	assert_false(fits("/etc/group"));
	make(ESPY_BOUND_STARTS, "/etc/");
	assert_true(fits("/etc/x"));
	assert_false(fits("/etc"));
	assert_false(fits("/etcx"));
	make(ESPY_BOUND_STARTS, "/");
	assert_true(fits(""));
	assert_true(fits("/a/b"));
}

/* Behind the path of a file that is gone stands " (deleted)". */
static void deleted(void **state)
{
	(void)state;
	make(ESPY_BOUND_IS, "/tmp/a (deleted)");
	assert_true(fits("/tmp/a"));
	make(ESPY_BOUND_STARTS, "/tmp/a (del");
	assert_true(fits("/tmp/a"));
	make(ESPY_BOUND_UNDER, "/tmp/a (deleted)");
	assert_true(fits("/tmp/a"));
	assert_false(fits("/tmp/b"));
	make(ESPY_BOUND_UNDER, "/tmp/a b/c");
	assert_true(fits("/tmp/a b/c"));
	assert_false(fits("/tmp/a/c"));
}

static void what_is_too_long_is_cut(void **state)
{
	char name[100] = "/";

	(void)state;
	memset(name + 1, 'n', 80);
	make(ESPY_BOUND_IS, name);
	assert_true(fits(name));
	name[80] = 'm';
	assert_true(fits(name));
	name[10] = 'm';
	assert_false(fits(name));
	make(ESPY_BOUND_IS, "/1/2/3/4/5/6/7/8");
	assert_false(fits("/1/2/3/4/5/6/7/8/9"));
	make(ESPY_BOUND_IS, "/1/2/3/4/5/6/7/8/9");
	assert_true(fits("/1/2/3/4/5/6/7/8/9"));
	assert_true(fits("/1/2/3/4/5/6/7/8/10"));
	assert_false(fits("/1/2/3/4/5/6/7/9/9"));
	assert_true(made.n == ESPY_ONLY_NAMES && !made.is_exact);
}

static void what_is_no_path_bounds_nothing(void **state)
{
	struct espy_text_bounds b = {
		.v = {{ESPY_STR("/etc"), ESPY_BOUND_IS}, {ESPY_STR("pipe:[5]"), ESPY_BOUND_IS}},
		.n = 2};
	struct espy_only_path two[2];

	(void)state;
	assert_int_equal(espy_only_paths(two, &b), 0);
	b.v[1].text.n = 0;
	assert_int_equal(espy_only_paths(two, &b), 0);
	b.n = 1;
	assert_int_equal(espy_only_paths(two, &b), 1);
}

static void words(void **state)
{
	struct espy_text_bounds b = {.v = {{ESPY_STR("0123456789abcdef-more"), ESPY_BOUND_STARTS},
					   {ESPY_STR("ab"), ESPY_BOUND_STARTS}},
				     .n = 2};
	struct espy_only_word w[2];

	(void)state;
	assert_int_equal(espy_only_words(w, &b), 2);
	assert_memory_equal(w[0].word, "0123456789abcdef", 16);
	assert_true(w[0].mask[0] == UINT64_MAX && w[0].mask[1] == UINT64_MAX);
	assert_true(w[1].mask[0] == 0xffff && w[1].mask[1] == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_paths),
		cmocka_unit_test(directories),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(deleted),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(what_is_no_path_bounds_nothing),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
