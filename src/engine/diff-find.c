/* SPDX-License-Identifier: MIT */
#include "engine/diff-find.h"
#include <errno.h>
#include <stdlib.h>
#include "engine/boxed.h"
#include "engine/diff-normal.h"
#include "engine/missing.h"
#include "engine/usual.h"
#include "model/value.h"

#define DROPPED    UINT8_MAX /* rank of a difference that became part of another */
#define ARROW      " > "
#define SEEN(side) (1u << (side))

struct finder {
	struct espy_differences *f;
	struct espy_diff *d;
	struct espy_map found; /* node, name -> where each run found it */
	struct espy_dict names;
	struct espy_buf scratch;
};

static const struct espy_diff_key *key_at(const struct finder *w, uint32_t place)
{
	return &w->d->keys.v[w->f->order[place]];
}

bool espy_differences_is_own(const struct espy_differences *f, const struct espy_diff *d,
			     uint32_t key, unsigned *ret_side)
{
	const struct espy_diff_key *k = &d->keys.v[key];

	*ret_side = k->count[0] ? 0 : 1;
	return !f->is_paired[key] && !(k->count[0] && k->count[1]);
}

/* --- pairs --------------------------------------------------------------------------------------
 */

/* A key of one run only, with what looks random taken out; id of `names`. */
static uint32_t loose_id(struct finder *w, const struct espy_diff_key *k)
{
	struct espy_buf *b = &w->scratch;

	espy_buf_reset(b);
	espy_buf_add(b, &k->op, sizeof(k->op));
	espy_buf_add(b, &k->result, sizeof(k->result));
	espy_diff_normal_loose(b, espy_dict_get(&w->d->strings, k->node));
	espy_buf_putc(b, '\0');
	espy_diff_normal_loose(b, espy_dict_get(&w->d->strings, k->subject));
	return espy_dict_add(&w->names, (struct espy_str){b->p, b->n});
}

