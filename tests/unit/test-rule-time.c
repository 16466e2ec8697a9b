/* SPDX-License-Identifier: MIT */
/* Filters on times. The sample starts at 08:00:00Z, which is 09:00:00 in its zone, one row a
 * second. */
#include "test-rule.h"
#include "rule/clock.h"
#include "rule/number.h"

static void absolute_times(void **state)
{
	matches(*state, "time == 2026-11-21T08:00:03Z", "d");
	matches(*state, "time == 2026-11-21T09:00:03+01:00", "d");
	matches(*state, "time == 2026-11-21T09:00:03+0100", "d");
	matches(*state, "time == 2026-11-21T03:30:03-04:30", "d");
	matches(*state, "time == \"2026-11-21 09:00:03\"", "d");
	matches(*state, "time == 2026-11-21T09:00:03", "d");
	matches(*state, "time == 2026-11-21T08:00:03.000000000Z", "d");
	matches(*state, "time == 2026-11-21T08:00:03.000000001Z", "");
	matches(*state, "time < 2026-11-21T08:00:03Z", "abc");
	matches(*state, "time <= 2026-11-21T08:00:03Z", "abcd");
	matches(*state, "time > 2026-11-21T08:00:16Z", "rst");
	matches(*state, "time >= 2026-11-21T08:00:16Z", "qrst");
	matches(*state, "time != 2026-11-21T08:00Z", "");
	matches(*state, "time == 2026-11-21", SAMPLE_ALL);
	matches(*state, "time == 2026-11-20", "");
	matches(*state, "time > 2026-11-21", "");
}

static void times_of_the_day(void **state)
{
	matches(*state, "time == 09:00:03", "d");
	matches(*state, "time == 09:00", SAMPLE_ALL);
	matches(*state, "time in 09:00:03..09:00:05", "def");
	matches(*state, "time in (09:00:03, 09:00:05)", "df");
	matches(*state, "time not in 09:00:03..09:00:18", "abct");
	matches(*state, "time > 09:00:17", "st");
	matches(*state, "time less than 09:00:01.5", "ab");
	matches(*state, "time < 08:59", "");
}

static void times_after_the_start(void **state)
{
	matches(*state, "time > +16.5s", "rst");
	matches(*state, "time == +3s", "d");
	matches(*state, "time in +3s..+5s", "def");
	matches(*state, "time <= +0", "a");
	matches(*state, "time < +1m", SAMPLE_ALL);
	matches(*state, "end > +18s", "ost");
	matches(*state, "end in +5s..+6.5s", "fg");
}

/* The first batch that a rule sees stands for the start, unless it is told. */
static void the_start_can_be_given(void **state)
{
	struct espy_rule *r = rule_of("time == +13s");
	uint64_t bits[1];

	espy_rule_set_start(r, SAMPLE_START - 10 * SEC);
	assert_int_equal(espy_rule_match(r, *state, bits), 1);
	assert_true(espy_rule_bit(bits, 3));
	espy_rule_free(r);
}

static void later_batches_keep_the_start(void **state)
{
	struct espy_rule *r = rule_of("time == +3s");
	struct espy_batch *b = sample_new();
	uint64_t bits[1];

	(void)state;
	assert_int_equal(espy_rule_match(r, b, bits), 1);
	for (uint32_t i = 0; i < b->n; i++)
		b->time[i] += 2 * SEC;
	assert_int_equal(espy_rule_match(r, b, bits), 1);
	assert_true(espy_rule_bit(bits, 1));
	espy_rule_free(r);
	espy_batch_free(b);
}

/* Somebody sets the clock while the capture runs. */
static void each_batch_has_its_clock(void **state)
{
	struct espy_rule *r = rule_of("time == 2026-11-21T08:00:03Z");
	struct espy_batch *b = sample_new();
	uint64_t bits[1];

	(void)state;
	assert_int_equal(espy_rule_match(r, b, bits), 1);
	assert_true(espy_rule_bit(bits, 3));
	b->wall_offset += (int64_t)(2 * SEC);
	assert_int_equal(espy_rule_match(r, b, bits), 1);
	assert_true(espy_rule_bit(bits, 1));
	espy_rule_free(r);
	espy_batch_free(b);
}

static void plain_numbers_are_boot_time(void **state)
{
	matches(*state, "time == 3603000000000", "d");
	matches(*state, "start == 200000000000", "dfgk");
	matches(*state, "pid == 100 and start == 100000000000", "inor");
}

