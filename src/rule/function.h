/* SPDX-License-Identifier: MIT */
/* Functions of the filter language: one row each in function.c. */
#pragma once

#include "base/buf.h"
#include "rule/operator.h"

/* A value on its way from a column to a test. */
struct espy_operand_value {
	bool is_text, is_signed;
	uint64_t number;
	struct espy_str text;
};

enum espy_lineage_kind {
	ESPY_LINEAGE_NONE,
	ESPY_LINEAGE_DESCENDS, /* the process or one of its forefathers is such a one */
	ESPY_LINEAGE_ANCESTOR, /* the process or one of its descendants is such a one */
};

struct espy_state_kind;

struct espy_function {
	const char *name, *doc;
	unsigned from; /* enum espy_sort that it takes, of which one is enough */
	unsigned to;   /* enum espy_sort that it yields; 0: it changes nothing */
	/* Of values: replaces *v; text that is not part of the old text is made in `scratch`.
	 * False: it has no value. */
	bool (*apply)(struct espy_operand_value *v, struct espy_buf *scratch);
	enum espy_lineage_kind lineage;      /* of processes: a condition of its own */
	const struct espy_state_kind *state; /* likewise: one that remembers rows before */
};

/* lower(): what tests without regard to case see. */
bool espy_function_lower(struct espy_operand_value *v, struct espy_buf *scratch);

/* i from 0 until NULL; by name, NULL when there is none. */
const struct espy_function *espy_function_at(unsigned i);
const struct espy_function *espy_function_find(struct espy_str name);
