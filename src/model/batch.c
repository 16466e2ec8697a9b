/* SPDX-License-Identifier: MIT */
#include "model/batch.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define DICT_FIRST_STRINGS 256u
#define BATCH_FIRST_ROWS   256u
#define GROUP_FIRST_ROWS   16u
#define PROCS_FIRST        16u
#define GROUP_KEPT_ROWS    1024u /* for so many, room is kept */
#define GROUP_KEPT_PART    8u    /* of its room that a group must have used to keep it */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- the dictionary --------------------------------------------------------------------------- */

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* Multiply and fold, 16 bytes a step, with secret factors: a traced program that names files cannot
 * aim for collisions. */
static uint32_t hash(const struct espy_dict *d, struct espy_str s)
{
	uint64_t h = d->seed[1] + s.n;
	const char *p = s.p;
	size_t n = s.n;

	for (; n >= 16; p += 16, n -= 16)
		h = fold(load(p, 8) ^ d->seed[0], load(p + 8, 8) ^ h);
	if (n >= 8) {
		h = fold(load(p, 8) ^ d->seed[0], d->seed[1] ^ h);
		p += 8;
		n -= 8;
	}
	h = fold(load(p, n) ^ d->seed[0], d->seed[1] ^ h);
	return (uint32_t)(h ^ h >> 32);
}

/* Where the id of `s` is or belongs; the table always has a free slot. */
static uint32_t *find_slot(const struct espy_dict *d, struct espy_str s, uint32_t h)
{
	uint32_t mask = d->table_cap - 1, i = h & mask;

	for (; d->table[i]; i = (i + 1) & mask) {
		uint32_t id = d->table[i] - 1;

		if (d->hashes[id] == h && espy_str_eq(d->strs[id], s))
			break;
	}
	return &d->table[i];
}

/* A fresh table, twice the size of what it may hold. */
static int grow_table(struct espy_dict *d, uint32_t table_cap)
{
	uint32_t *table = calloc(table_cap, sizeof(*table));

	if (!table)
		return -ENOMEM;
	free(d->table);
	d->table = table;
	d->table_cap = table_cap;
	d->n_indexed = 0;
	return 0;
}

/* Hashes of strings stay valid when the table grows; those that came by espy_dict_append have none.
 */
static void index_strings(struct espy_dict *d, uint32_t n_hashed)
{
	for (; d->n_indexed < d->n; d->n_indexed++) {
		uint32_t id = d->n_indexed, *slot;

		if (id >= n_hashed)
			d->hashes[id] = hash(d, d->strs[id]);
		slot = find_slot(d, d->strs[id], d->hashes[id]);
		if (!*slot)
			*slot = id + 1;
	}
}

int espy_dict_reserve(struct espy_dict *d, uint32_t n)
{
	uint32_t cap = d->cap ? d->cap : DICT_FIRST_STRINGS;
	struct espy_str *strs;
	uint32_t *hashes;

	if (n <= d->cap)
		return 0;
	while (cap < n)
		cap *= 2;
	strs = realloc(d->strs, cap * sizeof(*strs));
	if (!strs)
		return -ENOMEM;
	d->strs = strs;
	hashes = realloc(d->hashes, cap * sizeof(*hashes));
	if (!hashes)
		return -ENOMEM;
	d->hashes = hashes;
	d->cap = cap;
	return 0;
}

void espy_dict_append(struct espy_dict *d, struct espy_str s)
{
	assert(d->n < d->cap);
	d->strs[d->n++] = s;
	d->bytes += s.n;
}

/* Everything is in the table and one more string has room in it. */
static int make_ready(struct espy_dict *d)
{
	uint32_t n_hashed = d->n_indexed, table_cap = d->table_cap;
	int r = espy_dict_reserve(d, d->n + 1);

	if (r < 0)
		return r;
	while (table_cap < d->cap * 2)
		table_cap = table_cap ? table_cap * 2 : DICT_FIRST_STRINGS * 2;
	if (table_cap > d->table_cap)
		r = grow_table(d, table_cap);
	if (r == 0)
		index_strings(d, n_hashed);
	return r;
}

