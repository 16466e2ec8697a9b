/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/escape.h"

static void check(void (*escape)(struct espy_buf *, struct espy_str), struct espy_str in,
		  const char *want)
{
	struct espy_buf b = {0};

	escape(&b, in);
	espy_buf_putc(&b, '\0');
	assert_int_equal(b.error, 0);
	assert_string_equal(b.p, want);
	espy_buf_done(&b);
}

#define TEXT(in, want)  check(espy_escape_text, ESPY_STR(in), want)
#define CSV(in, want)   check(espy_escape_csv, ESPY_STR(in), want)
#define SHELL(in, want) check(espy_escape_shell, ESPY_STR(in), want)

#define WINDOWS(in, want) check(espy_escape_windows, ESPY_STR(in), want)

/* Backslashes of Windows paths stay, and nothing else looks like one. */
static void test_windows(void **state)
{
	(void)state;
	TEXT("C:\\new\\table", "C:\\new\\table");
	TEXT("HKLM\\Software\\x", "HKLM\\Software\\x");
	TEXT("\\Device\\Mup", "\\Device\\Mup");
	TEXT("\\\\host\\new", "\\\\host\\new");
	TEXT("C:\\a\nb", "C:\\a\\<0A>b");
	TEXT("C:\\a\\<0A>b", "C:\\a\\<5C><0A>b");
	TEXT("C:\\caf\xc3\xa9\xff", "C:\\caf\xc3\xa9\\<FF>");
	TEXT("C:\nb\n", "C:\\<0A>b\\n");
	TEXT("HKLM\tb", "HKLM\\<09>b");
	TEXT("C:", "C:");
	TEXT("CC\\n", "CC\\\\n");
	CSV("C:\\a,\"b\"\n", "\"C:\\a,\"\"b\"\"\\<0A>\"");
	WINDOWS("Data: a\\b\r", "Data: a\\b\\<0D>");
	WINDOWS("", "");
}

static void test_text(void **state)
{
	(void)state;
	check(espy_escape_text, (struct espy_str){NULL, 0}, "");
	TEXT("/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6");
	TEXT("a\nb\tc\rd\\e", "a\\nb\\tc\\rd\\\\e");
	TEXT("\x1b[31mred\x07", "\\e[31mred\\x07");
	TEXT("a\0b\x7f", "a\\x00b\\x7f");
	TEXT("caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80",
	     "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80");
	TEXT("bad \xff\xc3(", "bad \\xff\\xc3(");
	TEXT("say \"hi\"", "say \"hi\"");
	TEXT("\\.so", "\\\\.so");
	TEXT("\\host\n", "\\<5C>host\\n"); /* would look like the Windows path \\host\n */
	TEXT("\xc2\x9b"
	     "31m",
	     "\\xc2\\x9b31m"); /* U+009B: one-byte CSI of old terminals */
	TEXT("\xe2\x80\xae"
	     "cod.exe",
	     "\\xe2\\x80\\xaecod.exe"); /* U+202E */
	TEXT("\xe2\x81\xa6\xe2\x80\xa8", "\\xe2\\x81\\xa6\\xe2\\x80\\xa8");
}

static void check_json(struct espy_str in, const char *want, int replaced)
{
	struct espy_buf b = {0};

	assert_int_equal(espy_escape_json(&b, in), replaced);
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, want);
	espy_buf_done(&b);
}

