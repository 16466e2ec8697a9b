/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <sys/sem.h>

#include "enrich/semop.h"

static void expect(const void *ops, size_t n, struct espy_str want)
{
	struct espy_buf b = {0};

	espy_semop_text(&b, (struct espy_str){ops, n});
	assert_int_equal(b.n, want.n);
	assert_memory_equal(b.p ? b.p : "", want.p, want.n);
	espy_buf_done(&b);
}

static void operations(void **state)
{
	const struct sembuf ops[] = {{0, -1, SEM_UNDO}, {2, 3, 0}, {65535, 0, IPC_NOWAIT}};

	(void)state;
	expect(ops, sizeof(ops), ESPY_STR("0 -1 SEM_UNDO, 2 +3, 65535 =0 IPC_NOWAIT"));
	expect(ops, sizeof(ops[0]), ESPY_STR("0 -1 SEM_UNDO"));
	expect(ops, 0, ESPY_STR(""));
}

static void flags(void **state)
{
	const struct sembuf ops[] = {{1, -32768, (short)(IPC_NOWAIT | SEM_UNDO)},
				     {1, 1, (short)0x8001},
				     {1, 1, (short)(IPC_NOWAIT | 2)},
				     {1, 1, (short)-1}};

	(void)state;
	expect(ops, sizeof(ops),
	       ESPY_STR("1 -32768 IPC_NOWAIT|SEM_UNDO, 1 +1 0x8001, 1 +1 IPC_NOWAIT|0x2, "
			"1 +1 IPC_NOWAIT|SEM_UNDO|0xe7ff"));
}

/* What is cut in the middle is not guessed at. */
static void cut(void **state)
{
	const struct sembuf ops[] = {{7, 1, 0}, {8, 1, 0}};

	(void)state;
	expect(ops, sizeof(ops[0]) - 1, ESPY_STR(""));
	expect(ops, sizeof(ops) - 1, ESPY_STR("7 +1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations),
		cmocka_unit_test(flags),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
