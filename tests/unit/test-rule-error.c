/* SPDX-License-Identifier: MIT */
/* What is wrong with a filter, and where: every error has the column of the wrong token. */
#include "test-rule.h"
#include "rule/glob.h"
#include "rule/lex.h"
#include "rule/parse.h"
#include "rule/regex.h"
#include "rule/suggest.h"

static void broken_tokens(void **state)
{
	(void)state;
	is_wrong("path == \"abc", 9, "no closing \"");
	is_wrong("path == 'abc\"", 9, "no closing '");
	is_wrong("path == \"abc\\\"", 9, "no closing \"");
	is_wrong("path == \"", 9, "no closing");
	is_wrong("path == \"a\\xg1\"", 11, "two hexadecimal digits");
	is_wrong("path == \"a\\x1\"", 11, "two hexadecimal digits");
	is_wrong("path == a\x01", 10, "\\x01");
	is_wrong("\x7f", 1, "\\x7f");
	is_wrong("exec | open", 6, "expected and, or");
	is_wrong("path == |x", 9, "expected a value behind ==");
}

static void broken_sentences(void **state)
{
	(void)state;
	is_wrong("and", 1, "expected a condition");
	is_wrong("exec and", 9, "found the end");
	is_wrong("exec or", 8, "found the end");
	is_wrong("exec or or open", 9, "found or");
	is_wrong("not", 4, "found the end");
	is_wrong("()", 2, "found )");
	is_wrong("(exec", 6, "expected and, or, or )");
	is_wrong("((exec)", 8, "expected and, or, or )");
	is_wrong("exec)", 5, "closes nothing");
	is_wrong("exec open", 6, "expected and, or, or a relation");
	is_wrong("(exec) open", 8, "expected and, or, or the end");
	is_wrong("exec,", 6, "expected a class, an operation or an event");
	is_wrong("exec,,open", 6, "expected a class");
	is_wrong("\"exec\"", 1, "expected a condition");
	is_wrong("== 3", 1, "expected a condition");
	is_wrong("pid == 3 4", 10, "expected and, or, or the end");
	is_wrong("path matches a(b)", 15, "quotes");
	is_wrong("exec \"x\"", 6, "expected and, or, or a relation");
}

static void broken_comparisons(void **state)
{
	(void)state;
	is_wrong("path contians x", 6, "did you mean contains?");
	is_wrong("path start with x", 6, "did you mean");
	is_wrong("duration less 5ms", 10, "did you mean less than?");
	is_wrong("path not y", 10, "expected a relation");
	is_wrong("path not", 9, "expected a relation");
	is_wrong("pid ==", 7, "expected a value behind ==");
	is_wrong("pid == )", 8, "expected a value behind ==");
	is_wrong("pid == == 3", 8, "expected a value behind ==");
	is_wrong("pid in", 7, "expected a value behind in");
	is_wrong("pid in (", 9, "expected a value");
	is_wrong("pid in ()", 9, "expected a value");
	is_wrong("pid in (1", 10, "expected , or )");
	is_wrong("pid in (1 2)", 11, "expected , or )");
	is_wrong("pid in (1,)", 11, "expected a value");
	is_wrong("pid == 1, 2", 9, "write in (a, b, c)");
	is_wrong("pid == (1)", 8, "expected a value behind ==");
	is_wrong("path contains (a, b)", 15, "expected a value behind contains");
	is_wrong("has", 4, "expected a field");
	is_wrong("has == 3", 5, "expected a field");
	is_wrong("has (path", 10, "expected )");
}