int espy_dict_init(struct espy_dict *d)
{
	*d = (struct espy_dict){0};
	if (getrandom(d->seed, sizeof(d->seed), GRND_NONBLOCK) < 0)
		d->seed[0] = (uintptr_t)d;
	d->seed[0] |= 1;
	d->seed[1] |= 1;
	if (make_ready(d) < 0) {
		espy_dict_done(d);
		return -ENOMEM;
	}
	espy_dict_reset(d);
	return 0;
}

void espy_dict_done(struct espy_dict *d)
{
	espy_arena_done(&d->arena);
	free(d->strs);
	free(d->hashes);
	free(d->table);
	*d = (struct espy_dict){0};
}

void espy_dict_reset(struct espy_dict *d)
{
	espy_arena_reset(&d->arena);
	memset(d->table, 0, d->table_cap * sizeof(*d->table));
	d->n = d->n_indexed = 0;
	d->bytes = 0;
	espy_dict_append(d, ESPY_STR_NONE);
}

uint32_t espy_dict_add(struct espy_dict *d, struct espy_str s)
{
	uint32_t h, *slot;
	char *copy;

	if (s.n == 0)
		return 0;
	if (make_ready(d) < 0)
		return UINT32_MAX;
	h = hash(d, s);
	slot = find_slot(d, s, h);
	if (*slot)
		return *slot - 1;
	if (s.n > ESPY_BATCH_STRING_MAX || d->n >= ESPY_BATCH_STRINGS_MAX ||
	    d->bytes + s.n > ESPY_BATCH_TEXT_MAX)
		return UINT32_MAX;
	copy = espy_arena_dup(&d->arena, s.p, s.n);
	if (!copy)
		return UINT32_MAX;
	espy_dict_append(d, (struct espy_str){copy, s.n});
	d->hashes[d->n - 1] = h;
	d->n_indexed = d->n;
	*slot = d->n;
	return d->n - 1;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The columns that every event has. */
static const struct {
	size_t at, size;
} common[] = {
#define COMMON(name)                                                                       \
	{                                                                                  \
		offsetof(struct espy_batch, name), sizeof(*((struct espy_batch *)0)->name) \
	}
	COMMON(time),   COMMON(duration), COMMON(result),   COMMON(proc),        COMMON(tid),
	COMMON(path),   COMMON(cpu_seq),  COMMON(slot),     COMMON(type),        COMMON(call),
	COMMON(cpu),    COMMON(abi),      COMMON(flags),    COMMON(path_source), COMMON(stack),
	COMMON(detail), COMMON(status),   COMMON(category),
#undef COMMON
};

/* Columns are found through their offset: one loop for all of them. */
static void **common_column(struct espy_batch *b, size_t i)
{
	return (void **)((char *)b + common[i].at);
}

int espy_batch_new(struct espy_batch **ret)
{
	struct espy_batch *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	if (espy_dict_init(&b->dict) < 0) {
		free(b);
		return -ENOMEM;
	}
	*ret = b;
	return 0;
}

static void group_free(struct espy_group *g)
{
	if (!g)
		return;
	for (unsigned f = 0; f < g->schema->n_fields; f++)
		free(g->cols[f]);
	free(g->row);
	free(g->cols);
	free(g);
}

void espy_batch_free(struct espy_batch *b)
{
	if (!b)
		return;
	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++) {
		group_free(b->group[t]);
		group_free(b->spare[t]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		free(*common_column(b, i));
	free(b->procs);
	espy_dict_done(&b->dict);
	free(b);
}

void espy_batch_reset(struct espy_batch *b)
{
	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++) {
		if (!b->group[t])
			continue;
		b->spare[t] = b->group[t];
		b->group[t] = NULL;
	}
	b->n = b->n_procs = 0;
	b->first_seq = 0;
	b->wall_offset = 0;
	espy_dict_reset(&b->dict);
}

void espy_batch_give_back(struct espy_batch *b)
{
	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++) {
		struct espy_group *g = b->spare[t];

		if (!g)
			continue;
		if (g->cap > GROUP_KEPT_ROWS && g->n < g->cap / GROUP_KEPT_PART) {
			group_free(g);
			b->spare[t] = NULL;
		} else {
			g->n = 0; /* what the next batch has of it decides */
		}
	}
}

