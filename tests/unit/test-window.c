/* SPDX-License-Identifier: MIT */
/* Which rows of a capture --from, --until and --after keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "engine/window.h"
#include "model/event.h"
#include "rows.h"

/* Rows of 10 ns from 1000 on, one every 100 ns; their paths are "/0", "/1" … */
static struct espy_batch *batch(uint32_t first, uint32_t n)
{
	struct espy_batch *b;
	uint32_t p;

	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 7, -1, "a", "a");
	for (uint32_t i = first; i < first + n; i++) {
		char path[16];

		snprintf(path, sizeof(path), "/%u", i);
		rows_add(b, ESPY_EV_file_stat, p, 1000 + i * 100, path, 0);
	}
	return b;
}

/* The kept rows of the batch, "0110". */
static const char *cut(struct espy_window *w, const struct espy_batch *b)
{
	static char text[256];
	uint64_t bits[ESPY_RULE_WORDS(256)];

	assert_true(b->n < sizeof(text));
	memset(bits, 0xff, sizeof(bits));
	assert_int_equal(espy_window_cut(w, b, bits), 0);
	for (uint32_t row = 0; row < b->n; row++)
		text[row] = espy_rule_bit(bits, row) ? '1' : '0';
	text[b->n] = '\0';
	return text;
}

static struct espy_window *window(const char *from, const char *until, uint64_t after_ns)
{
	struct espy_window_options o = {from, until, after_ns};
	struct espy_window *w = NULL;
	struct espy_err err = {0};

	if (espy_window_new(&w, &o, &err) < 0)
		fail_msg("%s", err.text);
	return w;
}

static void nothing_asked_is_nothing(void **state)
{
	(void)state;
	assert_null(window(NULL, NULL, 0));
	assert_null(window("", "", 5));
	assert_false(espy_window_over(NULL, UINT64_MAX));
	assert_false(espy_window_waits(NULL));
}

static void a_wrong_filter_is_refused(void **state)
{
	struct espy_window_options o = {.until = "nosuchcolumn == 3"};
	struct espy_window *w = NULL;
	struct espy_err err = {0};

	(void)state;
	assert_true(espy_window_new(&w, &o, &err) < 0);
	assert_null(w);
	assert_int_equal(err.column, 1);
}

static void it_begins_with_the_match(void **state)
{
	struct espy_window *w = window("path in (/7, /9)", NULL, 0);
	struct espy_batch *b[3] = {batch(0, 5), batch(5, 5), batch(10, 5)};

	(void)state;
	assert_string_equal(cut(w, b[0]), "00000");
	assert_true(espy_window_waits(w));
	assert_string_equal(cut(w, b[1]), "00111");
	assert_false(espy_window_waits(w));
	assert_string_equal(cut(w, b[2]), "11111");
	assert_false(espy_window_over(w, UINT64_MAX));
	espy_window_free(w);
	for (unsigned i = 0; i < 3; i++)
		espy_batch_free(b[i]);
}

static void it_ends_with_the_match(void **state)
{
	struct espy_window *w = window(NULL, "path in (/7, /9)", 0);
	struct espy_batch *b[3] = {batch(0, 5), batch(5, 5), batch(10, 5)};

	(void)state;
	assert_string_equal(cut(w, b[0]), "11111");
	assert_false(espy_window_over(w, UINT64_MAX));
	assert_string_equal(cut(w, b[1]), "11100");
	assert_true(espy_window_over(w, 1710));
	/* what comes out of the rings after that; one of them went on when the capture stopped */
	b[2]->time[3] = 1705;
	b[2]->duration[3] = 100000;
	b[2]->flags[3] = ESPY_F_PENDING;
	assert_string_equal(cut(w, b[2]), "00010");
	espy_window_free(w);
	for (unsigned i = 0; i < 3; i++)
		espy_batch_free(b[i]);
}

static void it_goes_on_for_a_while(void **state)
{
	struct espy_window *w = window(NULL, "path == /3", 400);
	struct espy_batch *b[2] = {batch(0, 5), batch(5, 5)};

	(void)state;
	assert_string_equal(cut(w, b[0]), "11111");
	assert_false(espy_window_over(w, 1709));
	assert_true(espy_window_over(w, 1710));
	assert_string_equal(cut(w, b[1]), "11100"); /* 1710 is inside */
	espy_window_free(w);
	espy_batch_free(b[0]);
	espy_batch_free(b[1]);
}

static void the_end_is_looked_for_from_the_beginning_on(void **state)
{
	struct espy_window *w = window("path == /6", "path in (/2, /6, /8)", 0);
	struct espy_batch *b[2] = {batch(0, 5), batch(5, 5)};

	(void)state;
	assert_string_equal(cut(w, b[0]), "00000");
	assert_false(espy_window_over(w, UINT64_MAX));
	assert_string_equal(cut(w, b[1]), "01000"); /* one event may be both */
	assert_true(espy_window_over(w, UINT64_MAX));
	espy_window_free(w);
	espy_batch_free(b[0]);
	espy_batch_free(b[1]);
}

static struct espy_rule_needs needs(const char *filter, const char *from, const char *until)
{
	struct espy_window *w = window(from, until, 0);
	struct espy_rule_needs n;
	struct espy_rule *r;

	assert_int_equal(espy_rule_new(&r, filter, NULL), 0);
	espy_rule_needs(r, &n);
	espy_window_needs(w, &n);
	espy_window_free(w);
	espy_rule_free(r);
	return n;
}

/* What the filter would hide is still taken from the kernel when the end depends on it. */
static void its_filters_are_recorded_too(void **state)
{
	struct espy_rule_needs n =
		needs("op == stat and result < 0 and duration > 1ms and uid == 5",
		      "op == connect and result < 0 and duration > 5us and uid == 7", NULL);

	(void)state;
	assert_true(n.type[ESPY_EV_file_stat]);
	assert_true(n.type[ESPY_EV_net_connect]);
	assert_false(n.type[ESPY_EV_file_read]);
	assert_true(n.failed_only);
	assert_in_range(n.min_duration, 1, 5001);
	assert_int_equal(n.n_uids, 2);
	n = needs("result < 0 and uid == 5", NULL, "op == read");
	assert_false(n.failed_only);
	assert_int_equal(n.n_uids, 0);
	assert_true(n.type[ESPY_EV_file_read]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_is_nothing),
		cmocka_unit_test(a_wrong_filter_is_refused),
		cmocka_unit_test(it_begins_with_the_match),
		cmocka_unit_test(it_ends_with_the_match),
		cmocka_unit_test(it_goes_on_for_a_while),
		cmocka_unit_test(the_end_is_looked_for_from_the_beginning_on),
		cmocka_unit_test(its_filters_are_recorded_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
