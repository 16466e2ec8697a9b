/* SPDX-License-Identifier: MIT */
/* Filters on text: paths, names, command lines, and columns that hold only certain names. */
#include "test-rule.h"
#include "rule/glob.h"
#include "rule/regex.h"

static void text_compares_exactly(void **state)
{
	matches(*state, "path == /tmp/a", "g");
	matches(*state, "path is /tmp/a", "g");
	matches(*state, "path = \"/tmp/a\"", "g");
	matches(*state, "path == '/tmp/a'", "g");
	matches(*state, "path == /tmp/A", "");
	matches(*state, "path != /tmp/a", "abcdefhijmoqrs");
	matches(*state, "path is not /tmp/a", "abcdefhijmoqrs");
	matches(*state, "not path == /tmp/a", "abcdefhijklmnopqrst");
	matches(*state, "path in (/tmp/a, /x.sh)", "gr");
	matches(*state, "path not in (/tmp/a, /x.sh)", "abcdefhijmoqs");
	matches(*state, "process in (bash, sh)", "inor");
	matches(*state, "process == sshd or parent == make", "abcehl");
	matches(*state, "exe endswith gcc-12", "abcel");
}

static void parts_are_found(void **state)
{
	matches(*state, "path startswith /usr/", "abce");
	matches(*state, "path beginswith /usr/", "abce");
	matches(*state, "path starts with /usr/", "abce");
	matches(*state, "path begins with /usr/", "abce");
	matches(*state, "path not startswith /usr/", "dfghijmoqrs");
	matches(*state, "path endswith .h", "bce");
	matches(*state, "path ends with .h", "bce");
	matches(*state, "path contains include", "bce");
	matches(*state, "path contains /", "abcdefgjmrs");
	matches(*state, "path contains local/", "c");
	matches(*state, "path contains nowhere", "");
	matches(*state, "path contains \"\"", "abcdefghijmoqrs");
	matches(*state, "path excludes include", "adfghijmoqrs");
	matches(*state, "path not contains include", "adfghijmoqrs");
	matches(*state, "path not excludes include", "bce");
	matches(*state, "not path contains include", "adfghijklmnopqrst");
}

static void case_is_disregarded_on_request(void **state)
{
	matches(*state, "path icontains OUT.txt", "df");
	matches(*state, "path iexcludes OUT.txt", "abceghijmoqrs");
	matches(*state, "path istartswith /TMP", "dfg");
	matches(*state, "path ibegins with /TMP", "dfg");
	matches(*state, "path iendswith .txt", "df");
	matches(*state, "path iis /tmp/out.txt", "df");
	matches(*state, "path iis not /tmp/out.txt", "abceghijmoqrs");
	matches(*state, "path ieq /tmp/out.txt", "df");
	matches(*state, "path iin (/tmp/out.txt, /X.SH)", "dfr");
	matches(*state, "path not iin (/tmp/out.txt, /X.SH)", "abceghijmoqs");
	matches(*state, "path ilike *.TXT", "df");
	matches(*state, "path like *.txt", "");
	matches(*state, "path imatches out\\.txt$", "df");
	matches(*state, "lower(path) == /tmp/out.txt", "df");
	matches(*state, "class iis FILE and cpu == 3", "dp");
	matches(*state, "argv ihas -o2", "a");
}

static void patterns_fit_the_whole(void **state)
{
	matches(*state, "path like *.h", "bce");
	matches(*state, "path glob *.h", "bce");
	matches(*state, "path like /usr/*", "abce");
	matches(*state, "path like *local*", "c");
	matches(*state, "path like /usr/*/stdio.?", "bce");
	matches(*state, "path like /usr/[a-h]*", "a");
	matches(*state, "path like /usr/[!a-h]*", "bce");
	matches(*state, "path not like *.h", "adfghijmoqrs");
	matches(*state, "path like 'pipe:\\[*'", "o");
	matches(*state, "path like /tmp/a", "g");
	matches(*state, "path like *", "abcdefghijmoqrs");
	matches(*state, "path like tmp", "");
}

static void expressions_match(void **state)
{
	matches(*state, "path matches \"\\.h$\"", "bce");
	matches(*state, "path matches \\.h$", "bce");
	matches(*state, "path =~ \\.h$", "bce");
	matches(*state, "path ~ \\.h$", "bce");
	matches(*state, "path~\\.h$", "bce");
	matches(*state, "path !~ \\.h$", "adfghijmoqrs");
	matches(*state, "path not matches \\.h$", "adfghijmoqrs");
	matches(*state, "path matches \"^/(tmp|x)\"", "dfgr");
	matches(*state, "path matches ^/tmp|^/x", "dfgr");
	matches(*state, "path matches \"(?i)out\"", "df");
	matches(*state, "path matches \"pass.*wd$\"", "m"); /* . takes the newline too */
	matches(*state, "path matches \"\\xff\"", "m");
	matches(*state, "path matches '^[^/]'", "hijoq");
}

