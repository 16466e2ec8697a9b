/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"

static void assert_content(const struct espy_buf *b, const char *want)
{
	assert_int_equal(b->error, 0);
	assert_int_equal(b->n, strlen(want));
	assert_memory_equal(b->p, want, b->n);
}

static void test_append(void **state)
{
	struct espy_buf b = {0};

	(void)state;
	espy_buf_add(&b, NULL, 0);
	espy_buf_puts(&b, "ab");
	espy_buf_putc(&b, 'c');
	espy_buf_str(&b, ESPY_STR("de"));
	espy_buf_add(&b, "fg", 1);
	espy_buf_printf(&b, "<%d|%s>", -5, "x");
	assert_content(&b, "abcdef<-5|x>");
	espy_buf_reset(&b);
	espy_buf_puts(&b, "z");
	assert_content(&b, "z");
	espy_buf_done(&b);
	assert_null(b.p);
}

static void check_u64(uint64_t v)
{
	struct espy_buf b = {0};
	char want[64];

	snprintf(want, sizeof(want), "%" PRIu64 " %" PRId64 " 0x%" PRIx64, v, (int64_t)v, v);
	espy_buf_u64(&b, v);
	espy_buf_putc(&b, ' ');
	espy_buf_s64(&b, (int64_t)v);
	espy_buf_putc(&b, ' ');
	espy_buf_hex(&b, v);
	assert_content(&b, want);
	espy_buf_done(&b);
}

static void test_numbers(void **state)
{
	(void)state;
	for (uint64_t p = 1;; p *= 10) {
		check_u64(p - 1);
		check_u64(p);
		check_u64(p + 1);
		check_u64(0 - p);
		if (p > UINT64_MAX / 10)
			break;
	}
	for (unsigned i = 0; i < 64; i++)
		check_u64(1ULL << i);
	check_u64(UINT64_MAX);
	check_u64((uint64_t)INT64_MIN);
}

static void test_grows_and_keeps_content(void **state)
{
	struct espy_buf b = {0};

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		espy_buf_putc(&b, (char)('a' + i % 26));
	assert_int_equal(b.n, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	espy_buf_printf(&b, "%070000d", 0);
	assert_int_equal(b.n, 170000);
	espy_buf_done(&b);
}

static void test_error_sticks(void **state)
{
	struct espy_buf b = {0};

	(void)state;
	espy_buf_puts(&b, "ok");
	assert_int_equal(espy_buf_reserve(&b, SIZE_MAX), -ENOMEM);
	espy_buf_puts(&b, "more"); /* does nothing, although there is room */
	espy_buf_u64(&b, 1);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.error, -ENOMEM);
	assert_int_equal(espy_buf_flush(&b, -1), -ENOMEM);
	espy_buf_done(&b);
	assert_int_equal(b.error, 0);
}

/* A reader that sleeps while the pipe is full and non-blocking: every byte still arrives, in order.
 */
static void test_flush_waits_for_a_full_pipe(void **state)
{
	struct espy_buf b = {0};
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		unsigned i = 0;
		unsigned char c[4096];
		ssize_t n;

		close(fds[1]);
		poll(NULL, 0, 50);
		while ((n = read(fds[0], c, sizeof(c))) > 0)
			for (ssize_t k = 0; k < n; k++)
				if (c[k] != i++ % 251)
					_exit(1);
		_exit(i == 300000 ? 0 : 2);
	}
	close(fds[0]);
	for (unsigned i = 0; i < 300000; i++)
		espy_buf_putc(&b, (char)(i % 251));
	assert_int_equal(espy_buf_flush(&b, fds[1]), 0);
	assert_int_equal(b.n, 0);
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	espy_buf_done(&b);
}

static void test_flush_reports_a_full_disk(void **state)
{
	struct espy_buf b = {0};
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (fd < 0)
		skip();
	espy_buf_puts(&b, "x");
	assert_int_equal(espy_buf_flush(&b, fd), -ENOSPC);
	assert_int_equal(b.error, -ENOSPC);
	close(fd);
	espy_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_grows_and_keeps_content),
		cmocka_unit_test(test_error_sticks),
		cmocka_unit_test(test_flush_waits_for_a_full_pipe),
		cmocka_unit_test(test_flush_reports_a_full_disk),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
