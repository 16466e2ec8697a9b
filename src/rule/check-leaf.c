/* SPDX-License-Identifier: MIT */
#include "rule/check-internal.h"
#include <errno.h>
#include <stdio.h>
#include "rule/fail.h"
#include "rule/literal.h"
#include "rule/names.h"

struct espy_expr *espy_expr_new(struct espy_arena *arena, enum espy_expr_kind kind)
{
	struct espy_expr *e = espy_arena_zalloc(arena, sizeof(*e));

	if (e)
		e->kind = kind;
	return e;
}

struct espy_expr *espy_expr_leaf(struct espy_arena *arena, struct espy_leaf *l)
{
	struct espy_expr *e = espy_expr_new(arena, ESPY_EXPR_LEAF);

	if (e)
		e->leaf = l;
	return e;
}

/* --- building blocks ----------------------------------------------------------------------------
 */

struct espy_leaf *espy_check_new_leaf(struct espy_check *c, enum espy_leaf_kind kind)
{
	struct espy_leaf *l = espy_arena_zalloc(c->arena, sizeof(*l));

	if (!l)
		return NULL;
	l->kind = kind;
	l->next = c->leaves;
	c->leaves = l;
	return l;
}

int espy_check_join(struct espy_check *c, enum espy_expr_kind kind, struct espy_expr *a,
		    struct espy_expr *b, struct espy_expr **ret)
{
	struct espy_expr *e;

	if (!a) {
		*ret = b;
		return 0;
	}
	e = espy_expr_new(c->arena, kind);
	if (!e)
		return -ENOMEM;
	espy_expr_add(e, b);
	espy_expr_add(e, a);
	*ret = e;
	return 0;
}

int espy_check_text_set(struct espy_check *c, const char *column, const struct espy_token *values,
			uint32_t n, struct espy_expr **ret)
{
	struct espy_text_env env = {c->arena, c->regexes, c->err};
	struct espy_leaf *l = espy_check_new_leaf(c, ESPY_LEAF_TEXT);
	int r;

	if (!l)
		return -ENOMEM;
	l->operand = espy_operand_of(column);
	l->text.match = espy_text_in;
	r = espy_text_set(&l->text, &env, values, n);
	*ret = r < 0 ? NULL : espy_expr_leaf(c->arena, l);
	return r < 0 ? r : *ret ? 0 : -ENOMEM;
}

/* Restricts to the operand's event, where it names one. */
int espy_check_restrict(struct espy_check *c, const struct espy_operand *o, struct espy_expr *e,
			struct espy_expr **ret)
{
	struct espy_token event = {.kind = ESPY_TOKEN_STRING};
	struct espy_expr *only;
	int r;

	*ret = e;
	if (!o->only)
		return 0;
	event.text = espy_str0(o->only->name);
	r = espy_check_text_set(c, "event", &event, 1, &only);
	return r < 0 ? r : espy_check_join(c, ESPY_EXPR_AND, only, e, ret);
}

int espy_check_finish(struct espy_check *c, struct espy_leaf *l, struct espy_expr **ret)
{
	struct espy_expr *e = espy_expr_leaf(c->arena, l);

	return e ? espy_check_restrict(c, &l->operand, e, ret) : -ENOMEM;
}

/* --- relations that do not suit -----------------------------------------------------------------
 */

static void list_operators(char *buf, size_t size, unsigned sorts)
{
	const struct espy_operator *op;
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned i = 0; (op = espy_operator_at(i)) && n < size; i++) {
		struct espy_str name = espy_operator_name(op);

		if (op->sorts & sorts)
			n += (size_t)snprintf(buf + n, size - n, "%s%.*s", n ? ", " : "",
					      (int)name.n, name.p);
	}
}

static const char *describe(unsigned sorts)
{
	if (sorts & ESPY_SORT_ADDR)
		return "an address";
	if (sorts & ESPY_SORT_ARGV)
		return "a command line";
	if (sorts & ESPY_SORT_TEXT)
		return "text";
	return sorts & ESPY_SORT_FLAGS ? "a set of flags" : "a number";
}