static void bytes_are_bytes(void **state)
{
	matches(*state, "path == \"/etc/pass\\xff\\nwd\"", "m");
	matches(*state, "path contains '\\xff\\n'", "m");
	matches(*state, "path endswith '\\x0awd'", "m");
	matches(*state, "path like '/etc/pass??wd'", "m");
	matches(*state, "path like '*[\\xf0-\\xff]*'", "m");
	matches(*state, "path contains \"\\x00\"", "");
}

static void paths_have_parts(void **state)
{
	matches(*state, "basename(path) == stdio.h", "bce");
	matches(*state, "dirname(path) == /tmp", "dfg");
	matches(*state, "dirname(path) == /", "r");
	matches(*state, "dirname(path) == \"\"", "hioq");
	matches(*state, "dirname(dirname(path)) == /usr", "abe");
	matches(*state, "ext(path) == h", "bce");
	matches(*state, "ext(path2) == gz", "g");
	matches(*state, "ext(path) == \"\" and path startswith /", "agms");
	matches(*state, "lower(ext(path)) == txt", "df");
	matches(*state, "has path2", "g");
	matches(*state, "path2 contains joe", "g");
	matches(*state, "anypath contains joe", "g");
	matches(*state, "anypath startswith /tmp", "dfg");
	matches(*state, "anypath != /tmp/a", "abcdefhijmoqrs");
	matches(*state, "anypath not contains joe", "abcdefhijmoqrs");
	matches(*state, "basename(anypath) == b.tar.gz", "g");
	matches(*state, "has anypath and cpu == 2", "cgos");
}

static void nothing_is_no_text(void **state)
{
	matches(*state, "has path", "abcdefghijmoqrs");
	matches(*state, "has(path)", "abcdefghijmoqrs");
	matches(*state, "not has path", "klnpt");
	matches(*state, "path == \"\"", "klnpt");
	matches(*state, "path != \"\"", "abcdefghijmoqrs");
	matches(*state, "tty == ''", "hjmpqst");
	matches(*state, "tty in ('', pts/1)", "hjmpqst");
	matches(*state, "tty not in ('', pts/1)", "abcdefgiklnor");
	matches(*state, "tty != pts/1", "abcdefgiklnor");
	matches(*state, "has interpreter", "");
	matches(*state, "has given", "a");
	matches(*state, "has fd", "p");
	matches(*state, "has remote", "hij");
	matches(*state, "has local", "hi");
	matches(*state, "has user and has exe", "abcdefghijklnopqrs");
}

/* As a person reads them: words, quoted for a shell where they must be. */
static void command_lines_are_words(void **state)
{
	matches(*state, "cmdline contains \"-O2 -c\"", "abcel");
	matches(*state, "cmdline startswith cc", "abcel");
	matches(*state, "cmdline == \"systemd --system\"", "jpqs");
	matches(*state, "argv endswith \"'a file.c'\"", "a");
	matches(*state, "argv has -c", "a");
	matches(*state, "argv has \"a file.c\"", "a");
	matches(*state, "argv has file.c", "");
	matches(*state, "argv not has -g", "a");
	matches(*state, "cmdline has --system", "jpqs");
	matches(*state, "cmdline not has --system", "abcdefghiklnor");
	matches(*state, "cmdline has systemd", "jpqs");
}

static void names_of_events(void **state)
{
	matches(*state, "exec", "a");
	matches(*state, "open", "bcd");
	matches(*state, "file_open", "bcd");
	matches(*state, "fork,exec,exit", "akln");
	matches(*state, "fork, exec , exit", "akln");
	matches(*state, "network", "hijq");
	matches(*state, "file", "bcdefgmoprs");
	matches(*state, "process,connect", "ahijkln");
	matches(*state, "class == network", "hijq");
	matches(*state, "class != file", "ahijklnqt");
	matches(*state, "op in (open, read)", "bcdeo");
	matches(*state, "op == close", "p");
	matches(*state, "event == file_rename", "g");
	matches(*state, "event startswith net_", "hijq");
	matches(*state, "op matches ^re", "ego");
	matches(*state, "syscall == openat", "bcd");
	matches(*state, "syscall == ia32:stat64", "m");
	matches(*state, "syscall startswith ia32:", "m");
	matches(*state, "syscall != openat", "aefghijmnopqrs");
	matches(*state, "not has syscall", "klt");
	matches(*state, "syscall in (read, write)", "efo");
	matches(*state, "source == user", "m");
	matches(*state, "source == kernel and network", "hijq");
	matches(*state, "source != kernel", "m");
	matches(*state, "protocol == tcp", "h");
	matches(*state, "protocol != tcp", "ij");
	matches(*state, "file_open.path startswith /usr", "bc");
	matches(*state, "file_open.path not startswith /usr", "d");
	matches(*state, "not file_open.path startswith /usr", "adefghijklmnopqrst");
	matches(*state, "has file_open.mode", "bcd");
	matches(*state, "detail contains O_CREAT", "d");
	matches(*state, "detail contains 10.1.2.3", "h");
}

