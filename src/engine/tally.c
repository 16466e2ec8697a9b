/* SPDX-License-Identifier: MIT */
#include "engine/tally.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "model/merged.h"

#define FIRST_SLOTS 1024u

int espy_tally_init(struct espy_tally *t, const struct espy_column *c, uint64_t seed, size_t max)
{
	*t = (struct espy_tally){.column = c, .seed = seed, .max = max, .cap = FIRST_SLOTS};
	t->v = calloc(t->cap, sizeof(*t->v));
	return t->v ? 0 : -ENOMEM;
}

void espy_tally_done(struct espy_tally *t)
{
	free(t->v);
	free(t->counts);
	free(t->first);
	espy_buf_done(&t->scratch);
	espy_arena_done(&t->arena);
	espy_vec_done(&t->values);
	*t = (struct espy_tally){.n = 0};
}

/* --- the table ----------------------------------------------------------------------------------
 */

/* Where a hash belongs if that place is free. */
static size_t slot_of(const struct espy_tally *t, uint64_t hash)
{
	return (size_t)((hash ^ t->seed) * 0x9e3779b97f4a7c15ull >> 32) & (t->cap - 1);
}

static struct espy_tally_entry *find(const struct espy_tally *t, uint64_t hash)
{
	size_t mask = t->cap - 1, i = slot_of(t, hash);

	while (t->v[i].count && t->v[i].hash != hash)
		i = (i + 1) & mask;
	return &t->v[i];
}

static int grow(struct espy_tally *t)
{
	struct espy_tally_entry *old = t->v;
	size_t n = t->cap;

	t->v = calloc(2 * n, sizeof(*t->v));
	if (!t->v) {
		t->v = old;
		return -ENOMEM;
	}
	t->cap = 2 * n;
	for (size_t i = 0; i < n; i++)
		if (old[i].count)
			*find(t, old[i].hash) = old[i];
	free(old);
	return 0;
}

static bool is_before(const struct espy_tally_entry *a, const struct espy_tally_entry *b)
{
	return a->block != b->block ? a->block < b->block : a->row < b->row;
}

static int add(struct espy_tally *t, const struct espy_tally_entry *what)
{
	struct espy_tally_entry *e = find(t, what->hash);

	if (!e->count && t->n == t->max) {
		t->others += what->count;
		return 0;
	}
	if (!e->count && t->n >= t->cap / 4 * 3) {
		if (grow(t) < 0)
			return -ENOMEM;
		e = find(t, what->hash);
	}
	t->n += !e->count;
	if (!e->count || is_before(what, e)) {
		e->block = what->block;
		e->row = what->row;
	}
	e->hash = what->hash;
	e->count += what->count;
	return 0;
}

int espy_tally_merge(struct espy_tally *t, const struct espy_tally *from)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->cap; i++)
		if (from->v[i].count)
			r = add(t, &from->v[i]);
	t->matched += from->matched;
	t->none += from->none;
	t->others += from->others;
	return r;
}

static int by_count(const void *a, const void *b)
{
	const struct espy_tally_entry *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return is_before(x, y) ? -1 : is_before(y, x);
}

void espy_tally_sort(struct espy_tally *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->cap; i++)
		if (t->v[i].count)
			t->v[n++] = t->v[i];
	qsort(t->v, n, sizeof(*t->v), by_count);
}

/* --- rows ---------------------------------------------------------------------------------------
 */

/* Copies a value that is new. 0: done or known, 1: no room for it, -ENOMEM. */
static int keep_value(struct espy_tally *t, struct espy_tally_entry *e, struct espy_value *v)
{
	e->block = 0;
	e->row = UINT32_MAX;
	if (find(t, e->hash)->count)
		return 0;
	if (t->n == t->max || t->arena.used + v->str.n > ESPY_TALLY_TEXT_MAX)
		return 1;
	if (v->is_string)
		v->str.p = espy_arena_dup(&t->arena, v->str.p, v->str.n);
	if ((v->is_string && !v->str.p) || espy_vec_push(&t->values, *v) < 0)
		return -ENOMEM;
	e->row = (uint32_t)t->values.n - 1;
	return 0;
}

