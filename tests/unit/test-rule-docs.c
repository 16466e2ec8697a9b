/* SPDX-License-Identifier: MIT */
/* docs/reference/filter.md and espy-filter(7) name all that the language has, and their examples
 * are filters. */
#include "test-rule.h"
#include "base/buf.h"
#include "rule/glob.h"
#include "rule/macro.h"
#include "rule/operand.h"
#include "rule/state.h"

#define REFERENCE "docs/reference/filter.md"
#define PAGE      "man/espy-filter.7"

static char *read_text(const char *name)
{
	char path[4096], *text;
	long size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", ESPY_SOURCE_ROOT, name);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	rewind(f);
	text = malloc((size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, f), (size_t)size);
	text[size] = '\0';
	fclose(f);
	return text;
}

/* `text` between two of the bytes in `ends`. */
static bool has_word(const char *text, struct espy_str word, const char *ends)
{
	for (const char *p = text; (p = memmem(p, strlen(p), word.p, word.n)); p++)
		if (p > text && strchr(ends, p[-1]) && strchr(ends, p[word.n]))
			return true;
	return false;
}

static void needs_word(const char *name, const char *text, struct espy_str word, const char *ends)
{
	if (!has_word(text, word, ends))
		fail_msg("%s does not have %.*s", name, (int)word.n, word.p);
}

static void check_names(const char *name, const char *ends)
{
	char *text = read_text(name);
	const struct espy_operator *op;
	struct espy_str s;

	for (unsigned i = 0; (op = espy_operator_at(i)); i++)
		for (unsigned k = 0; espy_operator_spelling(op, k, &s); k++)
			needs_word(name, text, s, ends);
	for (unsigned i = 0; espy_function_at(i); i++)
		needs_word(name, text, espy_str0(espy_function_at(i)->name), ends);
	for (unsigned i = 0; espy_operand_alias(i); i++)
		needs_word(name, text, espy_str0(espy_operand_alias(i)->name), ends);
	for (unsigned i = 0; espy_parse_word(i); i++)
		needs_word(name, text, espy_str0(espy_parse_word(i)->name), ends);
	free(text);
}

static void names_are_documented(void **state)
{
	(void)state;
	check_names(REFERENCE, "`(");
	check_names(PAGE, " \n");
}

/* 262144 → "262,144" */
static void check_limit(const char *name, const char *text, unsigned limit)
{
	char digits[32];

	if (limit >= 1000)
		snprintf(digits, sizeof(digits), "%u,%03u", limit / 1000, limit % 1000);
	else
		snprintf(digits, sizeof(digits), "%u", limit);
	needs_word(name, text, espy_str0(digits), " \n,.");
}

static void limits_are_documented(void **state)
{
	static const unsigned limits[] = {
		ESPY_RULE_TEXT_MAX,      ESPY_RULE_DEPTH_MAX,  ESPY_RULE_LIST_MAX,
		ESPY_RULE_FUNCTIONS_MAX, ESPY_RULE_REGEX_MAX,  ESPY_RULE_REGEXES_MAX,
		ESPY_RULE_GLOB_MAX,      ESPY_STATE_NAMES_MAX, ESPY_STATE_FOLLOWED_MAX,
		ESPY_MACROS_MAX,         ESPY_MACRO_DEEP_MAX,  ESPY_MACRO_USES_MAX,
		ESPY_MACRO_PARAMS_MAX,   ESPY_MACRO_FILE_MAX};
	char *reference = read_text(REFERENCE), *page = read_text(PAGE);
	const char *steps = "1,000,000 steps or 1 MiB";

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		check_limit(REFERENCE, reference, limits[i]);
		check_limit(PAGE, page, limits[i]);
	}
	assert_int_equal(ESPY_RULE_REGEX_STEPS, 1000000);
	assert_int_equal(ESPY_RULE_REGEX_HEAP, 1024);
	assert_non_null(strstr(reference, steps));
	assert_non_null(strstr(page, steps));
	free(reference);
	free(page);
}

/* What stands behind `mark` and, where there is one, before `end`, to the end of the line. */
static unsigned check_examples(const char *name, const char *mark, char end)
{
	char *text = read_text(name), *line, *rest = text;
	unsigned n = 0;

	while ((line = strsep(&rest, "\n"))) {
		char *close;

		if (strncmp(line, mark, strlen(mark)) != 0)
			continue;
		line += strlen(mark);
		close = end ? strrchr(line, end) : NULL;
		if (close)
			*close = '\0';
		espy_rule_free(rule_of(line));
		n++;
	}
	free(text);
	return n;
}

static void examples_are_filters(void **state)
{
	(void)state;
	assert_true(check_examples(REFERENCE, "espy show t.espy '", '\'') >= 4);
	assert_true(check_examples(REFERENCE, "espy live ", 0) >= 1);
	assert_true(check_examples(PAGE, ".Dl ", 0) >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_documented),
		cmocka_unit_test(limits_are_documented),
		cmocka_unit_test(examples_are_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