static void test_json(void **state)
{
	(void)state;
	check_json(ESPY_STR("plain"), "plain", 0);
	check_json(ESPY_STR("q\"b\\n\n\t\r"), "q\\\"b\\\\n\\n\\t\\r", 0);
	check_json(ESPY_STR("\x1b\x01\x7f\0"), "\\u001b\\u0001\\u007f\\u0000", 0);
	check_json(ESPY_STR("\xc2\x85\xe2\x80\xa8\xe2\x81\xa9"), "\\u0085\\u2028\\u2069", 0);
	check_json(ESPY_STR("caf\xc3\xa9"), "caf\xc3\xa9", 0);
	check_json(ESPY_STR("a\xff\xfe"
			    "b"),
		   "a\xef\xbf\xbd\xef\xbf\xbd"
		   "b",
		   1);
	check_json(ESPY_STR("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 1);
}

static void test_csv(void **state)
{
	(void)state;
	CSV("plain", "plain");
	CSV("", "");
	CSV("a,b", "\"a,b\"");
	CSV("say \"hi\"", "\"say \"\"hi\"\"\"");
	CSV(" lead", "\" lead\"");
	CSV("two\nlines", "two\\nlines");
	CSV("\x1b,\\", "\"\\e,\\\\\"");
}

static void test_shell(void **state)
{
	(void)state;
	SHELL("gcc", "gcc");
	SHELL("-I/usr/include", "-I/usr/include");
	SHELL("", "''");
	SHELL("a b", "'a b'");
	SHELL("it's", "'it'\\''s'");
	SHELL("$HOME", "'$HOME'");
	SHELL("~", "'~'");
	SHELL("{a,b}", "'{a,b}'");
	SHELL("caf\xc3\xa9", "'caf\xc3\xa9'");
	SHELL("a\nb'c", "$'a\\nb\\'c'");
	SHELL("\x1b"
	      "1\xff"
	      "1",
	      "$'\\0331\\3771'");
}

/* Whatever goes in, what comes out is UTF-8 with no control byte and no steering character. */
static void assert_harmless(struct espy_buf *b)
{
	struct espy_str s = {b->p, b->n};
	uint32_t cp;

	while (s.n) {
		size_t len = espy_str_utf8(s, &cp);

		assert_int_not_equal(len, 0);
		assert_false(cp < 0x20 || (cp >= 0x7f && cp < 0xa0));
		assert_false(cp == 0x2028 || cp == 0x2029 || (cp >= 0x202a && cp <= 0x202e) ||
			     (cp >= 0x2066 && cp <= 0x2069));
		s = (struct espy_str){s.p + len, s.n - len};
	}
}

static void test_nothing_hostile_gets_through(void **state)
{
	static const char bits[] = "\x1b\n\0\x9b\xc2\xe2\x80\xae\x81\xa6\xa8\xf0\x9f\xff\\\"', a";
	char in[40];
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct espy_buf b = {0};
		size_t n;

		seed = seed * 1103515245 + 12345;
		n = (seed >> 16) % sizeof(in);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			in[i] = bits[(seed >> 16) % (sizeof(bits) - 1)];
		}
		espy_escape_text(&b, (struct espy_str){in, n});
		espy_escape_json(&b, (struct espy_str){in, n});
		espy_escape_csv(&b, (struct espy_str){in, n});
		espy_escape_shell(&b, (struct espy_str){in, n});
		assert_harmless(&b);
		espy_buf_done(&b);
	}
}

/* Every byte at every place of the eight-byte scan, next to every kind of neighbour. */
static void test_each_byte_at_each_place(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < 17; at++) {
			char in[17];
			struct espy_buf b = {0};
			bool plain = c >= 0x20 && c < 0x7f && c != '\\';

			memset(in, 0x20, sizeof(in));
			in[at] = (char)c;
			espy_escape_text(&b, (struct espy_str){in, sizeof(in)});
			if ((b.n == sizeof(in)) != plain)
				fail_msg("byte %02x at %zu", c, at);
			espy_buf_done(&b);
		}
	}
}

/* What a shell reads back is what went in, byte for byte. */
static void test_shell_round_trip(void **state)
{
	static const char word[] = "it's \x1b[1m $x \\ \xff 1\x01"
				   "7\ttab \"q\" caf\xc3\xa9\xe2\x80\xae!*?";
	struct espy_buf b = {0};
	char got[sizeof(word) + 8];
	size_t n;
	FILE *f;

	(void)state;
	if (system("command -v bash >/dev/null") != 0)
		skip();
	espy_buf_puts(&b, "printf %s ");
	espy_escape_shell(&b, ESPY_STR(word));
	espy_buf_putc(&b, '\0');
	setenv("ESPY_TEST_SCRIPT", b.p, 1);
	f = popen("exec bash -c 'eval \"$ESPY_TEST_SCRIPT\"'", "r");
	assert_non_null(f);
	n = fread(got, 1, sizeof(got), f);
	assert_int_equal(pclose(f), 0);
	assert_int_equal(n, sizeof(word) - 1);
	assert_memory_equal(got, word, n);
	espy_buf_done(&b);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(espy_escape_width(ESPY_STR("")), 0);
	assert_int_equal(espy_escape_width(ESPY_STR("a\\x1b \"")), 7);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_int_equal(espy_escape_width(ESPY_STR("caf\xc3\xa9")), 4);
	assert_int_equal(espy_escape_width(ESPY_STR("\xe6\x97\xa5\xe6\x9c\xac")), 4);
	assert_int_equal(espy_escape_width(ESPY_STR("e\xcc\x81")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_nothing_hostile_gets_through),
		cmocka_unit_test(test_each_byte_at_each_place),
		cmocka_unit_test(test_shell_round_trip),
		cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