/* What is left over in both runs and differs only in parts that look random is the same. */
static int pair(struct finder *w)
{
	size_t n = w->d->keys.n;
	uint32_t *ids = calloc(n ? n : 1, sizeof(*ids));
	uint8_t *seen = NULL;

	for (size_t i = 0; ids && i < n; i++) {
		const struct espy_diff_key *k = &w->d->keys.v[i];

		if (k->count[0] && k->count[1])
			w->f->n_same++;
		else if (!w->d->exact)
			ids[i] = loose_id(w, k);
	}
	if (ids && !w->scratch.error)
		seen = calloc(w->names.n, 1);
	if (!seen) {
		free(ids);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		if (ids[i] && ids[i] < w->names.n)
			seen[ids[i]] |= SEEN(w->d->keys.v[i].count[0] ? 0 : 1);
	for (size_t i = 0; i < n; i++) {
		w->f->is_paired[i] =
			ids[i] && ids[i] < w->names.n && seen[ids[i]] == (SEEN(0) | SEEN(1));
		w->f->n_paired += w->f->is_paired[i];
	}
	free(seen);
	free(ids);
	return 0;
}

/* --- by subject ---------------------------------------------------------------------------------
 */

static int compare_keys(const void *pa, const void *pb, void *ctx)
{
	const struct espy_diff *d = ctx;
	const struct espy_diff_key *a = &d->keys.v[*(const uint32_t *)pa];
	const struct espy_diff_key *b = &d->keys.v[*(const uint32_t *)pb];

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (a->subject != b->subject)
		return a->subject < b->subject ? -1 : 1;
	if (a->op != b->op)
		return a->op < b->op ? -1 : 1;
	return (a->result < b->result) - (a->result > b->result);
}

static bool is_not_there(const struct espy_diff_key *k)
{
	return k->op != ESPY_DIFF_EXIT && (k->result == -ENOENT || k->result == -ENOTDIR);
}

static bool is_lookup(const struct espy_diff_key *k)
{
	return k->op == ESPY_DIFF_OPEN || k->op == ESPY_DIFF_LOOK || k->op == ESPY_DIFF_RUN;
}

/* How much a key tells that only one run has. */
static unsigned rank_of_key(const struct finder *w, const struct espy_diff_key *k)
{
	const char *error = espy_errno_name(k->result);
	const char *op = espy_diff_op_name(k->op);

	if (k->op == ESPY_DIFF_EXIT)
		return ESPY_DIFF_RANK_EXIT;
	if (espy_diff_is_good(k))
		return espy_diff_op_rank(k->op);
	if (espy_usual(espy_str0(error ? error : ""), espy_str0(op),
		       espy_dict_get(&w->d->strings, k->subject)))
		return ESPY_DIFF_RANK_USUAL;
	return is_not_there(k) ? ESPY_DIFF_RANK_MISSED : ESPY_DIFF_RANK_FAILED;
}

/* What the keys of one program and subject come to. */
struct verdict {
	unsigned own;     /* SEEN() of the runs that have keys of their own */
	unsigned good;    /* of the runs in which anything went well */
	unsigned refused; /* of the runs with a failure that the other has not */
	unsigned rank;
};

static struct verdict judge(const struct finder *w, uint32_t first, uint32_t end)
{
	struct verdict v = {.rank = DROPPED};

	for (uint32_t i = first; i < end; i++) {
		const struct espy_diff_key *k = key_at(w, i);
		bool is_good = espy_diff_is_good(k);
		unsigned side, rank;

		v.good |= is_good && k->count[0] ? SEEN(0) : 0;
		v.good |= is_good && k->count[1] ? SEEN(1) : 0;
		if (!espy_differences_is_own(w->f, w->d, w->f->order[i], &side))
			continue;
		v.own |= SEEN(side);
		v.refused |= is_good ? 0 : SEEN(side);
		rank = rank_of_key(w, k);
		v.rank = rank < v.rank ? rank : v.rank;
	}
	if (v.rank > ESPY_DIFF_RANK_CHANGED && ((v.good == SEEN(0) && v.refused == SEEN(1)) ||
						(v.good == SEEN(1) && v.refused == SEEN(0))))
		v.rank = ESPY_DIFF_RANK_CHANGED;
	return v;
}

static bool is_implied(const struct finder *w, uint32_t node)
{
	struct espy_str s = espy_dict_get(&w->d->strings, node);
	uintptr_t seen = espy_unboxed(espy_map_get(&w->d->programs, node, 0), 0);

	return seen != (SEEN(0) | SEEN(1)) && s.n && memmem(s.p, s.n, ARROW, sizeof(ARROW) - 1);
}

static int add_subject(struct finder *w, uint32_t first, uint32_t end)
{
	struct verdict v = judge(w, first, end);
	const struct espy_diff_key *k = key_at(w, first);
	struct espy_difference x = {
		.node = k->node,
		.subject = k->subject,
		.first = first,
		.n = end - first,
		.rank = (uint8_t)v.rank,
		.is_implied = is_implied(w, k->node),
	};

	if (!v.own)
		return 0;
	x.mark = v.own == SEEN(0) ? ESPY_DIFF_ONLY_A : ESPY_DIFF_ONLY_B;
	if (v.own == (SEEN(0) | SEEN(1)) || v.rank == ESPY_DIFF_RANK_CHANGED)
		x.mark = ESPY_DIFF_CHANGED;
	return espy_vec_push(&w->f->list, x);
}

static int add_subjects(struct finder *w)
{
	uint32_t n = (uint32_t)w->d->keys.n, end;
	int r = 0;

	for (uint32_t i = 0; i < n; i++)
		w->f->order[i] = i;
	if (n)
		qsort_r(w->f->order, n, sizeof(*w->f->order), compare_keys, w->d);
	for (uint32_t at = 0; at < n && r == 0; at = end) {
		for (end = at + 1; end < n && key_at(w, end)->node == key_at(w, at)->node &&
				   key_at(w, end)->subject == key_at(w, at)->subject;)
			end++;
		r = add_subject(w, at, end);
	}
	return r;
}

/* --- by name ------------------------------------------------------------------------------------
 */

static uint32_t name_of(struct finder *w, uint32_t subject)
{
	return espy_dict_add(&w->names, espy_missing_name(espy_dict_get(&w->d->strings, subject)));
}

/* Keys of the map of found names: the run is the lowest bit of the second half. */
static uint64_t found_key(uint32_t name, unsigned side)
{
	return (uint64_t)name << 1 | side;
}

static int note_found(struct finder *w)
{
	int r = 0;

	for (size_t i = 0; i < w->d->keys.n && r == 0; i++) {
		const struct espy_diff_key *k = &w->d->keys.v[i];
		uint32_t name;

		if (!espy_diff_is_good(k) || !is_lookup(k) || !k->subject)
			continue;
		name = name_of(w, k->subject);
		for (unsigned side = 0; side < 2 && r == 0; side++)
			if (k->count[side])
				r = espy_map_put(&w->found, k->node, found_key(name, side),
						 espy_boxed(k->subject));
	}
	return r;
}

static uint32_t where_found(const struct finder *w, uint32_t node, uint32_t name, unsigned side)
{
	return (uint32_t)espy_unboxed(espy_map_get(&w->found, node, found_key(name, side)), 0);
}

/* Everything that one run has of its own here is that it looked in vain. */
static bool is_search(const struct finder *w, const struct espy_difference *x)
{
	unsigned side;

	if (x->mark == ESPY_DIFF_CHANGED || x->rank < ESPY_DIFF_RANK_MISSED)
		return false;
	for (uint32_t i = x->first; i < x->first + x->n; i++)
		if (espy_differences_is_own(w->f, w->d, w->f->order[i], &side) &&
		    !(is_not_there(key_at(w, i)) && is_lookup(key_at(w, i))))
			return false;
	return true;
}

/* Searches for one name by one program become one difference; *slot is the first of them. */
static int merge_search(struct finder *w, struct espy_map *searches, size_t at)
{
	struct espy_difference *x = &w->f->list.v[at], *first;
	unsigned side = x->mark == ESPY_DIFF_ONLY_A ? 0 : 1;
	uint32_t name = name_of(w, x->subject);
	uintptr_t known = espy_unboxed(espy_map_get(searches, x->node, found_key(name, side)), at);

	if (name == UINT32_MAX || name == 0)
		return 0;
	if (known != at) {
		first = &w->f->list.v[known];
		first->places++;
		first->rank = x->rank < first->rank ? x->rank : first->rank;
		x->rank = DROPPED;
		return 0;
	}
	x->places = 1;
	x->name = name;
	return espy_map_put(searches, x->node, found_key(name, side), espy_boxed(at));
}

/* Did the other run find it, or this one elsewhere? */
static void settle_search(struct finder *w, struct espy_difference *x)
{
	unsigned side = x->mark == ESPY_DIFF_ONLY_A ? 0 : 1;
	uint32_t here = where_found(w, x->node, x->name, side);
	uint32_t there = where_found(w, x->node, x->name, !side);

	if (here && x->rank < ESPY_DIFF_RANK_USUAL)
		x->rank = ESPY_DIFF_RANK_USUAL;
	if (!here && there && x->rank <= ESPY_DIFF_RANK_USUAL) {
		x->rank = ESPY_DIFF_RANK_CHANGED;
		x->found = there;
		x->mark = ESPY_DIFF_CHANGED;
	}
	x->name = espy_dict_add(&w->d->strings,
				espy_str_basename(espy_dict_get(&w->d->strings, x->subject)));
}

/* What the other run found is told by the search already. */
static void drop_found(struct finder *w)
{
	struct espy_map told = {0};

	for (size_t i = 0; i < w->f->list.n; i++)
		if (w->f->list.v[i].found &&
		    espy_map_put(&told, w->f->list.v[i].node, w->f->list.v[i].found, w) < 0)
			break;
	for (size_t i = 0; i < w->f->list.n; i++) {
		struct espy_difference *x = &w->f->list.v[i];

		if (!x->found && x->rank > ESPY_DIFF_RANK_FAILED &&
		    espy_map_get(&told, x->node, x->subject))
			x->rank = DROPPED;
	}
	espy_map_done(&told);
}

static int merge_searches(struct finder *w)
{
	struct espy_map searches = {0};
	int r = 0;

	for (size_t i = 0; i < w->f->list.n && r == 0; i++)
		if (is_search(w, &w->f->list.v[i]))
			r = merge_search(w, &searches, i);
	for (size_t i = 0; i < w->f->list.n && r == 0; i++)
		if (w->f->list.v[i].places)
			settle_search(w, &w->f->list.v[i]);
	if (r == 0)
		drop_found(w);
	espy_map_done(&searches);
	return r;
}

/* --- order --------------------------------------------------------------------------------------
 */

static void drop_merged(struct finder *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->f->list.n; i++)
		if (w->f->list.v[i].rank != DROPPED)
			w->f->list.v[n++] = w->f->list.v[i];
	w->f->list.n = n;
}

