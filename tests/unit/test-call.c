/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <ctype.h>
#include <cmocka.h>
#include "model/call.h"

static void numbers_of_each_table(void **state)
{
	(void)state;
	assert_string_equal(espy_call_name(ESPY_ABI_NATIVE, 0), "read");
	assert_string_equal(espy_call_name(ESPY_ABI_NATIVE, 257), "openat");
	assert_string_equal(espy_call_name(ESPY_ABI_IA32, 295), "openat");
	assert_string_equal(espy_call_name(ESPY_ABI_IA32, 1), "exit");
	assert_string_equal(espy_call_name(ESPY_ABI_IA32, 412), "utimensat_time64");
	assert_string_equal(espy_call_name(ESPY_ABI_X32, 257), "openat");
	assert_string_equal(espy_call_name(ESPY_ABI_X32, 515), "readv");
	assert_string_equal(espy_call_name(ESPY_ABI_NATIVE, 469), "file_setattr");
	assert_string_equal(espy_call_name(ESPY_ABI_IA32, 469), "file_setattr");
}

static void unknown_numbers_have_no_name(void **state)
{
	(void)state;
	assert_null(espy_call_name(ESPY_ABI_NATIVE, 400));
	assert_null(espy_call_name(ESPY_ABI_NATIVE, 515));
	assert_null(espy_call_name(ESPY_ABI_NATIVE, 65535));
	assert_null(espy_call_name(ESPY_ABI_NATIVE, UINT32_MAX));
	assert_null(espy_call_name(ESPY_ABI_X32, 548));
	assert_null(espy_call_name(ESPY_ABI_NONE, 0));
	assert_null(espy_call_name(ESPY_ABI__MAX, 0));
}

static void names_lead_back(void **state)
{
	(void)state;
	for (unsigned abi = ESPY_ABI_NATIVE; abi <= ESPY_ABI_X32; abi++) {
		unsigned known = 0;

		for (unsigned nr = 0; nr < 1024; nr++) {
			const char *name = espy_call_name(abi, nr);

			/* x32 answers for both numbers of a call, and names its own one. */
			if (!name || (abi == ESPY_ABI_X32 && nr < 512))
				continue;
			assert_int_equal(espy_call_nr(abi, name), nr);
			known++;
		}
		assert_true(known >= 36);
	}
	assert_int_equal(espy_call_nr(ESPY_ABI_NATIVE, "mmap2"), -1);
	assert_int_equal(espy_call_nr(ESPY_ABI_IA32, "mmap2"), 192);
	assert_int_equal(espy_call_nr(ESPY_ABI_X32, "readv"), 515);
	assert_int_equal(espy_call_nr(ESPY_ABI_X32, "openat"), 257);
	assert_int_equal(espy_call_nr(ESPY_ABI_NATIVE, "send"), -1);
	assert_int_equal(espy_call_nr(ESPY_ABI_NATIVE, ""), -1);
	assert_int_equal(espy_call_nr(ESPY_ABI_NONE, "read"), -1);
	assert_int_equal(espy_call_nr(99, "read"), -1);
}

static void shown_with_the_table(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(espy_call_show(buf, sizeof(buf), ESPY_ABI_NATIVE, 257), "openat");
	assert_string_equal(espy_call_show(buf, sizeof(buf), ESPY_ABI_IA32, 5), "ia32:open");
	assert_string_equal(espy_call_show(buf, sizeof(buf), ESPY_ABI_X32, 1), "x32:write");
	assert_string_equal(espy_call_show(buf, sizeof(buf), ESPY_ABI_NATIVE, 999), "#999");
	assert_string_equal(espy_call_show(buf, sizeof(buf), ESPY_ABI_IA32, 999), "ia32:#999");
	assert_string_equal(espy_call_show(buf, sizeof(buf), ESPY_ABI_NONE, 0), "");
	assert_string_equal(espy_call_show(buf, sizeof(buf), ESPY_ABI_URING, 18),
			    "io_uring:openat");
	assert_string_equal(espy_call_show(buf, sizeof(buf), ESPY_ABI_URING, 111), "io_uring:#111");
	assert_string_equal(espy_call_show(buf, 4, ESPY_ABI_NATIVE, 257), "ope");
}

/* uring.def and the names of opcodes in flags say the same. */
static void operations_of_io_uring(void **state)
{
	static const struct {
		const char *name, *opcode;
		int nr;
	} rows[] = {
#define BITS(...)
#define VALUES(...)
#define SET_END(...)
#define PART(...)
#define NAME(set, name, value) {#set, #name, (int)(value)},
#include "model/flags.def"
	};
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char lower[64] = "";
		const char *from = rows[i].opcode + strlen("IORING_OP_");

		if (strcmp(rows[i].name, "uring") != 0)
			continue;
		for (size_t k = 0; from[k] && k + 1 < sizeof(lower); k++)
			lower[k] = (char)tolower((unsigned char)from[k]);
		assert_int_equal(espy_call_nr(ESPY_ABI_URING, lower), rows[i].nr);
		seen++;
	}
	assert_int_equal(seen, 63);
	assert_null(espy_call_name(ESPY_ABI_URING, 63));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_each_table),
		cmocka_unit_test(unknown_numbers_have_no_name),
		cmocka_unit_test(names_lead_back),
		cmocka_unit_test(shown_with_the_table),
		cmocka_unit_test(operations_of_io_uring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