/* Adds the entries that wait. Their slots were sent for when they were put there, all of them at
 * once, instead of waiting for one after the other. */
static int add_waiting(struct espy_tally *t)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < t->n_waiting; i++)
		r = add(t, &t->waiting[i]);
	t->n_waiting = 0;
	return r;
}

static int add_later(struct espy_tally *t, const struct espy_tally_entry *e)
{
	__builtin_prefetch(&t->v[slot_of(t, e->hash)]);
	t->waiting[t->n_waiting++] = *e;
	return t->n_waiting == ESPY_TALLY_WAITING ? add_waiting(t) : 0;
}

static int add_value(struct espy_tally *t, const struct espy_batch *b, uint32_t row, uint32_t block,
		     uint64_t count)
{
	struct espy_tally_entry e = {.count = count, .block = block, .row = row};
	struct espy_value v;
	bool is;
	int r = 0;

	espy_buf_reset(&t->scratch);
	is = espy_column_get(t->column, b, row, &t->scratch, &v);
	if (t->scratch.error)
		return -ENOMEM;
	t->matched += count;
	if (!is) {
		t->none += count;
		return 0;
	}
	e.hash = v.is_string ? XXH3_64bits_withSeed(v.str.p, v.str.n, t->seed) : v.num;
	if (!t->keep)
		return add_later(t, &e);
	r = keep_value(t, &e, &v);
	if (r > 0)
		t->others += count;
	return r ? (r < 0 ? r : 0) : add(t, &e);
}

/* Columns of which a row tells only a small number, and the value follows from that. */
enum key { KEY_NONE, KEY_TYPE, KEY_PATH, KEY_PROC, KEY_CPU };

static enum key key_of(const struct espy_column *c)
{
	switch (c->id) {
	case ESPY_COL_class:
	case ESPY_COL_op:
	case ESPY_COL_event:
		return KEY_TYPE;
	case ESPY_COL_path:
		return KEY_PATH;
	case ESPY_COL_cpu:
		return KEY_CPU;
	case ESPY_COL_pid:
		return KEY_PROC;
	default:
		return (c->id >= ESPY_COL_ppid && c->id <= ESPY_COL_cgroup) ||
				       (c->id >= ESPY_COL_company && c->id <= ESPY_COL_package)
			       ? KEY_PROC
			       : KEY_NONE;
	}
}

static uint32_t ids_of(enum key key, const struct espy_batch *b)
{
	switch (key) {
	case KEY_TYPE:
		return ESPY_EVENT_ID_MAX;
	case KEY_PATH:
		return b->dict.n;
	case KEY_CPU:
		return UINT16_MAX + 1;
	default:
		return b->n_procs ? b->n_procs : 1;
	}
}

static int clear_ids(struct espy_tally *t, uint32_t n)
{
	if (n > t->ids_cap) {
		uint32_t *counts = realloc(t->counts, n * sizeof(*counts)), *first;

		t->counts = counts ? counts : t->counts;
		first = realloc(t->first, n * sizeof(*first));
		t->first = first ? first : t->first;
		if (!counts || !first)
			return -ENOMEM;
		t->ids_cap = n;
	}
	memset(t->counts, 0, n * sizeof(*t->counts));
	return 0;
}

static inline void count_row(struct espy_tally *t, uint32_t id, uint32_t row)
{
	t->counts[id]++;
	t->first[id] = row;
}

/* Backwards, so that the first row of an id is what stays. */
#define COUNTER(type)                                                                 \
	static void count_##type(struct espy_tally *t, const type *ids, uint32_t n,   \
				 const uint64_t *bits)                                \
	{                                                                             \
		for (uint32_t w = (n + 63) / 64; w-- > 0;) {                          \
			for (uint64_t left = bits[w]; left;) {                        \
				uint32_t bit = 63u - (uint32_t)__builtin_clzll(left); \
                                                                                      \
				count_row(t, ids[w * 64 + bit], w * 64 + bit);        \
				left &= ~(1ull << bit);                               \
			}                                                             \
		}                                                                     \
	}

