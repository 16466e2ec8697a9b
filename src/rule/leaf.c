/* SPDX-License-Identifier: MIT */
#include "rule/leaf.h"
#include "rule/pair.h"
#include "rule/state.h"

const struct espy_number_test *espy_leaf_number(const struct espy_leaf *l, unsigned fmt)
{
	for (uint32_t i = 0; i < l->n_numbers; i++)
		if (l->numbers[i].fmt == fmt)
			return &l->numbers[i].test;
	return NULL;
}

void espy_leaf_bind(struct espy_leaf *l, const struct espy_clock *clock)
{
	for (uint32_t i = 0; i < l->n_numbers; i++)
		if (l->numbers[i].test.needs_clock)
			espy_number_bind(&l->numbers[i].test, clock);
}

static bool test_element(const struct espy_leaf *l, struct espy_str s)
{
	while (s.n > 0) {
		const char *nul = memchr(s.p, '\0', s.n);
		size_t n = nul ? (size_t)(nul - s.p) : s.n;

		if (l->text.match(&l->text, (struct espy_str){s.p, n}))
			return true;
		if (!nul)
			break;
		s = (struct espy_str){nul + 1, s.n - n - 1};
	}
	return false;
}

static bool test_address(const struct espy_leaf *l, struct espy_str s)
{
	struct espy_address a;

	if (l->text.n > 0 && l->text.match(&l->text, s))
		return true;
	if (!espy_address_parse(s, &a))
		return false;
	for (uint32_t i = 0; i < l->n_networks; i++)
		if (espy_address_in(&a, &l->networks[i]))
			return true;
	return false;
}

/* Functions have been applied; fmt is that of the column when there were none. */
static bool test_value(const struct espy_leaf *l, struct espy_operand_value *v, unsigned fmt,
		       struct espy_leaf_scratch *scratch)
{
	const struct espy_number_test *t;

	switch (l->kind) {
	case ESPY_LEAF_PRESENT:
		return true;
	case ESPY_LEAF_HAS:
		return !v->is_text || v->text.n > 0;
	case ESPY_LEAF_NUMBER:
		t = espy_leaf_number(l, l->operand.n_functions > 0 ? ESPY_FMT_DEC : fmt);
		return t && espy_number_match(t, v->number, v->is_signed) != l->negate;
	case ESPY_LEAF_TEXT:
		if (l->text.fold && !l->text.regex)
			espy_function_lower(v, &scratch->text);
		return l->text.match(&l->text, v->text) != l->negate;
	case ESPY_LEAF_ELEMENT:
		if (l->text.fold)
			espy_function_lower(v, &scratch->text);
		return test_element(l, v->text) != l->negate;
	case ESPY_LEAF_ADDRESS:
		return test_address(l, v->text) != l->negate;
	case ESPY_LEAF_LINEAGE:
	case ESPY_LEAF_PAIR:
	case ESPY_LEAF_STATE:
		break;
	}
	return false;
}

static bool apply_functions(const struct espy_leaf *l, struct espy_operand_value *v,
			    struct espy_leaf_scratch *scratch)
{
	for (unsigned i = 0; i < l->operand.n_functions; i++)
		if (!l->operand.functions[i]->apply(v, &scratch->text))
			return false;
	return true;
}

bool espy_leaf_test_text(const struct espy_leaf *l, struct espy_str s, unsigned fmt,
			 struct espy_leaf_scratch *scratch)
{
	struct espy_operand_value v = {.is_text = true, .text = s};

	if (l->is_plain)
		return l->text.match(&l->text, s) != l->negate;
	espy_buf_reset(&scratch->text);
	if (fmt == ESPY_FMT_ARGV && l->kind != ESPY_LEAF_ELEMENT && l->kind != ESPY_LEAF_HAS) {
		espy_column_text(&scratch->text, fmt, s);
		v.text = (struct espy_str){scratch->text.n ? scratch->text.p : "", scratch->text.n};
	}
	return apply_functions(l, &v, scratch) && test_value(l, &v, fmt, scratch);
}

bool espy_leaf_test(const struct espy_leaf *l, const struct espy_batch *b, uint32_t row,
		    struct espy_leaf_scratch *scratch)
{
	const struct espy_column *c = l->operand.column;
	struct espy_operand_value v = {0};
	struct espy_value got;
	unsigned fmt;

	if (l->kind == ESPY_LEAF_LINEAGE)
		return espy_lineage_is(&l->lineage, b, row);
	if (l->kind == ESPY_LEAF_STATE)
		return l->state->bits[row / 64] >> (row % 64) & 1;
	if (l->kind == ESPY_LEAF_PAIR)
		return espy_pair_test(l, b, row, scratch);
	espy_buf_reset(&scratch->made);
	if (!espy_column_get(c, b, row, &scratch->made, &got) ||
	    got.is_string != (c->type == ESPY_TYPE_STR))
		return false;
	fmt = espy_column_fmt(c, b, row);
	if (got.is_string)
		return espy_leaf_test_text(l, got.str, fmt, scratch);
	v.number = got.num;
	v.is_signed = got.is_signed;
	return test_value(l, &v, fmt, scratch);
}