int espy_check_fail_operator(struct espy_check *c, const struct espy_node *n,
			     const struct espy_operand *o)
{
	struct espy_str name = espy_operator_name(n->op);
	char list[160];

	list_operators(list, sizeof(list), o->sorts);
	return espy_fail_at(c->err, -EINVAL, n->at,
			    "%.*s does not suit %s, which is %s; it takes %s", (int)name.n, name.p,
			    o->name, describe(o->sorts), list);
}

/* --- numbers ------------------------------------------------------------------------------------
 */

static bool has_bits(unsigned fmt)
{
	return espy_literal_is_flags(fmt) || fmt == ESPY_FMT_OCT || fmt == ESPY_FMT_MODE ||
	       fmt == ESPY_FMT_HEX || fmt == ESPY_FMT_DEC;
}

/* Does the relation mean something for numbers that are shown so? */
static bool suits(const struct espy_operator *op, unsigned fmt)
{
	unsigned sort = espy_literal_is_flags(fmt) ? ESPY_SORT_FLAGS : ESPY_SORT_NUMBER;

	return op->sorts & sort && (op->number || has_bits(fmt));
}

/* The values of a relation on numbers. */
struct numbers {
	const struct espy_operator *op;
	const struct espy_token *values;
	uint32_t n;
	bool *known; /* by value: it means something to one of the fmts */
};

/* The constants that mean something to this fmt: how many, or -ENOMEM. */
static int make_constants(struct espy_check *c, const struct numbers *v, unsigned fmt,
			  struct espy_constant **ret)
{
	struct espy_constant *k = espy_arena_zalloc(c->arena, v->n * sizeof(*k) + 1);
	uint32_t found = 0;

	if (!k)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->n; i++) {
		if (espy_literal_constant(fmt, v->values[i].text, v->op->number, &k[found]) < 0)
			continue;
		if (v->op->bits == ESPY_BITS_ANY)
			k[found].mask = k[found].want;
		v->known[i] = true;
		found++;
	}
	*ret = k;
	return (int)found;
}

static int add_number(struct espy_check *c, const struct numbers *v, struct espy_leaf *l,
		      unsigned fmt)
{
	struct espy_leaf_number *number = &l->numbers[l->n_numbers];
	struct espy_constant *k;
	int found = make_constants(c, v, fmt, &k), r;

	if (found <= 0)
		return found;
	number->fmt = fmt;
	number->test = (struct espy_number_test){.bits = v->op->bits,
						 .relation = v->op->number,
						 .constants = k,
						 .n = (uint32_t)found,
						 .is_wall = fmt == ESPY_FMT_WALL};
	r = espy_number_prepare(&number->test, c->arena);
	if (r < 0)
		return r;
	if (v->op->bits && number->test.mask == 0)
		return espy_fail_at(c->err, -EINVAL, v->values[0].at,
				    "%s is 0: there is no bit in it to test",
				    espy_fail_show(v->values[0].text).s);
	number->test.keep = espy_literal_keep(fmt);
	l->n_numbers++;
	return 0;
}

/* For each way in which events show the column. A constant need not mean something to all of them:
 * command in (F_SETLK, F_GETFD) asks one thing of locks and another of fcntl. */
static int check_number(struct espy_check *c, const struct espy_node *n,
			const struct espy_operand *o, const struct espy_token *values,
			uint32_t n_values, struct espy_leaf *l)
{
	struct numbers v = {.op = n->op, .values = values, .n = n_values};
	bool any = false;

	v.known = espy_arena_zalloc(c->arena, n_values * sizeof(*v.known) + 1);
	l->kind = ESPY_LEAF_NUMBER;
	l->numbers = espy_arena_zalloc(c->arena, o->n_fmts * sizeof(*l->numbers) + 1);
	if (!l->numbers || !v.known)
		return -ENOMEM;
	for (unsigned i = 0; i < o->n_fmts; i++) {
		int r = 0;

		if (suits(n->op, o->fmts[i])) {
			any = true;
			r = add_number(c, &v, l, o->fmts[i]);
		}
		if (r < 0)
			return r;
	}
	if (!any)
		return espy_check_fail_operator(c, n, o);
	for (uint32_t i = 0; i < n_values; i++)
		if (!v.known[i])
			return espy_literal_fail(o->fmts, o->n_fmts, o->name, &values[i], c->err);
	return 0;
}