static void file_times_count_from_1970(void **state)
{
	struct espy_batch *b = sample_new();
	uint32_t r = sample_row(b, ESPY_EV_file_utime, BASH, 20 * SEC, 0, 1000, "/x"); /* u */

	(void)state;
	sample_num(b, r, "atime", (uint64_t)SAMPLE_WALL + 5);
	sample_num(b, r, "mtime", (uint64_t)-2);
	matches(b, "atime == 2026-11-21T07:00:00Z", "u");
	matches(b, "atime == 2026-11-21T07:00:00.000000005Z", "u");
	matches(b, "atime < 2026-11-21T07:00:00Z", "");
	matches(b, "atime < +0", "u");
	matches(b, "atime == 08:00:00", "u");
	matches(b, "mtime == unchanged", "u");
	matches(b, "mtime == now", "");
	matches(b, "mtime == -2", "u");
	espy_batch_free(b);
}

static void check_parse(const char *text, int expected)
{
	struct espy_moment lo, hi;

	assert_int_equal(espy_clock_parse(espy_str0(text), &lo, &hi), expected);
}

static void what_is_a_time(void **state)
{
	(void)state;
	check_parse("2026-11-21", 0);
	check_parse("2024-02-29", 0);
	check_parse("2026-02-29", -ERANGE);
	check_parse("2026-13-01", -ERANGE);
	check_parse("2026-00-01", -ERANGE);
	check_parse("2026-04-31", -ERANGE);
	check_parse("1800-01-01", -ERANGE);
	check_parse("2500-01-01", -ERANGE);
	check_parse("24:00", -ERANGE);
	check_parse("10:60", -ERANGE);
	check_parse("10:00:60", -ERANGE);
	check_parse("10:00:00.", -EINVAL);
	check_parse("10:00:00.123456789", 0);
	check_parse("10:00:00.1234567890", -EINVAL);
	check_parse("10:0", -EINVAL);
	check_parse("1:00", -EINVAL);
	check_parse("10:00Z", -EINVAL);
	check_parse("2026-11-21T", -EINVAL);
	check_parse("2026-11-21T10:00:00+", -EINVAL);
	check_parse("2026-11-21T10:00:00+1", -EINVAL);
	check_parse("2026-11-21T10:00:00+01", 0);
	check_parse("2026-11-21T10:00:00+01:", -EINVAL);
	check_parse("2026-11-21T10:00:00+24:00", -EINVAL);
	check_parse("2026-11-21T10:00:00Zx", -EINVAL);
	check_parse("+5", -EINVAL);
	check_parse("+5s", 0);
	check_parse("+-5s", -EINVAL);
	check_parse("+", -EINVAL);
	check_parse("", -EINVAL);
}

/* The night when clocks go back has 25 hours; 10:00 is 10:00 on every day. */
static void days_need_not_have_24_hours(void **state)
{
	struct espy_moment lo, hi;
	struct espy_clock c = {0};

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(espy_clock_parse(ESPY_STR("2026-10-25"), &lo, &hi), 0);
	assert_true(hi.v - lo.v + 1 == (__int128)(25 * 3600 * SEC));
	assert_int_equal(espy_clock_parse(ESPY_STR("2026-03-29"), &lo, &hi), 0);
	assert_true(hi.v - lo.v + 1 == (__int128)(23 * 3600 * SEC));
	/* From 00:30 local (22:30Z of the day before) to 10:00 of that day (09:00Z). */
	c.wall_offset = (int64_t)(1792880999 * SEC) + (int64_t)SEC;
	assert_int_equal(espy_clock_parse(ESPY_STR("10:00"), &lo, &hi), 0);
	assert_true(espy_clock_resolve(&c, &lo, true) ==
		    (__int128)(1792881000ull + 10 * 3600 + 1800) * SEC);
	setenv("TZ", "CET-1", 1);
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absolute_times),
		cmocka_unit_test(times_of_the_day),
		cmocka_unit_test(times_after_the_start),
		cmocka_unit_test(the_start_can_be_given),
		cmocka_unit_test(later_batches_keep_the_start),
		cmocka_unit_test(each_batch_has_its_clock),
		cmocka_unit_test(plain_numbers_are_boot_time),
		cmocka_unit_test(file_times_count_from_1970),
		cmocka_unit_test(what_is_a_time),
		cmocka_unit_test(days_need_not_have_24_hours),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