static void unknown_names(void **state)
{
	(void)state;
	is_wrong("pat == x", 1, "there is no field pat; did you mean path?");
	is_wrong("exec and pat == x", 10, "did you mean path?");
	is_wrong("proces == x", 1, "did you mean process?");
	is_wrong("zzzzzzzz == x", 1, "there is no field zzzzzzzz");
	is_wrong("has pat", 5, "did you mean path?");
	is_wrong("remote.prot == 3", 1, "did you mean remote.port?");
	is_wrong("path.port == 3", 1, "path is no address");
	is_wrong("file_open.remote == x", 1, "file_open has no field remote");
	is_wrong("meta_object.path == x", 1, "there is no field");
	is_wrong("exce", 1, "there is no class, operation or event exce; did you mean exec?");
	is_wrong("file_opn", 1, "did you mean file_open?");
	is_wrong("open,netwrk", 6, "did you mean network?");
	is_wrong("faild", 1, "did you mean failed?");
	is_wrong("meta", 1, "there is no class");
	is_wrong("object", 1, "there is no class");
	is_wrong("path", 1, "path is a field");
	is_wrong("open, path", 7, "path is a field");
	is_wrong("openat", 1, "write syscall == openat");
	is_wrong("exec,failed", 6, "failed stands alone");
	is_wrong("failed,exec", 7, "expected and, or");
	is_wrong("exec,openat", 6, "write syscall == openat");
	is_wrong("class == fil", 10, "there is no class fil; did you mean file?");
	is_wrong("class in (file, netwrk)", 17, "did you mean network?");
	is_wrong("op == opn", 7, "there is no operation opn; did you mean open?");
	is_wrong("op != opn", 7, "did you mean open?");
	is_wrong("event == file_opne", 10, "did you mean file_open?");
	is_wrong("syscall == opeant", 12, "did you mean openat?");
	is_wrong("syscall == ia32:nothing", 12, "there is no system call");
	is_wrong("error == ENOET", 10, "there is no errno ENOET; did you mean ENOENT?");
	is_wrong("source == kernle", 11, "did you mean kernel?");
	is_wrong("foo(path) == x", 1, "there is no function foo");
	is_wrong("basnam(path) == x", 1, "did you mean basename?");
	is_wrong("lower(basnam(path)) == x", 7, "did you mean basename?");
	is_wrong("decends(3)", 1, "did you mean descends?");
	is_wrong("lower(descends(3)) == x", 7, "there is no function descends");
}

static void functions_that_do_not_fit(void **state)
{
	(void)state;
	is_wrong("basename(path)", 15, "expected a relation");
	is_wrong("basename(path) and exec", 16, "expected a relation");
	is_wrong("basename(path == x", 15, "expected )");
	is_wrong("basename() == x", 10, "expected a field");
	is_wrong("basename(\"x\") == x", 10, "expected a field");
	is_wrong("basename(pid) == x", 1, "basename() needs text");
	is_wrong("lower(len(path)) == x", 1, "lower() needs text");
	is_wrong("port(path) == 3", 1, "port() needs an address");
	is_wrong("ip(pid) == 3", 1, "ip() needs an address");
	is_wrong("descends()", 10, "expected a value");
	is_wrong("descends(1", 11, "expected , or )");
	is_wrong("descends(-1)", 10, "no process id");
	is_wrong("descends(1, 5000000000)", 13, "no process id");
	is_wrong("descends(1) == 3", 13, "expected and, or, or the end");
	is_wrong("lower(lower(lower(lower(lower(lower(lower(lower(lower(path))))))))) == x", 49,
		 "at most 8 functions");
}

static void relations_that_do_not_suit(void **state)
{
	(void)state;
	is_wrong("path < 3", 6, "< does not suit path, which is text; it takes ==");
	is_wrong("path & 3", 6, "& does not suit path");
	is_wrong("path has x", 6, "has does not suit path");
	is_wrong("pid contains 3", 5, "contains does not suit pid, which is a number; it takes ==");
	is_wrong("pid not contains 3", 5, "contains does not suit pid");
	is_wrong("pid matches 3", 5, "matches does not suit pid");
	is_wrong("flags < O_CREAT", 7, "< does not suit flags, which is a set of flags");
	is_wrong("flags contains O_CREAT", 7, "contains does not suit flags");
	is_wrong("duration has 3ms", 10, "has does not suit duration");
	is_wrong("remote < 10.0.0.1", 8, "which is an address");
	is_wrong("len(path) contains 3", 11, "contains does not suit path");
	is_wrong("pid iin (1)", 5, "no case to disregard");
	is_wrong("pid ieq 1", 5, "no case to disregard");
}

