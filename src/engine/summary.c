/* SPDX-License-Identifier: MIT */
#include "engine/summary.h"
#include <errno.h>
#include <stdlib.h>
#include "base/map.h"
#include "base/vec.h"
#include "engine/boxed.h"
#include "engine/missing.h"
#include "engine/pairs.h"
#include "model/column.h"
#include "model/merged.h"

#define PARTS_MAX   (ESPY_KIND_KEYS_MAX + ESPY_KIND_LABELS_MAX)
#define PATH_SLOT   PARTS_MAX /* of idmaps: paths that are told apart */
#define NO_ID       UINT32_MAX
#define FIRST_INDEX 1024u

struct group {
	uint64_t part[PARTS_MAX]; /* keys, then labels: an id of `strings`, or a number */
	uint32_t proc;            /* of its last row */
	bool is_miss;             /* something was looked for and not there */
};

/* A key or label of the kind. */
struct part {
	const struct espy_key *key; /* NULL: not used */
	const struct espy_column *column, *other;
};

struct espy_summary {
	const struct espy_summary_kind *kind;
	const struct espy_measure *measures[ESPY_KIND_MEASURES_MAX];
	uint32_t max_groups;
	uint16_t
		takes[ESPY_EVENT_ID_MAX]; /* bit i: measure i counts these; bit 15: the kind does */
	struct part parts[PARTS_MAX];
	unsigned n_keys;
	bool has_found, has_procs;

	ESPY_VEC(struct group) groups;
	ESPY_VEC(uint64_t) values; /* n_measures of each group */
	uint32_t *index;           /* open addressing, group + 1 */
	uint32_t index_cap;
	struct espy_dict strings;
	struct espy_map procs; /* pid, start -> number + 1 */
	struct espy_pairs pairs[ESPY_KIND_MEASURES_MAX];
	struct espy_missing missing;

	/* of the batch at hand */
	uint32_t *idmap[PARTS_MAX + 1]; /* dictionary id -> id of `strings` + 1 */
	uint32_t idmap_cap, idmap_n;
	uint32_t *procmap; /* process entry -> number + 1 */
	uint32_t procmap_cap;
	struct espy_buf scratch;

	uint64_t operations, left_over;
	int64_t wall_offset;
	bool procs_full;
};

#define TAKES (1u << 15)
_Static_assert(ESPY_KIND_MEASURES_MAX < 16, "one bit is for the kind");

/* --- set up -------------------------------------------------------------------------------------
 */

static int set_part(struct espy_summary *s, unsigned i, unsigned id)
{
	struct part *p = &s->parts[i];

	p->key = espy_key_get(id);
	if (!p->key)
		return 0;
	if (p->key->as == ESPY_AS_FOUND) {
		s->has_found = true;
		return espy_missing_init(&s->missing);
	}
	p->column = espy_column_find(espy_str0(p->key->column));
	p->other = espy_column_find(espy_str0(p->key->other));
	return p->column ? 0 : -EINVAL;
}

static void set_takes(struct espy_summary *s, const struct espy_schema *schema)
{
	uint16_t *bits = &s->takes[schema->type];

	if (!espy_kind_takes(s->kind, schema))
		return;
	*bits = TAKES;
	for (unsigned m = 0; m < s->kind->n_measures; m++)
		if (espy_measure_takes(s->measures[m], schema->type))
			*bits |= (uint16_t)(1u << m);
}

static int set_up(struct espy_summary *s)
{
	int r = espy_dict_init(&s->strings);

	for (unsigned i = 0; i < ESPY_KIND_KEYS_MAX && r == 0; i++)
		r = set_part(s, i, s->kind->keys[i]);
	for (unsigned i = 0; i < ESPY_KIND_LABELS_MAX && r == 0; i++)
		r = set_part(s, ESPY_KIND_KEYS_MAX + i, s->kind->labels[i]);
	while (s->n_keys < ESPY_KIND_KEYS_MAX && s->parts[s->n_keys].key)
		s->n_keys++;
	for (unsigned m = 0; m < s->kind->n_measures; m++)
		s->measures[m] = espy_measure_get(s->kind->measures[m]);
	for (size_t i = 0; i < espy_n_schemas; i++)
		set_takes(s, &espy_schemas[i]);
	for (unsigned m = 0; m < s->kind->n_measures; m++)
		s->has_procs |= s->kind->measures[m] == ESPY_MEASURE_processes;
	s->has_procs |= s->has_found;
	return r;
}

