/* SPDX-License-Identifier: MIT */
#include "rule/check-internal.h"
#include <errno.h>
#include <stdlib.h>
#include "rule/fail.h"
#include "rule/literal.h"
#include "rule/names.h"

/* --- comparisons --------------------------------------------------------------------------------
 */

int espy_check_invert(struct espy_check *c, struct espy_expr *e, struct espy_expr **ret)
{
	struct espy_expr *n = espy_expr_new(c->arena, ESPY_EXPR_NOT);

	if (!n)
		return -ENOMEM;
	espy_expr_add(n, e);
	*ret = n;
	return 0;
}

static bool is_error(const struct espy_operand *o)
{
	return o->column->id == ESPY_COL_error && o->n_functions == 0;
}

static int has_value(struct espy_check *c, const struct espy_operand *o, enum espy_leaf_kind kind,
		     struct espy_expr **ret)
{
	struct espy_leaf *l;

	if (is_error(o))
		return espy_check_has_error(c, o, ret);
	l = espy_check_new_leaf(c, kind);
	if (!l)
		return -ENOMEM;
	l->operand = *o;
	return espy_check_finish(c, l, ret);
}

static bool is_number(struct espy_str s)
{
	espy_wide v;

	return espy_literal_integer(s, &v) == 0;
}

/* Moves the values for which `pick` says so from v[0..*n) to ret, and returns how many. */
static uint32_t pick_values(struct espy_token *v, uint32_t *n, struct espy_token *ret,
			    bool (*pick)(struct espy_str s, bool arg), bool arg)
{
	uint32_t kept = 0, picked = 0;

	for (uint32_t i = 0; i < *n; i++) {
		if (pick(v[i].text, arg))
			ret[picked++] = v[i];
		else
			v[kept++] = v[i];
	}
	*n = kept;
	return picked;
}

static bool is_empty(struct espy_str s, bool arg)
{
	(void)arg;
	return s.n == 0;
}

static bool is_number_or_not(struct espy_str s, bool arg)
{
	return is_number(s) == arg;
}

/* A value that another column holds: user == 1000 is uid == 1000, uid == joe is user == joe. */
static const char *other_column(const struct espy_operand *o)
{
	if (o->n_functions > 0)
		return NULL;
	if (o->column->id == ESPY_COL_user)
		return "uid";
	return o->column->id == ESPY_COL_uid ? "user" : NULL;
}

static int add_or(struct espy_check *c, struct espy_expr **sum, struct espy_expr *e)
{
	return espy_check_join(c, ESPY_EXPR_OR, *sum, e, sum);
}

/* A leaf; the names of errors are worked out only for operations that failed with one. */
static int one_leaf(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		    const struct espy_token *values, uint32_t n_values, struct espy_expr **ret)
{
	struct espy_expr *e, *failed;
	int r = espy_check_leaf(c, n, o, values, n_values, &e);

	*ret = e;
	if (r < 0 || o->column->id != ESPY_COL_error)
		return r;
	r = espy_check_has_error(c, o, &failed);
	return r < 0 ? r : espy_check_join(c, ESPY_EXPR_AND, failed, e, ret);
}

/*
 * "is one of": some values are not what they seem. Text that is empty is none at all, numbers among
 * names of users (and the reverse) are those of the other column. Adds what holds for the operand
 * to *sum.
 */
