/* SPDX-License-Identifier: MIT */
/* espy_query_group: the values of a column and how often each occurs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "engine/query-internal.h"
#include "engine/tally.h"
#include "model/merged.h"

struct grouping {
	struct espy_query *q;
	const struct espy_column *column;
	struct espy_need need;
	struct espy_tally tally[ESPY_QUERY_THREADS];
	struct espy_query_groups *to;
	uint32_t *order; /* of the values that are looked up */
};

/* --- counting -----------------------------------------------------------------------------------
 */

/* The directory does not say for how many operations merged rows stand. */
static int decode_merged(struct espy_sieve *s, struct espy_err *err)
{
	struct espy_need need = {.no_exits = true};

	if (!espy_sieve_has_merged(s))
		return 0;
	espy_sieve_need_merged(&need);
	return espy_look_decode(&s->look, &need, s->batch, err);
}

static uint64_t operations_of(const struct espy_sieve *s, const struct espy_look_type *type)
{
	const struct espy_group *g = s->batch->group[type->type];
	uint64_t n = 0;

	if (!espy_merged_is(type->type) || !g)
		return type->rows;
	for (uint32_t i = 0; i < g->n; i++)
		n += espy_merged_times_at(g, i);
	return n;
}

/* Types and how many rows each has stand in the directory of the block. */
static int add_types(struct espy_tally *t, struct espy_sieve *s, struct espy_err *err)
{
	struct espy_look_type types[ESPY_EVENT_ID_MAX];
	unsigned n = espy_look_types(&s->look, types);
	int r = decode_merged(s, err);

	for (unsigned i = 0; i < n && r >= 0; i++) {
		r = espy_sieve_type(s, types[i].type);
		if (r > 0)
			r = espy_tally_type(t, types[i].type, operations_of(s, &types[i]));
	}
	return r < 0 ? r : 0;
}

static int group_block(struct espy_pass *p, unsigned number, size_t k, struct espy_err *err)
{
	struct grouping *g = p->ctx;
	struct espy_sieve *s = &p->q->sieve[number];
	bool from_directory = s->by_type && espy_tally_is_of_type(g->column);
	int r = espy_query_sieve(p->q, number, k, from_directory ? NULL : &g->need, err);

	if (r < 0 || s->matched == 0)
		return r;
	if (from_directory)
		r = add_types(&g->tally[number], s, err);
	else
		r = espy_tally_rows(&g->tally[number], s->batch, s->bits, (uint32_t)k);
	return r == -ENOMEM ? espy_err_set(err, r, "out of memory") : r;
}

static int group_batch(void *ctx, const struct espy_batch *b, const uint64_t *bits,
		       uint32_t matched)
{
	struct grouping *g = ctx;

	return matched ? espy_tally_rows(&g->tally[0], b, bits, 0) : 0;
}

static int count(struct grouping *g, const struct espy_query_watch *w, struct espy_err *err)
{
	struct espy_pass pass = {
		.q = g->q, .watch = w, .block = group_block, .end = g->q->n, .ctx = g};
	int r;

	if (!g->q->trace) {
		g->tally[0].keep = true;
		r = espy_query_stream(g->q, w, group_batch, g, err);
		return r == -ENOMEM ? espy_err_set(err, r, "out of memory") : r;
	}
	r = espy_query_restart(g->q, err);
	for (unsigned i = 0; i < ESPY_QUERY_THREADS; i++)
		g->q->sieve[i].weighs = true;
	if (r == 0)
		r = espy_query_pass(g->q, &pass, err);
	if (r < 0)
		return r;
	g->q->is_counted = true;
	for (unsigned i = 1; r == 0 && i < ESPY_QUERY_THREADS; i++)
		r = espy_tally_merge(&g->tally[0], &g->tally[i]);
	return r < 0 ? espy_err_set(err, r, "out of memory") : 0;
}

/* --- values -------------------------------------------------------------------------------------
 */

static int keep(struct grouping *g, struct espy_query_value *to, const struct espy_value *v)
{
	to->is_string = v->is_string;
	to->num = v->num;
	to->str = v->str;
	if (!v->is_string)
		return 0;
	to->str.p = espy_arena_dup(&g->to->arena, v->str.p, v->str.n);
	return to->str.p ? 0 : -ENOMEM;
}

