/* SPDX-License-Identifier: MIT */
/*
 * What every match of a regular expression has in it: what is found for given patterns, and that
 * random patterns match random texts with it just as without. SEED=n in the environment repeats one
 * run.
 */
#include "test-rule.h"
#include "base/buf.h"
#include "rule/required.h"
#include "rule/text.h"

#define PATTERNS  4000
#define TEXTS     40 /* for each */
#define DEPTH_MAX 3

static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 33) % n);
}

/* --- given patterns --------------------------------------------------------------------------- */

static const struct {
	const char *pattern, *text; /* "": nothing is known */
} found[] = {
	{"lib.*\\.so(\\.[0-9]+)*$", ".so"},
	{"abc", "abc"},
	{"ab.*cd", "cd"},
	{"abc.*cd", "abc"},
	{"abc?", "ab"},
	{"abc*d", "ab"},
	{"abc{0}", "ab"},
	{"abc{2,3}x", "ab"},
	{"abc+d", "abc"},
	{"abc+?d", "abc"},
	{"[abc]defg]", "defg]"},
	{"[]abc]de", "de"},
	{"[^]abc]de", "de"},
	{"x(abc|d)yy", "yy"},
	{"x(abc(d)[)]e)yy", "yy"},
	{"x(abc\\))yy", "yy"},
	{"\\.\\$\\^\\/", ".$^/"},
	{"\\d+abc", "abc"},
	{"\\babc\\b", "abc"},
	{"^abc", "abc"},
	{"a\\$", "a$"},
	{"abc|d", ""},
	{"abc(?i)d", ""},
	{"(?i:abc)defg", ""},
	{"x(y(?:z))abc", ""},
	{"(*ACCEPT)abc", ""},
	{"abc(x(*ACCEPT)y)", ""},
	{"\\Qab*\\E", ""},
	{"ab\\x41c", ""},
	{"(a)b\\1c", ""},
	{"ab\\c(c", ""},
	{"\\N{U+41}b", ""},
	{"ab\\Kc", ""},
	{"a{,2}b", ""},
	{"a{x}b", ""},
	{"[[:alpha:]]b", ""},
	{"abc+{0}", ""},
	{"", ""},
};

static void finds_what_is_required(void **state)
{
	char room[64];

	(void)state;
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		struct espy_required r = espy_required_find(espy_str0(found[i].pattern), room);

		if (!espy_str_eq(r.text, espy_str0(found[i].text)))
			fail_msg("%s: \"%.*s\"", found[i].pattern, (int)r.text.n, r.text.p);
	}
}

static void knows_plain_patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool whole, at_start, at_end;
	} rows[] = {
		{"abc", "abc", true, false, false},   {"^abc", "abc", true, true, false},
		{"abc$", "abc", true, false, true},   {"^ab\\.c$", "ab.c", true, true, true},
		{"a\\$", "a$", true, false, false},   {"a\\\\$", "a\\", true, false, true},
		{"abc.", "abc", false, false, false}, {"^*abc", "abc", false, true, false},
		{"a+", "a", false, false, false},     {"^$", "", false, true, true},
	};
	char room[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct espy_required r = espy_required_find(espy_str0(rows[i].pattern), room);

		assert_int_equal(r.whole, rows[i].whole);
		assert_int_equal(r.at_start, rows[i].at_start);
		assert_int_equal(r.at_end, rows[i].at_end);
		assert_true(espy_str_eq(r.text, espy_str0(rows[i].text)));
	}
}

/* --- random patterns -------------------------------------------------------------------------- */

static const char letters[] = "ab.$|(*";

static void make_alternatives(struct espy_buf *b, unsigned depth);

