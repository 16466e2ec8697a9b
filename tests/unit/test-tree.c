/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include "engine/tree-view.h"
#include "rows.h"

static void fork_row(struct espy_batch *b, uint32_t proc, uint64_t time, uint32_t child)
{
	uint32_t r = rows_add(b, ESPY_EV_process_fork, proc, time, NULL, child);

	rows_num(b, r, "child_pid", child);
	rows_num(b, r, "child_start", child * 1000ull);
	rows_num(b, r, "child_ppid", b->procs[proc].pid);
	rows_num(b, r, "parent_start", b->procs[proc].start);
}

#define EXEC(b, proc, time, path, argv) exec_row(b, proc, time, path, argv, sizeof(argv))

static void exec_row(struct espy_batch *b, uint32_t proc, uint64_t time, const char *path,
		     const char *argv, size_t n)
{
	uint32_t r = rows_add(b, ESPY_EV_process_exec, proc, time, path, 0);

	rows_str(b, r, "argv", argv, n);
}

static void exit_row(struct espy_batch *b, uint32_t proc, uint64_t time, unsigned code,
		     unsigned signal)
{
	uint32_t r = rows_add(b, ESPY_EV_process_exit, proc, time, NULL,
			      signal ? -(int64_t)signal : (int64_t)code);

	rows_num(b, r, "code", code);
	rows_num(b, r, "signal", signal);
	rows_num(b, r, "core", signal == 11);
	rows_num(b, r, "user_time", 5000000);
	rows_num(b, r, "system_time", 1000000);
	rows_num(b, r, "peak_memory", 2 << 20);
	b->duration[r] = 0;
}

/*
 * bash (ran before) runs sh, which becomes make, which makes cc (killed), a subshell, and a daemon
 * that is adopted by init. Times in µs.
 */
static struct espy_batch *example(void)
{
	struct espy_batch *b;
	uint32_t init, bash, sh, make, cc, sub, daemon;

	assert_int_equal(espy_batch_new(&b), 0);
	init = ROWS_PROC(b, 1, -1, "init", "/sbin/init");
	bash = ROWS_PROC(b, 50, (int)init, "bash", "-bash");
	b->procs[init].flags = b->procs[bash].flags = ESPY_PROC_BEFORE;
	sh = ROWS_PROC(b, 100, (int)bash, "bash", "-bash");
	make = ROWS_PROC(b, 100, (int)bash, "make", "make\0all");
	cc = ROWS_PROC(b, 101, (int)make, "cc", "cc\0a.c");
	sub = ROWS_PROC(b, 102, (int)make, "make", "make\0all");
	daemon = ROWS_PROC(b, 103, (int)init, "daemon", "daemon");
	EXEC(b, sh, 100000000, "/bin/sh", "sh\0-c\0make all");
	EXEC(b, make, 110000000, "/usr/bin/make", "make\0all");
	fork_row(b, make, 120000000, 101);
	EXEC(b, cc, 121000000, "/usr/bin/cc", "cc\0a.c");
	rows_add(b, ESPY_EV_file_open, cc, 122000000, "/a.c", 3);
	rows_add(b, ESPY_EV_file_open, cc, 122000000, "/a.c", 3);
	rows_add(b, ESPY_EV_file_open, cc, 122000000, "/b.h", -ENOENT);
	rows_add(b, ESPY_EV_file_read, cc, 122000000, "/a.c", 2048);
	exit_row(b, cc, 130000000, 0, 11);
	fork_row(b, make, 140000000, 102);
	rows_add(b, ESPY_EV_file_write, sub, 141000000, "/log", 10);
	exit_row(b, sub, 150000000, 2, 0);
	fork_row(b, make, 160000000, 103);
	EXEC(b, daemon, 161000000, "/usr/sbin/daemon", "daemon");
	rows_add(b, ESPY_EV_net_connect, daemon, 170000000, "x", 0);
	exit_row(b, make, 200000000, 0, 0);
	return b;
}

static struct espy_tree *tree_of(struct espy_batch *b)
{
	struct espy_tree *t;

	assert_int_equal(espy_tree_new(&t, NULL), 0);
	if (b) {
		assert_int_equal(espy_tree_batch(t, b, NULL), 0);
		assert_int_equal(espy_tree_link(t), 0);
	}
	return t;
}

static struct espy_tree_proc *proc(struct espy_tree *t, uint32_t pid)
{
	uint32_t n = espy_tree_find(t, pid, pid * 1000ull);

	assert_int_not_equal(n, ESPY_TREE_NONE);
	return espy_tree_proc(t, n);
}

