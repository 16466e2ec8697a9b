/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "format/pmc-filter.h"
#include "rule/rule.h"

#define DATA       ESPY_SOURCE_ROOT "/tests/procmon/data/"
#define FILE_BYTES 65536

struct bytes {
	char p[FILE_BYTES];
	size_t n;
};

static void load(const char *name, struct bytes *b)
{
	FILE *f = fopen(name, "rb");

	assert_non_null(f);
	b->n = fread(b->p, 1, sizeof(b->p), f);
	fclose(f);
	assert_in_range(b->n, 1, sizeof(b->p) - 1);
}

static struct espy_pmc *parse(const struct bytes *b)
{
	struct espy_err err = {0};
	struct espy_pmc *c = NULL;

	if (espy_pmc_read(&c, b->p, b->n, "x", &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

/* --- files --------------------------------------------------------------------------------------
 */

static void check_file(const char *name, size_t filter, size_t highlight, size_t records)
{
	static struct bytes b;
	struct espy_buf out = {0};
	struct espy_pmc *c;

	load(name, &b);
	c = parse(&b);
	assert_int_equal(c->rules[ESPY_PMC_FILTER].n, filter);
	assert_int_equal(c->rules[ESPY_PMC_HIGHLIGHT].n, highlight);
	assert_int_equal(c->n, records);
	assert_int_equal(espy_pmc_write(c, &out), 0);
	assert_int_equal(out.n, b.n);
	assert_memory_equal(out.p, b.p, b.n);
	espy_buf_done(&out);
	espy_pmc_free(c);
}

static void test_files_come_back_byte_for_byte(void **state)
{
	(void)state;
	check_file(DATA "procmon-parser_raw_config_full.pmc", 25, 0, 20);
	check_file(DATA "noriben_ProcmonConfiguration.pmc", 169, 1, 24);
}

static void test_rules_are_read(void **state)
{
	static struct bytes b;
	struct espy_pmc *c;
	const struct espy_pmc_rule *r;

	(void)state;
	load(DATA "noriben_ProcmonConfiguration.pmc", &b);
	c = parse(&b);
	r = &c->rules[ESPY_PMC_FILTER].v[7];
	assert_string_equal(espy_pmc_column_title(r->column), "Operation");
	assert_string_equal(espy_pmc_relation_name(r->relation), "begins with");
	assert_int_equal(r->include, 0);
	assert_true(espy_str_eq(r->value, ESPY_STR("FASTIO_")));
	assert_int_equal(espy_pmc_u32(c, "HistoryDepth", 0), 18);
	assert_int_equal(espy_pmc_u32(c, "NoSuchThing", 7), 7);
	espy_pmc_free(c);
}

/* Cut anywhere, it is an error with a sentence, except between two records. */
static void test_cut_files_are_refused(void **state)
{
	static struct bytes b;
	unsigned whole = 0;

	(void)state;
	load(DATA "procmon-parser_raw_config_full.pmc", &b);
	for (size_t n = 1; n < b.n; n++) {
		struct espy_err err = {0};
		struct espy_pmc *c = NULL;
		int r = espy_pmc_read(&c, b.p, n, "x", &err);

		if (r == 0) {
			whole++;
			espy_pmc_free(c);
		} else {
			assert_int_equal(r, -EBADMSG);
			assert_true(err.text[0]);
		}
	}
	assert_int_equal(whole, 19);
}

static void test_a_count_too_large(void **state)
{
	static struct bytes b;
	struct espy_err err = {0};
	struct espy_pmc *c = NULL;

	(void)state;
	load(DATA "procmon-parser_raw_config_full.pmc", &b);
	memset(b.p + 1478 + 40 + 1, 0xff, 4);
	assert_int_equal(espy_pmc_read(&c, b.p, b.n, "x", &err), -E2BIG);
	assert_int_equal(espy_pmc_read(&c, b.p, 0, "x", &err), -EBADMSG);
}

/* --- changing -----------------------------------------------------------------------------------
 */

static void add(struct espy_pmc *c, const char *rule)
{
	struct espy_err err = {0};

	if (espy_pmc_parse_rule(c, ESPY_PMC_FILTER, espy_str0(rule), &err) < 0)
		fail_msg("%s", err.text);
}

static void test_a_new_one_is_read_again(void **state)
{
	struct espy_buf out = {0};
	struct espy_pmc *c, *again = NULL;
	const struct espy_pmc_rule *r;

	(void)state;
	assert_int_equal(espy_pmc_new(&c), 0);
	add(c, "exclude Path ends with .swp");
	add(c, "include  Process Name is not caf\xc3\xa9 \xf0\x9f\x98\x80");
	add(c, "include PID is 4242");
	assert_int_equal(espy_pmc_write(c, &out), 0);
	assert_int_equal(espy_pmc_read(&again, out.p, out.n, "x", NULL), 0);
	assert_int_equal(again->rules[ESPY_PMC_FILTER].n, 3);
	r = again->rules[ESPY_PMC_FILTER].v;
	assert_int_equal(r[0].relation, ESPY_PMC_ENDS_WITH);
	assert_int_equal(r[0].include, 0);
	assert_int_equal(r[1].relation, ESPY_PMC_IS_NOT);
	assert_true(espy_str_eq(r[1].value, ESPY_STR("caf\xc3\xa9 \xf0\x9f\x98\x80")));
	assert_int_equal(r[2].number, 4242);
	assert_int_equal(espy_pmc_u32(again, "ColumnCount", 0), 7);
	espy_buf_done(&out);
	espy_pmc_free(c);
	espy_pmc_free(again);
}

static void test_wrong_rules(void **state)
{
	static const char *const wrong[] = {
		"",
		"Path is x",
		"exclude",
		"exclude Pathe is x",
		"exclude Path",
		"exclude Path like x",
		"include Process Start is 1",
	};
	struct espy_pmc *c;

	(void)state;
	assert_int_equal(espy_pmc_new(&c), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct espy_err err = {0};

		assert_int_equal(espy_pmc_parse_rule(c, ESPY_PMC_FILTER, espy_str0(wrong[i]), &err),
				 -EINVAL);
		assert_true(err.text[0]);
	}
	assert_int_equal(c->rules[ESPY_PMC_FILTER].n, 0);
	espy_pmc_free(c);
}

/* --- as a filter
 * ---------------------------------------------------------------------------------- */

/* The expression of rules, NULL-terminated; the caller frees it. */
static char *filter_of(const char *const *rules, struct espy_buf *notes)
{
	struct espy_buf out = {0};
	struct espy_pmc *c;

	assert_int_equal(espy_pmc_new(&c), 0);
	for (; *rules; rules++)
		add(c, *rules);
	assert_int_equal(espy_pmc_filter(&c->rules[ESPY_PMC_FILTER], &out, notes), 0);
	espy_buf_putc(&out, '\0');
	espy_pmc_free(c);
	return out.p;
}

static void compile(struct espy_rule **ret, const char *text)
{
	struct espy_err err = {0};

	if (espy_rule_new(ret, text, &err) < 0)
		fail_msg("%s\n  in %s", err.text, text);
}

static void test_both_files_compile(void **state)
{
	static const char *const names[] = {DATA "procmon-parser_raw_config_full.pmc",
					    DATA "noriben_ProcmonConfiguration.pmc"};
	static struct bytes b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct espy_buf out = {0};
		struct espy_rule *rule;
		struct espy_pmc *c;

		load(names[i], &b);
		c = parse(&b);
		assert_int_equal(espy_pmc_filter(&c->rules[ESPY_PMC_FILTER], &out, NULL), 0);
		espy_buf_putc(&out, '\0');
		compile(&rule, out.p);
		espy_rule_free(rule);
		espy_buf_done(&out);
		espy_pmc_free(c);
	}
}

/* Rows: an open of /etc/passwd by bash, a read by cat that found nothing, an unlink by bash that
 * failed, a TCP send by cat, a RegOpenKey of a capture of Windows by System. */
enum { OPEN, READ, UNLINK, SEND, REGISTRY, ROWS };

static void set_text(struct espy_batch *b, int row, const char *field, const char *text)
{
	int i = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(field));

	assert_true(i >= 0);
	assert_int_equal(espy_batch_set_str(b, (uint32_t)row, (unsigned)i, espy_str0(text)), 0);
}

static struct espy_batch *make_batch(void)
{
	static const struct {
		unsigned type, proc;
		const char *path;
		int64_t result;
	} rows[ROWS] = {
		[OPEN] = {ESPY_EV_file_open, 0, "/etc/passwd", 3},
		[READ] = {ESPY_EV_file_read, 1, "/etc/passwd", 0},
		[UNLINK] = {ESPY_EV_file_unlink, 0, "/tmp/x.SWP", -ENOENT},
		[SEND] = {ESPY_EV_net_send, 1, "socket", 512},
		[REGISTRY] = {ESPY_EV_registry_open, 2, "HKLM\\Software", -ENOENT},
	};
	static const char *const names[] = {"bash", "cat", "System"};
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 1;
	for (unsigned i = 0; i < 3; i++) {
		struct espy_proc p = {.pid = 100 + i, .parent = UINT32_MAX};

		p.name = espy_dict_add(&b->dict, espy_str0(names[i]));
		espy_batch_add_proc(b, &p);
	}
	for (int i = 0; i < ROWS; i++) {
		assert_int_equal(espy_batch_add(b, rows[i].type), i);
		set_text(b, i, "path", rows[i].path);
		b->proc[i] = rows[i].proc;
		b->result[i] = rows[i].result;
		b->duration[i] = 1000u * (unsigned)(i + 1);
	}
	espy_batch_set_num(b, READ, 1, 4096);
	set_text(b, SEND, "protocol", "tcp");
	b->abi[REGISTRY] = ESPY_ABI_PROCMON;
	b->call[REGISTRY] = 10; /* RegOpenKey */
	b->status[REGISTRY] = 0xc0000034;
	b->category[REGISTRY] = ESPY_CATEGORY_READ;
	return b;
}

/* Which rows the rules let through, as bits. */
static unsigned matches(const char *const *rules)
{
	char *text = filter_of(rules, NULL);
	struct espy_batch *b = make_batch();
	uint64_t bits[ESPY_RULE_WORDS(ROWS)];
	struct espy_rule *rule;

	compile(&rule, text);
	assert_true(espy_rule_match(rule, b, bits) >= 0);
	espy_rule_free(rule);
	espy_batch_free(b);
	free(text);
	return (unsigned)bits[0];
}

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define BIT(row)   (1u << (row))
#define ALL        (BIT(ROWS) - 1)

static void test_what_rules_mean(void **state)
{
	(void)state;
	/* one column: any of them; several columns: all of them; exclude wins */
	assert_int_equal(matches(RULES("include Process Name is BASH")), BIT(OPEN) | BIT(UNLINK));
	assert_int_equal(
		matches(RULES("include Process Name is bash", "include Process Name is cat")),
		ALL & ~BIT(REGISTRY));
	assert_int_equal(
		matches(RULES("include Process Name is bash", "include Path contains ETC")),
		BIT(OPEN));
	assert_int_equal(matches(RULES("exclude Path ends with .swp")), ALL & ~BIT(UNLINK));
	assert_int_equal(
		matches(RULES("include Process Name is bash", "exclude Process Name is bash")), 0);
	assert_int_equal(matches(RULES("include Process Name is not bash")),
			 BIT(READ) | BIT(SEND) | BIT(REGISTRY));
	assert_int_equal(matches(RULES("include Path excludes etc")),
			 BIT(UNLINK) | BIT(SEND) | BIT(REGISTRY));
	assert_int_equal(matches(RULES("include PID more than 100")),
			 BIT(READ) | BIT(SEND) | BIT(REGISTRY));
}

static void test_its_own_names(void **state)
{
	(void)state;
	assert_int_equal(matches(RULES("include Operation is createfile")), BIT(OPEN));
	assert_int_equal(matches(RULES("include Operation begins with Reg")), BIT(REGISTRY));
	assert_int_equal(matches(RULES("include Operation is TCP Send")), BIT(SEND));
	assert_int_equal(matches(RULES("include Operation is UDP Send")), 0);
	assert_int_equal(matches(RULES("include Operation is not ReadFile")), ALL & ~BIT(READ));
	assert_int_equal(matches(RULES("include Result is NAME NOT FOUND")),
			 BIT(UNLINK) | BIT(REGISTRY));
	assert_int_equal(matches(RULES("include Result is SUCCESS")), BIT(OPEN) | BIT(SEND));
	assert_int_equal(matches(RULES("include Result is END OF FILE")), BIT(READ));
	assert_int_equal(matches(RULES("include Event Class is Registry")), BIT(REGISTRY));
	assert_int_equal(matches(RULES("include Category is Read")), BIT(READ) | BIT(REGISTRY));
	assert_int_equal(matches(RULES("include Category is Write")), BIT(UNLINK));
	assert_int_equal(matches(RULES("include Duration is 0.000003")), BIT(UNLINK));
	assert_int_equal(matches(RULES("include Duration less than 0.000002")), BIT(OPEN));
}

static void test_what_cannot_be_said(void **state)
{
	struct espy_buf notes = {0};
	char *text;

	(void)state;
	text = filter_of(RULES("include Path less than x", "exclude Path begins with C:\\Windows",
			       "exclude Operation is QueryOpen"),
			 &notes);
	espy_buf_putc(&notes, '\0');
	assert_non_null(strstr(notes.p, "rule 1 (Path less than “x”)"));
	assert_non_null(strstr(notes.p, "rule 2 (Path begins with “C:\\Windows”): names a place"));
	assert_non_null(strstr(notes.p, "rule 3 (Operation is “QueryOpen”): no event"));
	assert_int_equal(matches(RULES("include Path less than x")), 0);
	assert_int_equal(matches(RULES("exclude Path less than x")), ALL);
	free(text);
	espy_buf_done(&notes);
}

/* Whatever a value holds, the filter language reads it back. */
static void test_hostile_values(void **state)
{
	assert_int_equal(matches(RULES("include Path is a\"b\\c\x01\nd')(or")), 0);
	assert_int_equal(matches(RULES("include Time of Day is 1:18:10.77 PM",
				       "include Date & Time more than 7/31/2020 7:19:37 AM",
				       "include Relative Time less than 00:00:15.01")),
			 0);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_come_back_byte_for_byte),
		cmocka_unit_test(test_rules_are_read),
		cmocka_unit_test(test_cut_files_are_refused),
		cmocka_unit_test(test_a_count_too_large),
		cmocka_unit_test(test_a_new_one_is_read_again),
		cmocka_unit_test(test_wrong_rules),
		cmocka_unit_test(test_both_files_compile),
		cmocka_unit_test(test_what_rules_mean),
		cmocka_unit_test(test_its_own_names),
		cmocka_unit_test(test_what_cannot_be_said),
		cmocka_unit_test(test_hostile_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
