/* SPDX-License-Identifier: MIT */
#include "rule/bounds.h"

static void add(struct espy_text_bounds *b, struct espy_str text, enum espy_bound_kind kind)
{
	b->v[b->n++] = (struct espy_text_bound){text, kind};
}

static void add_set(struct espy_text_bounds *b, const struct espy_text_test *t,
		    enum espy_bound_kind kind)
{
	for (uint32_t i = 0; i < t->n && t->n <= ESPY_BOUNDS_MAX; i++)
		add(b, t->set[i], kind);
}

/* Of a shell pattern what stands before its first character that means something. */
static struct espy_str literal_head(struct espy_str pattern)
{
	size_t n = 0;

	while (n < pattern.n && !strchr("*?[\\", pattern.p[n]))
		n++;
	return (struct espy_str){pattern.p, n};
}

void espy_bounds_of(const struct espy_leaf *l, struct espy_text_bounds *ret)
{
	const struct espy_text_test *t = &l->text;

	ret->n = 0;
	if (l->kind != ESPY_LEAF_TEXT || l->negate || t->fold || l->operand.n_functions > 0)
		return;
	if (t->match == espy_text_in)
		add_set(ret, t, ESPY_BOUND_IS);
	else if (t->match == espy_text_lies_under)
		add_set(ret, t, ESPY_BOUND_UNDER);
	else if (t->match == espy_text_starts)
		add(ret, t->needle, ESPY_BOUND_STARTS);
	else if (t->match == espy_text_like)
		add(ret, literal_head(t->needle), ESPY_BOUND_STARTS);
	for (uint32_t i = 0; i < ret->n; i++)
		if (ret->v[i].text.n == 0 && ret->v[i].kind != ESPY_BOUND_IS)
			ret->n = 0;
}

static bool lies_under(struct espy_str s, struct espy_str dir)
{
	while (dir.n > 0 && dir.p[dir.n - 1] == '/')
		dir.n--;
	return espy_str_starts(s, dir) && (s.n == dir.n ? dir.n > 0 : s.p[dir.n] == '/');
}

bool espy_text_bounds_have(const struct espy_text_bounds *b, struct espy_str s)
{
	bool is = b->n == 0;

	for (uint32_t i = 0; i < b->n && !is; i++) {
		struct espy_str t = b->v[i].text;

		is = b->v[i].kind == ESPY_BOUND_IS      ? espy_str_eq(s, t)
		     : b->v[i].kind == ESPY_BOUND_UNDER ? lies_under(s, t)
							: espy_str_starts(s, t);
	}
	return is;
}

/* Exact texts of the one that are within the other are within both; otherwise either will do. */
static bool narrow(struct espy_text_bounds *a, const struct espy_text_bounds *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->n; i++)
		if (a->v[i].kind != ESPY_BOUND_IS)
			return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (espy_text_bounds_have(b, a->v[i].text))
			a->v[n++] = a->v[i];
	if (n > 0) /* no text is left: then the bounds stay, as 0 of them would be none */
		a->n = n;
	return true;
}

void espy_bounds_both(struct espy_text_bounds *a, const struct espy_text_bounds *b)
{
	struct espy_text_bounds other = *b;

	if (b->n == 0 || (a->n > 0 && narrow(a, b)))
		return;
	if (a->n == 0 || narrow(&other, a))
		*a = other;
}

static bool has(const struct espy_text_bounds *a, const struct espy_text_bound *x)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (a->v[i].kind == x->kind && espy_str_eq(a->v[i].text, x->text))
			return true;
	return false;
}

void espy_bounds_either(struct espy_text_bounds *a, const struct espy_text_bounds *b)
{
	bool any = a->n == 0 || b->n == 0;

	for (uint32_t i = 0; i < b->n && !any; i++) {
		if (has(a, &b->v[i]))
			continue;
		any = a->n == ESPY_BOUNDS_MAX;
		if (!any)
			a->v[a->n++] = b->v[i];
	}
	if (any)
		a->n = 0;
}
