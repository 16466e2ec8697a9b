/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "rule/check-internal.h"
#include "rule/plan.h"

/* Behind those that were checked before it: what it has inside is among them. */
static void add(struct espy_check *c, struct espy_state *s)
{
	struct espy_state **last = &c->states;

	while (*last)
		last = &(*last)->next;
	*last = s;
}

int espy_check_state(struct espy_check *c, const struct espy_node *n, struct espy_expr **ret)
{
	struct espy_state *s = espy_arena_zalloc(c->arena, sizeof(*s));
	struct espy_node *child = n->first;
	struct espy_leaf *l;
	int r = 0;

	if (!s)
		return -ENOMEM;
	s->kind = n->function->state;
	s->texts = n->values;
	s->n_texts = n->n_values;
	for (unsigned i = 0; i < s->kind->n_exprs && r == 0; i++, child = child->next) {
		r = espy_check(c, child, &s->expr[i]);
		if (r == 0)
			r = espy_plan(c->arena, &s->expr[i]);
	}
	if (r < 0)
		return r;
	add(c, s);
	l = espy_check_new_leaf(c, ESPY_LEAF_STATE);
	if (!l)
		return -ENOMEM;
	l->state = s;
	*ret = espy_expr_leaf(c->arena, l);
	return *ret ? 0 : -ENOMEM;
}
