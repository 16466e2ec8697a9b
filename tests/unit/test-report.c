/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include "base/escape.h"
#include "engine/report.h"
#include "rows.h"

static void fork_row(struct espy_batch *b, uint32_t proc, uint32_t child)
{
	uint32_t r = rows_add(b, ESPY_EV_process_fork, proc, child, NULL, child);

	rows_num(b, r, "child_pid", child);
	rows_num(b, r, "child_start", child * 1000ull);
}

static void exec_row(struct espy_batch *b, uint32_t proc, const char *path, const char *argv,
		     size_t n)
{
	uint32_t r = rows_add(b, ESPY_EV_process_exec, proc, b->procs[proc].pid, path, 0);

	rows_str(b, r, "argv", argv, n);
}

static void talk(struct espy_batch *b, uint32_t proc, const char *remote, uint64_t bytes)
{
	uint32_t r = rows_add(b, ESPY_EV_net_send, proc, 9000, "x", 1);

	rows_str(b, r, "remote", remote, strlen(remote));
	rows_str(b, r, "protocol", "tcp", 3);
	rows_num(b, r, "bytes", bytes);
}

static char *print(struct espy_report *r, struct espy_report_options o)
{
	struct espy_buf out = {0};

	assert_int_equal(espy_report_print(r, &out, &o), 0);
	espy_buf_putc(&out, '\0');
	return out.p;
}

static unsigned count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* How wide the widest line is. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	while (*text) {
		size_t n = strcspn(text, "\n"), w = espy_escape_width((struct espy_str){text, n});

		width = w > width ? w : width;
		text += n + (text[n] != 0);
	}
	return width;
}

#define HAS(text, part)                                            \
	do {                                                       \
		if (!strstr(text, part))                           \
			fail_msg("no \"%s\" in:\n%s", part, text); \
	} while (0)

static void test_small(void **state)
{
	struct espy_ending ending = {.ended = 5000000000, .exit_status = 0};
	struct espy_machine machine = {.started = 4000000000};
	struct espy_report *r;
	struct espy_batch *b;
	uint32_t sh, cc, row;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	sh = ROWS_PROC(b, 100, -1, "sh", "sh\0-c\0cc a.c");
	cc = ROWS_PROC(b, 101, (int)sh, "cc", "cc\0a.c");
	exec_row(b, sh, "/bin/sh", "sh\0-c\0cc a.c", 13);
	fork_row(b, sh, 101);
	exec_row(b, cc, "/usr/bin/cc", "cc\0a.c", 7);
	rows_add(b, ESPY_EV_file_open, cc, 1, "/usr/include/x.h", -ENOENT);
	rows_add(b, ESPY_EV_file_open, cc, 2, "/opt/include/x.h", 3);
	rows_add(b, ESPY_EV_file_open, cc, 3, "/usr/include/never.h", -ENOENT);
	rows_add(b, ESPY_EV_file_open, cc, 4, "/opt/include/never.h", -ENOENT);
	rows_add(b, ESPY_EV_file_open, cc, 5, "/etc/shadow", -EACCES);
	rows_add(b, ESPY_EV_file_ioctl, cc, 6, "/a.c", -ENOTTY);
	row = rows_add(b, ESPY_EV_file_open, cc, 7, "/home/a.out", 4);
	rows_num(b, row, "created", 1);
	rows_add(b, ESPY_EV_file_write, cc, 8, "/home/a.out", 4096);
	rows_add(b, ESPY_EV_file_write, cc, 8, "/dev/pts/0", 70000);
	row = rows_add(b, ESPY_EV_file_open, cc, 9, "/tmp/cc1.s", 4);
	rows_num(b, row, "created", 1);
	rows_add(b, ESPY_EV_file_unlink, cc, 9, "/tmp/cc1.s", 0);
	talk(b, cc, "10.0.0.1:80", 77);
	row = rows_add(b, ESPY_EV_process_exit, cc, 10, NULL, 1);
	rows_num(b, row, "code", 1);
	assert_int_equal(espy_report_new(&r), 0);
	assert_int_equal(espy_report_batch(r, b, NULL), 0);
	text = print(r, (struct espy_report_options){.ending = &ending,
						     .machine = &machine,
						     .file = "cc.espy",
						     .file_bytes = 2048});
	HAS(text, "exit code 0 after 1.000s, 16 events\n");
	HAS(text, "sh -c 'cc a.c'");
	HAS(text, "`- cc a.c  exit 1 ");
	HAS(text, "5 of 16 operations: 3 ENOENT, 1 EACCES, 1 ENOTTY\n");
	HAS(text, "2  ENOENT open  never.h in 2 places (cc)\n");
	HAS(text, "1  EACCES open  /etc/shadow (cc)\n");
	HAS(text, "1 found elsewhere afterwards, 1 of the usual kind\n");
	HAS(text, "1 file written (4.0 KiB), 1 created, 1 temporary\n");
	HAS(text, "/home/a.out  created (cc)\n");
	HAS(text, "1 endpoint, 77 B sent, 0 B received\n");
	HAS(text, "tcp 10.0.0.1:80  77 B sent, 0 B received (cc)\n");
	HAS(text, "lost       0 events\n");
	HAS(text, "cc.espy, 2.0 KiB\n");
	HAS(text, "espy tree cc.espy; espy summary cc.espy; espy show cc.espy\n");
	assert_null(strstr(text, "io_uring"));
	assert_null(strstr(text, "pts"));
	assert_true(count_lines(text) <= ESPY_REPORT_LINES);
	free(text);
	espy_report_free(r);
	espy_batch_free(b);
}