static int check_set(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		     struct espy_expr **sum)
{
	size_t size = n->n_values * sizeof(*n->values) + 1;
	struct espy_token *v = espy_arena_alloc(c->arena, size);
	struct espy_token *picked = espy_arena_alloc(c->arena, size);
	const char *other = n->fold ? NULL : other_column(o);
	uint32_t left = n->n_values;
	struct espy_expr *e;
	int r = 0;

	if (!v || !picked)
		return -ENOMEM;
	memcpy(v, n->values, n->n_values * sizeof(*v));
	if (espy_operand_is_text(o) && o->n_functions == 0 &&
	    pick_values(v, &left, picked, is_empty, false) > 0) {
		r = has_value(c, o, ESPY_LEAF_PRESENT, &e);
		if (r == 0)
			r = espy_check_invert(c, e, &e);
		if (r == 0)
			r = add_or(c, sum, e);
	}
	if (r == 0 && other) {
		struct espy_operand that = espy_operand_of(other);
		uint32_t k =
			pick_values(v, &left, picked, is_number_or_not, espy_operand_is_text(o));

		that.only = o->only;
		if (k > 0)
			r = espy_check_leaf(c, n, &that, picked, k, &e);
		if (r == 0 && k > 0)
			r = add_or(c, sum, e);
	}
	if (r < 0 || left == 0)
		return r;
	r = is_error(o) && !n->fold ? espy_check_error_set(c, o, v, left, &e)
				    : one_leaf(c, n, o, v, left, &e);
	return r < 0 ? r : add_or(c, sum, e);
}

static int check_operand(struct espy_check *c, const struct espy_node *n,
			 const struct espy_operand *o, struct espy_expr **sum)
{
	struct espy_expr *e;
	int r;

	if (n->op->flags & ESPY_OP_SET)
		return check_set(c, n, o, sum);
	r = one_leaf(c, n, o, n->values, n->n_values, &e);
	return r < 0 ? r : add_or(c, sum, e);
}

/* A negated relation holds where there is a value and the relation itself does not. */
static int negate(struct espy_check *c, const struct espy_operand *o, int n_operands,
		  struct espy_expr *e, struct espy_expr **ret)
{
	struct espy_expr *present = NULL, *p;
	int r;

	/* The usual case, one leaf, does both at once. */
	if (n_operands == 1 && e->kind == ESPY_EXPR_LEAF && e->leaf->operand.column == o->column &&
	    e->leaf->kind != ESPY_LEAF_PRESENT) {
		e->leaf->negate = true;
		*ret = e;
		return 0;
	}
	for (int i = 0; i < n_operands; i++) {
		r = has_value(c, &o[i], ESPY_LEAF_PRESENT, &p);
		if (r == 0)
			r = add_or(c, &present, p);
		if (r < 0)
			return r;
	}
	r = espy_check_invert(c, e, &e);
	return r < 0 ? r : espy_check_join(c, ESPY_EXPR_AND, present, e, ret);
}