/* The next size of an array that must hold `want`. */
static uint32_t grown(uint32_t cap, uint32_t first, uint32_t want)
{
	cap = cap ? cap : first;
	while (cap < want)
		cap *= 2;
	return cap;
}

static int grow_array(void **p, uint32_t cap, size_t size)
{
	void *n = realloc(*p, cap * size);

	if (!n)
		return -ENOMEM;
	*p = n;
	return 0;
}

int espy_batch_reserve(struct espy_batch *b, uint32_t rows)
{
	uint32_t cap = grown(b->cap, BATCH_FIRST_ROWS, rows);

	if (rows <= b->cap)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		if (grow_array(common_column(b, i), cap, common[i].size) < 0)
			return -ENOMEM;
	b->cap = cap;
	return 0;
}

int espy_batch_reserve_procs(struct espy_batch *b, uint32_t procs)
{
	uint32_t cap = grown(b->cap_procs, PROCS_FIRST, procs);
	void *p = b->procs;

	if (procs <= b->cap_procs)
		return 0;
	if (grow_array(&p, cap, sizeof(*b->procs)) < 0)
		return -ENOMEM;
	b->procs = p;
	b->cap_procs = cap;
	return 0;
}

static bool is_common(const struct espy_field *f)
{
	return f->kind == ESPY_KIND_path && strcmp(f->name, "path") == 0;
}

static size_t cell_size(const struct espy_field *f)
{
	return espy_kind_is_string(f->kind) ? sizeof(uint32_t) : sizeof(uint64_t);
}

static struct espy_group *group_new(const struct espy_schema *s)
{
	struct espy_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->schema = s;
	g->cols = calloc(s->n_fields, sizeof(*g->cols));
	if (!g->cols && s->n_fields) {
		free(g);
		return NULL;
	}
	return g;
}

static int group_reserve(struct espy_group *g, uint32_t rows)
{
	uint32_t cap = grown(g->cap, GROUP_FIRST_ROWS, rows);
	void *row = g->row;

	if (rows <= g->cap)
		return 0;
	if (grow_array(&row, cap, sizeof(*g->row)) < 0)
		return -ENOMEM;
	g->row = row;
	for (unsigned f = 0; f < g->schema->n_fields; f++)
		if (!is_common(&g->schema->fields[f]) &&
		    grow_array(&g->cols[f], cap, cell_size(&g->schema->fields[f])) < 0)
			return -ENOMEM;
	g->cap = cap;
	return 0;
}

int espy_batch_reserve_group(struct espy_batch *b, unsigned type, uint32_t rows)
{
	const struct espy_schema *s = espy_schema_get(type);
	struct espy_group *g;

	if (!s)
		return -EINVAL;
	g = b->group[type];
	if (!g)
		g = b->spare[type] ? b->spare[type] : group_new(s);
	if (!g)
		return -ENOMEM;
	if (b->spare[type])
		g->n = 0;
	b->spare[type] = NULL;
	b->group[type] = g;
	return group_reserve(g, rows);
}

static void clear_fields(struct espy_group *g, uint32_t slot)
{
	for (unsigned f = 0; f < g->schema->n_fields; f++) {
		if (!g->cols[f])
			continue;
		if (cell_size(&g->schema->fields[f]) == sizeof(uint64_t))
			((uint64_t *)g->cols[f])[slot] = 0;
		else
			((uint32_t *)g->cols[f])[slot] = 0;
	}
}

int espy_batch_add_raw(struct espy_batch *b, unsigned type)
{
	uint32_t row = b->n;
	struct espy_group *g;
	int r = 0;

	if (row >= ESPY_BATCH_ROWS || b->dict.bytes >= ESPY_BATCH_TEXT_FULL ||
	    b->n_procs >= ESPY_BATCH_PROCS_FULL)
		return -ENOSPC;
	if (type >= ESPY_EVENT_ID_MAX)
		return -EINVAL;
	g = b->group[type];
	if (!g || g->n == g->cap)
		r = espy_batch_reserve_group(b, type, g ? g->n + 1 : 1);
	if (r == 0 && row == b->cap)
		r = espy_batch_reserve(b, row + 1);
	if (r < 0)
		return r;
	g = b->group[type];
	assert(g->row);
	g->row[g->n] = row;
	b->type[row] = (uint16_t)type;
	b->slot[row] = g->n++;
	b->n++;
	return (int)row;
}

