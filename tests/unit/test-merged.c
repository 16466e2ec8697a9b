/* SPDX-License-Identifier: MIT */
/* A merged row counts as the calls that it stands for, everywhere: the same reads and writes, one
 * by one and merged, come to the same figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "engine/diff-find.h"
#include "engine/diff.h"
#include "engine/overload.h"
#include "engine/report.h"
#include "engine/study.h"
#include "engine/summary.h"
#include "engine/tree.h"
#include "model/merged.h"
#include "rows.h"

#define TIMES 1000u
#define BYTES 3

static uint32_t add_io(struct espy_batch *b, uint32_t proc, unsigned type, bool merged,
		       uint64_t time, const char *path)
{
	uint32_t row = 0;

	for (unsigned i = 0; !merged && i < TIMES; i++)
		row = rows_add(b, type, proc, time, path, BYTES);
	if (merged) {
		row = rows_add(b,
			       type == ESPY_EV_file_read ? ESPY_EV_file_reads : ESPY_EV_file_writes,
			       proc, time, path, BYTES * TIMES);
		b->duration[row] = 10 * TIMES;
		rows_num(b, row, "times", TIMES);
	}
	return row;
}

/* Two processes: what one writes the other reads; one read fails. */
static struct espy_batch *example(bool merged)
{
	struct espy_batch *b;
	uint32_t sh, cat;

	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 1;
	sh = ROWS_PROC(b, 100, -1, "sh", "sh\0x.sh");
	cat = ROWS_PROC(b, 101, (int)sh, "cat", "cat\0/data");
	rows_add(b, ESPY_EV_file_open, sh, 100000, "/data", 3);
	add_io(b, sh, ESPY_EV_file_write, merged, 100100, "/data");
	rows_add(b, ESPY_EV_file_open, cat, 200000, "/data", 3);
	add_io(b, cat, ESPY_EV_file_read, merged, 200100, "/data");
	rows_add(b, ESPY_EV_file_read, cat, 300000, "/data", -5);
	return b;
}

static void test_times(void **state)
{
	struct espy_batch *b = example(true);
	uint64_t bits[1] = {1u << 0 | 1u << 1};
	uint32_t row;

	(void)state;
	assert_int_equal(espy_merged_times(b, 0), 1);
	assert_int_equal(espy_merged_times(b, 1), TIMES);
	assert_int_equal(espy_merged_more(b, NULL), 2 * (TIMES - 1));
	assert_int_equal(espy_merged_more(b, bits), TIMES - 1);
	bits[0] = 1;
	assert_int_equal(espy_merged_more(b, bits), 0);
	row = rows_add(b, ESPY_EV_file_reads, 0, 1, NULL, 0); /* a trace that says nothing */
	assert_int_equal(espy_merged_times(b, row), 1);
	rows_num(b, row, "times", UINT64_MAX); /* or too much */
	assert_int_equal(espy_merged_times(b, row), ESPY_MERGED_TIMES_MAX);
	espy_batch_free(b);
}

/* All measures of all kinds, but for the longest: of merged calls that is not known, their mean is
 * taken, and here all are equally long. */
static void test_summaries(void **state)
{
	struct espy_batch *b[2] = {example(false), example(true)};
	const struct espy_summary_kind *k;
	struct espy_summary *s[2];

	(void)state;
	for (unsigned i = 0; (k = espy_kind_at(i)); i++) {
		for (unsigned m = 0; m < 2; m++) {
			assert_int_equal(espy_summary_new(&s[m], k, 0), 0);
			assert_int_equal(espy_summary_batch(s[m], b[m], NULL), 0);
		}
		assert_int_equal(espy_summary_groups(s[0]), espy_summary_groups(s[1]));
		assert_int_equal(espy_summary_operations(s[0]), espy_summary_operations(s[1]));
		for (uint32_t g = 0; g < espy_summary_groups(s[0]); g++)
			for (unsigned m = 0; m < k->n_measures; m++)
				if (espy_summary_value(s[0], g, k->measures[m]) !=
				    espy_summary_value(s[1], g, k->measures[m]))
					fail_msg("%s: %s", k->name,
						 espy_measure_get(k->measures[m])->name);
		espy_summary_free(s[0]);
		espy_summary_free(s[1]);
	}
	espy_batch_free(b[0]);
	espy_batch_free(b[1]);
}

