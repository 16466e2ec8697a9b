/* SPDX-License-Identifier: MIT */
#include "engine/diff-view.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "rows.h"
#include "trace-help.h"

struct fixture {
	struct espy_diff diff;
	struct espy_differences found;
	struct espy_batch *b;
	uint32_t root, child;
};

/* A batch with "sh" (there before, and then it ran something) and its child "cat". */
static void begin(struct fixture *f, uint32_t pid)
{
	uint32_t row;

	assert_int_equal(espy_batch_new(&f->b), 0);
	f->b->first_seq = 100;
	f->root = ROWS_PROC(f->b, pid, -1, "sh", "sh\0-c\0x");
	f->b->procs[f->root].flags = ESPY_PROC_BEFORE;
	f->b->procs[f->root].exe = espy_dict_add(&f->b->dict, ESPY_STR("/bin/sh"));
	f->child = ROWS_PROC(f->b, pid + 1, (int)f->root, "cat", "cat\0x");
	f->b->procs[f->child].exe = espy_dict_add(&f->b->dict, ESPY_STR("/bin/cat"));
	row = rows_add(f->b, ESPY_EV_process_exec, f->root, 10, "/bin/sh", 0);
	rows_str(f->b, row, "argv", "sh\0-c\0x", 7);
	row = rows_add(f->b, ESPY_EV_process_exec, f->child, 20, "/bin/cat", 0);
	rows_str(f->b, row, "argv", "cat\0x", 6);
}

static void end(struct fixture *f, unsigned side)
{
	espy_diff_side(&f->diff, side);
	assert_int_equal(espy_diff_batch(&f->diff, f->b, NULL), 0);
	espy_batch_free(f->b);
}

static void look(struct fixture *f, const char *path, int64_t result)
{
	rows_add(f->b, ESPY_EV_file_open, f->child, 30, path, result);
}

static const struct espy_difference *at(struct fixture *f, size_t i)
{
	assert_true(i < f->found.list.n);
	return &f->found.list.v[i];
}

static void is(struct fixture *f, uint32_t id, const char *text)
{
	struct espy_str s = espy_dict_get(&f->diff.strings, id);

	if (!espy_str_eq(s, espy_str0(text)))
		fail_msg("%.*s is not %s", (int)s.n, s.p, text);
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	*state = &f;
	return espy_diff_init(&f.diff);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	espy_differences_done(&f->found);
	espy_diff_done(&f->diff);
	return 0;
}

static void same_but_for_numbers(void **state)
{
	struct fixture *f = *state;

	for (unsigned side = 0; side < 2; side++) {
		begin(f, 4000 + side * 100);
		look(f, side ? "/proc/4100/stat" : "/proc/4000/stat", 3);
		look(f, side ? "/tmp/ccAbCdEf.o" : "/tmp/ccQwErTy.o", 3);
		rows_add(f->b, ESPY_EV_file_read, f->child, 30, side ? "pipe:[7]" : "pipe:[8]", 5);
		rows_add(f->b, ESPY_EV_file_read, f->child, 30, "/x", side ? -EAGAIN : -EINTR);
		end(f, side);
	}
	assert_int_equal(espy_differences_find(&f->found, &f->diff), 0);
	assert_int_equal(f->found.list.n, 0);
	assert_int_equal(f->found.n_paired, 2);
}

static void exact_names(void **state)
{
	struct fixture *f = *state;

	f->diff.exact = true;
	for (unsigned side = 0; side < 2; side++) {
		begin(f, 4000);
		look(f, side ? "/tmp/ccAbCdEf.o" : "/tmp/ccQwErTy.o", 3);
		end(f, side);
	}
	assert_int_equal(espy_differences_find(&f->found, &f->diff), 0);
	assert_int_equal(f->found.list.n, 2);
}

static void refused_in_one(void **state)
{
	struct fixture *f = *state;

	begin(f, 4000);
	look(f, "/etc/app.conf", 3);
	look(f, "/etc/only-a", 3);
	rows_add(f->b, ESPY_EV_process_exit, f->child, 50, NULL, 0);
	end(f, 0);
	begin(f, 5000);
	look(f, "/etc/app.conf", -EACCES);
	look(f, "/etc/only-b", -ENOENT);
	rows_add(f->b, ESPY_EV_process_exit, f->child, 50, NULL, 1);
	end(f, 1);
	assert_int_equal(espy_differences_find(&f->found, &f->diff), 0);
	assert_int_equal(f->found.list.n, 4);
	assert_int_equal(at(f, 0)->rank, ESPY_DIFF_RANK_EXIT);
	assert_int_equal(at(f, 0)->mark, ESPY_DIFF_CHANGED);
	is(f, at(f, 0)->node, "sh > cat");
	assert_int_equal(at(f, 1)->rank, ESPY_DIFF_RANK_CHANGED);
	is(f, at(f, 1)->subject, "/etc/app.conf");
	assert_int_equal(at(f, 2)->mark, ESPY_DIFF_ONLY_A);
	is(f, at(f, 2)->subject, "/etc/only-a");
	assert_int_equal(at(f, 3)->rank, ESPY_DIFF_RANK_MISSED);
	assert_int_equal(at(f, 3)->mark, ESPY_DIFF_ONLY_B);
}

