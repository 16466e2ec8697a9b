/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"

/* What espy_log writes to stderr, as a string in `out`. */
static void capture(enum espy_log_level level, const char *text, char *out, size_t size)
{
	int keep = dup(STDERR_FILENO), fds[2];
	ssize_t n;

	assert_true(keep >= 0);
	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	espy_log(level, "%s", text);
	dup2(keep, STDERR_FILENO);
	close(keep);
	n = read(fds[0], out, size - 1);
	close(fds[0]);
	assert_true(n >= 0);
	out[n] = '\0';
}

static void test_levels(void **state)
{
	char out[256];

	(void)state;
	assert_int_equal(espy_log_level(), ESPY_LOG_WARN);
	capture(ESPY_LOG_INFO, "quiet", out, sizeof(out));
	assert_string_equal(out, "");
	capture(ESPY_LOG_WARN, "heard", out, sizeof(out));
	assert_string_equal(out, "espy: heard\n");
	espy_log_set_level(ESPY_LOG_DEBUG);
	capture(ESPY_LOG_DEBUG, "now heard", out, sizeof(out));
	assert_string_equal(out, "espy: now heard\n");
	espy_log_set_level(ESPY_LOG_ERROR);
	capture(ESPY_LOG_WARN, "quiet again", out, sizeof(out));
	assert_string_equal(out, "");
	espy_log_set_level(ESPY_LOG_WARN);
}

static void test_one_harmless_line(void **state)
{
	char out[256];

	(void)state;
	capture(ESPY_LOG_ERROR, "a\x1b[2Jb\nespy: forged\n\n", out, sizeof(out));
	assert_string_equal(out, "espy: a\\e[2Jb\\nespy: forged\n");
}

static void test_long_message_shows_that_it_is_cut(void **state)
{
	char text[6000], out[8192];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	capture(ESPY_LOG_ERROR, text, out, sizeof(out));
	assert_true(strlen(out) > 4000);
	assert_string_equal(out + strlen(out) - 5, "x...\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_one_harmless_line),
		cmocka_unit_test(test_long_message_shows_that_it_is_cut),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
