/* SPDX-License-Identifier: MIT */
/* How conditions are joined: truth tables, precedence, depth, and what the grammar lets people
 * write. */
#include "test-rule.h"
#include "rule/parse.h"

static void everything_matches_nothing_written(void **state)
{
	matches(*state, "", SAMPLE_ALL);
	matches(*state, "  \t\n ", SAMPLE_ALL);
}

/* Four rows in which x (pid 1) and y (cpu 1) take every combination of values. */
static struct espy_batch *table(void)
{
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	for (uint32_t i = 0; i < 2; i++) {
		struct espy_proc p = {.pid = i, .parent = UINT32_MAX};

		assert_int_equal(espy_batch_add_proc(b, &p), i);
	}
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t row =
			sample_row(b, ESPY_EV_file_read, i / 2, 0, 0, 0, i % 2 ? "/y" : "/n");

		b->cpu[row] = i % 2;
		b->result[row] = i % 2;
	}
	return b;
}

/* Each pair of a column that is a number of the row, of the process, of the path, of a field. */
static void truth_tables(void **state)
{
	static const char *const ys[] = {"cpu == 1", "path == /y", "result == 1",
					 "has path and cpu == 1"};
	struct espy_batch *b = table();
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(ys) / sizeof(ys[0]); i++) {
		static const struct {
			const char *before, *after, *rows;
		} cases[] = {
			{"pid == 1 and ", "", "d"},
			{"pid == 1 or ", "", "bcd"},
			{"not pid == 1 and ", "", "b"},
			{"not (pid == 1 and ", ")", "abc"},
			{"not (pid == 1 or ", ")", "a"},
			{"pid == 1 and not (", ")", "c"},
			{"not pid == 1 or not (", ")", "abc"},
			{"not (not pid == 1 or not (", "))", "d"},
			{"pid == 1 && ", "", "d"},
			{"pid == 1 || ", "", "bcd"},
			{"!(pid == 1) && !(", ")", "a"},
			{"not not pid == 1 and !!(", ")", "d"},
		};

		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
			snprintf(text, sizeof(text), "%s%s%s", cases[k].before, ys[i],
				 cases[k].after);
			matches(b, text, cases[k].rows);
		}
	}
	espy_batch_free(b);
}

static void and_binds_tighter_than_or(void **state)
{
	matches(*state, "exec or open and failed", "ac");
	matches(*state, "(exec or open) and failed", "c");
	matches(*state, "open and failed or exec", "ac");
	matches(*state, "open and (failed or exec)", "c");
	matches(*state, "not exec and not open and file", "efgmoprs");
	matches(*state, "not exec or exec", SAMPLE_ALL);
	matches(*state, "exec and not exec", "");
	matches(*state, "not (exec or not open)", "bcd");
}

static void words_can_be_written_loudly(void **state)
{
	matches(*state, "open AND NOT failed", "bd");
	matches(*state, "exec OR open", "abcd");
	matches(*state, "path CONTAINS local", "c");
	matches(*state, "pid IN (500)", "m");
	matches(*state, "path IContains LOCAL", "c");
	matches(*state, "HAS remote", "hij");
}

static void blanks_are_free(void **state)
{
	matches(*state, "pid==500", "m");
	matches(*state, "pid ==500", "m");
	matches(*state, "(pid==500)", "m");
	matches(*state, "( pid in(500) )", "m");
	matches(*state, "not(pid>1)and has pid", "jpqs");
	matches(*state, "exec||open&&failed", "ac");
	matches(*state, "!exec&&!file&&!network", "klnt");
	matches(*state, "path\ncontains\n\tlocal\r\n", "c");
	matches(*state, "basename( path )==a", "g");
	matches(*state, "descends( 500 )", "m");
}

/* Names that are also words of the language, and the other way round. */
static void context_decides(void **state)
{
	matches(*state, "process", "akln");
	matches(*state, "process == cc", "abcel");
	matches(*state, "not process", "bcdefghijmopqrst");
	matches(*state, "process not in (cc, make, bash, systemd, sshd)", "m");
	matches(*state, "path == and or exec", "a");
	matches(*state, "path == \"or\" or exec", "a");
	matches(*state, "path contains \"=\"", "");
	matches(*state, "path == a=b!c<d>e", "");
	matches(*state, "path contains \">\"", "hij");
	matches(*state, "path == ~/x", "");
	matches(*state, "path == x~", "");
	matches(*state, "path == a|b", "");
	matches(*state, "path == a&b||exec", "a");
	matches(*state, "path == [x]:{y};$z^#@%", "");
	matches(*state, "path == 'a\"b' or path == \"a'b\"", "");
	matches(*state, "path == \"a\\\"b\\\\\"", "");
}

