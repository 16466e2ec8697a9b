/* SPDX-License-Identifier: MIT */
/* Two fields of a row against each other, and what tells a field from a word. */
#include "test-rule.h"
#include "base/buf.h"

static void numbers_of_a_process(void **state)
{
	struct espy_batch *b = *state;

	matches(b, "uid != euid", "h");
	matches(b, "uid == euid", "abcdefgijklmnopqrs"); /* t has no process */
	matches(b, "not uid == euid", "ht");
	matches(b, "euid > uid", "h");
	matches(b, "euid more than uid and connect", "h");
	matches(b, "ppid < pid and process == sshd", "h");
}

static void texts(void **state)
{
	struct espy_batch *b = *state;

	matches(b, "path == path2", "");
	matches(b, "path != path2", "g"); /* both must be there */
	matches(b, "not path == path2", SAMPLE_ALL);
	matches(b, "basename(exe) == process", "dfghijknopqrs");
	matches(b, "process == basename(exe) and rename", "g");
	matches(b, "process is not basename(exe) and open", "bc"); /* cc is gcc-12 */
	matches(b, "process iis basename(exe) and rename", "g");
	matches(b, "basename(exe) contains field(process) and connect", "hij");
	matches(b, "exe endswith field(process) and exec", "");
	matches(b, "exe excludes field(process) and exec", "");
	matches(b, "exe contains process", ""); /* a word: the text "process" */
	matches(b, "cmdline startswith field(process) and exec", "a");
}

static void numbers_that_functions_make(void **state)
{
	struct espy_batch *b = *state;

	matches(b, "len(path) > len(path2)", "");
	matches(b, "len(path) < len(path2)", "g");
	matches(b, "depth(path) == depth(path2)", "");
	matches(b, "depth(path2) == 3", "g");
	matches(b, "depth(path) == 2 and (exit or write or chmod)", "f");
	matches(b, "extension(path2) == gz", "g");
	matches(b, "local.port > remote.port", "hi");
	matches(b, "duration > requested", "efo");
}

static void of_one_event(void **state)
{
	struct espy_batch *b = *state;

	matches(b, "file_rename.path != path2", "g");
	matches(b, "path != file_rename.path2", "g");
	matches(b, "file_link.path != path2", "");
	matches(b, "anypath != process and rename", "g");
	matches(b, "port == local.port", "hi");
}

/* A word that the left side knows is a value, and so is one that could not be compared. */
static void words(void **state)
{
	struct espy_batch *b = *state;

	matches(b, "class == process", "akln");
	matches(b, "class == field(process)", "");
	matches(b, "process == \"parent\"", "");
	matches(b, "process == process", "");
	matches(b, "process == field(process) and rename", "g");
	matches(b, "path == uid", ""); /* a number: the word is text */
}

/* --- every column against every other -----------------------------------------------------------
 */

static const char *const relations[] = {"==", "!=", "<", "<=", ">", ">="};

static bool holds(unsigned relation, int order)
{
	switch (relation) {
	case 0:
		return order == 0;
	case 1:
		return order != 0;
	case 2:
		return order < 0;
	case 3:
		return order <= 0;
	case 4:
		return order > 0;
	default:
		return order >= 0;
	}
}

static bool text_of(const struct espy_column *c, const struct espy_batch *b, uint32_t row,
		    struct espy_buf *out)
{
	struct espy_buf made = {0};
	struct espy_value v;
	bool is = espy_column_get(c, b, row, &made, &v);

	if (is)
		espy_column_text(out, espy_column_fmt(c, b, row), v.str);
	espy_buf_done(&made);
	return is;
}

static bool number_of(const struct espy_column *c, const struct espy_batch *b, uint32_t row,
		      __int128 *ret)
{
	struct espy_buf none = {0};
	struct espy_value v;

	if (!espy_column_get(c, b, row, &none, &v))
		return false;
	*ret = v.is_signed ? (__int128)(int64_t)v.num : (__int128)v.num;
	if (espy_column_fmt(c, b, row) == ESPY_FMT_TIME)
		*ret += b->wall_offset;
	return true;
}