/* What was written only to files that are gone stands behind no number of files. */
static void test_only_temporary(void **state)
{
	struct espy_batch *b;
	struct espy_report *r;
	uint32_t cc, row;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	cc = ROWS_PROC(b, 100, -1, "cc", "cc\0a.c");
	row = rows_add(b, ESPY_EV_file_open, cc, 0, "/tmp/cc1.s", 4);
	rows_num(b, row, "created", 1);
	rows_add(b, ESPY_EV_file_write, cc, 1, "/tmp/cc1.s", 100);
	rows_add(b, ESPY_EV_file_unlink, cc, 2, "/tmp/cc1.s", 0);
	assert_int_equal(espy_report_new(&r), 0);
	assert_int_equal(espy_report_batch(r, b, NULL), 0);
	text = print(r, (struct espy_report_options){0});
	HAS(text, "changed    1 temporary\n");
	free(text);
	espy_report_free(r);
	espy_batch_free(b);
}

/* A file that was removed and made again, as a rebuild does, is no temporary one. */
static void test_made_again(void **state)
{
	struct espy_batch *b;
	struct espy_report *r;
	uint32_t cc, row;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	cc = ROWS_PROC(b, 100, -1, "ar", "ar\0libx.a");
	rows_add(b, ESPY_EV_file_unlink, cc, 1, "/home/libx.a", 0);
	row = rows_add(b, ESPY_EV_file_open, cc, 2, "/home/libx.a", 4);
	rows_num(b, row, "created", 1);
	rows_add(b, ESPY_EV_file_write, cc, 3, "/home/libx.a", 100);
	assert_int_equal(espy_report_new(&r), 0);
	assert_int_equal(espy_report_batch(r, b, NULL), 0);
	text = print(r, (struct espy_report_options){0});
	HAS(text, "changed    1 file written (100 B), 1 created");
	assert_null(strstr(text, "temporary"));
	free(text);
	espy_report_free(r);
	espy_batch_free(b);
}

/* Nothing at all is told as such, the losses too. */
static void test_empty(void **state)
{
	struct espy_report *r;
	char *text;

	(void)state;
	assert_int_equal(espy_report_new(&r), 0);
	text = print(r, (struct espy_report_options){0});
	HAS(text, "0 events\n");
	HAS(text, "processes  0\n");
	HAS(text, "failed     none of 0 operations\n");
	HAS(text, "changed    nothing\n");
	HAS(text, "network    nobody\n");
	HAS(text, "lost       0 events\n");
	free(text);
	espy_report_free(r);
}

/* Losses are told by rows and by the ending, whichever knows more, and filtered out they never are.
 */
static void test_lost(void **state)
{
	struct espy_ending ending = {.lost = 5, .exit_status = 9};
	uint64_t bits[ESPY_BATCH_ROWS / 64] = {0};
	struct espy_report *r;
	struct espy_batch *b;
	uint32_t p, row;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 1, -1, "a", "a");
	row = rows_add(b, ESPY_EV_system_loss, p, 1, NULL, 0);
	rows_num(b, row, "lost", 1200);
	for (unsigned i = 0; i < 3; i++)
		rows_add(b, ESPY_EV_system_uring, p, 1, NULL, 0);
	row = rows_add(b, ESPY_EV_system_uring, p, 1, NULL, 0); /* waits, and hides nothing */
	b->abi[row] = ESPY_ABI_URING;
	assert_int_equal(espy_report_new(&r), 0);
	assert_int_equal(espy_report_batch(r, b, bits), 0);
	text = print(r, (struct espy_report_options){.ending = &ending});
	HAS(text, "killed by SIGKILL after");
	HAS(text, "lost       1,200 events\n");
	HAS(text, "3 io_uring requests, not decoded");
	free(text);
	ending.lost = 2000;
	ending.exit_status = -1;
	snprintf(ending.reason, sizeof(ending.reason), "time limit");
	text = print(r, (struct espy_report_options){.ending = &ending});
	HAS(text, "time limit after");
	HAS(text, "lost       2,000 events\n");
	free(text);
	espy_report_free(r);
	espy_batch_free(b);
}