static void test_mean(void **state)
{
	struct espy_batch *b = example(true);
	struct espy_summary *s;

	(void)state;
	assert_int_equal(espy_summary_new(&s, espy_kind_find("class", ""), 0), 0);
	assert_int_equal(espy_summary_batch(s, b, NULL), 0);
	assert_int_equal(espy_summary_groups(s), 1);
	assert_int_equal(espy_summary_value(s, 0, ESPY_MEASURE_events), 2 * TIMES + 3);
	assert_int_equal(espy_summary_value(s, 0, ESPY_MEASURE_failures), 1);
	assert_int_equal(espy_summary_value(s, 0, ESPY_MEASURE_time), 10 * (2 * TIMES + 3));
	assert_int_equal(espy_summary_value(s, 0, ESPY_MEASURE_average), 10);
	assert_int_equal(espy_summary_value(s, 0, ESPY_MEASURE_longest), 10);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_tree(void **state)
{
	struct espy_tree_counts counts[2];

	(void)state;
	for (unsigned m = 0; m < 2; m++) {
		struct espy_batch *b = example(m);
		struct espy_tree *t;

		assert_int_equal(espy_tree_new(&t, NULL), 0);
		assert_int_equal(espy_tree_batch(t, b, NULL), 0);
		counts[m] = espy_tree_proc(t, espy_tree_find(t, 101, 101000))->counts;
		espy_tree_free(t);
		espy_batch_free(b);
	}
	assert_int_equal(counts[1].events, TIMES + 2);
	assert_int_equal(counts[1].read, BYTES * TIMES);
	assert_memory_equal(&counts[0], &counts[1], sizeof(counts[0]));
}

static char *studied(const char *name, bool merged)
{
	const struct espy_study *s = espy_study_find(name);
	struct espy_summary_view_options o = {.format = ESPY_VIEW_CSV};
	struct espy_batch *b = example(merged);
	struct espy_buf out = {0};
	void *state;

	assert_int_equal(s->open(&state), 0);
	assert_int_equal(s->batch(state, b, NULL), 0);
	assert_int_equal(s->view(state, &out, &o), 0);
	s->close(state);
	espy_batch_free(b);
	espy_buf_putc(&out, 0);
	return out.p;
}

static void test_studies(void **state)
{
	static const char *const names[] = {"activity", "crossref", "stack"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *one = studied(names[i], false), *merged = studied(names[i], true);

		assert_string_equal(one, merged);
		assert_true(i == 2 || strstr(one, "3000")); /* bytes */
		free(one);
		free(merged);
	}
}

/* A run that was merged and one that was not did the same. */
static void test_diff(void **state)
{
	struct espy_differences found;
	struct espy_diff d;

	(void)state;
	assert_int_equal(espy_diff_init(&d), 0);
	for (unsigned side = 0; side < 2; side++) {
		struct espy_batch *b = example(side);

		espy_diff_side(&d, side);
		assert_int_equal(espy_diff_batch(&d, b, NULL), 0);
		espy_batch_free(b);
	}
	assert_int_equal(espy_differences_find(&found, &d), 0);
	assert_int_equal(found.list.n, 0);
	assert_int_equal(d.events[0], 2 * TIMES + 3);
	assert_int_equal(d.events[1], 2 * TIMES + 3);
	for (size_t i = 0; i < d.keys.n; i++)
		assert_int_equal(d.keys.v[i].count[0], d.keys.v[i].count[1]);
	espy_differences_done(&found);
	espy_diff_done(&d);
}

/* The report of espy run tells of rows and of what they stand for. */
static void test_report(void **state)
{
	struct espy_ending ending = {.exit_status = 0,
				     .ended = 5000000000,
				     .runs = 2,
				     .merged = 2 * TIMES,
				     .steps = 3,
				     .left_out = 1,
				     .level = 2};
	struct espy_machine machine = {.started = 4000000000};
	struct espy_report_options o = {.ending = &ending, .machine = &machine};
	struct espy_batch *b = example(true);
	struct espy_buf out = {0};
	struct espy_report *r;

	(void)state;
	assert_int_equal(espy_report_new(&r), 0);
	assert_int_equal(espy_report_batch(r, b, NULL), 0);
	assert_int_equal(espy_report_print(r, &out, &o), 0);
	espy_buf_putc(&out, 0);
	assert_non_null(strstr(out.p, "5 events (2,003 operations)\n"));
	assert_non_null(strstr(out.p, "1 of 2,003 operations: 1 EIO\n"));
	assert_non_null(strstr(out.p,
			       "overload   3 steps up to isolating, threads left out 1 time\n"
			       "           2,000 reads and writes are told as 2 events\n"));
	espy_buf_reset(&out);
	ending.steps = 0;
	assert_int_equal(espy_report_print(r, &out, &o), 0);
	espy_buf_putc(&out, 0);
	assert_non_null(strstr(out.p, "merged     2,000 reads and writes are told as 2 events\n"));
	assert_null(strstr(out.p, "overload"));
	espy_buf_done(&out);
	espy_report_free(r);
	espy_batch_free(b);
}

static const char *words(struct espy_buf *out, const struct espy_ending *e)
{
	espy_buf_reset(out);
	espy_overload_text(out, e);
	espy_buf_putc(out, 0);
	return out->p;
}

static void test_words(void **state)
{
	struct espy_ending e = {.level = 0};
	struct espy_buf out = {0};

	(void)state;
	assert_string_equal(words(&out, &e), "");
	e.steps = 1;
	e.level = 1;
	assert_string_equal(words(&out, &e), "1 step up to merging");
	e.runs = 1;
	e.merged = 1;
	assert_string_equal(words(&out, &e),
			    "1 step up to merging; 1 read or write is told as 1 event");
	e.level = 3;
	e.left_out = 1;
	e.runs = 0;
	assert_string_equal(words(&out, &e),
			    "1 step up to lifecycle_only, threads left out 1 time");
	espy_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),   cmocka_unit_test(test_summaries),
		cmocka_unit_test(test_mean),    cmocka_unit_test(test_tree),
		cmocka_unit_test(test_studies), cmocka_unit_test(test_diff),
		cmocka_unit_test(test_report),  cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
