/* SPDX-License-Identifier: MIT */
/* Filters on processes: who started whom. */
#include "test-rule.h"

static void descendants_by_pid(void **state)
{
	matches(*state, "descends(200)", "abcdefgkl");
	matches(*state, "descends(300)", "abcel");
	matches(*state, "descends(1)", "abcdefghijklnopqrs");
	matches(*state, "descends(500)", "m");
	matches(*state, "descends(300, 500)", "abcelm");
	matches(*state, "descends(7)", "");
	matches(*state, "not descends(1)", "mt");
}

static void descendants_by_name(void **state)
{
	matches(*state, "descends(make)", "abcdefgkl");
	matches(*state, "descends(\"make\")", "abcdefgkl");
	matches(*state, "descends(bash) and not descends(make)", "inor");
	matches(*state, "descends(make, 400)", "abcdefghkl");
	matches(*state, "descends(mak)", "");
	matches(*state, "descends(\"200\")", ""); /* a name, for it is quoted */
}

static void ancestors(void **state)
{
	matches(*state, "ancestor(300)", "abcdefgijklnopqrs");
	matches(*state, "ancestor(make)", "dfgijknopqrs");
	matches(*state, "ancestor(500)", "m");
	matches(*state, "ancestor(bash) and process != bash", "jpqs");
	matches(*state, "ancestor(400, 500)", "hjmpqs");
	matches(*state, "not ancestor(1)", "abcdefghiklmnort");
}

/* With more than one set of rows under way, and nothing left of the batch before. */
static void lineage_is_worked_out_for_each_batch(void **state)
{
	struct espy_rule *r = rule_of("descends(make) and result < 0 or ancestor(stray)");
	struct espy_batch *b = sample_new();
	uint64_t bits[1];

	(void)state;
	assert_int_equal(espy_rule_match(r, b, bits), 4);
	b->procs[STRAY].parent = MAKE;
	assert_int_equal(espy_rule_match(r, b, bits), 15);
	b->procs[STRAY].name = 0;
	assert_int_equal(espy_rule_match(r, b, bits), 4);
	assert_true(espy_rule_bit(bits, 12));
	espy_rule_free(r);
	espy_batch_free(b);
}

/* A damaged file: parents in a circle, parents that are not there. */
static void circles_end(void **state)
{
	struct espy_batch *b = sample_new();

	(void)state;
	b->procs[SYSTEMD].parent = CC;
	b->procs[STRAY].parent = STRAY;
	b->procs[SSHD].parent = 99;
	matches(b, "descends(bash)", "abcdefgijklnopqrs");
	matches(b, "descends(sshd)", "h");
	matches(b, "descends(stray)", "m");
	matches(b, "descends(nobody)", "");
	matches(b, "ancestor(bash)", "abcdefgijklnopqrs");
	matches(b, "ancestor(stray)", "m");
	espy_batch_free(b);
}

/* As long as chains get: they are walked, not called. */
static void long_chains_are_walked(void **state)
{
	struct espy_batch *b;
	const uint32_t n = 100000;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (uint32_t i = 0; i < n; i++) {
		struct espy_proc p = {.pid = i + 1, .parent = i > 0 ? i - 1 : UINT32_MAX};

		assert_int_equal(espy_batch_add_proc(b, &p), i);
	}
	sample_row(b, ESPY_EV_file_read, (enum sample_proc)(n - 1), 0, 0, 0, "/x");
	sample_row(b, ESPY_EV_file_read, 0, 0, 0, 0, "/x");
	matches(b, "descends(1)", "ab");
	matches(b, "descends(2)", "a");
	matches(b, "ancestor(100000)", "ab");
	matches(b, "ancestor(1)", "b");
	espy_batch_free(b);
}

static void processes_have_columns(void **state)
{
	matches(*state, "process == make", "dfgk");
	matches(*state, "parent == make", "abcel");
	matches(*state, "parent == systemd", "hinor");
	matches(*state, "not has parent", "jmpqst");
	matches(*state, "exe == /usr/bin/bash", "inor");
	matches(*state, "tty == pts/0", "abcdefgiklnor");
	matches(*state, "process matches \"^(ba)?sh\"", "inor");
	matches(*state, "has process", "abcdefghijklmnopqrs");
	matches(*state, "not has process", "t");
	matches(*state, "process in (cc, make) and not exit", "abcdefg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descendants_by_pid),
		cmocka_unit_test(descendants_by_name),
		cmocka_unit_test(ancestors),
		cmocka_unit_test(lineage_is_worked_out_for_each_batch),
		cmocka_unit_test(circles_end),
		cmocka_unit_test(long_chains_are_walked),
		cmocka_unit_test(processes_have_columns),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