static bool fits(const char *pattern, const char *text)
{
	return espy_glob_match(espy_str0(pattern), espy_str0(text));
}

static void shell_patterns(void **state)
{
	(void)state;
	assert_true(fits("", ""));
	assert_false(fits("", "a"));
	assert_true(fits("*", ""));
	assert_true(fits("**", "abc"));
	assert_true(fits("a*b*c", "a-b-b-c"));
	assert_false(fits("a*b*c", "a-b-b-cd"));
	assert_true(fits("?", "\n"));
	assert_false(fits("?", ""));
	assert_true(fits("[abc]", "b"));
	assert_false(fits("[abc]", "d"));
	assert_true(fits("[a-c]x", "cx"));
	assert_true(fits("[!a-c]", "d"));
	assert_true(fits("[^a-c]", "d"));
	assert_true(fits("[]]", "]"));
	assert_true(fits("[!]]", "["));
	assert_true(fits("[a-]", "-"));
	assert_true(fits("[\\]x]", "]"));
	assert_true(fits("[ab", "[ab"));
	assert_true(fits("[", "["));
	assert_true(fits("\\*", "*"));
	assert_false(fits("\\*", "x"));
	assert_true(fits("x\\", "x\\"));
	assert_true(fits("*aab", "aaaaaaaab"));
	assert_true(fits("*[0-9][0-9].log", "x/1/22.log"));
}

/* The number of steps is bounded by the lengths' product: this returns at once. */
static void hostile_patterns_end(void **state)
{
	char pattern[201], *text = malloc(100001);
	bool fit;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 200; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[200] = '\0';
	memset(text, 'a', 100000);
	strcpy(text + 99999, "b");
	fit = fits(pattern, text);
	free(text);
	assert_false(fit);
}

/* A pattern that would take years gives up, does not match, and says so. */
static void hostile_expressions_give_up(void **state)
{
	struct espy_batch *b = sample_new();
	struct espy_rule *r = rule_of("path matches '^(a+)+$'");
	uint64_t bits[1];
	char text[64];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	b->path[1] = espy_dict_add(&b->dict, (struct espy_str){text, sizeof(text)});
	b->path[2] = espy_dict_add(&b->dict, (struct espy_str){text, 20});
	assert_int_equal(espy_rule_match(r, b, bits), 1);
	assert_true(espy_rule_bit(bits, 2));
	assert_int_equal(espy_rule_gave_up(r), 1);
	espy_rule_free(r);
	espy_batch_free(b);
}

/* Needles of all lengths, at both ends of texts around the steps of a vector. */
static void needles_are_found_anywhere(void **state)
{
	struct espy_batch *b = sample_new();
	char text[160], filter[256];

	(void)state;
	for (int n = 1; n < 140; n += 3) {
		for (int at = 0; at < 20; at++) {
			memset(text, 'e', sizeof(text));
			text[at] = 'X';
			memset(text + at + 1, 'y', (size_t)n);
			b->path[0] = espy_dict_add(&b->dict,
						   (struct espy_str){text, (size_t)(at + 1 + n)});
			sprintf(filter, "path contains X%.*s", n, text + at + 1);
			matches(b, filter, "a");
			sprintf(filter, "path contains eX%.*s", n, text + at + 1);
			matches(b, filter, at > 0 ? "a" : "");
			sprintf(filter, "path contains X%.*sy", n, text + at + 1);
			matches(b, filter, "");
		}
	}
	espy_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_compares_exactly),
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(case_is_disregarded_on_request),
		cmocka_unit_test(patterns_fit_the_whole),
		cmocka_unit_test(expressions_match),
		cmocka_unit_test(bytes_are_bytes),
		cmocka_unit_test(paths_have_parts),
		cmocka_unit_test(nothing_is_no_text),
		cmocka_unit_test(command_lines_are_words),
		cmocka_unit_test(names_of_events),
		cmocka_unit_test(shell_patterns),
		cmocka_unit_test(hostile_patterns_end),
		cmocka_unit_test(hostile_expressions_give_up),
		cmocka_unit_test(needles_are_found_anywhere),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