static int check_compare(struct espy_check *c, const struct espy_node *n, struct espy_expr **ret)
{
	struct espy_operand o[ESPY_OPERAND_ANY_MAX];
	int n_operands = espy_operand_resolve(&n->term, c->arena, c->err, o), r = n_operands;
	bool negated = n->negate != !!(n->op->flags & ESPY_OP_NEGATE);
	struct espy_expr *sum = NULL;

	if (r >= 0) {
		r = espy_check_pair(c, n, o, n_operands, ret);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	for (int i = 0; i < n_operands && r >= 0; i++)
		r = check_operand(c, n, &o[i], &sum);
	if (r < 0)
		return r;
	if (negated)
		return negate(c, o, n_operands, sum, ret);
	*ret = sum;
	return 0;
}

static int check_has(struct espy_check *c, const struct espy_node *n, struct espy_expr **ret)
{
	struct espy_operand o[ESPY_OPERAND_ANY_MAX];
	int n_operands = espy_operand_resolve(&n->term, c->arena, c->err, o), r = n_operands;
	struct espy_expr *sum = NULL, *e;

	for (int i = 0; i < n_operands && r >= 0; i++) {
		r = has_value(c, &o[i], ESPY_LEAF_HAS, &e);
		if (r >= 0)
			r = add_or(c, &sum, e);
	}
	*ret = sum;
	return r < 0 ? r : 0;
}

/* --- conditions without a relation --------------------------------------------------------------
 */

static int check_bare(struct espy_check *c, const struct espy_node *n, struct espy_expr **ret)
{
	struct espy_token *found = espy_arena_alloc(c->arena, n->n_values * sizeof(*found) + 1);
	struct espy_expr *sum = NULL, *e;
	const char *column;

	if (!found)
		return -ENOMEM;
	for (uint32_t i = 0; i < n->n_values; i++) {
		bool known = false;

		for (unsigned k = 0; (column = espy_names_bare(k)); k++)
			known |= espy_names_known(espy_column_find(espy_str0(column)),
						  n->values[i].text);
		if (!known)
			return espy_names_fail_bare(&n->values[i], c->err);
	}
	for (unsigned k = 0; (column = espy_names_bare(k)); k++) {
		uint32_t n_found = 0;
		int r;

		for (uint32_t i = 0; i < n->n_values; i++)
			if (espy_names_known(espy_column_find(espy_str0(column)),
					     n->values[i].text))
				found[n_found++] = n->values[i];
		if (n_found == 0)
			continue;
		r = espy_check_text_set(c, column, found, n_found, &e);
		if (r == 0)
			r = add_or(c, &sum, e);
		if (r < 0)
			return r;
	}
	*ret = sum;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Numbers are process ids, anything else is a name; a number in quotes is a name too. */
static int check_lineage(struct espy_check *c, const struct espy_node *n, struct espy_expr **ret)
{
	struct espy_text_env env = {c->arena, c->regexes, c->err};
	struct espy_token *names = espy_arena_alloc(c->arena, n->n_values * sizeof(*names) + 1);
	struct espy_leaf *l = espy_check_new_leaf(c, ESPY_LEAF_LINEAGE);
	uint32_t n_names = 0;
	espy_wide pid;
	int r;

	if (!names || !l)
		return -ENOMEM;
	l->lineage.kind = n->function->lineage;
	l->lineage.pids = espy_arena_alloc(c->arena, n->n_values * sizeof(uint32_t) + 1);
	if (!l->lineage.pids)
		return -ENOMEM;
	for (uint32_t i = 0; i < n->n_values; i++) {
		const struct espy_token *v = &n->values[i];

		if (v->kind != ESPY_TOKEN_WORD || espy_literal_integer(v->text, &pid) < 0)
			names[n_names++] = *v;
		else if (pid < 0 || pid > UINT32_MAX)
			return espy_fail_at(c->err, -EINVAL, v->at, "%s is no process id",
					    espy_fail_show(v->text).s);
		else
			l->lineage.pids[l->lineage.n_pids++] = (uint32_t)pid;
	}
	qsort(l->lineage.pids, l->lineage.n_pids, sizeof(uint32_t), by_value);
	l->lineage.names.match = espy_text_in;
	r = espy_text_set(&l->lineage.names, &env, names, n_names);
	*ret = r < 0 ? NULL : espy_expr_leaf(c->arena, l);
	return r < 0 ? r : *ret ? 0 : -ENOMEM;
}

/* --- trees --------------------------------------------------------------------------------------
 */

static int check_children(struct espy_check *c, const struct espy_node *n, enum espy_expr_kind kind,
			  struct espy_expr **ret)
{
	struct espy_expr *e = espy_expr_new(c->arena, kind);

	if (!e)
		return -ENOMEM;
	for (const struct espy_node *child = n->first; child; child = child->next) {
		struct espy_expr *sub = NULL;
		int r = espy_check(c, child, &sub);

		if (r < 0)
			return r;
		espy_expr_add(e, sub);
	}
	*ret = e;
	return 0;
}

/* As deep as the parser let it be. */
int espy_check(struct espy_check *c, const struct espy_node *n, struct espy_expr **ret)
{
	switch (n->kind) {
	case ESPY_NODE_AND:
		return check_children(c, n, ESPY_EXPR_AND, ret);
	case ESPY_NODE_OR:
		return check_children(c, n, ESPY_EXPR_OR, ret);
	case ESPY_NODE_NOT:
		return check_children(c, n, ESPY_EXPR_NOT, ret);
	case ESPY_NODE_COMPARE:
		return check_compare(c, n, ret);
	case ESPY_NODE_HAS:
		return check_has(c, n, ret);
	case ESPY_NODE_NAMES:
		return check_bare(c, n, ret);
	case ESPY_NODE_LINEAGE:
		return check_lineage(c, n, ret);
	case ESPY_NODE_STATE:
		return espy_check_state(c, n, ret);
	}
	return -EINVAL;
}