static char *view(struct espy_tree *t, struct espy_tree_view_options o)
{
	struct espy_buf out = {0};

	assert_int_equal(espy_tree_view(t, &out, &o), 0);
	espy_buf_putc(&out, '\0');
	assert_int_equal(out.error, 0);
	return out.p;
}

static void test_counts(void **state)
{
	struct espy_batch *b = example();
	struct espy_tree *t = tree_of(b);
	struct espy_tree_proc *p = proc(t, 101);

	(void)state;
	assert_int_equal(espy_tree_n(t), 6);
	assert_int_equal(p->counts.events, 6);
	assert_int_equal(p->counts.failures, 1);
	assert_int_equal(p->counts.files, 1);
	assert_int_equal(p->counts.read, 2048);
	assert_int_equal(p->signal, 11);
	assert_true(p->flags & ESPY_TREE_CORE);
	assert_int_equal(p->user_ns, 5000000);
	assert_int_equal(p->peak_bytes, 2 << 20);
	assert_int_equal(proc(t, 102)->counts.written, 10);
	assert_int_equal(proc(t, 102)->code, 2);
	assert_int_equal(proc(t, 103)->counts.connections, 1);
	assert_int_equal(espy_tree_last(t), 200000000);
	espy_tree_free(t);
	espy_batch_free(b);
}

/* Who was adopted stands under who made it. */
static void test_creator(void **state)
{
	struct espy_batch *b = example();
	struct espy_tree *t = tree_of(b);

	(void)state;
	assert_int_equal(espy_tree_proc(t, proc(t, 103)->parent)->pid, 100);
	assert_int_equal(proc(t, 100)->n_children, 3);
	assert_int_equal(espy_tree_proc(t, espy_tree_root(t))->pid, 1);
	espy_tree_free(t);
	espy_batch_free(b);
}