static int by_place(const void *a, const void *b, void *arg)
{
	const struct espy_query_value *v = arg;
	const struct espy_query_value *x = &v[*(const uint32_t *)a], *y = &v[*(const uint32_t *)b];

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* Looks the values up where they were met first, block by block. */
static int look_up(struct grouping *g, struct espy_err *err)
{
	struct espy_query_groups *to = g->to;
	struct espy_sieve *s = &g->q->sieve[0];
	struct espy_tally *t = &g->tally[0];
	uint64_t open = UINT64_MAX;
	int r = 0;

	g->order = malloc((to->n + 1) * sizeof(*g->order));
	if (!g->order)
		return espy_err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < to->n; i++)
		g->order[i] = i;
	qsort_r(g->order, to->n, sizeof(*g->order), by_place, to->v);
	for (size_t i = 0; r == 0 && i < to->n; i++) {
		struct espy_query_value *v = &to->v[g->order[i]];
		struct espy_value value = {0};

		if (v->block != open) {
			open = v->block;
			r = espy_look_open(&s->look, &g->q->blocks[open], err);
			if (r == 0)
				r = espy_look_decode(&s->look, &g->need, s->batch, err);
			if (r < 0)
				return r;
		}
		espy_buf_reset(&t->scratch);
		if (v->row < s->batch->n)
			espy_column_get(g->column, s->batch, v->row, &t->scratch, &value);
		r = keep(g, v, &value);
	}
	return r < 0 ? espy_err_set(err, r, "out of memory") : 0;
}

/* Values that need no look at rows. */
static int name_values(struct grouping *g, struct espy_err *err)
{
	const struct espy_tally *t = &g->tally[0];
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->to->n; i++) {
		struct espy_query_value *v = &g->to->v[i];
		struct espy_value value = {.is_string = true};

		if (espy_tally_is_of_type(g->column))
			value.str = espy_str0(espy_tally_type_name(g->column, v->row));
		else
			value = t->values.v[v->row];
		r = keep(g, v, &value);
	}
	return r < 0 ? espy_err_set(err, r, "out of memory") : 0;
}

static int collect(struct grouping *g, size_t top, struct espy_err *err)
{
	struct espy_query_groups *to = g->to;
	struct espy_tally *t = &g->tally[0];

	top = top && top < ESPY_QUERY_TOP_MAX ? top : ESPY_QUERY_TOP_MAX;
	espy_tally_sort(t);
	to->n = t->n < top ? t->n : top;
	to->matched = t->matched;
	to->none = t->none;
	to->others = t->others;
	to->values = t->n;
	to->is_exact = t->others == 0;
	to->v = calloc(to->n + 1, sizeof(*to->v));
	if (!to->v)
		return espy_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < t->n; i++) {
		const struct espy_tally_entry *e = &t->v[i];

		if (i < to->n)
			to->v[i] = (struct espy_query_value){
				.count = e->count, .block = e->block, .row = e->row};
		else
			to->others += e->count;
	}
	if (g->q->trace && !espy_tally_is_of_type(g->column))
		return look_up(g, err);
	return name_values(g, err);
}

/* --- the contract -------------------------------------------------------------------------------
 */

int espy_query_group(struct espy_query *q, const struct espy_column *c, size_t top,
		     const struct espy_query_watch *w, struct espy_query_groups *ret,
		     struct espy_err *err)
{
	struct grouping *g = calloc(1, sizeof(*g));
	uint64_t seed = 0;
	int r = g ? 0 : -ENOMEM;

	*ret = (struct espy_query_groups){.n = 0};
	if (r == 0 && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		r = -errno;
	for (unsigned i = 0; r == 0 && i < ESPY_QUERY_THREADS; i++)
		r = espy_tally_init(&g->tally[i], c, seed, ESPY_QUERY_GROUPS_MAX);
	if (r < 0) {
		espy_err_set(err, r, "cannot count: %s", strerror(-r));
	} else {
		g->q = q;
		g->column = c;
		g->to = ret;
		espy_need_add(&g->need, c->id);
		r = count(g, w, err);
	}
	if (r == 0)
		r = collect(g, top, err);
	for (unsigned i = 0; g && i < ESPY_QUERY_THREADS; i++)
		espy_tally_done(&g->tally[i]);
	if (g)
		free(g->order);
	free(g);
	if (r < 0)
		espy_query_groups_done(ret);
	return r;
}

void espy_query_groups_done(struct espy_query_groups *g)
{
	espy_arena_done(&g->arena);
	free(g->v);
	*g = (struct espy_query_groups){.n = 0};
}