static bool row_is(const struct espy_batch *b, uint32_t row, const struct espy_column *x,
		   const struct espy_column *y, unsigned relation)
{
	struct espy_buf left = {0}, right = {0};
	__int128 m, n;
	bool is;

	if (x->type != ESPY_TYPE_STR)
		return number_of(x, b, row, &m) && number_of(y, b, row, &n) &&
		       holds(relation, m < n ? -1 : m > n);
	is = text_of(x, b, row, &left) && text_of(y, b, row, &right) &&
	     holds(relation, !espy_str_eq((struct espy_str){left.p, left.n},
					  (struct espy_str){right.p, right.n}));
	espy_buf_done(&left);
	espy_buf_done(&right);
	return is;
}

static unsigned check_pair(const struct espy_batch *b, const struct espy_column *x,
			   const struct espy_column *y, unsigned relation)
{
	uint64_t bits[ESPY_RULE_WORDS(64)];
	struct espy_rule *r;
	char text[256];
	int n;

	snprintf(text, sizeof(text), "%s %s field(%s)", x->name, relations[relation], y->name);
	r = rule_of(text);
	n = espy_rule_match(r, b, bits);
	for (uint32_t row = 0; row < b->n; row++)
		if (row_is(b, row, x, y, relation) != espy_rule_bit(bits, row))
			fail_msg("%s: row %c: %d", text, 'a' + row, espy_rule_bit(bits, row));
	espy_rule_free(r);
	return n > 0;
}

/* Flags have no order, and so no relation but == and !=. */
static bool has_order(const struct espy_column *c)
{
	if (c->type == ESPY_TYPE_STR)
		return false;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		int f = espy_schema_is_shown(&espy_schemas[i])
				? espy_column_field(c, &espy_schemas[i])
				: -1;

		if (f >= 0 && espy_schemas[i].fields[f].fmt > ESPY_FMT__FLAGS)
			return false;
	}
	return c->fmt < ESPY_FMT__FLAGS;
}

static void all_pairs(void **state)
{
	const struct espy_column *x, *y;
	unsigned some = 0;

	for (unsigned i = 0; (x = espy_column_at(i)); i++) {
		for (unsigned k = 0; (y = espy_column_at(k)); k++) {
			bool orders = has_order(x) && has_order(y);
			unsigned relation = (i * 31 + k * 7) % (orders ? 6 : 2);

			if ((x->type == ESPY_TYPE_STR) == (y->type == ESPY_TYPE_STR))
				some += check_pair(*state, x, y, relation);
		}
	}
	assert_true(some > 100); /* else the test would prove little */
}

static void wrong(void **state)
{
	(void)state;
	is_wrong("path == len(path2)", 6, "path is text and path2 is a number");
	is_wrong("path == basenam(path2)", 16, "text with ( in it stands in quotes");
	is_wrong("duration contains field(requested)", 10, "does not suit duration");
	is_wrong("path == field(port)", 15, "stands for more than one field");
	is_wrong("path == field(nosuch)", 15, "there is no field nosuch");
	is_wrong("path like basename(path2)", 19, "stands in quotes");
	is_wrong("path == basename(path2", 23, "expected )");
	is_wrong("depth(pid) == 1", 1, "depth() needs text");
}

static void under(void **state)
{
	struct espy_batch *b = *state;

	matches(b, "path under /usr/include", "be");
	matches(b, "path under /usr/include/", "be");
	matches(b, "path under /usr/inc", "");
	matches(b, "path under /usr/include/stdio.h", "be");
	matches(b, "path under (/tmp, /usr/local)", "cdfg");
	matches(b, "path not under /usr and file and has path", "dfgmors");
	matches(b, "path iunder /TMP", "dfg");
	matches(b, "path under / and network", "");
	matches(b, "path under / and rename", "g");
	matches(b, "anypath under /home/joe", "g");
	matches(b, "path2 under dirname(path2)", "g");
	matches(b, "path under field(path2)", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_a_process),
		cmocka_unit_test(texts),
		cmocka_unit_test(numbers_that_functions_make),
		cmocka_unit_test(of_one_event),
		cmocka_unit_test(words),
		cmocka_unit_test(all_pairs),
		cmocka_unit_test(wrong),
		cmocka_unit_test(under),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
