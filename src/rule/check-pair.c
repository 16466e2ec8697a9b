/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "rule/check-internal.h"
#include "rule/fail.h"
#include "rule/literal.h"
#include "rule/names.h"
#include "rule/pair.h"

/* Does the word say something about the operand by itself? class == process is a class. */
static bool is_value(const struct espy_operand *o, struct espy_str word)
{
	struct espy_constant ignored;

	if (espy_operand_is_text(o))
		return o->n_functions == 0 && espy_names_listed(o->column, word);
	for (unsigned i = 0; i < o->n_fmts; i++)
		if (espy_literal_constant(o->fmts[i], word, true, &ignored) == 0)
			return true;
	return false;
}

/* The one field on the right; 0 when the node has a value there. */
static int resolve(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		   struct espy_operand *ret)
{
	struct espy_operand found[ESPY_OPERAND_ANY_MAX];
	struct espy_term word = {.field = {.kind = ESPY_TOKEN_END}};
	const struct espy_term *term = &n->other;
	int r;

	if (term->field.kind == ESPY_TOKEN_END) {
		if (!(n->op->flags & ESPY_OP_WORD) || n->n_values != 1 ||
		    n->values[0].kind != ESPY_TOKEN_WORD || is_value(o, n->values[0].text))
			return 0;
		word.field = n->values[0];
		r = espy_operand_resolve(&word, c->arena, NULL, found);
		if (r == -ENOMEM)
			return r;
		/* A field that cannot be compared, or the same one, is rather meant as text. */
		if (r != 1 || !espy_pair_suits(n->op, o, &found[0]) ||
		    (o->n_functions == 0 && found[0].n_functions == 0 &&
		     found[0].column == o->column && found[0].only == o->only))
			return 0;
	} else {
		r = espy_operand_resolve(term, c->arena, c->err, found);
		if (r < 0)
			return r;
		if (r > 1)
			return espy_fail_at(c->err, -EINVAL, term->field.at,
					    "%s stands for more than one field: name the one to "
					    "compare with",
					    found[0].name);
	}
	*ret = found[0];
	return 1;
}

static int make(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		const struct espy_operand *other, bool with_op, struct espy_expr **ret)
{
	struct espy_leaf *l = espy_check_new_leaf(c, ESPY_LEAF_PAIR);
	struct espy_expr *e;
	int r;

	if (!l)
		return -ENOMEM;
	l->operand = *o;
	l->pair = (struct espy_pair){*other, with_op ? n->op : NULL, n->fold};
	r = espy_check_finish(c, l, &e);
	return r < 0 ? r : espy_check_restrict(c, other, e, ret);
}

static int suits(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		 const struct espy_operand *other)
{
	if (!(n->op->sorts & o->sorts))
		return espy_check_fail_operator(c, n, o);
	if (!espy_operand_is_text(o) && n->fold)
		return espy_fail_at(c->err, -EINVAL, n->at,
				    "%s is a number: there is no case to disregard", o->name);
	if (!espy_pair_suits(n->op, o, other))
		return espy_fail_at(c->err, -EINVAL, n->at,
				    "%s is %s and %s is %s: they cannot be compared", o->name,
				    espy_operand_is_text(o) ? "text" : "a number", other->name,
				    espy_operand_is_text(other) ? "text" : "a number");
	return 0;
}

int espy_check_pair(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		    int n_operands, struct espy_expr **ret)
{
	bool negated = n->negate != !!(n->op->flags & ESPY_OP_NEGATE);
	struct espy_expr *is = NULL, *both = NULL, *e;
	struct espy_operand other;
	int r = resolve(c, n, o, &other);

	if (r <= 0)
		return r;
	r = 0;
	for (int i = 0; i < n_operands && r == 0; i++) {
		r = suits(c, n, &o[i], &other);
		if (r == 0)
			r = make(c, n, &o[i], &other, true, &e);
		if (r == 0)
			r = espy_check_join(c, ESPY_EXPR_OR, is, e, &is);
		if (r == 0 && negated)
			r = make(c, n, &o[i], &other, false, &e);
		if (r == 0 && negated)
			r = espy_check_join(c, ESPY_EXPR_OR, both, e, &both);
	}
	if (r == 0 && negated)
		r = espy_check_invert(c, is, &is);
	if (r == 0 && negated)
		r = espy_check_join(c, ESPY_EXPR_AND, both, is, &is);
	*ret = is;
	return r < 0 ? r : 1;
}
