/* SPDX-License-Identifier: MIT */
#include "rule/pair.h"
#include "rule/literal.h"

/* One side on its way to the comparison. */
struct side {
	struct espy_operand_value v;
	unsigned fmt;
};

bool espy_pair_suits(const struct espy_operator *op, const struct espy_operand *a,
		     const struct espy_operand *b)
{
	if (espy_operand_is_text(a) != espy_operand_is_text(b))
		return false;
	return espy_operand_is_text(a) ? op->sorts & ESPY_SORT_TEXT && op->match
				       : op->number && op->sorts & ESPY_SORT_NUMBER;
}

/* The text as the filter compares it: a command line as its words. */
static void take_text(struct side *s, struct espy_str text, struct espy_buf *buf)
{
	s->v = (struct espy_operand_value){.is_text = true, .text = text};
	if (s->fmt != ESPY_FMT_ARGV)
		return;
	espy_column_text(buf, s->fmt, text);
	s->v.text = (struct espy_str){buf->n ? buf->p : "", buf->n};
}

static void take_number(struct side *s, const struct espy_batch *b, const struct espy_value *got)
{
	s->v.number = got->num & espy_literal_keep(s->fmt);
	s->v.is_signed = got->is_signed;
	if (s->fmt == ESPY_FMT_TIME) /* so that times of files can be compared with others */
		s->v.number += (uint64_t)b->wall_offset;
}

static bool get(const struct espy_operand *o, const struct espy_batch *b, uint32_t row,
		struct espy_buf *made, struct espy_buf *text, struct side *ret)
{
	struct espy_value got;

	*ret = (struct side){.fmt = espy_column_fmt(o->column, b, row)};
	espy_buf_reset(made);
	espy_buf_reset(text);
	if (!espy_column_get(o->column, b, row, made, &got) ||
	    got.is_string != (o->column->type == ESPY_TYPE_STR))
		return false;
	if (got.is_string)
		take_text(ret, got.str, text);
	else
		take_number(ret, b, &got);
	for (unsigned i = 0; i < o->n_functions; i++)
		if (!o->functions[i]->apply(&ret->v, text))
			return false;
	return true;
}

static espy_wide wide(const struct espy_operand_value *v)
{
	return v->is_signed ? (espy_wide)(int64_t)v->number : (espy_wide)v->number;
}

static bool compare_numbers(const struct espy_operator *op, const struct espy_operand_value *a,
			    const struct espy_operand_value *b)
{
	struct espy_range r = op->number((struct espy_range){wide(b), wide(b)});

	return r.lo <= wide(a) && wide(a) <= r.hi;
}

static bool compare_texts(const struct espy_operator *op, struct espy_str a, struct espy_str b)
{
	struct espy_text_test t = {.needle = b, .set = &b, .n = 1};

	return op->match(&t, a);
}

bool espy_pair_test(const struct espy_leaf *l, const struct espy_batch *b, uint32_t row,
		    struct espy_leaf_scratch *scratch)
{
	const struct espy_pair *p = &l->pair;
	struct side left, right;
	bool is;

	if (!get(&l->operand, b, row, &scratch->made, &scratch->text, &left) ||
	    !get(&p->other, b, row, &scratch->other_made, &scratch->other_text, &right))
		return false;
	if (!p->op)
		return true;
	if (left.v.is_text && p->fold) {
		espy_function_lower(&left.v, &scratch->text);
		espy_function_lower(&right.v, &scratch->other_text);
	}
	is = left.v.is_text ? compare_texts(p->op, left.v.text, right.v.text)
			    : compare_numbers(p->op, &left.v, &right.v);
	return is;
}