static void constants_of_the_wrong_type(void **state)
{
	(void)state;
	is_wrong("pid == bash", 8, "pid: expected a whole number, such as 10 or 0x1f, found bash");
	is_wrong("pid in (1, x)", 12, "found x");
	is_wrong("pid == \"\"", 8, "expected a whole number");
	is_wrong("pid == 1.5", 8, "expected a whole number");
	is_wrong("pid == 09", 8, "expected a whole number");
	is_wrong("pid == 0x", 8, "expected a whole number");
	is_wrong("pid == 18446744073709551616", 8, "expected a whole number");
	is_wrong("pid == -9223372036854775809", 8, "expected a whole number");
	is_wrong("pid in 1..x", 8, "found 1..x");
	is_wrong("pid in x..2", 8, "found x..2");
	is_wrong("duration > 10", 12, "a duration with its unit");
	is_wrong("duration > 10x", 12, "a duration with its unit");
	is_wrong("duration > ms", 12, "a duration with its unit");
	is_wrong("duration > 1.s", 12, "a duration with its unit");
	is_wrong("duration > -1s", 12, "a duration with its unit");
	is_wrong("duration > 99999999999d", 12, "a duration with its unit");
	is_wrong("duration > 1m 5s", 15, "expected and, or, or the end");
	is_wrong("time > yesterday", 8, "a time, such as");
	is_wrong("time > 2026-02-30", 8, "a time, such as");
	is_wrong("time > 25:00", 8, "a time, such as");
	is_wrong("requested > 4q", 13, "a size, such as");
	is_wrong("requested > -4k", 13, "a size, such as");
	is_wrong("old_mode == rwx", 13, "in octal, such as 0644");
	is_wrong("old_mode == 0888", 13, "in octal");
	is_wrong("rdev == 8:x", 9, "a device number");
	is_wrong("rdev == 4096:0", 9, "a device number");
	is_wrong("result == ENOSUCH", 11, "an errno such as ENOENT");
	is_wrong("result == ENONET1", 11, "did you mean");
	is_wrong("flags has O_CRAET", 11, "did you mean O_CREAT?");
	is_wrong("flags has O_CREAT|O_EXLC", 11, "flags: expected");
	is_wrong("flags has O_CREAT|", 11, "flags: expected");
	is_wrong("flags has O_CREAT | O_EXCL", 19, "expected and, or");
	is_wrong("file_open.flags has SIGCHLD", 21, "expected");
	is_wrong("flags has 0", 11, "there is no bit in it");
	is_wrong("flags & O_RDONLY", 9, "O_RDONLY is 0");
	is_wrong("signal == SIGKIL", 11, "did you mean SIGKILL?");
	is_wrong("euid == nobody-is-called-so", 9, "a user id, or");
	is_wrong("egid == nobody-is-called-so", 9, "a group id, or");
	is_wrong("len(path) == x", 14, "expected a whole number");
	is_wrong("remote.port == http", 16, "expected a whole number");
}

static void patterns_that_do_not_compile(void **state)
{
	(void)state;
	is_wrong("path matches \"(\"", 14, "byte 2 of it: missing closing parenthesis");
	is_wrong("path matches [a", 14, "byte 3 of it");
	is_wrong("path matches *a", 14, "byte 1 of it");
	is_wrong("path matches \"(*UTF)a\"", 14, "bad regular expression");
	is_wrong("path !~ \"a{2,1}\"", 9, "bad regular expression");
}