static void make_atom(struct espy_buf *b, unsigned depth)
{
	static const char *const atoms[] = {
		"a",     "b",      "ab",         "\\.",
		"\\$",   "\\|",    "\\(",        "\\*",
		".",     "[ab]",   "[^a]",       "[]a]",
		"[^]b]", "[(|a]",  "[\\]\\\\b]", "[[:alpha:]b]",
		"\\w",   "\\W",    "\\b",        "\\B",
		"\\A",   "^",      "$",          "\\z",
		"\\x61", "\\Qa",   "\\Q.*",      "\\E",
		"\\Kb",  "\\141b", "(?i)",       "(?:b)",
		"(?=a)", "(?!a)",  "(?|a)",      "(*ACCEPT)",
		"\\1",   "{",      "}",          "]",
		"a{,1}", "\\c(a",  "(?x) b",
	};
	/* The plain ones at the front are the more frequent ones. */
	uint32_t n = rnd(3) ? 9 : sizeof(atoms) / sizeof(atoms[0]);

	if (depth < DEPTH_MAX && rnd(6) == 0) {
		espy_buf_puts(b, "(");
		make_alternatives(b, depth + 1);
		espy_buf_puts(b, ")");
	} else {
		espy_buf_puts(b, atoms[rnd(n)]);
	}
}

static void make_sequence(struct espy_buf *b, unsigned depth)
{
	static const char *const quantifiers[] = {"*",    "+",    "?",      "{0}",  "{1}", "{1,2}",
						  "{0,}", "*?",   "+?",     "??",   "*+",  "++",
						  "{2}?", "+{0}", "{2}{0}", "*{1}", "{1}*"};

	for (uint32_t n = rnd(5); n; n--) {
		make_atom(b, depth);
		if (rnd(4) == 0)
			espy_buf_puts(
				b, quantifiers[rnd(sizeof(quantifiers) / sizeof(quantifiers[0]))]);
	}
}

static void make_alternatives(struct espy_buf *b, unsigned depth)
{
	make_sequence(b, depth);
	while (rnd(8) == 0) {
		espy_buf_puts(b, "|");
		make_sequence(b, depth);
	}
}

static void make_pattern(struct espy_buf *b)
{
	espy_buf_reset(b);
	if (rnd(4) == 0)
		espy_buf_puts(b, "^");
	make_alternatives(b, 0);
	if (rnd(4) == 0)
		espy_buf_puts(b, "$");
}

/* Both tests of one pattern: as filters do it, and with PCRE2 alone. */
struct both {
	struct espy_arena arena;
	struct espy_regexes regexes;
	struct espy_text_test test;
	struct espy_regex *plain;
};

/* False: it is not a good pattern. */
static bool set_up(struct both *t, struct espy_str pattern)
{
	struct espy_token token = {.text = pattern};
	struct espy_err err;
	struct espy_text_env env = {&t->arena, &t->regexes, &err};

	*t = (struct both){.test.match = espy_text_matches};
	return espy_regex_new(&t->regexes, &token, false, &err, &t->plain) == 0 &&
	       espy_text_regex(&t->test, &env, &token, 1) == 0;
}

static void compare(struct both *t, struct espy_str pattern, unsigned *matched)
{
	char text[48];

	for (unsigned i = 0; i < TEXTS; i++) {
		struct espy_str s = {text, i ? rnd(i < TEXTS / 2 ? 6 : sizeof(text)) : 0};
		bool expected;

		for (size_t k = 0; k < s.n; k++)
			text[k] = letters[rnd(rnd(2) ? 2 : sizeof(letters) - 1)];
		expected = espy_regex_match(t->plain, s);
		*matched += expected;
		if (t->test.match(&t->test, s) != expected)
			fail_msg("%.*s over \"%.*s\": is %d", (int)pattern.n, pattern.p, (int)s.n,
				 s.p, expected);
	}
}

static void matches_as_without(void **state)
{
	unsigned good = 0, known = 0, whole = 0, matched = 0;
	struct espy_buf b = {0};
	struct both t;

	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct espy_str pattern;

		make_pattern(&b);
		pattern = (struct espy_str){(const char *)b.p, b.n};
		if (set_up(&t, pattern)) {
			good++;
			known += t.test.needle.n > 0;
			whole += t.test.match != espy_text_matches;
			compare(&t, pattern, &matched);
		}
		espy_regexes_done(&t.regexes);
		espy_arena_done(&t.arena);
	}
	espy_buf_done(&b);
	/* Else the patterns are such that they test nothing. */
	assert_true(good > PATTERNS / 2 && known > PATTERNS / 8 && whole > PATTERNS / 64);
	assert_true(matched > good * TEXTS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_required),
		cmocka_unit_test(knows_plain_patterns),
		cmocka_unit_test(matches_as_without),
	};
	const char *given = getenv("SEED");

	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	print_message("# SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
