/* SPDX-License-Identifier: MIT */
/* Saved filters: the file of them, and their use. */
#include "test-rule.h"
#include "rule/macro.h"

static const char *file = "# what people here look at\n"
			  "slow = duration > 1s\n"
			  "secrets=path under /etc or\n"
			  "  path endswith .key\n"
			  "\n"
			  "  # indented comment\n"
			  "in-dir(dir) = path under $dir\n"
			  "either(a, b) = @in-dir($a) or @in-dir($b)   \n"
			  "odd = path contains $dir\n"
			  "wide = open or read\n"
			  "loop = open or @loop2\n"
			  "loop2 = (@loop)\n"
			  "broken = path contians x\n"
			  "nofield = pth == 1\n"
			  "two = exec,exit\n"
			  "mine(who) = user == $who\n";

static int load(struct espy_macros *m, struct espy_err *err)
{
	return espy_macros_add(m, espy_str0(file), "filters", err);
}

static int setup(void **state)
{
	espy_macros_set_loader(load);
	return sample_setup(state);
}

static int teardown(void **state)
{
	espy_macros_set_loader(NULL);
	return sample_teardown(state);
}

static void names_are_filters(void **state)
{
	struct espy_batch *b = *state;

	matches(b, "@slow", "fo");
	matches(b, "@secrets", "m");
	matches(b, "not @slow and write", "");
	matches(b, "exit and not @wide", "kl");
	matches(b, "@wide and failed", "c"); /* as if it stood in parentheses */
	matches(b, "@in-dir(/tmp)", "dfg");
	matches(b, "@in-dir(\"/usr/include\")", "be");
	matches(b, "@either(/tmp, /usr/include)", "bdefg");
	matches(b, "@two", "akl");
	matches(b, "@mine(joe) and connect or @mine(0) and socket", "iq");
	matches(b, "between(@two, @wide)", "abklmno");
}

static void quoted_text_is_no_name(void **state)
{
	struct espy_batch *b = *state;

	matches(b, "path == @slow", "");
	matches(b, "path == $dir", "");
}

static void uses_go_wrong(void **state)
{
	(void)state;
	is_wrong("open and @slwo", 10, "there is no saved filter slwo; did you mean slow?");
	is_wrong("@in-dir", 1, "@in-dir takes 1 value, not 0");
	is_wrong("@slow(1)", 1, "takes 0 values, not 1");
	is_wrong("open or @loop", 9, "in the saved filter loop2: the saved filter loop stands for");
	is_wrong("@broken", 1, "in the saved filter broken: expected and, or, or a relation");
	is_wrong("@odd", 1, "there is no parameter dir");
	is_wrong("exec or (@nofield)", 10, "there is no field pth");
	is_wrong("@slow open", 7, "expected and, or, or the end");
	is_wrong("@in-dir(/a", 11, "expected , or )");
	is_wrong("@", 1, "there is no class, operation or event @");
}

static void uses_have_a_limit(void **state)
{
	static char text[40000];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < ESPY_MACRO_USES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "@slow or ");
	snprintf(text + n, sizeof(text) - n, "open");
	espy_rule_free(rule_of(text));
	snprintf(text + n, sizeof(text) - n, "@slow");
	is_wrong(text, (unsigned)n + 1, "at most 1024 saved filters");
}

static void is_bad(const char *text, unsigned line, unsigned column, const char *part)
{
	struct espy_macros m = {0};
	struct espy_err err = {0};

	assert_true(espy_macros_add(&m, espy_str0(text), "f", &err) < 0);
	if (err.line != line || err.column != column || !strstr(err.text, part) ||
	    strcmp(err.source, "f") != 0)
		fail_msg("%s: %s:%u:%u: %s", text, err.source, err.line, err.column, err.text);
	espy_macros_done(&m);
}

static void files_go_wrong(void **state)
{
	(void)state;
	is_bad("a = open\nb\n", 2, 2, "expected = and a filter behind b");
	is_bad("a =\n", 1, 4, "a has no filter");
	is_bad("9 = open", 1, 1, "expected a name of letters");
	is_bad("  a = open", 1, 3, "begins at the start of its line");
	is_bad("a(b = open", 1, 5, "expected , or )");
	is_bad("a() = open", 1, 3, "the name of a parameter");
	is_bad("a(a,b,c,d,e,f,g,h,i) = open", 1, 19, "at most 8 parameters");
	is_bad("a = open\n\n@ = x", 3, 1, "expected a name");
}

static void later_ones_replace(void **state)
{
	struct espy_macros m = {0};
	struct espy_err err = {0};
	const struct espy_macro *o;

	(void)state;
	assert_int_equal(espy_macros_add(&m, ESPY_STR("a = open\r\nb(x) = uid == $x"), "f", &err),
			 0);
	assert_int_equal(espy_macros_add(&m, ESPY_STR("\n# c\na = read"), "g", &err), 0);
	assert_int_equal(m.n, 2);
	o = espy_macros_find(&m, ESPY_STR("a"));
	assert_non_null(o);
	assert_true(espy_str_eq(o->text, ESPY_STR("read")));
	assert_string_equal(o->source, "g");
	assert_int_equal(o->line, 3);
	o = espy_macros_find(&m, ESPY_STR("b"));
	assert_true(o && o->n_params == 1 && espy_str_eq(o->params[0], ESPY_STR("x")));
	assert_null(espy_macros_find(&m, ESPY_STR("c")));
	espy_macros_done(&m);
}

static int no_file(struct espy_macros *m, struct espy_err *err)
{
	(void)m;
	return espy_err_at(err, -EACCES, "f", 0, 0, "may not be read");
}

static void loading_goes_wrong(void **state)
{
	struct espy_err err = {0};
	struct espy_rule *r;

	(void)state;
	espy_macros_set_loader(no_file);
	assert_int_equal(espy_rule_new(&r, "open", &err), 0); /* nobody asked */
	espy_rule_free(r);
	assert_int_equal(espy_rule_new(&r, "@slow", &err), -EACCES);
	assert_string_equal(err.source, "f");
	espy_macros_set_loader(NULL);
	is_wrong("@slow", 1, "there is no saved filter slow");
	espy_macros_set_loader(load);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_filters),  cmocka_unit_test(quoted_text_is_no_name),
		cmocka_unit_test(uses_go_wrong),      cmocka_unit_test(uses_have_a_limit),
		cmocka_unit_test(files_go_wrong),     cmocka_unit_test(later_ones_replace),
		cmocka_unit_test(loading_goes_wrong),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
