/* SPDX-License-Identifier: MIT */
#include "rule/columns.h"

/* Columns that others are made of, so that whoever decodes one of them needs those as well. */
static const struct {
	uint16_t id, of[3];
	unsigned n;
} made[] = {
	{ESPY_COL_end, {ESPY_COL_time, ESPY_COL_duration}, 2},
	{ESPY_COL_error, {ESPY_COL_result}, 1},
};

static void add(struct espy_rule_columns *c, unsigned id)
{
	if (id >= ESPY_RULE_COLUMNS)
		c->all = true;
	else
		c->bits[id / 64] |= 1ull << (id % 64);
}

static void add_column(struct espy_rule_columns *c, const struct espy_column *column)
{
	add(c, column->id);
	c->all |= column->id == ESPY_COL_detail; /* it has every field of the event in it */
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		for (unsigned k = 0; column->id == made[i].id && k < made[i].n; k++)
			add(c, made[i].of[k]);
}

/* Times are compared with the capture's start, which the first batch may have to tell. */
static bool needs_clock(const struct espy_leaf *l)
{
	for (uint32_t i = 0; i < l->n_numbers; i++)
		if (l->numbers[i].test.needs_clock)
			return true;
	return false;
}

static bool same_numbers(const struct espy_number_test *a, const struct espy_number_test *b)
{
	if (!a || !b || a->bits || b->bits || a->keep != b->keep || a->n_ranges != b->n_ranges ||
	    a->needs_clock || b->needs_clock)
		return false;
	for (uint32_t i = 0; i < a->n_ranges; i++)
		if (a->ranges[i].lo != b->ranges[i].lo || a->ranges[i].hi != b->ranges[i].hi)
			return false;
	return true;
}

/* Is the result of a process that ended another thing to this leaf than an errno? */
static bool tells_exits(const struct espy_leaf *l)
{
	const struct espy_column *c = l->operand.column;

	if (!c || c->id != ESPY_COL_result)
		return false;
	return l->kind != ESPY_LEAF_NUMBER || l->operand.n_functions ||
	       !same_numbers(espy_leaf_number(l, c->fmt), espy_leaf_number(l, ESPY_FMT_EXIT));
}

static void add_leaf(struct espy_rule_columns *c, const struct espy_leaf *l)
{
	c->exits |= tells_exits(l);
	if (l->operand.column)
		add_column(c, l->operand.column);
	if (l->kind == ESPY_LEAF_PAIR)
		add_column(c, l->pair.other.column);
	if (l->kind == ESPY_LEAF_LINEAGE) {
		add(c, ESPY_COL_pid);
		add(c, ESPY_COL_process);
	}
	if (needs_clock(l))
		add(c, ESPY_COL_time);
}

void espy_columns(const struct espy_leaf *leaves, const struct espy_state *states,
		  struct espy_rule_columns *ret)
{
	struct espy_rule_columns c = {.all = false};

	for (const struct espy_leaf *l = leaves; l; l = l->next)
		add_leaf(&c, l);
	for (const struct espy_state *s = states; s; s = s->next)
		for (unsigned i = 0; s->kind->columns[i]; i++)
			add_column(&c, espy_column_find(espy_str0(s->kind->columns[i])));
	c.stateful = states;
	*ret = c;
}
