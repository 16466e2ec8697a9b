/* SPDX-License-Identifier: MIT */
#include "rule/eval.h"
#include <errno.h>
#include <stdlib.h>
#include "rule/keyed.h"
#include "rule/numbers.h"
#include "rule/state.h"

#define MADE_BYTES 256u

static bool any(const uint64_t *bits, uint32_t words)
{
	for (uint32_t w = 0; w < words; w++)
		if (bits[w])
			return true;
	return false;
}

/* Room for two sets of rows on each of `levels` levels. */
static int reserve_bits(struct espy_eval *e, size_t levels)
{
	size_t want = 2 * levels * e->words;
	uint64_t *p;

	if (want <= e->bits_cap)
		return 0;
	p = realloc(e->bits, want * sizeof(*p));
	if (!p)
		return -ENOMEM;
	e->bits = p;
	e->bits_cap = want;
	return 0;
}

/* Of a leaf, what is true becomes what is false when it is complemented. */
static void complement(const struct espy_eval *e, const uint64_t *mask, uint64_t *out)
{
	for (uint32_t w = 0; w < e->words; w++)
		out[w] = mask[w] & ~out[w];
}

/* Row by row, for columns that are made for each of them. */
static void eval_rows(struct espy_eval *e, const struct espy_leaf *l, const uint64_t *mask,
		      uint64_t *out)
{
	for (uint32_t w = 0; w < e->words; w++) {
		uint64_t hit = 0;

		for (uint64_t left = mask[w]; left; left &= left - 1) {
			unsigned i = (unsigned)__builtin_ctzll(left);

			if (espy_leaf_test(l, e->b, w * 64 + i, &e->scratch))
				hit |= 1ull << i;
		}
		out[w] = hit;
	}
}

static int eval_leaf(struct espy_eval *e, const struct espy_expr *expr, const uint64_t *mask,
		     uint64_t *out)
{
	const struct espy_leaf *l = expr->leaf;
	int r = 0;

	if (l->kind == ESPY_LEAF_STATE)
		for (uint32_t w = 0; w < e->words; w++)
			out[w] = mask[w] & l->state->bits[w];
	else if (l->kind != ESPY_LEAF_PAIR && l->operand.column->id >= ESPY_COL__FIELDS)
		r = espy_numbers_field(e, l, mask, out);
	else if (l->kind == ESPY_LEAF_PAIR || !espy_numbers_column(e, l, mask, out))
		eval_rows(e, l, mask, out);
	if (r == 0 && expr->complement)
		complement(e, mask, out);
	return r;
}

static int eval(struct espy_eval *e, const struct espy_expr *expr, const uint64_t *mask,
		uint64_t *out);

/* Each child sees only the rows that all before it let through. */
static int eval_and(struct espy_eval *e, const struct espy_expr *expr, const uint64_t *mask,
		    uint64_t *out)
{
	uint64_t *left = e->bits + 2 * (size_t)e->words * (expr->height - 1);
	int r;

	memcpy(left, mask, e->words * sizeof(*left));
	for (const struct espy_expr *c = expr->first; c; c = c->next) {
		r = eval(e, c, left, out);
		if (r < 0 || !c->next || !any(out, e->words))
			return r;
		memcpy(left, out, e->words * sizeof(*left));
	}
	return 0;
}

/* Each child sees only the rows that none before it took. */
static int eval_or(struct espy_eval *e, const struct espy_expr *expr, const uint64_t *mask,
		   uint64_t *out)
{
	uint64_t *left = e->bits + 2 * (size_t)e->words * (expr->height - 1);
	uint64_t *hit = left + e->words;
	int r;

	memcpy(left, mask, e->words * sizeof(*left));
	memset(out, 0, e->words * sizeof(*out));
	for (const struct espy_expr *c = expr->first; c && any(left, e->words); c = c->next) {
		r = eval(e, c, left, hit);
		if (r < 0)
			return r;
		for (uint32_t w = 0; w < e->words; w++) {
			out[w] |= hit[w];
			left[w] &= ~hit[w];
		}
	}
	return 0;
}

/* As deep as the parser let it be. */
static int eval(struct espy_eval *e, const struct espy_expr *expr, const uint64_t *mask,
		uint64_t *out)
{
	if (expr->keyed)
		return espy_keyed(e, expr, mask, out);
	switch (expr->kind) {
	case ESPY_EXPR_AND:
		return eval_and(e, expr, mask, out);
	case ESPY_EXPR_OR:
		return eval_or(e, expr, mask, out);
	case ESPY_EXPR_LEAF:
		return eval_leaf(e, expr, mask, out);
	default:
		memcpy(out, mask, e->words * sizeof(*out));
		if (expr->complement)
			complement(e, mask, out);
		return 0;
	}
}

int espy_eval(struct espy_eval *e, const struct espy_expr *expr, const struct espy_batch *b,
	      const uint64_t *mask, uint64_t *out)
{
	int r;

	e->b = b;
	e->words = (b->n + 63) / 64;
	r = reserve_bits(e, expr->height);
	if (r == 0) /* what most columns make fits: no allocation while rows are looked at */
		r = espy_buf_reserve(&e->scratch.made, MADE_BYTES);
	return r < 0 ? r : eval(e, expr, mask, out);
}

void espy_eval_done(struct espy_eval *e)
{
	espy_buf_done(&e->scratch.made);
	espy_buf_done(&e->scratch.text);
	espy_buf_done(&e->scratch.other_made);
	espy_buf_done(&e->scratch.other_text);
	free(e->bits);
	free(e->known);
	*e = (struct espy_eval){0};
}
