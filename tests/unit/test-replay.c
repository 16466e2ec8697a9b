/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "engine/replay.h"
#include "rows.h"
#include "trace/trace.h"

struct counter {
	struct espy_sink sink;
	unsigned snapshots, batches, rows, matched, ends;
	int refuse; /* errno that batch() returns */
};

static int on_snapshot(struct espy_sink *s, const struct espy_batch *b, struct espy_err *err)
{
	(void)b;
	(void)err;
	((struct counter *)s)->snapshots++;
	return 0;
}

static int on_batch(struct espy_sink *s, const struct espy_batch *b, const uint64_t *bits,
		    struct espy_err *err)
{
	struct counter *c = (struct counter *)s;

	c->batches++;
	c->rows += b->n;
	for (uint32_t row = 0; row < b->n; row++)
		c->matched += bits[row / 64] >> (row % 64) & 1;
	return c->refuse ? espy_err_set(err, c->refuse, "refused") : 0;
}

static int on_end(struct espy_sink *s, const struct espy_ending *e, struct espy_err *err)
{
	(void)e;
	(void)err;
	((struct counter *)s)->ends++;
	return 0;
}

static const struct espy_sink_ops counter_ops = {on_snapshot, on_batch, on_end};

static char path[] = "/tmp/espy-test-replay-XXXXXX";
static off_t damage_at; /* inside the first block of events */

static int write_trace(void **state)
{
	struct espy_machine m = {.started = 1000, .target_pid = 42, .cpus = 1, .page_size = 4096};
	struct espy_ending e = {.ended = 9000, .lost = 3, .exit_status = 256};
	struct espy_trace_writer *w;
	struct espy_batch *b;
	uint32_t p;

	(void)state;
	assert_int_equal(espy_trace_create(&w, mkstemp(path), path, &m, NULL), 0);
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 1, -1, "init", "init");
	rows_add(b, ESPY_EV_process_running, p, 1, "/init", 0);
	assert_int_equal(espy_trace_write_snapshot(w, b, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		espy_batch_reset(b);
		b->first_seq = 1 + i * 10;
		p = ROWS_PROC(b, 7, -1, "a", "a");
		damage_at = i ? damage_at : (off_t)espy_trace_written(w);
		for (unsigned k = 0; k < 10; k++)
			rows_add(b, ESPY_EV_file_stat, p, 2000 + k, "/x", k < 3 ? -ENOENT : 0);
		assert_int_equal(espy_trace_write(w, b, NULL), 0);
		if (i == 0)
			damage_at = (damage_at + (off_t)espy_trace_written(w)) / 2;
	}
	assert_int_equal(espy_trace_finish(w, &e, NULL), 0);
	espy_batch_free(b);
	return 0;
}

static int remove_trace(void **state)
{
	(void)state;
	return unlink(path);
}

static int replay(struct counter *c, const char *filter, struct espy_replay_end *end,
		  struct espy_err *err)
{
	struct espy_replay r = {.path = path, .filter = filter, .sinks = {&c->sink}};

	*c = (struct counter){.sink.ops = &counter_ops, .refuse = c->refuse};
	return espy_replay(&r, end, err);
}

static void test_all(void **state)
{
	static struct espy_replay_end end;
	struct counter c = {0};

	(void)state;
	assert_int_equal(replay(&c, NULL, &end, NULL), 0);
	assert_int_equal(c.snapshots, 1);
	assert_int_equal(c.batches, 2);
	assert_int_equal(c.matched, 20);
	assert_int_equal(c.ends, 1);
	assert_int_equal(end.rows, 20);
	assert_int_equal(end.matched, 20);
	assert_int_equal(end.machine.target_pid, 42);
	assert_true(end.has_ending);
	assert_int_equal(end.ending.lost, 3);
	assert_int_equal(end.damaged, 0);
}

static void test_filter(void **state)
{
	static struct espy_replay_end end;
	struct espy_err err = {0};
	struct counter c = {0};

	(void)state;
	assert_int_equal(replay(&c, "result < 0", &end, NULL), 0);
	assert_int_equal(c.rows, 20); /* sinks see every row, and which of them match */
	assert_int_equal(c.matched, 6);
	assert_int_equal(end.matched, 6);
	assert_true(replay(&c, "result <", &end, &err) < 0);
	assert_int_not_equal(err.column, 0);
	assert_int_equal(c.batches, 0);
}

static void test_refused(void **state)
{
	static struct espy_replay_end end;
	struct espy_err err = {0};
	struct counter c = {.refuse = -ENOSPC};

	(void)state;
	assert_int_equal(replay(&c, "", &end, &err), -ENOSPC);
	assert_string_equal(err.text, "refused");
	assert_int_equal(c.batches, 1);
	assert_int_equal(c.ends, 0);
}

/* A damaged block is left out and told of; the rest is read. Last, because it damages the file. */
static void test_damage(void **state)
{
	static struct espy_replay_end end;
	struct espy_err err = {0};
	struct counter c = {0};
	char byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(pread(fd, &byte, 1, damage_at), 1);
	byte = (char)~byte;
	assert_int_equal(pwrite(fd, &byte, 1, damage_at), 1);
	close(fd);
	assert_int_equal(replay(&c, "", &end, &err), 0);
	assert_int_equal(end.damaged, 1);
	assert_int_equal(end.rows, 10);
	assert_int_equal(c.ends, 1);
	assert_true(err.text[0] != '\0');
}

static void test_no_file(void **state)
{
	struct espy_replay r = {.path = "/nonexistent/trace.espy"};
	static struct espy_replay_end end;
	struct espy_err err = {0};

	(void)state;
	assert_int_equal(espy_replay(&r, &end, &err), -ENOENT);
	assert_true(err.text[0] != '\0');
	assert_int_equal(end.ending.exit_status, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),     cmocka_unit_test(test_filter),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, write_trace, remove_trace);
}
