/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "format/timeline.h"
#include "rows.h"

static struct espy_batch *b;
static struct espy_timeline t;
static uint32_t shell;
static bool is_new, is_new_process;

static int begin(void **state)
{
	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	shell = ROWS_PROC(b, 100, -1, "sh", "sh\0");
	return 0;
}

static int end(void **state)
{
	(void)state;
	espy_batch_free(b);
	espy_timeline_done(&t);
	return 0;
}

/* The track of an operation of the shell's thread from `from` to `to`. */
static const struct espy_timeline_track *track(uint64_t from, uint64_t to)
{
	uint32_t row = rows_add(b, ESPY_EV_file_read, shell, from, NULL, 0);
	const struct espy_timeline_track *track;

	b->duration[row] = to - from;
	track = espy_timeline_track(&t, b, row, &is_new, &is_new_process);
	assert_non_null(track);
	return track;
}

static void one_after_the_other(void **state)
{
	const struct espy_timeline_track *first = track(10, 20);

	(void)state;
	assert_true(is_new && is_new_process);
	assert_int_equal(first->pid, 100);
	assert_int_equal(first->aside, 0);
	assert_ptr_equal(track(20, 30), first);
	assert_false(is_new || is_new_process);
	assert_ptr_equal(track(30, 30), first);
	assert_ptr_equal(track(30, 40), first);
}

static void one_in_another(void **state)
{
	const struct espy_timeline_track *first = track(10, 20);

	(void)state;
	assert_ptr_equal(track(30, 40), first);
	assert_ptr_equal(track(5, 50), first);
	assert_ptr_equal(track(1, 50), first);
	assert_ptr_equal(track(50, 60), first);
}

/* Which of two that begin together a viewer would take for the outer one is not known. */
static void one_cuts_another(void **state)
{
	const struct espy_timeline_track *first = track(10, 20), *aside = track(15, 30);

	(void)state;
	assert_ptr_not_equal(aside, first);
	assert_true(is_new);
	assert_int_equal(aside->aside, 1);
	assert_int_equal(aside->thread, first->id);
	assert_int_not_equal(aside->id, first->id);
	assert_ptr_equal(track(40, 50), first);
	assert_ptr_equal(track(40, 60), aside);
	assert_false(is_new);
	assert_int_equal(track(55, 70)->aside, 0);
	assert_int_equal(track(58, 80)->aside, 2);
}

static void threads_have_their_own(void **state)
{
	const struct espy_timeline_track *first = track(10, 20), *other;
	uint32_t row = rows_add(b, ESPY_EV_file_read, shell, 15, NULL, 0);

	(void)state;
	b->tid[row] = 101;
	other = espy_timeline_track(&t, b, row, &is_new, &is_new_process);
	assert_ptr_not_equal(other, first);
	assert_true(is_new);
	assert_false(is_new_process);
	assert_int_equal(other->process, first->process);
}

/* The same process id, another process. */
static void reused_ids(void **state)
{
	uint64_t first = track(10, 20)->process;
	uint32_t row = rows_add(b, ESPY_EV_file_read, shell, 30, NULL, 0);

	(void)state;
	b->proc[row] = ROWS_PROC(b, 100, -1, "sh", "sh\0");
	b->procs[b->proc[row]].start = 25;
	assert_int_not_equal(espy_timeline_track(&t, b, row, &is_new, &is_new_process)->process,
			     first);
	assert_true(is_new && is_new_process);
}

/* A process is announced as what exec made of it. */
static void newest_name(void **state)
{
	uint32_t row = rows_add(b, ESPY_EV_file_read, shell, 10, NULL, 0);
	uint32_t later = ROWS_PROC(b, 100, -1, "ls", "ls\0");

	(void)state;
	ROWS_PROC(b, 200, -1, "cat", "cat\0");
	assert_ptr_equal(espy_timeline_newest(b, row), &b->procs[later]);
	b->proc[row] = UINT32_MAX;
	assert_null(espy_timeline_newest(b, row));
	assert_non_null(espy_timeline_track(&t, b, row, &is_new, &is_new_process));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_after_the_other, begin, end),
		cmocka_unit_test_setup_teardown(one_in_another, begin, end),
		cmocka_unit_test_setup_teardown(one_cuts_another, begin, end),
		cmocka_unit_test_setup_teardown(threads_have_their_own, begin, end),
		cmocka_unit_test_setup_teardown(reused_ids, begin, end),
		cmocka_unit_test_setup_teardown(newest_name, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
