/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <locale.h>
#include "engine/table.h"

static void check_cut(const char *text, size_t width, bool middle, bool utf8, const char *want)
{
	struct espy_buf b = {0};

	espy_table_cut(&b, espy_str0(text), width, middle, utf8);
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, want);
	espy_buf_done(&b);
}

static void test_cut(void **state)
{
	(void)state;
	check_cut("short", 5, false, true, "short");
	check_cut("longer", 5, false, true, "long\u2026");
	check_cut("longer", 5, false, false, "lon..");
	check_cut("/usr/lib/libfoo.so", 10, true, true, "/us\u2026foo.so");
	check_cut("/usr/lib/libfoo.so", 10, true, false, "/u..foo.so");
	check_cut("longer", 2, false, false, "..");
	check_cut("longer", 1, false, false, ".");
	check_cut("longer", 1, false, true, "\u2026");
	check_cut("longer", 0, false, true, "");
	check_cut("\u00e4\u00f6\u00fc\u00df", 3, false, true, "\u00e4\u00f6\u2026");
	check_cut("", 3, true, true, "");
}

/* Characters of two columns are never halved. */
static void test_cut_wide(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	check_cut("\u4f60\u597d\u4e16\u754c", 8, true, true, "\u4f60\u597d\u4e16\u754c");
	check_cut("\u4f60\u597d\u4e16\u754c", 5, false, true, "\u4f60\u597d\u2026");
	check_cut("\u4f60\u597d\u4e16\u754c", 4, false, true, "\u4f60\u2026");
	check_cut("\u4f60\u597d\u4e16\u754c", 6, true, true, "\u2026\u4e16\u754c");
}

static void test_count(void **state)
{
	static const struct {
		uint64_t n;
		const char *want;
	} rows[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1,000"},
		{1234567, "1,234,567"},
		{UINT64_MAX, "18,446,744,073,709,551,615"},
	};
	struct espy_buf b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		espy_buf_reset(&b);
		espy_table_count(&b, rows[i].n);
		espy_buf_putc(&b, '\0');
		assert_string_equal(b.p, rows[i].want);
	}
	espy_buf_done(&b);
}

static struct espy_table sample(void)
{
	struct espy_table t;
	struct espy_cell *c;

	espy_table_init(&t);
	espy_table_column(&t, (struct espy_table_column){"n", "N", ESPY_CELL_COUNT, 0});
	espy_table_column(&t, (struct espy_table_column){"took", "Took", ESPY_CELL_DURATION,
							 ESPY_TABLE_OPTIONAL | ESPY_TABLE_BAD});
	espy_table_column(&t, (struct espy_table_column){"argv", "Command", ESPY_CELL_ARGV,
							 ESPY_TABLE_OPTIONAL});
	espy_table_column(
		&t, (struct espy_table_column){"path", "Path", ESPY_CELL_PATH, ESPY_TABLE_FLEX});
	c = espy_table_row(&t);
	c[0].num = 12345;
	c[1].num = 1500;
	c[2].str = (struct espy_str){"ls\0a b", 7};
	c[3].str = ESPY_STR("/a,b");
	espy_table_heading(&t, ESPY_STR("-- between"));
	c = espy_table_row(&t);
	c[1].is_unset = true;
	c[2].str = (struct espy_str){"\xff\0", 2};
	c[3].str = ESPY_STR("/very/long/path/to/cut/somewhere");
	return t;
}

static void test_formats(void **state)
{
	struct espy_table t = sample();
	struct espy_table_style style = {0};
	struct espy_buf b = {0};

	(void)state;
	assert_int_equal(espy_table_text(&t, &b, &style), 0);
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, "     N    Took  Command   Path\n"
				 "12,345  1.50us  ls 'a b'  /a,b\n"
				 "-- between\n"
				 "     -       -  $'\\377'   /very/long/path/to/cut/somewhere\n");
	espy_buf_reset(&b);
	assert_int_equal(espy_table_csv(&t, &b), 0);
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, "n,took_ns,argv,path\n"
				 "12345,1500,ls 'a b',\"/a,b\"\n"
				 "0,,$'\\\\377',/very/long/path/to/cut/somewhere\n");
	espy_buf_reset(&b);
	assert_int_equal(espy_table_json(&t, &b, NULL), 0);
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, "{\"n\":12345,\"took_ns\":1500,\"argv\":[\"ls\",\"a b\"],"
				 "\"path\":\"/a,b\"}\n"
				 "{\"n\":0,\"argv\":[\"\xef\xbf\xbd\"],\"argv_hex\":[\"ff\"],"
				 "\"path\":\"/very/long/path/to/cut/somewhere\"}\n");
	espy_buf_done(&b);
	espy_table_done(&t);
}

/* Optional columns go, the last one first, before the path becomes too short to tell anything. */
static void test_fit(void **state)
{
	struct espy_table t = sample();
	struct espy_table_style style = {.width = 44, .utf8 = true};
	struct espy_buf b = {0};

	(void)state;
	assert_int_equal(espy_table_text(&t, &b, &style), 0);
	espy_buf_putc(&b, '\0');
	assert_non_null(strstr(b.p, "     N    Took  Path\n"));
	assert_non_null(strstr(b.p, "     -       -  /very/lon\u2026h/to/cut/somewhere\n"));
	espy_buf_reset(&b);
	style.width = 20;
	assert_int_equal(espy_table_text(&t, &b, &style), 0);
	espy_buf_putc(&b, '\0');
	assert_non_null(strstr(b.p, "     N  Path\n"));
	assert_non_null(strstr(b.p, "     -  /ve\u2026omewhere\n"));
	espy_buf_done(&b);
	espy_table_done(&t);
}

/* With colour nothing but the marks is added. */
static void test_colour(void **state)
{
	struct espy_table t = sample();
	struct espy_table_style style = {.colour = true};
	struct espy_buf b = {0};

	(void)state;
	assert_int_equal(espy_table_text(&t, &b, &style), 0);
	espy_buf_putc(&b, '\0');
	assert_non_null(strstr(b.p, "\033[31m1.50us\033[0m"));
	assert_null(strstr(b.p, "\033[31m     -"));
	espy_buf_done(&b);
	espy_table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),   cmocka_unit_test(test_cut_wide),
		cmocka_unit_test(test_count), cmocka_unit_test(test_formats),
		cmocka_unit_test(test_fit),   cmocka_unit_test(test_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