/* Many of one kind, and of all kinds, in one expression. */
static void wide_expressions(void **state)
{
	size_t size = 200000;
	char *text = malloc(size), *p = text;

	assert_non_null(text);
	for (int i = 0; i < 3000; i++)
		p += sprintf(p, "path == /no/%d or pid == %d or result == %d or ", i, 1000 + i,
			     10000 + i);
	strcpy(p, "exec");
	matches(*state, text, "a");
	p = text;
	for (int i = 0; i < 3000; i++)
		p += sprintf(p, "path != /no/%d and pid != %d and ", i, 1000 + i);
	strcpy(p, "open");
	matches(*state, text, "bcd");
	free(text);
}

static void long_lists(void **state)
{
	size_t size = 300000;
	char *text = malloc(size), *p = text;

	assert_non_null(text);
	p += sprintf(p, "path in (/tmp/a");
	for (unsigned i = 1; i < ESPY_RULE_LIST_MAX; i++)
		p += sprintf(p, ",/no/%u", i);
	strcpy(p, ")");
	matches(*state, text, "g");
	strcpy(p, ",x)");
	is_wrong(text, (unsigned)(p - text) + 2, "16384");
	free(text);
}

static void parentheses_nest_to_a_limit(void **state)
{
	char text[512], *p = text;

	memset(p, '(', ESPY_RULE_DEPTH_MAX);
	p += ESPY_RULE_DEPTH_MAX;
	p += sprintf(p, "exec");
	memset(p, ')', ESPY_RULE_DEPTH_MAX);
	p[ESPY_RULE_DEPTH_MAX] = '\0';
	matches(*state, text, "a");
	memmove(text + 1, text, strlen(text) + 1);
	is_wrong(text, ESPY_RULE_DEPTH_MAX + 1, "64");
	/* NOT and all kinds of nodes on every level. */
	p = text;
	for (int i = 0; i < 30; i++)
		p += sprintf(p, "not(open or ");
	p += sprintf(p, "exec");
	for (int i = 0; i < 30; i++)
		*p++ = ')';
	*p = '\0';
	matches(*state, text, "a");
}

static void nots_do_not_nest(void **state)
{
	char *text = malloc(50000), *p = text;

	assert_non_null(text);
	for (int i = 0; i < 10000; i++)
		p += sprintf(p, "not ");
	strcpy(p, "exec");
	matches(*state, text, "a");
	free(text);
}

/* Rows around the ends of words, and none. */
static void batches_of_all_sizes(void **state)
{
	struct espy_rule *r = rule_of("path contains y and cpu == 1 or seq < 3 or pid == 0 and "
				      "path == /n or has created");
	uint64_t bits[ESPY_RULE_WORDS(260) + 1];
	struct espy_batch *b = table();

	(void)state;
	b->first_seq = 1;
	for (uint32_t n = 4; n < 260; n++) {
		uint32_t words = ESPY_RULE_WORDS(b->n), row;

		memset(bits, 0xa5, sizeof(bits));
		assert_int_equal(espy_rule_match(r, b, bits), b->n - (b->n + 1) / 4);
		assert_true(bits[words] == 0xa5a5a5a5a5a5a5a5);
		for (uint32_t i = b->n; i < words * 64; i++)
			assert_false(espy_rule_bit(bits, i));
		row = sample_row(b, ESPY_EV_file_read, n % 4 / 2, 0, 0, 0, n % 2 ? "/y" : "/n");
		b->cpu[row] = n % 2;
	}
	espy_batch_reset(b);
	assert_int_equal(espy_rule_match(r, b, bits), 0);
	espy_rule_free(r);
	espy_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_matches_nothing_written),
		cmocka_unit_test(truth_tables),
		cmocka_unit_test(and_binds_tighter_than_or),
		cmocka_unit_test(words_can_be_written_loudly),
		cmocka_unit_test(blanks_are_free),
		cmocka_unit_test(context_decides),
		cmocka_unit_test(wide_expressions),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(parentheses_nest_to_a_limit),
		cmocka_unit_test(nots_do_not_nest),
		cmocka_unit_test(batches_of_all_sizes),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
