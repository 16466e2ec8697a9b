/* SPDX-License-Identifier: MIT */
#include "engine/why-cause.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "engine/why-say.h"
#include "engine/why-view.h"
#include "rows.h"
#include "trace-help.h"

#define TARGET 4000u

struct fixture {
	struct espy_why why;
	struct espy_why_findings found;
	struct espy_batch *b;
	uint64_t time;
};

static void begin(struct fixture *f)
{
	assert_int_equal(espy_batch_new(&f->b), 0);
	f->b->first_seq = 1;
	f->time = 1000;
}

/* A process that runs `name` from now on. */
static uint32_t run(struct fixture *f, uint32_t pid, int parent, const char *name)
{
	uint32_t proc = rows_proc(f->b, pid, parent, name, name, strlen(name) + 1), row;
	char path[64];

	if (parent >= 0) {
		row = rows_add(f->b, ESPY_EV_process_fork, (uint32_t)parent, f->time++, NULL, pid);
		rows_num(f->b, row, "child_pid", pid);
		rows_num(f->b, row, "child_start", pid * 1000ull);
		rows_num(f->b, row, "child_ppid", f->b->procs[parent].pid);
		rows_num(f->b, row, "parent_start", f->b->procs[parent].start);
	}
	snprintf(path, sizeof(path), "/bin/%s", name);
	row = rows_add(f->b, ESPY_EV_process_exec, proc, f->time++, path, 0);
	rows_str(f->b, row, "argv", name, strlen(name) + 1);
	return proc;
}

static uint32_t look(struct fixture *f, uint32_t proc, unsigned type, const char *path, int64_t r)
{
	return rows_add(f->b, type, proc, f->time++, path, r);
}

static void finish(struct fixture *f, uint32_t proc, uint32_t code, uint32_t sig)
{
	uint32_t row = rows_add(f->b, ESPY_EV_process_exit, proc, f->time++, NULL,
				sig ? -(int64_t)sig : code);

	rows_num(f->b, row, "code", code);
	rows_num(f->b, row, "signal", sig);
}

static void end(struct fixture *f)
{
	assert_int_equal(espy_why_batch(&f->why, f->b, NULL), 0);
	espy_batch_free(f->b);
}

static const struct espy_why_finding *ask(struct fixture *f)
{
	end(f);
	assert_int_equal(espy_why_find(&f->found, &f->why, TARGET), 0);
	return f->found.list.n ? &f->found.list.v[0] : NULL;
}

static void says(struct fixture *f, const struct espy_why_finding *x, const char *sentence,
		 const char *effect)
{
	struct espy_buf b = {0};

	assert_non_null(x);
	espy_why_say(&b, &f->why, x);
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, sentence);
	espy_buf_reset(&b);
	espy_why_say_effect(&b, &f->why, &f->found, x);
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, effect);
	espy_buf_done(&b);
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	*state = &f;
	begin(&f);
	return espy_why_init(&f.why);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	espy_why_findings_done(&f->found);
	espy_why_done(&f->why);
	return 0;
}

static void missing_header(void **state)
{
	struct fixture *f = *state;
	uint32_t make = run(f, TARGET, -1, "make"), gcc = run(f, 4001, (int)make, "gcc");
	uint32_t cc1 = run(f, 4002, (int)gcc, "cc1");

	look(f, gcc, ESPY_EV_file_access, "/usr/lib/specs", -ENOENT);
	look(f, cc1, ESPY_EV_file_open, "/usr/local/include/stdio.h", -ENOENT);
	look(f, cc1, ESPY_EV_file_open, "/usr/include/stdio.h", 4);
	look(f, cc1, ESPY_EV_file_stat, "/src/gone.h", -ENOENT);
	look(f, cc1, ESPY_EV_file_open, "/src/gone.h", -ENOENT);
	look(f, cc1, ESPY_EV_file_open, "/usr/include/gone.h", -ENOENT);
	finish(f, cc1, 1, 0);
	finish(f, gcc, 1, 0);
	finish(f, make, 2, 0);
	says(f, ask(f),
	     "cc1 looked for gone.h in 2 places and found it in none, and then ended with exit "
	     "code 1.",
	     "Because of it gcc ended with exit code 1, and then make with exit code 2.");
	assert_true(f->found.list.v[0].is_cause);
	assert_int_equal(f->found.list.v[0].kind, ESPY_WHY_MISSING);
}