/* --- text ---------------------------------------------------------------------------------------
 */

static int check_names(struct espy_check *c, const struct espy_node *n,
		       const struct espy_operand *o, const struct espy_token *values,
		       uint32_t n_values)
{
	if (!(n->op->flags & ESPY_OP_SET) || n->fold || o->n_functions > 0)
		return 0;
	for (uint32_t i = 0; i < n_values; i++)
		if (!espy_names_known(o->column, values[i].text))
			return espy_names_fail(o->column, &values[i], c->err);
	return 0;
}

/* Parts the values into networks and texts that are none, such as paths of sockets. */
static int check_address(struct espy_check *c, const struct espy_node *n,
			 const struct espy_token *values, uint32_t n_values, struct espy_leaf *l)
{
	struct espy_text_env env = {c->arena, c->regexes, c->err};
	struct espy_token *texts = espy_arena_alloc(c->arena, n_values * sizeof(*texts) + 1);
	uint32_t n_texts = 0;

	l->kind = ESPY_LEAF_ADDRESS;
	l->networks = espy_arena_alloc(c->arena, n_values * sizeof(*l->networks) + 1);
	if (!texts || !l->networks)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_values; i++) {
		if (espy_address_network(values[i].text, &l->networks[l->n_networks]))
			l->n_networks++;
		else
			texts[n_texts++] = values[i];
	}
	return n->op->prepare(&l->text, &env, texts, n_texts);
}

static bool is_regex(const struct espy_operator *op)
{
	return op->prepare == espy_text_regex;
}

static int check_text(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		      const struct espy_token *values, uint32_t n_values, struct espy_leaf *l)
{
	struct espy_text_env env = {c->arena, c->regexes, c->err};
	int r = check_names(c, n, o, values, n_values);

	if (r < 0)
		return r;
	l->text.fold = n->fold;
	l->text.match = n->op->match;
	if (n->op->flags & ESPY_OP_SET && o->sorts & ESPY_SORT_ADDR && !n->fold)
		return check_address(c, n, values, n_values, l);
	l->kind = n->op->flags & ESPY_OP_ELEMENT ? ESPY_LEAF_ELEMENT : ESPY_LEAF_TEXT;
	l->is_plain = l->kind == ESPY_LEAF_TEXT && o->n_functions == 0 &&
		      !(o->sorts & ESPY_SORT_ARGV) && !(n->fold && !is_regex(n->op));
	return n->op->prepare(&l->text, &env, values, n_values);
}

/* --- both ---------------------------------------------------------------------------------------
 */

int espy_check_leaf(struct espy_check *c, const struct espy_node *n, const struct espy_operand *o,
		    const struct espy_token *values, uint32_t n_values, struct espy_expr **ret)
{
	struct espy_leaf *l = espy_check_new_leaf(c, ESPY_LEAF_TEXT);
	int r;

	if (!l)
		return -ENOMEM;
	l->operand = *o;
	if (!(n->op->sorts & o->sorts))
		return espy_check_fail_operator(c, n, o);
	if (!espy_operand_is_text(o) && n->fold)
		return espy_fail_at(c->err, -EINVAL, n->at,
				    "%s is %s: there is no case to disregard", o->name,
				    describe(o->sorts));
	r = espy_operand_is_text(o) ? check_text(c, n, o, values, n_values, l)
				    : check_number(c, n, o, values, n_values, l);
	return r < 0 ? r : espy_check_finish(c, l, ret);
}