struct best {
	struct espy_diff *d;
	struct espy_map nodes; /* node -> its best rank */
};

static unsigned best_of(const struct best *b, const struct espy_difference *x)
{
	return (unsigned)espy_unboxed(espy_map_get(&b->nodes, x->node, 0), 0);
}

static int compare_strs(struct espy_str a, struct espy_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

static int compare_differences(const void *pa, const void *pb, void *ctx)
{
	const struct espy_difference *a = pa, *b = pb;
	const struct best *best = ctx;
	const struct espy_dict *strings = &best->d->strings;

	if (best_of(best, a) != best_of(best, b))
		return best_of(best, a) < best_of(best, b) ? -1 : 1;
	if (a->node != b->node)
		return compare_strs(espy_dict_get(strings, a->node),
				    espy_dict_get(strings, b->node));
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->mark != b->mark)
		return a->mark > b->mark ? -1 : 1;
	return compare_strs(espy_dict_get(strings, a->subject), espy_dict_get(strings, b->subject));
}

/* Programs by the gravest that there is to say of them, what follows from others last. */
static int sort(struct finder *w)
{
	struct best best = {.d = w->d};
	int r = 0;

	for (size_t i = 0; i < w->f->list.n && r == 0; i++) {
		const struct espy_difference *x = &w->f->list.v[i];
		unsigned rank = x->rank + (x->is_implied ? DROPPED : 0u);

		if (rank < espy_unboxed(espy_map_get(&best.nodes, x->node, 0), UINT32_MAX))
			r = espy_map_put(&best.nodes, x->node, 0, espy_boxed(rank));
	}
	if (r == 0 && w->f->list.n)
		qsort_r(w->f->list.v, w->f->list.n, sizeof(w->f->list.v[0]), compare_differences,
			&best);
	espy_map_done(&best.nodes);
	return r;
}

int espy_differences_find(struct espy_differences *ret, struct espy_diff *d)
{
	size_t n = d->keys.n ? d->keys.n : 1;
	struct finder w = {.f = ret, .d = d};
	int r;

	*ret = (struct espy_differences){
		.order = calloc(n, sizeof(*ret->order)),
		.is_paired = calloc(n, sizeof(*ret->is_paired)),
	};
	r = espy_dict_init(&w.names);
	if (r == 0 && (!ret->order || !ret->is_paired))
		r = -ENOMEM;
	if (r == 0)
		r = pair(&w);
	if (r == 0)
		r = add_subjects(&w);
	if (r == 0)
		r = note_found(&w);
	if (r == 0)
		r = merge_searches(&w);
	drop_merged(&w);
	if (r == 0)
		r = sort(&w);
	espy_map_done(&w.found);
	espy_dict_done(&w.names);
	espy_buf_done(&w.scratch);
	return r;
}

void espy_differences_done(struct espy_differences *f)
{
	espy_vec_done(&f->list);
	free(f->order);
	free(f->is_paired);
	*f = (struct espy_differences){0};
}