static void test_text(void **state)
{
	struct espy_batch *b = example();
	struct espy_tree *t = tree_of(b);
	char *text = view(t, (struct espy_tree_view_options){.style = {.utf8 = true}});
	const char *at = text;

	(void)state;
	/* in this order, with these lines */
	static const char *const parts[] = {
		"init (1) \u203a bash (50)\n",
		"sh -c 'make all'\n",
		"\u2192 make all\n",
		"\u251c\u2500 cc a.c\n",
		"\u251c\u2500 (fork) make all\n",
		"\u2514\u2500 daemon\n",
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		at = strstr(at, parts[i]);
		if (!at)
			fail_msg("no \"%s\" in its place in:\n%s", parts[i], text);
	}
	assert_non_null(strstr(text, "SIGSEGV core"));
	assert_non_null(strstr(text, "running"));
	assert_null(strstr(text, "Life Time")); /* a bar only where a person looks */
	free(text);
	text = view(t, (struct espy_tree_view_options){.order = {.all = true}});
	assert_non_null(strstr(text, "/sbin/init"));
	assert_non_null(strstr(text, "before"));
	assert_non_null(strstr(text, "|- cc a.c\n"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

static void test_pid(void **state)
{
	struct espy_batch *b = example();
	struct espy_tree *t = tree_of(b);
	struct espy_tree_view_options o = {.order = {.pid = 101}};
	struct espy_buf out = {0};
	char *text = view(t, o);

	(void)state;
	assert_non_null(strstr(text, "cc a.c"));
	assert_null(strstr(text, "daemon"));
	assert_null(strstr(text, "(fork)"));
	free(text);
	o.order.pid = 4711;
	assert_int_equal(espy_tree_view(t, &out, &o), -ESRCH);
	espy_buf_done(&out);
	espy_tree_free(t);
	espy_batch_free(b);
}

static void test_filter(void **state)
{
	struct espy_batch *b = example();
	struct espy_tree *t = tree_of(NULL);
	uint64_t bits[ESPY_BATCH_ROWS / 64] = {0};
	char *text;

	(void)state;
	for (uint32_t row = 0; row < b->n; row++)
		if (b->type[row] == ESPY_EV_net_connect)
			bits[0] |= 1ull << row;
	assert_int_equal(espy_tree_batch(t, b, bits), 0);
	assert_int_equal(espy_tree_link(t), 0);
	assert_int_equal(proc(t, 101)->counts.events, 0);
	assert_int_equal(proc(t, 101)->signal, 11); /* how it ended is known all the same */
	text = view(t, (struct espy_tree_view_options){0});
	assert_non_null(strstr(text, "> make (100)\n"));
	assert_non_null(strstr(text, "daemon"));
	assert_null(strstr(text, "cc a.c"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

static void test_json(void **state)
{
	struct espy_batch *b = example();
	struct espy_tree *t = tree_of(b);
	char *text = view(t, (struct espy_tree_view_options){.format = ESPY_VIEW_JSON});

	(void)state;
	assert_non_null(strstr(text, "{\"pid\":100,\"depth\":2,\"ppid\":50,"));
	assert_non_null(strstr(text, "\"programs\":[{\"time\":\"1970-01-01T00:00:00.100000010Z\","
				     "\"process\":\"sh\",\"exe\":\"/bin/sh\","
				     "\"argv\":[\"sh\",\"-c\",\"make all\"]},"));
	assert_non_null(strstr(text, "\"exit_code\":0,\"signal\":\"SIGSEGV\",\"core\":true"));
	assert_non_null(strstr(text, "\"events\":6,\"failures\":1,\"files\":1,\"read\":2048"));
	free(text);
	text = view(t, (struct espy_tree_view_options){.format = ESPY_VIEW_CSV});
	assert_non_null(strstr(text, "pid,ppid,start,lifetime_ns,exit,events,"));
	assert_non_null(strstr(text, "\n101,100,1970-01-01T00:00:00.000101000Z,"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

/* A snapshot tells of a process before any event does; its programs come from there. */
static void test_snapshot(void **state)
{
	struct espy_tree *t = tree_of(NULL);
	struct espy_batch *b;
	uint32_t p, r;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = rows_proc(b, 9, -1, "worker", "", 0);
	r = rows_add(b, ESPY_EV_process_running, p, 1, "/usr/bin/worker", 0);
	rows_str(b, r, "comm", "worker", 6);
	rows_str(b, r, "argv", "worker\0--fast", 14);
	rows_num(b, r, "ppid", 2);
	rows_num(b, r, "parent_start", 2000);
	p = ROWS_PROC(b, 11, 0, "other", "other\0--of-entry");
	rows_add(b, ESPY_EV_process_running, p, 1, "/usr/bin/other", 0);
	p = rows_proc(b, 10, -1, "kworker/0", "", 0);
	r = rows_add(b, ESPY_EV_process_running, p, 1, NULL, 0);
	rows_str(b, r, "comm", "kworker/0", 9);
	rows_num(b, r, "kernel", 1);
	assert_int_equal(espy_tree_snapshot(t, b), 0);
	espy_batch_reset(b);
	p = rows_proc(b, 9, -1, "worker", "", 0);
	EXEC(b, p, 50000, "/usr/bin/worker", "worker\0--slow");
	assert_int_equal(espy_tree_batch(t, b, NULL), 0);
	assert_int_equal(espy_tree_link(t), 0);
	assert_int_equal(espy_tree_n(t), 4);
	assert_int_equal(proc(t, 9)->n_images, 2);
	assert_int_equal(proc(t, 9)->counts.events, 1);
	assert_int_equal(espy_tree_proc(t, proc(t, 9)->parent)->pid, 2);
	text = view(t, (struct espy_tree_view_options){.order = {.all = true}});
	assert_non_null(strstr(text, "worker --fast\n"));
	assert_non_null(strstr(text, "=> worker --slow\n"));
	assert_non_null(strstr(text, "[kworker/0]\n"));
	assert_non_null(strstr(text, "  2  before"));
	assert_non_null(strstr(text, "`- other --of-entry\n"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

/* The command of `espy run` lives from its exec on: what it was before is Espy's own. */
static void test_target(void **state)
{
	struct espy_tree_view_options o = {.order = {.target = 6}};
	struct espy_batch *b;
	struct espy_tree *t;
	uint32_t p;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 6, -1, "espy", "espy\0run");
	b->procs[p].flags = ESPY_PROC_BEFORE;
	EXEC(b, p, 5000000000, "/bin/ls", "ls");
	exit_row(b, p, 7500000010, 0, 0);
	t = tree_of(b);
	text = view(t, o);
	assert_null(strstr(text, "espy"));
	assert_non_null(strstr(text, "6  +0.000  2.500s  0 "));
	free(text);
	o.format = ESPY_VIEW_JSON;
	text = view(t, o);
	assert_null(strstr(text, "espy"));
	assert_non_null(strstr(text, "\"lifetime_ns\":2500000000,\"before\":false,"));
	free(text);
	text = view(t, (struct espy_tree_view_options){0});
	assert_non_null(strstr(text, "espy run"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

static void test_failed_exec(void **state)
{
	struct espy_batch *b;
	struct espy_tree *t;
	uint32_t sh, child;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	sh = ROWS_PROC(b, 5, -1, "sh", "sh");
	child = ROWS_PROC(b, 6, (int)sh, "sh", "sh");
	fork_row(b, sh, 1, 6);
	rows_add(b, ESPY_EV_process_exec, child, 2, "/bin/nothing", -ENOENT);
	exit_row(b, child, 3, 127, 0);
	t = tree_of(b);
	text = view(t, (struct espy_tree_view_options){0});
	assert_non_null(strstr(text, "(fork) sh exec /bin/nothing: ENOENT\n"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

/* A chain of forks as deep as there are pids is drawn without recursion, and its depth is said. */
static void test_deep(void **state)
{
	struct espy_tree *t = tree_of(NULL);
	struct espy_batch *b;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	ROWS_PROC(b, 1, -1, "bomb", "bomb");
	for (uint32_t pid = 2; pid < 20000; pid++) {
		ROWS_PROC(b, pid, (int)pid - 2, "bomb", "bomb");
		fork_row(b, pid - 2, pid, pid);
	}
	assert_int_equal(espy_tree_batch(t, b, NULL), 0);
	assert_int_equal(espy_tree_link(t), 0);
	text = view(t, (struct espy_tree_view_options){0});
	assert_non_null(strstr(text, "(19997) (fork) bomb\n"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

/* What a damaged trace says about parents leads nowhere, and not in a circle. */
static void test_circle(void **state)
{
	struct espy_batch *b;
	struct espy_tree *t;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	ROWS_PROC(b, 5, -1, "a", "a");
	ROWS_PROC(b, 6, 0, "b", "b");
	b->procs[0].parent = 1;
	fork_row(b, 1, 1, 5);
	fork_row(b, 0, 1, 6);
	fork_row(b, 0, 1, 5);
	rows_add(b, ESPY_EV_file_stat, 77, 1, "/x", 0); /* a process entry that is not there */
	t = tree_of(b);
	text = view(t, (struct espy_tree_view_options){.order = {.all = true}});
	assert_non_null(strstr(text, "(fork) a\n"));
	assert_non_null(strstr(text, "`- (fork) b\n"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

static void test_limits(void **state)
{
	struct espy_tree_options options = {.max_procs = 3};
	struct espy_batch *b;
	struct espy_tree *t;
	uint32_t p;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 5, -1, "a", "a");
	for (uint32_t pid = 6; pid < 20; pid++)
		fork_row(b, p, pid, pid);
	for (unsigned i = 0; i < ESPY_TREE_IMAGES_MAX + 10; i++)
		EXEC(b, p, i, "/a", "a");
	assert_int_equal(espy_tree_new(&t, &options), 0);
	assert_int_equal(espy_tree_batch(t, b, NULL), 0);
	assert_int_equal(espy_tree_link(t), 0);
	assert_int_equal(espy_tree_n(t), 3);
	assert_int_equal(espy_tree_left_over(t), 12);
	text = view(t, (struct espy_tree_view_options){0});
	assert_non_null(strstr(text, "... and 10 more programs\n"));
	assert_non_null(strstr(text, "... and 12 more processes\n"));
	free(text);
	espy_tree_free(t);
	espy_batch_free(b);
}

static void test_hostile(void **state)
{
	struct espy_batch *b;
	struct espy_tree *t;
	uint32_t p;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 5, -1, "a\033[2J", "a\xff\0b\nc\0\033]0;owned\a");
	EXEC(b, p, 1, "/bin/\xe2\x80\xae", "x\n\xff");
	t = tree_of(b);
	for (unsigned f = ESPY_VIEW_TEXT; f <= ESPY_VIEW_CSV; f++) {
		for (unsigned width = 0; width < 160; width += 40) {
			struct espy_tree_view_options o = {
				.format = (enum espy_view_format)f,
				.style = {.width = width, .utf8 = true},
			};
			char *text = view(t, o);
			unsigned lines = 0;

			for (char *c = text; *c; c++) {
				assert_true((unsigned char)*c >= ' ' || *c == '\n');
				lines += *c == '\n';
			}
			assert_true(lines <= 3);
			assert_true(espy_str_is_utf8(espy_str0(text)));
			assert_null(strstr(text, "\xe2\x80\xae"));
			free(text);
		}
	}
	espy_tree_free(t);
	espy_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),   cmocka_unit_test(test_creator),
		cmocka_unit_test(test_text),     cmocka_unit_test(test_pid),
		cmocka_unit_test(test_filter),   cmocka_unit_test(test_json),
		cmocka_unit_test(test_snapshot), cmocka_unit_test(test_failed_exec),
		cmocka_unit_test(test_deep),     cmocka_unit_test(test_circle),
		cmocka_unit_test(test_target),   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
