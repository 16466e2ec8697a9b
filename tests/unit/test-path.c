/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "enrich/path.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void expect(struct espy_buf *b, struct espy_str want)
{
	assert_int_equal(b->error, 0);
	assert_int_equal(b->n, want.n);
	assert_memory_equal(b->p, want.p, want.n);
	espy_buf_reset(b);
}

static void joins(void **state)
{
	static const struct {
		const char *base, *text, *want;
	} rows[] = {
		{"/", "a", "/a"},
		{"/", "/a", "/a"},
		{"/home/u", "x", "/home/u/x"},
		{"/home/u", "./x", "/home/u/x"},
		{"/home/u", ".", "/home/u"},
		{"/home/u", "./././", "/home/u"},
		{"/home/u", "a//b///c/", "/home/u/a/b/c"},
		{"/home/u", "..", "/home"},
		{"/home/u", "../v", "/home/v"},
		{"/home/u", "../../../../x", "/x"},
		{"/home/u", "../..", "/"},
		{"/home/u", "a/../b", "/home/u/b"},
		{"/home/u", "...", "/home/u/..."},
		{"/home/u", "..a/.b", "/home/u/..a/.b"},
		/* text only */
		{"", "/etc/passwd", "/etc/passwd"},
		{"", "//etc//./passwd", "/etc/passwd"},
		{"", "/", "/"},
		{"", "/../..", "/"},
		{"", "/a/../../b", "/b"},
		/* a root of its own: nothing leads above it */
		{"/srv/jail", "/etc/passwd", "/srv/jail/etc/passwd"},
		{"/srv/jail", "/../../etc", "/srv/jail/etc"},
		{"/srv/jail", "/", "/srv/jail"},
		/* heads that nobody knows */
		{"", "a/b", ".../a/b"},
		{"", "../b", ".../b"},
		{".../d", "e", ".../d/e"},
		{".../d", "../../../e", ".../e"},
		{"...", "/x/../../y", ".../y"},
		{"/", "...", "/..."},
		/* what is no directory stays readable */
		{"pipe:[7]", "x", "pipe:[7]/x"},
		{"/tmp/d (deleted)", "x", "/tmp/d (deleted)/x"},
	};
	struct espy_buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		espy_path_join(&b, espy_str0(rows[i].base), espy_str0(rows[i].text));
		expect(&b, espy_str0(rows[i].want));
	}
	espy_buf_done(&b);
}

/* Joining goes on where the buffer ends and never touches what is there. */
static void joins_behind_other_text(void **state)
{
	struct espy_buf b = {0};

	(void)state;
	espy_buf_puts(&b, "/kept");
	espy_path_join(&b, ESPY_STR("/a"), ESPY_STR("../../.."));
	expect(&b, ESPY_STR("/kept/"));
	espy_buf_done(&b);
}

static void names(void **state)
{
	struct espy_buf b = {0};

	(void)state;
	espy_path_names(&b, (struct espy_str){"c\0b\0a", 6}, false);
	expect(&b, ESPY_STR("/a/b/c"));
	espy_path_names(&b, (struct espy_str){"c\0b\0a", 5}, false); /* last NUL missing */
	expect(&b, ESPY_STR("/a/b/c"));
	espy_path_names(&b, (struct espy_str){"c", 2}, false);
	expect(&b, ESPY_STR("/c"));
	espy_path_names(&b, ESPY_STR_NONE, false);
	expect(&b, ESPY_STR("/"));
	espy_path_names(&b, (struct espy_str){"/", 2}, false);
	expect(&b, ESPY_STR("/"));
	espy_path_names(&b, (struct espy_str){"x\0/", 4}, false);
	expect(&b, ESPY_STR("/x"));
	espy_path_names(&b, (struct espy_str){"\0\0\0", 3}, false);
	expect(&b, ESPY_STR("/"));
	espy_path_names(&b, (struct espy_str){"c\0b", 4}, true);
	expect(&b, ESPY_STR(".../b/c"));
	espy_path_names(&b, ESPY_STR_NONE, true);
	expect(&b, ESPY_STR("..."));
	espy_path_names(&b, (struct espy_str){"\x1b[2J\n\0\xff\xfe", 9}, false);
	expect(&b, ESPY_STR("/\xff\xfe/\x1b[2J\n"));
	espy_buf_done(&b);
}

static void deep(void **state)
{
	struct espy_buf in = {0}, b = {0}, want = {0};

	(void)state;
	for (int i = 99; i >= 0; i--) {
		espy_buf_printf(&in, "d%d", i);
		espy_buf_putc(&in, '\0');
	}
	for (int i = 0; i < 100; i++)
		espy_buf_printf(&want, "/d%d", i);
	espy_path_names(&b, (struct espy_str){in.p, in.n}, false);
	expect(&b, (struct espy_str){want.p, want.n});
	espy_buf_done(&in);
	espy_buf_done(&b);
	espy_buf_done(&want);
}

static void partial(void **state)
{
	(void)state;
	assert_true(espy_path_is_partial(ESPY_STR("...")));
	assert_true(espy_path_is_partial(ESPY_STR(".../a")));
	assert_false(espy_path_is_partial(ESPY_STR("...a")));
	assert_false(espy_path_is_partial(ESPY_STR("/.../a")));
	assert_false(espy_path_is_partial(ESPY_STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins),   cmocka_unit_test(joins_behind_other_text),
		cmocka_unit_test(names),   cmocka_unit_test(deep),
		cmocka_unit_test(partial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