static void limits_are_named(void **state)
{
	size_t size = ESPY_RULE_TEXT_MAX + 100;
	char *text = malloc(size), *p;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', ESPY_RULE_TEXT_MAX + 1);
	text[ESPY_RULE_TEXT_MAX + 1] = '\0';
	is_wrong(text, ESPY_RULE_TEXT_MAX + 1, "at most 262144 bytes");
	p = text + sprintf(text, "path matches ");
	memset(p, 'a', ESPY_RULE_REGEX_MAX + 1);
	p[ESPY_RULE_REGEX_MAX + 1] = '\0';
	is_wrong(text, 14, "at most 4096");
	p[ESPY_RULE_REGEX_MAX] = '\0';
	espy_rule_free(rule_of(text));
	p = text + sprintf(text, "path like ");
	memset(p, '?', ESPY_RULE_GLOB_MAX + 1);
	p[ESPY_RULE_GLOB_MAX + 1] = '\0';
	is_wrong(text, 11, "at most 1024");
	p[ESPY_RULE_GLOB_MAX] = '\0';
	espy_rule_free(rule_of(text));
	p = text;
	for (unsigned i = 0; i <= ESPY_RULE_REGEXES_MAX; i++)
		p += sprintf(p, "%spath ~ x%03u", i ? " or " : "", i);
	is_wrong(text, (unsigned)(p - text) - 3, "at most 256 regular expressions");
	p = text + sprintf(text, "path matches \"");
	memset(p, '(', ESPY_RULE_REGEX_NEST + 1);
	strcpy(p + ESPY_RULE_REGEX_NEST + 1, "\"");
	is_wrong(text, 14, "bad regular expression");
	is_wrong("path matches \"(((a{1000}){1000}){1000})\"", 14, "too large");
	free(text);
}

/* A sentence is for a terminal: nothing of the filter gets into it as it is. */
static void sentences_are_clean(void **state)
{
	struct espy_rule *r;
	struct espy_err err;
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text));
	strcpy(text + sizeof(text) - 8, " == 3");
	assert_int_equal(espy_rule_new(&r, text, &err), -EINVAL);
	assert_true(strlen(err.text) < 200);
	assert_int_equal(espy_rule_new(&r, "pid == \"\\x1b[31m\\n\"", &err), -EINVAL);
	assert_null(strchr(err.text, 0x1b));
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(espy_rule_new(&r, "\xff\xc2\x9b == 3", &err), -EINVAL);
	for (const char *p = err.text; *p; p++)
		assert_true(*p >= ' ' && *p < 0x7f);
	assert_int_equal(espy_rule_new(&r, "pid == x", NULL), -EINVAL);
}

static unsigned distance(const char *a, const char *b)
{
	return espy_suggest_distance(espy_str0(a), espy_str0(b));
}

static void distances(void **state)
{
	(void)state;
	assert_int_equal(distance("", ""), 0);
	assert_int_equal(distance("abc", ""), 3);
	assert_int_equal(distance("", "abc"), 3);
	assert_int_equal(distance("open", "open"), 0);
	assert_int_equal(distance("open", "OPEN"), 0);
	assert_int_equal(distance("opne", "open"), 1);
	assert_int_equal(distance("opn", "open"), 1);
	assert_int_equal(distance("oopen", "open"), 1);
	assert_int_equal(distance("kitten", "sitting"), 3);
	assert_int_equal(distance("ca", "abc"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_tokens),
		cmocka_unit_test(broken_sentences),
		cmocka_unit_test(broken_comparisons),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(functions_that_do_not_fit),
		cmocka_unit_test(relations_that_do_not_suit),
		cmocka_unit_test(constants_of_the_wrong_type),
		cmocka_unit_test(patterns_that_do_not_compile),
		cmocka_unit_test(limits_are_named),
		cmocka_unit_test(sentences_are_clean),
		cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
