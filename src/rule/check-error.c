/* SPDX-License-Identifier: MIT */
/*
 * The column `error` is the name of a result. Names are compared as the numbers that they stand
 * for, in the column `result`: there is one test for 64 rows at once, and EAGAIN is EWOULDBLOCK.
 */
#include "rule/check-internal.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include "model/value.h"
#include "rule/literal.h"
#include "rule/names.h"

#define NAMED_RUNS_MAX 64u /* of errnos with a name, without a gap */

static struct espy_range same(struct espy_range v)
{
	return v;
}

/* A leaf on the result, where that is an errno and not how a process ended. */
static int result_in(struct espy_check *c, const struct espy_operand *o,
		     const struct espy_constant *k, uint32_t n, struct espy_expr **ret)
{
	struct espy_leaf *l = espy_check_new_leaf(c, ESPY_LEAF_NUMBER);
	int r;

	if (!l)
		return -ENOMEM;
	l->operand = espy_operand_of("result");
	l->operand.only = o->only;
	l->numbers = espy_arena_zalloc(c->arena, sizeof(*l->numbers));
	if (!l->numbers)
		return -ENOMEM;
	l->n_numbers = 1;
	l->numbers[0].fmt = ESPY_FMT_ERRNO;
	l->numbers[0].test = (struct espy_number_test){.relation = same, .constants = k, .n = n};
	r = espy_number_prepare(&l->numbers[0].test, c->arena);
	return r < 0 ? r : espy_check_finish(c, l, ret);
}

/* Results from -last to -first. */
static struct espy_constant errors(int first, int last)
{
	return (struct espy_constant){.lo = {ESPY_MOMENT_NUMBER, -last},
				      .hi = {ESPY_MOMENT_NUMBER, -first}};
}

static struct espy_constant *new_constants(struct espy_check *c, uint32_t n)
{
	return espy_arena_alloc(c->arena, n * sizeof(struct espy_constant) + 1);
}

/* There are few gaps in the list of names. */
int espy_check_has_error(struct espy_check *c, const struct espy_operand *o, struct espy_expr **ret)
{
	struct espy_constant *k = new_constants(c, NAMED_RUNS_MAX);
	uint32_t n = 0;
	int first = 1;

	if (!k)
		return -ENOMEM;
	for (int e = 1; e <= ESPY_ERRNO_MAX + 1; e++) {
		if (e <= ESPY_ERRNO_MAX && espy_errno_name(e))
			continue;
		if (first < e) {
			assert(n < NAMED_RUNS_MAX);
			k[n++] = errors(first, e - 1);
		}
		first = e + 1;
	}
	return result_in(c, o, k, n, ret);
}

/* ENOENT, 2 or -2; 0 when it is none that has a name. */
static int errno_of(struct espy_str s)
{
	espy_wide v = espy_errno_value(s);

	if (v == 0 && espy_literal_integer(s, &v) < 0)
		return 0;
	return v >= -ESPY_ERRNO_MAX && v <= ESPY_ERRNO_MAX && espy_errno_name((int64_t)v) ? (int)v
											  : 0;
}

int espy_check_error_set(struct espy_check *c, const struct espy_operand *o,
			 const struct espy_token *values, uint32_t n, struct espy_expr **ret)
{
	struct espy_constant *k = new_constants(c, n);

	if (!k)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		int e = errno_of(values[i].text);

		if (e == 0)
			return espy_names_fail(o->column, &values[i], c->err);
		k[i] = errors(abs(e), abs(e));
	}
	return result_in(c, o, k, n, ret);
}