/* One run finds it in a place where the other does not look. */
static void found_in_one(void **state)
{
	struct fixture *f = *state;

	begin(f, 4000);
	look(f, "/opt/lib/libz.so.1", 3);
	end(f, 0);
	begin(f, 4000);
	look(f, "/lib/libz.so.1", -ENOENT);
	look(f, "/usr/lib/libz.so.1", -ENOENT);
	end(f, 1);
	assert_int_equal(espy_differences_find(&f->found, &f->diff), 0);
	assert_int_equal(f->found.list.n, 1);
	assert_int_equal(at(f, 0)->rank, ESPY_DIFF_RANK_CHANGED);
	assert_int_equal(at(f, 0)->places, 2);
	is(f, at(f, 0)->name, "libz.so.1");
	is(f, at(f, 0)->found, "/opt/lib/libz.so.1");
}

static void other_program(void **state)
{
	struct fixture *f = *state;

	for (unsigned side = 0; side < 2; side++) {
		uint32_t grandchild, row;

		begin(f, 4000);
		if (side) {
			grandchild = ROWS_PROC(f->b, 4200, (int)f->child, "more", "more");
			row = rows_add(f->b, ESPY_EV_process_exec, grandchild, 40, "/bin/more", 0);
			rows_str(f->b, row, "argv", "more\0-x", 8);
			rows_add(f->b, ESPY_EV_file_open, grandchild, 50, "/etc/morerc", 3);
		}
		end(f, side);
	}
	assert_int_equal(espy_differences_find(&f->found, &f->diff), 0);
	assert_int_equal(f->found.list.n, 2);
	is(f, at(f, 0)->node, "sh > cat");
	is(f, at(f, 0)->subject, "/bin/more -x");
	assert_false(at(f, 0)->is_implied);
	is(f, at(f, 1)->node, "sh > cat > more");
	assert_true(at(f, 1)->is_implied);
}

/* Memory does not grow with events. */
static void many_events(void **state)
{
	struct fixture *f = *state;
	size_t n;

	begin(f, 4000);
	look(f, "/etc/x", 3);
	end(f, 0);
	n = f->diff.keys.n;
	for (int i = 0; i < 50; i++) {
		begin(f, 4000);
		for (int k = 0; k < 100; k++)
			look(f, "/etc/x", 3);
		end(f, 0);
	}
	assert_int_equal(f->diff.keys.n, n);
	assert_int_equal(f->diff.keys.v[n - 1].count[0], 5001);
	assert_int_equal(f->diff.keys.v[n - 1].seq[0], 102);
}

/* The signal's number is no errno: SIGSEGV is 11, and so is EAGAIN. */
static void signals(void **state)
{
	struct fixture *f = *state;
	struct espy_diff_view_options o = {.a = "a", .b = "b\x1b", .format = ESPY_VIEW_TEXT};
	struct espy_buf out = {0};

	for (unsigned side = 0; side < 2; side++) {
		begin(f, 4000);
		rows_add(f->b, ESPY_EV_process_exit, f->child, 50, NULL, side ? -11 : 0);
		end(f, side);
	}
	assert_int_equal(espy_differences_find(&f->found, &f->diff), 0);
	assert_int_equal(espy_diff_view(&f->diff, &f->found, &out, &o), 0);
	espy_buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, "!  exit 0 -> exit SIGSEGV"));
	assert_non_null(strstr(out.p, "b\\e"));
	espy_buf_done(&out);
}

/* Rows of any kind with any values, as a damaged trace may hold. */
static void any_values(void **state)
{
	struct fixture *f = *state;
	struct espy_diff_view_options o = {.a = "a", .b = "b", .all = true};
	struct espy_buf out = {0};

	for (unsigned i = 0; i < 40; i++) {
		f->b = help_batch(500, 1 + i);
		end(f, i % 2);
	}
	assert_int_equal(espy_differences_find(&f->found, &f->diff), 0);
	for (unsigned format = ESPY_VIEW_TEXT; format <= ESPY_VIEW_CSV; format++) {
		o.format = (enum espy_view_format)format;
		assert_int_equal(espy_diff_view(&f->diff, &f->found, &out, &o), 0);
		assert_true(out.n > 0);
		espy_buf_reset(&out);
	}
	espy_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_but_for_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(exact_names, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_in_one, setup, teardown),
		cmocka_unit_test_setup_teardown(found_in_one, setup, teardown),
		cmocka_unit_test_setup_teardown(other_program, setup, teardown),
		cmocka_unit_test_setup_teardown(many_events, setup, teardown),
		cmocka_unit_test_setup_teardown(signals, setup, teardown),
		cmocka_unit_test_setup_teardown(any_values, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