static void library(void **state)
{
	struct fixture *f = *state;
	uint32_t tool = run(f, TARGET, -1, "tool");

	look(f, tool, ESPY_EV_file_access, "/etc/ld.so.preload", -ENOENT);
	look(f, tool, ESPY_EV_file_open, "/lib/glibc-hwcaps/x86-64-v3/liba.so.1", -ENOENT);
	look(f, tool, ESPY_EV_file_open, "/lib/liba.so.1", -ENOENT);
	look(f, tool, ESPY_EV_file_open, "/usr/lib/liba.so.1", -ENOENT);
	finish(f, tool, 127, 0);
	says(f, ask(f),
	     "tool looked for the shared library liba.so.1 in 2 places and found it in none, and "
	     "then ended with exit code 127.",
	     "");
	assert_int_equal(f->found.n_usual, 2);
}

static void refused(void **state)
{
	struct fixture *f = *state;
	uint32_t app = run(f, TARGET, -1, "app");

	look(f, app, ESPY_EV_file_open, "/etc/optional", -ENOENT);
	for (int i = 0; i < 100; i++)
		look(f, app, ESPY_EV_file_read, "/data", 10);
	look(f, app, ESPY_EV_file_open, "/etc/app.conf", -EACCES);
	finish(f, app, 4, 0);
	says(f, ask(f),
	     "app was not allowed to open /etc/app.conf as user ann (EACCES), and then ended with "
	     "exit code 4.",
	     "");
}

/* A child's bad end is the reason only when the parent did not go on after it. */
static void answer_and_failure(void **state)
{
	struct fixture *f = *state;
	uint32_t sh = run(f, TARGET, -1, "sh"), grep = run(f, 4001, (int)sh, "grep"), cat;

	finish(f, grep, 1, 0);
	cat = run(f, 4002, (int)sh, "cat");
	look(f, cat, ESPY_EV_file_open, "/nowhere", -ENOENT);
	finish(f, cat, 1, 0);
	finish(f, sh, 1, 0);
	says(f, ask(f),
	     "cat looked for /nowhere, which is not there, and then ended with exit code 1.",
	     "Because of it sh ended with exit code 1.");
}

static void own_failure_after_child(void **state)
{
	struct fixture *f = *state;
	uint32_t tool = run(f, TARGET, -1, "tool"), sub = run(f, 4001, (int)tool, "sub");

	finish(f, sub, 9, 0);
	f->time += 5000000000ull;
	look(f, tool, ESPY_EV_file_open, "/etc/tool.conf", -EACCES);
	finish(f, tool, 1, 0);
	says(f, ask(f),
	     "tool was not allowed to open /etc/tool.conf as user ann (EACCES), and then ended "
	     "with exit code 1.",
	     "");
}

static void killed(void **state)
{
	struct fixture *f = *state;
	uint32_t sh = run(f, TARGET, -1, "sh"), worker = run(f, 4001, (int)sh, "worker");

	look(f, worker, ESPY_EV_file_open, "/etc/optional", -ENOENT);
	finish(f, worker, 0, SIGKILL);
	finish(f, sh, 137, 0);
	says(f, ask(f),
	     "worker was ended by SIGKILL: somebody killed it, or the kernel did because memory "
	     "ran out.",
	     "Because of it sh ended with exit code 137.");
}

static void connections(void **state)
{
	struct fixture *f = *state;
	uint32_t app = run(f, TARGET, -1, "app"), row;

	for (int i = 0; i < 2; i++) {
		row = look(f, app, ESPY_EV_net_connect, "x", -EINPROGRESS);
		rows_str(f->b, row, "remote", i ? "10.0.0.2:80" : "10.0.0.1:80", 11);
	}
	row = look(f, app, ESPY_EV_net_send, "x", 5);
	rows_str(f->b, row, "remote", "10.0.0.1:80", 11);
	finish(f, app, 7, 0);
	says(f, ask(f),
	     "app began to connect to 10.0.0.2:80, and nothing ever came or went over that "
	     "connection, and then ended with exit code 7.",
	     "");
	assert_int_equal(f->found.list.n, 1);
}

