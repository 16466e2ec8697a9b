/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "enrich/sysctl.h"

#define DOSTRING 0xffffffff81000000u
#define DOINT    0xffffffff81000100u
#define DOULONG  0xffffffff81000200u
#define JIFFIES  0xffffffff81000300u
#define DOUINT   0xffffffff81000400u
#define DOU8     0xffffffff81000500u
#define OTHER    0xffffffff81000600u

static struct espy_sysctls t;
static struct espy_setting_raw raw;

static int setup(void **state)
{
	(void)state;
	t = (struct espy_sysctls){.looked = true}; /* not at this machine's */
	espy_sysctl_symbol(&t, "ffffffff81000000 T proc_dostring\n");
	espy_sysctl_symbol(&t, "ffffffff81000100 t proc_dointvec_minmax_sysadmin\n");
	espy_sysctl_symbol(&t, "ffffffff81000200 T proc_doulongvec_minmax\n");
	espy_sysctl_symbol(&t, "ffffffff81000300 T proc_dointvec_jiffies\n");
	espy_sysctl_symbol(&t, "ffffffff81000400 T proc_douintvec_minmax\t[m]\n");
	espy_sysctl_symbol(&t, "ffffffff81000500 T proc_dou8vec_minmax\n");
	return 0;
}

/* `maxlen` bytes of memory, before and after. */
static void memory(uint64_t handler, const void *old, const void *now, size_t n, size_t maxlen)
{
	raw = (struct espy_setting_raw){.magic = 0x9fa0, .handler = handler, .data = 1};
	raw.n = (u32)n;
	raw.maxlen = (u32)maxlen;
	memcpy(raw.old, old, n);
	memcpy(raw.now, now, n);
}

/* NULL: it must not be known. */
static void expect(const char *written, bool worked, const char *old)
{
	struct espy_buf out = {0};
	bool cut = false, known;

	known = espy_sysctl_before(&t, &raw, espy_str0(written), worked, &out, &cut);
	assert_int_equal(known, old != NULL);
	if (!old)
		assert_int_equal(out.n, 0);
	else if (!espy_str_eq((struct espy_str){out.p, out.n}, espy_str0(old)))
		fail_msg("%.*s, not %s", (int)out.n, out.p, old);
	espy_buf_done(&out);
}

static void by_name(void **state)
{
	const int32_t ints[] = {4, -1, 0, 7};
	const uint32_t big = 4000000000u;
	const uint64_t longs[] = {18446744073692774399u, 5};
	const unsigned char byte = 250;

	(void)state;
	memory(DOINT, ints, ints, 16, 16);
	expect("4", true, "4\t-1\t0\t7");
	expect("no number", false, "4\t-1\t0\t7");
	memory(DOUINT, &big, &big, 4, 4);
	expect("1", false, "4000000000");
	memory(DOULONG, longs, longs, 16, 16);
	expect("1", true, "18446744073692774399\t5");
	memory(DOU8, &byte, &byte, 1, 1);
	expect("c", false, "250");
	memory(DOSTRING, "|/old %p\0rubbish", "core\0", 5, 128);
	expect("core", true, "|/old");
}

static void strings(void **state)
{
	struct espy_buf out = {0};
	bool cut = false;

	(void)state;
	memory(DOSTRING, "core\0rubbish", "x\0re\0rubbish", 12, 128);
	expect("x", true, "core");
	memory(DOSTRING, "\0", "x", 1, 128);
	expect("x", true, "");
	memory(DOSTRING, "0123456789", "x\0        ", 10, 20);
	assert_true(espy_sysctl_before(&t, &raw, espy_str0("x"), true, &out, &cut));
	assert_true(cut);
	espy_buf_done(&out);
}

/* What is kept in other units than it is told in. */
static void never_made_up(void **state)
{
	const int32_t before = 3000, after = 6000, zero = 0;

	(void)state;
	memory(JIFFIES, &before, &after, 4, 4);
	expect("60", true, NULL);
	memory(OTHER, &before, &after, 4, 4);
	expect("60", true, NULL);
	expect("6000", false, NULL);
	memory(OTHER, &before, &zero, 4, 4);
	expect("0", true, NULL); /* would fit any unit */
	memory(0, &before, &after, 4, 4);
	expect("6000", true, NULL);
	memory(DOINT, &before, &after, 0, 4);
	expect("6000", true, NULL);
	memory(DOINT, &before, &after, 3, 3);
	expect("6000", true, NULL);
}

static void by_what_was_written(void **state)
{
	const int32_t before[] = {1, 2, 3}, after[] = {10, -20, 3};
	const uint64_t was = 1ull << 40, is = 1ull << 41;

	(void)state;
	memory(OTHER, before, after, 12, 12);
	expect("10 -20", true, "1\t2\t3");
	expect("10\t-20\t3", true, "1\t2\t3");
	expect("0xa", true, "1\t2\t3");
	expect("11", true, NULL);
	expect("10 -20 3 4", true, NULL);
	expect("10x", true, NULL);
	expect("", true, NULL);
	memory(OTHER, &was, &is, 8, 8);
	expect("2199023255552", true, "1099511627776");
	memory(OTHER, "(none)\0\0", "espy\0\0\0\0", 8, 65);
	expect("espy", true, "(none)");
	expect("esp", true, NULL);
	expect("espy2", true, NULL);
}

static void bad_lines(void **state)
{
	static const char *const lines[] = {"",
					    "\n",
					    "0000000000000000 T proc_dostring\n",
					    "ffffffff81000700",
					    "ffffffff81000700 ",
					    "ffffffff81000700 T",
					    "ffffffff81000700 T proc_do",
					    "ffffffff81000700 T do_proc_dostring\n"};
	const unsigned n = t.n;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		espy_sysctl_symbol(&t, lines[i]);
	assert_int_equal(t.n, n);
	for (int i = 0; i < 200; i++)
		espy_sysctl_symbol(&t, "ffffffff81000800 T proc_dostring\n");
	assert_int_equal(t.n, ESPY_SYSCTL_HANDLERS_MAX);
}

#define TEST(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(by_name),   TEST(strings), TEST(never_made_up), TEST(by_what_was_written),
		TEST(bad_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
