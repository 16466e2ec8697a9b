/* SPDX-License-Identifier: MIT */
#include "rule/chance.h"

static enum espy_rule_chance opposite(enum espy_rule_chance c)
{
	return c == ESPY_RULE_NONE ? ESPY_RULE_ALL : c == ESPY_RULE_ALL ? ESPY_RULE_NONE : c;
}

/* Of rows of two sorts, of which there are both. */
static enum espy_rule_chance blend(enum espy_rule_chance a, enum espy_rule_chance b)
{
	return a == b ? a : ESPY_RULE_SOME;
}

/* --- leaves -------------------------------------------------------------------------------------
 */

/* All numbers from lo to hi against the test. */
static enum espy_rule_chance test_range(const struct espy_leaf *l, unsigned fmt, espy_wide lo,
					espy_wide hi)
{
	const struct espy_number_test *t = espy_leaf_number(l, fmt);
	enum espy_rule_chance c = ESPY_RULE_NONE;

	if (!t)
		return ESPY_RULE_NONE; /* negated too */
	if (t->bits || t->keep != UINT64_MAX)
		return ESPY_RULE_SOME;
	for (uint32_t i = 0; i < t->n_ranges; i++) {
		const struct espy_range *r = &t->ranges[i];

		if (r->lo > r->hi || r->lo > hi || r->hi < lo)
			continue;
		c = r->lo <= lo && r->hi >= hi ? ESPY_RULE_ALL : ESPY_RULE_SOME;
		break;
	}
	return l->negate ? opposite(c) : c;
}

/* Does every row have the column? Where one may lack it, the leaf is never true of all. */
static bool is_everywhere(unsigned id, const struct espy_rule_facts *f)
{
	return id == ESPY_COL_seq || id == ESPY_COL_time || id == ESPY_COL_end ||
	       id == ESPY_COL_cpu ||
	       (f->is_plain && (id == ESPY_COL_duration || id == ESPY_COL_result));
}

static enum espy_rule_chance common_number(const struct espy_leaf *l,
					   const struct espy_rule_facts *f)
{
	const struct espy_column *c = l->operand.column;
	enum espy_rule_chance chance;
	espy_wide lo, hi;

	if (!f->range(f->ctx, c, 0, &lo, &hi))
		return ESPY_RULE_SOME;
	chance = test_range(l, c->fmt, lo, hi);
	/* the result of process_exit is no errno */
	if (c->id == ESPY_COL_result && f->rows_of(f->ctx, ESPY_EV_process_exit))
		chance = blend(chance, test_range(l, ESPY_FMT_EXIT, lo, hi));
	if (chance == ESPY_RULE_ALL && !is_everywhere(c->id, f))
		return ESPY_RULE_SOME;
	return chance;
}

static enum espy_rule_chance field_number(const struct espy_leaf *l,
					  const struct espy_rule_facts *f)
{
	const struct espy_column *c = l->operand.column;
	bool first = true;
	enum espy_rule_chance chance = ESPY_RULE_NONE;

	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		enum espy_rule_chance own = ESPY_RULE_NONE;
		espy_wide lo, hi;
		int at;

		if (f->rows_of(f->ctx, s->type) == 0)
			continue;
		at = espy_column_field(c, s);
		if (at >= 0 && !f->range(f->ctx, c, s->type, &lo, &hi))
			return ESPY_RULE_SOME;
		if (at >= 0)
			own = test_range(l, s->fields[at].fmt, lo, hi);
		chance = first ? own : blend(chance, own);
		first = false;
	}
	return chance;
}

static const char *type_name(const struct espy_column *c, const struct espy_schema *s)
{
	if (c->id == ESPY_COL_class)
		return espy_class_name(s->class_id);
	return c->id == ESPY_COL_op ? s->op : s->name;
}

/* class, op and event: every type that is there is tested. */
static enum espy_rule_chance by_type(const struct espy_leaf *l, const struct espy_rule_facts *f)
{
	const struct espy_column *c = l->operand.column;
	struct espy_leaf_scratch scratch = {0};
	unsigned yes = 0, no = 0;

	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		bool is;

		if (f->rows_of(f->ctx, s->type) == 0)
			continue;
		is = espy_leaf_test_text(l, espy_str0(type_name(c, s)), c->fmt, &scratch);
		yes += is;
		no += !is;
	}
	espy_buf_done(&scratch.made);
	espy_buf_done(&scratch.text);
	return yes && no ? ESPY_RULE_SOME : yes ? ESPY_RULE_ALL : ESPY_RULE_NONE;
}

static enum espy_rule_chance leaf(const struct espy_leaf *l, enum espy_key key,
				  const struct espy_rule_facts *f)
{
	if (l->operand.only || !l->operand.column)
		return ESPY_RULE_SOME;
	if (key == ESPY_KEY_TYPE && l->kind == ESPY_LEAF_TEXT)
		return by_type(l, f);
	if (l->kind != ESPY_LEAF_NUMBER || l->operand.n_functions)
		return ESPY_RULE_SOME;
	return l->operand.column->id < ESPY_COL__FIELDS ? common_number(l, f) : field_number(l, f);
}

/* --- trees --------------------------------------------------------------------------------------
 */

/* As deep as the parser let it be. */
enum espy_rule_chance espy_chance(const struct espy_expr *e, const struct espy_rule_facts *f)
{
	enum espy_rule_chance decides, chance;

	if (e->kind == ESPY_EXPR_ALL)
		return e->complement ? ESPY_RULE_NONE : ESPY_RULE_ALL;
	if (e->kind == ESPY_EXPR_LEAF) {
		chance = leaf(e->leaf, e->key, f);
		return e->complement ? opposite(chance) : chance;
	}
	if (e->kind != ESPY_EXPR_AND && e->kind != ESPY_EXPR_OR)
		return ESPY_RULE_SOME;
	decides = e->kind == ESPY_EXPR_AND ? ESPY_RULE_NONE : ESPY_RULE_ALL;
	chance = opposite(decides);
	for (const struct espy_expr *c = e->first; c; c = c->next) {
		enum espy_rule_chance own = espy_chance(c, f);

		if (own == decides)
			return decides;
		if (own == ESPY_RULE_SOME)
			chance = ESPY_RULE_SOME;
	}
	return chance;
}