/* What another process of the program had too and went on well with is not the reason. */
static void healthy_too(void **state)
{
	struct fixture *f = *state;
	uint32_t sh = run(f, TARGET, -1, "sh"), app;

	for (uint32_t i = 0; i < 2; i++) {
		app = run(f, 4001 + i, (int)sh, "app");
		if (i)
			look(f, app, ESPY_EV_file_open, "/etc/wanted", -ENOENT);
		look(f, app, ESPY_EV_file_open, "/etc/optional", -ENOENT);
		finish(f, app, i, 0);
	}
	finish(f, sh, 1, 0);
	says(f, ask(f),
	     "app looked for /etc/wanted, which is not there, and then ended with exit code 1.",
	     "Because of it sh ended with exit code 1.");
	assert_int_equal(f->found.list.n, 1);
}

static void good_run(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 2; i++) {
		uint32_t app = run(f, TARGET, -1, "app");

		look(f, app, ESPY_EV_file_open, "/etc/optional", -ENOENT);
		look(f, app, ESPY_EV_file_open, "/etc/wanted", i ? -ENOENT : 3);
		look(f, app, ESPY_EV_file_open, "/etc/optional", -ENOENT);
		finish(f, app, i, 0);
		if (i == 0) {
			end(f);
			assert_int_equal(espy_why_was_good(&f->why), 0);
			begin(f);
		}
	}
	says(f, ask(f),
	     "app looked for /etc/wanted, which is not there, and then ended with exit code 1.",
	     "");
	assert_int_equal(f->found.list.n, 1);
}

static void nothing_wrong(void **state)
{
	struct fixture *f = *state;
	uint32_t app = run(f, TARGET, -1, "app");

	look(f, app, ESPY_EV_file_open, "/etc/optional", -ENOENT);
	finish(f, app, 0, 0);
	assert_null(ask(f));
	assert_int_equal(f->found.n_usual, 1);
}

/* Only what the filter lets through counts; how it ended is known all the same. */
static void filtered(void **state)
{
	struct fixture *f = *state;
	uint32_t app = run(f, TARGET, -1, "app");
	uint64_t bits[1] = {0};

	look(f, app, ESPY_EV_file_open, "/etc/wanted", -EACCES);
	finish(f, app, 3, 0);
	assert_int_equal(espy_why_batch(&f->why, f->b, bits), 0);
	espy_batch_free(f->b);
	assert_int_equal(espy_why_find(&f->found, &f->why, TARGET), 0);
	says(f, &f->found.list.v[0],
	     "app ended with exit code 3, and nothing that failed before explains it; what it "
	     "printed may.",
	     "");
}

/* All blocks of events are damaged: what is left tells of an end, and no event does. */
static void only_a_snapshot(void **state)
{
	struct fixture *f = *state;
	struct espy_why_view_options o = {.file = "t", .format = ESPY_VIEW_TEXT, .all = true};
	struct espy_buf out = {0};

	finish(f, rows_proc(f->b, TARGET, -1, "app", "app", 4), 3, 0);
	assert_int_equal(espy_why_snapshot(&f->why, f->b), 0);
	espy_batch_free(f->b);
	assert_int_equal(espy_why_find(&f->found, &f->why, TARGET), 0);
	assert_int_equal(f->found.list.n, 1);
	assert_int_equal(espy_why_view(&f->why, &f->found, &out, &o), 0);
	espy_buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, "app ended with exit code 3"));
	espy_buf_done(&out);
}

/* Rows of any kind with any values, as a damaged trace may hold. */
static void any_values(void **state)
{
	struct fixture *f = *state;
	struct espy_why_view_options o = {.file = "t", .all = true};
	struct espy_buf out = {0};

	for (unsigned i = 0; i < 40; i++) {
		end(f);
		f->b = help_batch(500, 1 + i);
	}
	ask(f);
	for (unsigned format = ESPY_VIEW_TEXT; format <= ESPY_VIEW_JSON; format++) {
		o.format = (enum espy_view_format)format;
		assert_int_equal(espy_why_view(&f->why, &f->found, &out, &o), 0);
		espy_buf_reset(&out);
	}
	espy_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(missing_header, setup, teardown),
		cmocka_unit_test_setup_teardown(library, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(answer_and_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(own_failure_after_child, setup, teardown),
		cmocka_unit_test_setup_teardown(killed, setup, teardown),
		cmocka_unit_test_setup_teardown(connections, setup, teardown),
		cmocka_unit_test_setup_teardown(healthy_too, setup, teardown),
		cmocka_unit_test_setup_teardown(good_run, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(filtered, setup, teardown),
		cmocka_unit_test_setup_teardown(any_values, setup, teardown),
		cmocka_unit_test_setup_teardown(only_a_snapshot, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