int espy_summary_new(struct espy_summary **ret, const struct espy_summary_kind *kind,
		     uint32_t max_groups)
{
	struct espy_summary *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->kind = kind;
	s->max_groups = max_groups ? max_groups : ESPY_SUMMARY_GROUPS_MAX;
	r = set_up(s);
	if (r < 0) {
		espy_summary_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void espy_summary_free(struct espy_summary *s)
{
	if (!s)
		return;
	if (s->has_found)
		espy_missing_done(&s->missing);
	for (unsigned i = 0; i <= PATH_SLOT; i++)
		free(s->idmap[i]);
	for (unsigned m = 0; m < ESPY_KIND_MEASURES_MAX; m++)
		espy_pairs_done(&s->pairs[m]);
	espy_vec_done(&s->groups);
	espy_vec_done(&s->values);
	espy_map_done(&s->procs);
	espy_dict_done(&s->strings);
	espy_buf_done(&s->scratch);
	free(s->procmap);
	free(s->index);
	free(s);
}

/* --- ids ----------------------------------------------------------------------------------------
 */

static int begin_batch(struct espy_summary *s, const struct espy_batch *b)
{
	s->wall_offset = b->wall_offset;
	s->idmap_n = b->dict.n;
	if (b->dict.n > s->idmap_cap) {
		for (unsigned i = 0; i <= PATH_SLOT; i++) {
			free(s->idmap[i]);
			s->idmap[i] = NULL;
		}
		s->idmap_cap = b->dict.n;
	}
	for (unsigned i = 0; i <= PATH_SLOT; i++)
		if (s->idmap[i])
			memset(s->idmap[i], 0, s->idmap_n * sizeof(uint32_t));
	if (b->n_procs > s->procmap_cap) {
		uint32_t *map = realloc(s->procmap, b->n_procs * sizeof(*map));

		if (!map)
			return -ENOMEM;
		s->procmap = map;
		s->procmap_cap = b->n_procs;
	}
	if (b->n_procs)
		memset(s->procmap, 0, b->n_procs * sizeof(*s->procmap));
	return s->has_found ? espy_missing_begin(&s->missing, b) : 0;
}

/* Number of a row's process over all batches; NO_ID past the limit. */
static uint32_t proc_number(struct espy_summary *s, const struct espy_batch *b, uint32_t row)
{
	uint32_t at = b->proc[row], *slot;
	const struct espy_proc *p;
	uintptr_t v;

	if (at >= b->n_procs)
		return NO_ID;
	slot = &s->procmap[at];
	if (*slot)
		return *slot - 1;
	p = &b->procs[at];
	v = espy_unboxed(espy_map_get(&s->procs, p->pid, p->start), NO_ID);
	if (v == NO_ID && s->procs.n < ESPY_SUMMARY_PROCS_MAX) {
		uintptr_t next = s->procs.n;

		if (espy_map_put(&s->procs, p->pid, p->start, espy_boxed(next)) == 0)
			v = next;
	}
	s->procs_full |= v == NO_ID;
	*slot = (uint32_t)v + 1; /* 0 when there is none */
	return (uint32_t)v;
}

static struct espy_str folder_of(struct espy_str path)
{
	struct espy_str name = espy_str_basename(path);
	const char *colon = memchr(path.p, ':', path.n);
	size_t n = path.n - name.n;

	if (n == 0) /* pipe:[4711] and other things without a directory */
		return colon ? (struct espy_str){path.p, (size_t)(colon - path.p) + 1} : path;
	return (struct espy_str){path.p, n > 1 ? n - 1 : n};
}

static struct espy_str ext_of(struct espy_str path)
{
	struct espy_str s = espy_str_basename(path);
	const char *so = s.n ? memmem(s.p, s.n, ".so.", 4) : NULL, *dot;

	if (so && so + 4 < s.p + s.n && so[4] >= '0' && so[4] <= '9') /* libc.so.6 */
		return (struct espy_str){so, 3};
	if (s.n == path.n && s.n && memchr(s.p, ':', s.n))
		return folder_of(path);
	dot = s.n > 1 ? memrchr(s.p + 1, '.', s.n - 1) : NULL;
	return dot ? (struct espy_str){dot, (size_t)(s.p + s.n - dot)} : ESPY_STR("(none)");
}

static struct espy_str shape(struct espy_str s, unsigned as)
{
	if (as == ESPY_AS_FOLDER)
		return folder_of(s);
	if (as == ESPY_AS_EXT)
		return ext_of(s);
	return s;
}

/* Where the id of a string of the batch's dictionary is kept while the batch lasts; NULL for one
 * that is not in it. */
static uint32_t *cached(struct espy_summary *s, const struct espy_batch *b, unsigned slot,
			const struct espy_value *v)
{
	if (v->id == 0 || v->id >= s->idmap_n || b->dict.strs[v->id].p != v->str.p)
		return NULL;
	if (!s->idmap[slot])
		s->idmap[slot] = calloc(s->idmap_cap, sizeof(uint32_t));
	return s->idmap[slot] ? &s->idmap[slot][v->id] : NULL;
}

static uint32_t string_id(struct espy_summary *s, const struct espy_batch *b, unsigned slot,
			  unsigned as, const struct espy_value *v)
{
	uint32_t *keep = cached(s, b, slot, v), id;

	if (keep && *keep)
		return *keep - 1;
	id = espy_dict_add(&s->strings, shape(v->str, as));
	if (keep)
		*keep = id + 1;
	return id;
}

/* The value of a key or label. 1; 0: the row has none; -ENOSPC: no room for another string. */
static int part_value(struct espy_summary *s, unsigned i, const struct espy_batch *b, uint32_t row,
		      unsigned sides, uint64_t *ret)
{
	const struct part *p = &s->parts[i];
	struct espy_value v = {0};
	bool is_there;
	uint32_t id;

	espy_buf_reset(&s->scratch);
	is_there = espy_column_get(sides == ESPY_SIDE_TO && p->other ? p->other : p->column, b, row,
				   &s->scratch, &v);
	if (p->key->as == ESPY_AS_ENDPOINT && (!is_there || v.str.n == 0))
		is_there = espy_column_get(p->other, b, row, &s->scratch, &v);
	if (is_there && !v.is_string) {
		*ret = v.num;
		return 1;
	}
	if (!is_there && p->column->type != ESPY_TYPE_STR) {
		*ret = 0; /* the start of a process that is not known */
		return 1;
	}
	if (!is_there || v.str.n == 0)
		v = (struct espy_value){.str = espy_str0(p->key->none)};
	if (v.str.n == 0)
		return 0;
	id = string_id(s, b, i, p->key->as, &v);
	if (id == NO_ID)
		return -ENOSPC;
	*ret = id;
	return 1;
}

/* --- groups -------------------------------------------------------------------------------------
 */

static uint32_t hash_keys(const struct espy_summary *s, const uint64_t *part)
{
	uint64_t h = 0;

	for (unsigned i = 0; i < s->n_keys; i++) {
		h = (h ^ part[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return (uint32_t)(h ^ h >> 32);
}

static uint32_t *find_slot(struct espy_summary *s, const uint64_t *part)
{
	uint32_t mask = s->index_cap - 1, i = hash_keys(s, part) & mask;

	for (; s->index[i]; i = (i + 1) & mask)
		if (memcmp(s->groups.v[s->index[i] - 1].part, part, s->n_keys * sizeof(*part)) == 0)
			break;
	return &s->index[i];
}

static int grow_index(struct espy_summary *s)
{
	uint32_t cap = s->index_cap ? s->index_cap * 2 : FIRST_INDEX;
	uint32_t *index = calloc(cap, sizeof(*index));

	if (!index)
		return -ENOMEM;
	free(s->index);
	s->index = index;
	s->index_cap = cap;
	for (uint32_t g = 0; g < s->groups.n; g++)
		*find_slot(s, s->groups.v[g].part) = g + 1;
	return 0;
}

static int add_group(struct espy_summary *s, const uint64_t *part)
{
	size_t want = s->values.n + s->kind->n_measures;
	struct group g = {0};

	memcpy(g.part, part, s->n_keys * sizeof(*part));
	if (espy_vec_reserve(&s->values, want) < 0 || espy_vec_push(&s->groups, g) < 0)
		return -ENOMEM;
	memset(s->values.v + s->values.n, 0, s->kind->n_measures * sizeof(uint64_t));
	s->values.n = want;
	return 0;
}

/* Number of the group with these keys, made when new; -ENOSPC past the limit. */
static int64_t find_group(struct espy_summary *s, const uint64_t *part)
{
	uint32_t *slot;

	if (s->groups.n * 2 >= s->index_cap && grow_index(s) < 0)
		return -ENOMEM;
	slot = find_slot(s, part);
	if (*slot)
		return *slot - 1;
	if (s->groups.n >= s->max_groups)
		return -ENOSPC;
	if (add_group(s, part) < 0)
		return -ENOMEM;
	*slot = (uint32_t)s->groups.n;
	return *slot - 1;
}

/* --- rows ---------------------------------------------------------------------------------------
 */

/* The number of what a DISTINCT measure tells apart; NO_ID past the limit. */
static uint32_t distinct_id(struct espy_summary *s, const struct espy_measure *m,
			    const struct espy_batch *b, uint32_t row)
{
	struct espy_value v = {.id = b->path[row]};

	if (m->of == ESPY_OF_PROCESS)
		return proc_number(s, b, row);
	v.str = espy_dict_get(&b->dict, v.id);
	return string_id(s, b, PATH_SLOT, ESPY_AS_IS, &v);
}

static int add_distinct(struct espy_summary *s, unsigned i, uint32_t group,
			const struct espy_batch *b, uint32_t row)
{
	uint32_t id = distinct_id(s, s->measures[i], b, row);
	int r = id == NO_ID ? 0 : espy_pairs_add(&s->pairs[i], group, id);

	if (r > 0)
		s->values.v[(size_t)group * s->kind->n_measures + i]++;
	return r < 0 ? r : 0;
}

/* Adds add[i] for each bit i of `some`. */
static int add_values(struct espy_summary *s, uint32_t group, const struct espy_batch *b,
		      uint32_t row, unsigned some, const uint64_t *add)
{
	uint64_t *values = s->values.v + (size_t)group * s->kind->n_measures;
	int r = 0;

	for (; some && r == 0; some &= some - 1) {
		unsigned i = (unsigned)__builtin_ctz(some);
		unsigned how = s->measures[i]->how;

		if (how == ESPY_HOW_SUM)
			values[i] += add[i];
		else if (how == ESPY_HOW_MAX && add[i] > values[i])
			values[i] = add[i];
		else if (how == ESPY_HOW_DISTINCT)
			r = add_distinct(s, i, group, b, row);
	}
	return r;
}

static void set_labels(struct espy_summary *s, uint32_t group, const struct espy_batch *b,
		       uint32_t row, unsigned sides)
{
	struct group *g = &s->groups.v[group];
	uint64_t v;

	for (unsigned i = ESPY_KIND_KEYS_MAX; i < PARTS_MAX; i++)
		if (s->parts[i].column && part_value(s, i, b, row, sides, &v) > 0)
			g->part[i] = v;
	if (s->has_procs)
		g->proc = proc_number(s, b, row);
	if (s->has_found)
		g->is_miss = espy_missing_is_miss(b, row);
}

/* What the row brings: add[i] for each bit i of the answer. */
static unsigned measure_row(const struct espy_summary *s, const struct espy_batch *b, uint32_t row,
			    unsigned sides, uint64_t *add)
{
	unsigned some = 0, takes = s->takes[b->type[row]] & ~TAKES;

	for (; takes; takes &= takes - 1) {
		unsigned i = (unsigned)__builtin_ctz(takes);

		add[i] = espy_measure_row(s->measures[i], b, row, sides);
		if (add[i])
			some |= 1u << i;
	}
	return some;
}

static int add_side(struct espy_summary *s, const struct espy_batch *b, uint32_t row,
		    unsigned sides)
{
	uint64_t part[ESPY_KIND_KEYS_MAX] = {0}, add[ESPY_KIND_MEASURES_MAX];
	unsigned some = measure_row(s, b, row, sides, add);
	int64_t group = 0;

	if (!some && s->kind->sparse)
		return 0;
	for (unsigned i = 0; i < s->n_keys && group == 0; i++) {
		int r = part_value(s, i, b, row, sides, &part[i]);

		if (r == 0)
			return 0;
		group = r < 0 ? r : 0;
	}
	s->operations += espy_merged_times(b, row);
	if (group == 0)
		group = find_group(s, part);
	if (group == -ENOSPC) {
		s->left_over += espy_merged_times(b, row);
		return 0;
	}
	if (group < 0)
		return (int)group;
	set_labels(s, (uint32_t)group, b, row, sides);
	return add_values(s, (uint32_t)group, b, row, some, add);
}

static bool is_wanted(const struct espy_summary *s, const struct espy_batch *b, uint32_t row)
{
	if (!(s->takes[b->type[row]] & TAKES))
		return false;
	if (s->kind->when == ESPY_WHEN_FAILED)
		return espy_measure_failed(b, row);
	return s->kind->when != ESPY_WHEN_GOOD || b->result[row] >= 0;
}

static int add_row(struct espy_summary *s, const struct espy_batch *b, uint32_t row)
{
	int r;

	if (!is_wanted(s, b, row))
		return 0;
	if (!s->kind->sides || espy_measure_path2(b, row).n == 0)
		return add_side(s, b, row, ESPY_SIDE_BOTH);
	r = add_side(s, b, row, ESPY_SIDE_FROM);
	return r < 0 ? r : add_side(s, b, row, ESPY_SIDE_TO);
}

int espy_summary_batch(struct espy_summary *s, const struct espy_batch *b, const uint64_t *bits)
{
	int r = begin_batch(s, b);

	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		if (s->has_found)
			r = espy_missing_row(&s->missing, b, row, proc_number(s, b, row));
		if (r == 0 && (!bits || bits[row / 64] >> (row % 64) & 1))
			r = add_row(s, b, row);
	}
	return r < 0 ? r : s->scratch.error;
}

/* --- answers ------------------------------------------------------------------------------------
 */

const struct espy_summary_kind *espy_summary_kind(const struct espy_summary *s)
{
	return s->kind;
}

uint32_t espy_summary_groups(const struct espy_summary *s)
{
	return (uint32_t)s->groups.n;
}

uint64_t espy_summary_operations(const struct espy_summary *s)
{
	return s->operations;
}

uint64_t espy_summary_left_over(const struct espy_summary *s)
{
	return s->left_over;
}

bool espy_summary_is_clipped(const struct espy_summary *s)
{
	for (unsigned m = 0; m < s->kind->n_measures; m++)
		if (s->pairs[m].full)
			return true;
	return s->procs_full;
}

int64_t espy_summary_wall_offset(const struct espy_summary *s)
{
	return s->wall_offset;
}

uint64_t espy_summary_value(const struct espy_summary *s, uint32_t group, unsigned measure)
{
	const struct espy_measure *m = espy_measure_get(measure);

	if (m && m->how == ESPY_HOW_RATIO) {
		uint64_t by = espy_summary_value(s, group, m->types[1]);

		return by ? espy_summary_value(s, group, m->types[0]) / by : 0;
	}
	for (unsigned i = 0; i < s->kind->n_measures; i++)
		if (s->kind->measures[i] == measure)
			return s->values.v[(size_t)group * s->kind->n_measures + i];
	return 0;
}

static struct espy_cell found_cell(struct espy_summary *s, const struct group *g)
{
	struct espy_str path = ESPY_STR_NONE;

	if (!g->is_miss)
		return (struct espy_cell){.str = path};
	for (unsigned i = 0; i < s->n_keys; i++)
		if (s->parts[i].key->cell == ESPY_CELL_PATH)
			path = espy_dict_get(&s->strings, (uint32_t)g->part[i]);
	return (struct espy_cell){.str = espy_missing_found(&s->missing, g->proc, path)};
}

static struct espy_cell part_cell(struct espy_summary *s, const struct group *g, unsigned i)
{
	const struct part *p = &s->parts[i];

	if (p->key->as == ESPY_AS_FOUND)
		return found_cell(s, g);
	if (p->column->type != ESPY_TYPE_STR)
		return (struct espy_cell){.num = g->part[i]};
	return (struct espy_cell){.str = espy_dict_get(&s->strings, (uint32_t)g->part[i])};
}

struct espy_cell espy_summary_key(struct espy_summary *s, uint32_t group, unsigned key)
{
	const struct espy_key *k = espy_key_get(key);

	for (unsigned i = 0; i < PARTS_MAX; i++)
		if (k && s->parts[i].key == k)
			return part_cell(s, &s->groups.v[group], i);
	return (struct espy_cell){.is_unset = true};
}

/* --- order --------------------------------------------------------------------------------------
 */

/* What a group is ordered by, made once. */
struct rank {
	uint32_t group;
	bool is_found;
	uint64_t section, value; /* larger ones first */
};

struct order {
	struct espy_summary *s;
	int part; /* ordered by this key, -1 by value */
};

static int compare_part(struct espy_summary *s, unsigned i, uint32_t a, uint32_t b)
{
	struct espy_cell x = part_cell(s, &s->groups.v[a], i);
	struct espy_cell y = part_cell(s, &s->groups.v[b], i);
	size_t n = x.str.n < y.str.n ? x.str.n : y.str.n;
	int d = n ? memcmp(x.str.p, y.str.p, n) : 0;

	if (d == 0)
		d = (x.str.n > y.str.n) - (x.str.n < y.str.n);
	return d ? d : (x.num > y.num) - (x.num < y.num);
}

static int compare_ranks(const void *pa, const void *pb, void *ctx)
{
	const struct rank *a = pa, *b = pb;
	const struct order *o = ctx;
	int d = 0;

	if (a->section != b->section)
		return a->section > b->section ? -1 : 1;
	if (o->s->kind->nest)
		d = compare_part(o->s, 0, a->group, b->group);
	if (d == 0 && o->part >= 0)
		d = compare_part(o->s, (unsigned)o->part, a->group, b->group);
	if (d == 0)
		d = (int)a->is_found - (int)b->is_found;
	if (d == 0 && a->value != b->value)
		d = a->value > b->value ? -1 : 1;
	for (unsigned i = 0; i < o->s->n_keys && d == 0; i++)
		d = compare_part(o->s, i, a->group, b->group);
	return d;
}

/* Sum of each value of the first key, which its section is ordered by. */
static int rank_sections(struct espy_summary *s, struct rank *ranks)
{
	struct espy_map sums = {0};
	int r = 0;

	for (uint32_t g = 0; g < s->groups.n && r == 0; g++) {
		uint64_t key = s->groups.v[g].part[0];
		uintptr_t sum = espy_unboxed(espy_map_get(&sums, key, 0), 0);

		r = espy_map_put(&sums, key, 0, espy_boxed(sum + ranks[g].value));
	}
	for (uint32_t g = 0; g < s->groups.n; g++)
		ranks[g].section = espy_unboxed(espy_map_get(&sums, s->groups.v[g].part[0], 0), 0);
	espy_map_done(&sums);
	return r;
}

/* `by` as a measure of the kind or as a part; -EINVAL when it has no such column. */
static int parse_order(struct espy_summary *s, const char *by, unsigned *ret_measure, int *ret_part)
{
	*ret_measure = s->kind->measures[0];
	*ret_part = -1;
	if (!by)
		return 0;
	for (unsigned i = 0; i < s->kind->n_measures; i++) {
		if (strcmp(espy_measure_get(s->kind->measures[i])->name, by) == 0) {
			*ret_measure = s->kind->measures[i];
			return 0;
		}
	}
	for (unsigned i = 0; i < PARTS_MAX; i++) {
		if (s->parts[i].key && strcmp(s->parts[i].key->name, by) == 0) {
			*ret_part = (int)i;
			return 0;
		}
	}
	return -EINVAL;
}

int espy_summary_order(struct espy_summary *s, const char *by, uint32_t **ret)
{
	struct order o = {.s = s};
	struct rank *ranks;
	uint32_t *order;
	unsigned measure;
	int r = parse_order(s, by, &measure, &o.part);

	if (r < 0)
		return r;
	ranks = calloc(s->groups.n + 1, sizeof(*ranks));
	order = calloc(s->groups.n + 1, sizeof(*order));
	if (!ranks || !order) {
		r = -ENOMEM;
		goto out;
	}
	for (uint32_t g = 0; g < s->groups.n; g++) {
		ranks[g] = (struct rank){.group = g, .value = espy_summary_value(s, g, measure)};
		if (s->has_found && !by)
			ranks[g].is_found = found_cell(s, &s->groups.v[g]).str.n > 0;
	}
	if (s->kind->nest)
		r = rank_sections(s, ranks);
	if (r < 0)
		goto out;
	qsort_r(ranks, s->groups.n, sizeof(*ranks), compare_ranks, &o);
	for (uint32_t i = 0; i < s->groups.n; i++)
		order[i] = ranks[i].group;
	*ret = order;
	order = NULL;
out:
	free(ranks);
	free(order);
	return r;
}