COUNTER(uint16_t)
COUNTER(uint32_t)

static void count_ids(struct espy_tally *t, enum key key, const struct espy_batch *b,
		      const uint64_t *bits)
{
	if (key == KEY_TYPE || key == KEY_CPU)
		count_uint16_t(t, key == KEY_TYPE ? b->type : b->cpu, b->n, bits);
	else
		count_uint32_t(t, key == KEY_PATH ? b->path : b->proc, b->n, bits);
}

static int tally_ids(struct espy_tally *t, enum key key, const struct espy_batch *b,
		     const uint64_t *bits, uint32_t block)
{
	uint32_t n = ids_of(key, b);
	int r = clear_ids(t, n);

	if (r < 0)
		return r;
	count_ids(t, key, b, bits);
	for (uint32_t id = 0; r == 0 && id < n; id++)
		if (t->counts[id] && key == KEY_TYPE)
			r = espy_tally_type(t, id, t->counts[id]);
		else if (t->counts[id])
			r = add_value(t, b, t->first[id], block, t->counts[id]);
	return r;
}

bool espy_tally_is_of_type(const struct espy_column *c)
{
	return key_of(c) == KEY_TYPE;
}

const char *espy_tally_type_name(const struct espy_column *c, unsigned type)
{
	const struct espy_schema *s = espy_schema_get(type);

	if (!s)
		return "";
	if (c->id == ESPY_COL_class)
		return espy_class_name(s->class_id);
	return c->id == ESPY_COL_op ? s->op : s->name;
}

int espy_tally_type(struct espy_tally *t, unsigned type, uint64_t count)
{
	struct espy_str name = espy_str0(espy_tally_type_name(t->column, type));
	struct espy_tally_entry e = {.count = count, .row = type};

	e.hash = XXH3_64bits_withSeed(name.p, name.n, t->seed);
	t->matched += count;
	return add(t, &e);
}

/* Merged rows were counted as one: what they stand for beyond that. */
static int add_merged(struct espy_tally *t, const struct espy_batch *b, const struct espy_group *g,
		      const uint64_t *bits, uint32_t block)
{
	bool is_of_type = espy_tally_is_of_type(t->column);
	int r = 0;

	for (uint32_t i = 0; r == 0 && g && i < g->n; i++) {
		uint64_t more = espy_merged_times_at(g, i) - 1;
		uint32_t row = g->row[i];

		if (!more || !(bits[row / 64] >> (row % 64) & 1))
			continue;
		r = is_of_type ? espy_tally_type(t, g->schema->type, more)
			       : add_value(t, b, row, block, more);
	}
	return r;
}

static int tally_values(struct espy_tally *t, const struct espy_batch *b, const uint64_t *bits,
			uint32_t block)
{
	int r = 0;

	for (uint32_t w = 0; w < (b->n + 63) / 64; w++) {
		for (uint64_t left = bits[w]; r == 0 && left; left &= left - 1)
			r = add_value(t, b, w * 64 + (uint32_t)__builtin_ctzll(left), block, 1);
	}
	return r;
}

int espy_tally_rows(struct espy_tally *t, const struct espy_batch *b, const uint64_t *bits,
		    uint32_t block)
{
	enum key key = key_of(t->column);
	int r = key == KEY_NONE ? tally_values(t, b, bits, block)
				: tally_ids(t, key, b, bits, block);

	if (r == 0)
		r = add_merged(t, b, b->group[ESPY_EV_file_reads], bits, block);
	if (r == 0)
		r = add_merged(t, b, b->group[ESPY_EV_file_writes], bits, block);
	return r < 0 ? r : add_waiting(t);
}
