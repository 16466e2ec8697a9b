/* SPDX-License-Identifier: MIT */
#include "rule/rule.h"
#include <errno.h>
#include <stdlib.h>
#include "rule/chance.h"
#include "rule/check.h"
#include "rule/columns.h"
#include "rule/eval.h"
#include "rule/fail.h"
#include "rule/needs.h"
#include "rule/plan.h"

struct espy_rule {
	struct espy_arena arena; /* everything that was compiled */
	struct espy_regexes regexes;
	struct espy_expr *expr;
	struct espy_leaf *leaves;
	struct espy_state *states; /* those inside of others first */
	struct espy_eval eval;
	struct espy_clock clock;
	bool has_start; /* clock.start is known */
	bool is_bound;  /* times have been made into numbers for `clock` */
	uint64_t *mask; /* all rows of a batch */
	uint32_t mask_cap;
};

static struct espy_rule_tally tally;

struct espy_rule_tally espy_rule_tally(void)
{
	return (struct espy_rule_tally){__atomic_load_n(&tally.gave_up, __ATOMIC_RELAXED),
					__atomic_load_n(&tally.dropped, __ATOMIC_RELAXED)};
}

static int compile(struct espy_rule *r, struct espy_str text, struct espy_err *err)
{
	struct espy_check c = {.arena = &r->arena, .regexes = &r->regexes, .err = err};
	struct espy_node *tree = NULL;
	int e = espy_parse(&r->arena, text, err, &tree);

	if (e == 0 && tree)
		e = espy_check(&c, tree, &r->expr);
	r->leaves = c.leaves;
	r->states = c.states;
	if (e < 0)
		return e;
	if (!tree)
		r->expr = espy_expr_new(&r->arena, ESPY_EXPR_ALL);
	return r->expr ? espy_plan(&r->arena, &r->expr) : -ENOMEM;
}

int espy_rule_new(struct espy_rule **ret, const char *text, struct espy_err *err)
{
	struct espy_rule *r = calloc(1, sizeof(*r));
	struct espy_str copy = espy_str0(text);
	int e = -ENOMEM;

	if (r && copy.n <= ESPY_RULE_TEXT_MAX)
		copy.p = espy_arena_dup(&r->arena, copy.p, copy.n);
	if (r && copy.p)
		e = compile(r, copy, err);
	if (e == 0) {
		*ret = r;
		return 0;
	}
	espy_rule_free(r);
	return e == -ENOMEM ? espy_err_set(err, e, "out of memory") : e;
}

void espy_rule_free(struct espy_rule *r)
{
	if (!r)
		return;
	__atomic_fetch_add(&tally.gave_up, espy_rule_gave_up(r), __ATOMIC_RELAXED);
	__atomic_fetch_add(&tally.dropped, espy_rule_dropped(r), __ATOMIC_RELAXED);
	for (struct espy_leaf *l = r->leaves; l; l = l->next)
		espy_lineage_done(&l->lineage);
	for (struct espy_state *s = r->states; s; s = s->next)
		espy_state_done(s);
	espy_eval_done(&r->eval);
	espy_regexes_done(&r->regexes);
	espy_arena_done(&r->arena);
	free(r->mask);
	free(r);
}

void espy_rule_set_start(struct espy_rule *r, uint64_t start)
{
	r->clock.start = start;
	r->has_start = true;
	r->is_bound = false;
}

uint64_t espy_rule_gave_up(const struct espy_rule *r)
{
	return r->regexes.gave_up;
}

uint64_t espy_rule_dropped(const struct espy_rule *r)
{
	uint64_t n = 0;

	for (const struct espy_state *s = r->states; s; s = s->next)
		n += s->dropped;
	return n;
}

static void bind(struct espy_rule *r, int64_t wall_offset)
{
	if (r->clock.wall_offset != wall_offset)
		r->is_bound = false;
	r->clock.wall_offset = wall_offset;
	for (struct espy_leaf *l = r->leaves; l && !r->is_bound; l = l->next)
		espy_leaf_bind(l, &r->clock);
	r->is_bound = true;
}

/* The earliest operation of the first batch stands for the capture's start when nobody gave it. */
static void set_clock(struct espy_rule *r, const struct espy_batch *b)
{
	if (!r->has_start) {
		r->clock.start = b->time[0];
		for (uint32_t i = 1; i < b->n; i++)
			if (b->time[i] < r->clock.start)
				r->clock.start = b->time[i];
		r->has_start = true;
		r->is_bound = false;
	}
	bind(r, b->wall_offset);
}

static int begin(struct espy_rule *r, const struct espy_batch *b, uint32_t words)
{
	int e = 0;

	if (words > r->mask_cap) {
		uint64_t *mask = realloc(r->mask, words * sizeof(*mask));

		if (!mask)
			return -ENOMEM;
		r->mask = mask;
		r->mask_cap = words;
	}
	memset(r->mask, 0xff, words * sizeof(*r->mask));
	if (b->n % 64)
		r->mask[words - 1] = ~0ull >> (64 - b->n % 64);
	set_clock(r, b);
	for (struct espy_leaf *l = r->leaves; l && e == 0; l = l->next)
		if (l->kind == ESPY_LEAF_LINEAGE)
			e = espy_lineage_begin(&l->lineage, b);
	for (struct espy_state *s = r->states; s && e == 0; s = s->next)
		e = espy_state_begin(s, b, r->mask);
	return e;
}

int espy_rule_match(struct espy_rule *r, const struct espy_batch *b, uint64_t *bits)
{
	uint32_t words = ESPY_RULE_WORDS(b->n);
	int n = 0, e;

	if (b->n == 0)
		return 0;
	e = begin(r, b, words);
	if (e == 0)
		e = espy_eval(&r->eval, r->expr, b, r->mask, bits);
	if (e < 0)
		return e;
	for (uint32_t w = 0; w < words; w++)
		n += __builtin_popcountll(bits[w]);
	return n;
}

void espy_rule_needs(const struct espy_rule *r, struct espy_rule_needs *ret)
{
	espy_needs(r->expr, ret);
	espy_needs_states(r->states, ret);
}

void espy_rule_needs_add(struct espy_rule_needs *n, const struct espy_rule *other)
{
	struct espy_rule_needs more;

	espy_rule_needs(other, &more);
	espy_needs_either(n, &more);
}

void espy_rule_columns(const struct espy_rule *r, struct espy_rule_columns *ret)
{
	espy_columns(r->leaves, r->states, ret);
}

enum espy_rule_chance espy_rule_chance(struct espy_rule *r, const struct espy_rule_facts *f)
{
	if (!r->has_start || r->states)
		return ESPY_RULE_SOME;
	bind(r, f->wall_offset);
	return espy_chance(r->expr, f);
}
