/* SPDX-License-Identifier: MIT */
/* What stands left of a relation: a column of some events, with functions around it. */
#pragma once

#include "model/column.h"
#include "rule/parse.h"

#define ESPY_OPERAND_ANY_MAX  2u  /* columns that one name stands for */
#define ESPY_OPERAND_FMTS_MAX 64u /* ways in which the events show one column */

struct espy_operand {
	const struct espy_column *column;
	const struct espy_schema
		*only; /* file_open.path: of this event; NULL: of all that have it */
	const struct espy_function *functions[ESPY_RULE_FUNCTIONS_MAX + 1]; /* innermost first */
	unsigned n_functions;
	unsigned sorts;                      /* enum espy_sort of the value that is tested */
	uint8_t fmts[ESPY_OPERAND_FMTS_MAX]; /* numbers: how events show it, each once */
	unsigned n_fmts;
	const char *name; /* as it was written */
};

/* One name for several columns: a relation holds when it holds for any of them. */
struct espy_alias {
	const char *name, *doc;
	const char *columns[ESPY_OPERAND_ANY_MAX];
};
const struct espy_alias *espy_operand_alias(unsigned i); /* from 0 until NULL */

/* Looks the term's field up; ret has room for ESPY_OPERAND_ANY_MAX. Returns how many there are,
 * -EINVAL with *err (no such field, a function that does not take it), -ENOMEM. */
int espy_operand_resolve(const struct espy_term *term, struct espy_arena *arena,
			 struct espy_err *err, struct espy_operand *ret);

/* The column `name`, which exists, without functions. */
struct espy_operand espy_operand_of(const char *name);

static inline bool espy_operand_is_text(const struct espy_operand *o)
{
	return o->sorts & ESPY_SORT_TEXT;
}

/* Does an event of this type have the column? */
bool espy_operand_has(const struct espy_column *c, const struct espy_schema *s);