int espy_batch_add(struct espy_batch *b, unsigned type)
{
	int row = espy_batch_add_raw(b, type);

	if (row < 0)
		return row;
	b->time[row] = b->duration[row] = 0;
	b->result[row] = 0;
	b->proc[row] = b->tid[row] = b->path[row] = b->cpu_seq[row] = 0;
	b->call[row] = b->cpu[row] = 0;
	b->abi[row] = b->flags[row] = b->path_source[row] = b->category[row] = 0;
	b->stack[row] = b->detail[row] = b->status[row] = 0;
	clear_fields(b->group[type], b->slot[row]);
	return row;
}

int espy_batch_add_proc(struct espy_batch *b, const struct espy_proc *p)
{
	if (b->n_procs >= ESPY_BATCH_PROCS_MAX)
		return -ENOSPC;
	if (espy_batch_reserve_procs(b, b->n_procs + 1) < 0)
		return -ENOMEM;
	b->procs[b->n_procs] = *p;
	return (int)b->n_procs++;
}

/* --- fields ----------------------------------------------------------------------------------- */

void espy_batch_set_num(struct espy_batch *b, uint32_t row, unsigned field, uint64_t v)
{
	struct espy_group *g = b->group[b->type[row]];

	assert(row < b->n && field < g->schema->n_fields);
	assert(!espy_kind_is_string(g->schema->fields[field].kind));
	((uint64_t *)g->cols[field])[b->slot[row]] = v;
}

int espy_batch_set_str(struct espy_batch *b, uint32_t row, unsigned field, struct espy_str s)
{
	struct espy_group *g = b->group[b->type[row]];
	uint32_t id;

	assert(row < b->n && field < g->schema->n_fields);
	assert(espy_kind_is_string(g->schema->fields[field].kind));
	if (s.n > ESPY_BATCH_STRING_MAX || b->dict.bytes + s.n > ESPY_BATCH_TEXT_MAX)
		return -E2BIG;
	id = espy_dict_add(&b->dict, s);
	if (id == UINT32_MAX)
		return -ENOMEM;
	if (g->cols[field])
		((uint32_t *)g->cols[field])[b->slot[row]] = id;
	else
		b->path[row] = id;
	return 0;
}

bool espy_batch_knows(const struct espy_batch *b, uint32_t row, unsigned field)
{
	uint64_t lacks;

	return !(b->flags[row] & ESPY_F_PLAIN) || !espy_schema_plain(b->type[row], &lacks) ||
	       !(lacks >> field & 1);
}

struct espy_value espy_batch_get(const struct espy_batch *b, uint32_t row, unsigned field)
{
	const struct espy_group *g = b->group[b->type[row]];
	const struct espy_field *f = &g->schema->fields[field];
	const void *col = g->cols[field];
	struct espy_value v = {.is_signed = espy_kind_is_signed(f->kind)};

	assert(row < b->n && field < g->schema->n_fields);
	if (!espy_kind_is_string(f->kind)) {
		v.num = ((const uint64_t *)col)[b->slot[row]];
		return v;
	}
	v.is_string = true;
	v.id = col ? ((const uint32_t *)col)[b->slot[row]] : b->path[row];
	v.str = espy_dict_get(&b->dict, v.id);
	return v;
}

/* Takes a word that a NUL ends off the front. */
static bool next_word(struct espy_str *rest, struct espy_str *ret)
{
	const char *end = rest->n ? memchr(rest->p, 0, rest->n) : NULL;

	if (!end)
		return false;
	*ret = (struct espy_str){rest->p, (size_t)(end - rest->p)};
	*rest = (struct espy_str){end + 1, rest->n - ret->n - 1};
	return true;
}

struct espy_str espy_proc_more(const struct espy_batch *b, const struct espy_proc *p,
			       const char *name)
{
	struct espy_str rest = espy_dict_get(&b->dict, p->more), key, value;

	while (next_word(&rest, &key) && next_word(&rest, &value))
		if (espy_str_eq(key, espy_str0(name)))
			return value;
	return ESPY_STR_NONE;
}