/* A build of 3,000 processes with thousands of failures, files and endpoints, some with hostile
 * names. */
static void feed_large(struct espy_report *r)
{
	struct espy_batch *b;
	char name[300];

	assert_int_equal(espy_batch_new(&b), 0);
	for (uint32_t round = 0; round < 30; round++) {
		uint32_t make;

		espy_batch_reset(b);
		make = ROWS_PROC(b, 100, -1, "make", "make\0all");
		if (round == 0)
			exec_row(b, make, "/usr/bin/make", "make\0all", 9);
		for (uint32_t i = 0; i < 100; i++) {
			uint32_t pid = 1000 + round * 100 + i, p, row;

			snprintf(name, sizeof(name), "tool\033[%um", pid % 40);
			p = ROWS_PROC(b, pid, (int)make, name, "tool");
			fork_row(b, make, pid);
			exec_row(b, p, name, "tool\n\0x", 7);
			snprintf(name, sizeof(name), "/src/%0*u/\xff/file\n.c", (int)(pid % 200),
				 pid);
			rows_add(b, ESPY_EV_file_open, p, 1, name, -ENOENT);
			rows_add(b, ESPY_EV_file_open, p, 1, name, pid % 2 ? -EACCES : -EIO);
			rows_add(b, ESPY_EV_file_write, p, 1, name, pid);
			snprintf(name, sizeof(name), "[2001:db8::%x]:%u", pid, pid);
			talk(b, p, name, pid);
			row = rows_add(b, ESPY_EV_system_uring, p, 1, NULL, 0);
			rows_num(b, row, "opcode", 22);
		}
		assert_int_equal(espy_report_batch(r, b, NULL), 0);
	}
	espy_batch_free(b);
}

static void test_large(void **state)
{
	struct espy_report_options o = {.file = "a name\nof a trace.espy", .file_bytes = 12345678};
	struct espy_report *r;

	(void)state;
	assert_int_equal(espy_report_new(&r), 0);
	feed_large(r);
	for (unsigned width = 40; width <= 160; width += 20) {
		for (unsigned lines = 0; lines <= 40; lines += 12) {
			char *text;
			unsigned most = lines ? lines : ESPY_REPORT_LINES;

			o.lines = lines;
			o.style.width = width == 40 ? 0 : width;
			o.style.utf8 = width % 40 == 0;
			text = print(r, o);
			assert_true(count_lines(text) <= most);
			assert_true(count_lines(text) >= most - 2); /* the screen is made use of */
			assert_true(width_of(text) <= (o.style.width ? o.style.width : 80));
			for (char *c = text; *c; c++)
				assert_true((unsigned char)*c >= ' ' || *c == '\n');
			assert_true(espy_str_is_utf8(espy_str0(text)));
			HAS(text, "lost       0 events\n");
			HAS(text, "3,000 io_uring requests, not decoded");
			HAS(text, "more processes\n");
			free(text);
		}
	}
	espy_report_free(r);
}

/* The same rows in one batch or many give the same words. */
static void test_steady(void **state)
{
	struct espy_report *r[2];
	char *text[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(espy_report_new(&r[i]), 0);
		feed_large(r[i]);
		text[i] = print(r[i], (struct espy_report_options){0});
	}
	assert_string_equal(text[0], text[1]);
	free(text[1]);
	text[1] = print(r[0], (struct espy_report_options){0});
	assert_string_equal(text[0], text[1]);
	for (unsigned i = 0; i < 2; i++) {
		free(text[i]);
		espy_report_free(r[i]);
	}
}

static void test_sink(void **state)
{
	struct espy_ending ending = {0};
	struct espy_report *r;
	struct espy_sink *sink;
	struct espy_batch *b;
	uint32_t p;
	char *text;

	(void)state;
	assert_int_equal(espy_report_new(&r), 0);
	sink = espy_report_sink(r);
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 1, -1, "before", "before");
	rows_add(b, ESPY_EV_process_running, p, 1, "/before", 0);
	assert_int_equal(sink->ops->snapshot(sink, b, NULL), 0);
	espy_batch_reset(b);
	p = ROWS_PROC(b, 2, -1, "busy", "busy");
	rows_add(b, ESPY_EV_file_stat, p, 1, "/x", 0);
	assert_int_equal(sink->ops->batch(sink, b, NULL, NULL), 0);
	assert_int_equal(sink->ops->end(sink, &ending, NULL), 0);
	text = print(r, (struct espy_report_options){0});
	HAS(text, "busy");
	assert_null(strstr(text, "before")); /* it did nothing */
	free(text);
	espy_report_free(r);
	espy_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),          cmocka_unit_test(test_empty),
		cmocka_unit_test(test_only_temporary), cmocka_unit_test(test_made_again),
		cmocka_unit_test(test_lost),           cmocka_unit_test(test_large),
		cmocka_unit_test(test_steady),         cmocka_unit_test(test_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
