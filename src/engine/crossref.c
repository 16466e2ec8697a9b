/* SPDX-License-Identifier: MIT */
/*
 * Paths that one process wrote and another read: how data went from one to the other. A renamed
 * file keeps its writers. Loading an image and running a program count as reading.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/map.h"
#include "base/vec.h"
#include "engine/boxed.h"
#include "engine/measure.h"
#include "engine/study.h"

#define PATHS_MAX (1u << 19) /* told apart; what is past it is counted as left over */
#define USERS_MAX 8u         /* processes named per side; more are counted */

enum side { WRITERS, READERS };

struct user {
	uint32_t pid, name; /* name: of `strings` */
	uint64_t start, bytes;
};

struct users {
	struct user *v;
	uint32_t n;    /* the room is the next power of two */
	uint32_t more; /* operations by processes past the limit */
};

struct file {
	uint32_t path; /* of `strings` */
	struct users sides[2];
};

struct crossref {
	ESPY_VEC(struct file *) files;
	struct espy_map by_path; /* string id -> number */
	struct espy_dict strings;
	uint64_t left_over;
};

static int open_crossref(void **ret)
{
	struct crossref *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	if (espy_dict_init(&x->strings) < 0) {
		free(x);
		return -ENOMEM;
	}
	*ret = x;
	return 0;
}

static void close_crossref(void *state)
{
	struct crossref *x = state;

	for (size_t i = 0; i < x->files.n; i++) {
		free(x->files.v[i]->sides[WRITERS].v);
		free(x->files.v[i]->sides[READERS].v);
		free(x->files.v[i]);
	}
	espy_vec_done(&x->files);
	espy_map_done(&x->by_path);
	espy_dict_done(&x->strings);
	free(x);
}

/* --- collecting ------------------------------------------------------------------------------- */

/* 1, or 0 past the limit, -ENOMEM. */
static int find_file(struct crossref *x, struct espy_str path, struct file **ret)
{
	uint32_t id = espy_dict_add(&x->strings, path);
	struct file *f;
	size_t n;

	if (id == UINT32_MAX)
		return 0;
	n = espy_unboxed(espy_map_get(&x->by_path, id, 0), SIZE_MAX);
	if (n != SIZE_MAX) {
		*ret = x->files.v[n];
		return 1;
	}
	if (x->files.n >= PATHS_MAX)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->path = id;
	if (espy_vec_push(&x->files, f) < 0) {
		free(f);
		return -ENOMEM;
	}
	*ret = f;
	return espy_map_put(&x->by_path, id, 0, espy_boxed(x->files.n - 1)) < 0 ? -ENOMEM : 1;
}

static int new_user(struct crossref *x, struct users *u, const struct espy_batch *b,
		    const struct espy_proc *p)
{
	uint32_t name = espy_dict_add(&x->strings, espy_dict_get(&b->dict, p->name));

	if ((u->n & (u->n - 1)) == 0) { /* the room is used up */
		struct user *v = realloc(u->v, (u->n ? 2 * u->n : 1) * sizeof(*v));

		if (!v)
			return -ENOMEM;
		u->v = v;
	}
	u->v[u->n++] = (struct user){.pid = p->pid, .start = p->start, .name = name};
	return 0;
}

static int add_user(struct crossref *x, struct users *u, const struct espy_batch *b, uint32_t row,
		    uint64_t bytes)
{
	const struct espy_proc *p = espy_batch_proc(b, row);
	uint32_t i = 0;

	while (i < u->n && (u->v[i].pid != p->pid || u->v[i].start != p->start))
		i++;
	if (i == USERS_MAX) {
		u->more++;
		return 0;
	}
	if (i == u->n && new_user(x, u, b, p) < 0)
		return -ENOMEM;
	u->v[i].bytes += bytes;
	return 0;
}

static int note(struct crossref *x, const struct espy_batch *b, uint32_t row, struct espy_str path,
		enum side side)
{
	struct file *f;
	int r = path.n ? find_file(x, path, &f) : -ENOENT;

	if (r == 0)
		x->left_over++;
	if (r > 0)
		r = add_user(x, &f->sides[side], b, row, espy_measure_bytes(b, row));
	return r == -ENOMEM ? r : 0;
}

/* What has the old name's writers now has the new name. */
static int note_rename(struct crossref *x, struct espy_str from, struct espy_str to)
{
	struct file *a, *b;
	int r = from.n && to.n ? find_file(x, from, &a) : 0;

	if (r > 0)
		r = find_file(x, to, &b);
	if (r > 0 && a != b) {
		free(b->sides[WRITERS].v);
		b->sides[WRITERS] = a->sides[WRITERS];
		a->sides[WRITERS] = (struct users){0};
	}
	return r == -ENOMEM ? r : 0;
}

static int note_row(struct crossref *x, const struct espy_batch *b, uint32_t row)
{
	struct espy_str path = espy_dict_get(&b->dict, b->path[row]);
	int r;

	if (b->result[row] < 0 || b->flags[row] & ESPY_F_PENDING || b->proc[row] >= b->n_procs)
		return 0;
	switch (b->type[row]) {
	case ESPY_EV_file_write:
	case ESPY_EV_file_writes:
	case ESPY_EV_registry_set:
		return note(x, b, row, path, WRITERS);
	case ESPY_EV_file_read:
	case ESPY_EV_file_reads:
	case ESPY_EV_image_load:
	case ESPY_EV_process_exec:
	case ESPY_EV_registry_query:
		return note(x, b, row, path, READERS);
	case ESPY_EV_file_copy:
		r = note(x, b, row, path, READERS);
		return r < 0 ? r : note(x, b, row, espy_measure_path2(b, row), WRITERS);
	case ESPY_EV_file_rename:
		return note_rename(x, path, espy_measure_path2(b, row));
	}
	return 0;
}

static int collect(void *state, const struct espy_batch *b, const uint64_t *bits)
{
	int r = 0;

	for (uint32_t row = 0; row < b->n && r == 0; row++)
		if (espy_study_wants(bits, row))
			r = note_row(state, b, row);
	return r;
}

/* --- showing ---------------------------------------------------------------------------------- */

static bool is_same(const struct user *a, const struct user *b)
{
	return a->pid == b->pid && a->start == b->start;
}

/* Somebody read what somebody else wrote. */
static bool is_crossed(const struct file *f)
{
	const struct users *w = &f->sides[WRITERS], *r = &f->sides[READERS];

	for (uint32_t i = 0; i < w->n; i++)
		for (uint32_t k = 0; k < r->n; k++)
			if (!is_same(&w->v[i], &r->v[k]))
				return true;
	return false;
}

static uint64_t sum_bytes(const struct users *u)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < u->n; i++)
		sum += u->v[i].bytes;
	return sum;
}

static int compare_str(struct espy_str a, struct espy_str b)
{
	int d = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return d ? d : (a.n > b.n) - (a.n < b.n);
}

static int compare(const void *pa, const void *pb, void *ctx)
{
	const struct file *const *a = pa, *const *b = pb;
	const struct crossref *x = ctx;
	uint64_t m = sum_bytes(&(*a)->sides[WRITERS]), n = sum_bytes(&(*b)->sides[WRITERS]);

	if (m != n)
		return m > n ? -1 : 1;
	return compare_str(espy_dict_get(&x->strings, (*a)->path),
			   espy_dict_get(&x->strings, (*b)->path));
}

/* "cc1[120], as[121] and 3 more" */
static struct espy_str names(const struct crossref *x, struct espy_arena *arena,
			     const struct users *u)
{
	struct espy_buf text = {0};
	struct espy_str s = ESPY_STR_NONE;

	for (uint32_t i = 0; i < u->n; i++) {
		espy_buf_puts(&text, i ? ", " : "");
		espy_buf_str(&text, espy_dict_get(&x->strings, u->v[i].name));
		espy_buf_printf(&text, "[%u]", u->v[i].pid);
	}
	if (u->more)
		espy_buf_puts(&text, " and more");
	s.p = espy_arena_dup(arena, text.p ? text.p : "", text.n);
	s.n = s.p ? text.n : 0;
	espy_buf_done(&text);
	return s;
}

static void add_line(const struct crossref *x, struct espy_table *t, const struct file *f)
{
	struct espy_cell *c = espy_table_row(t);

	c[0].num = sum_bytes(&f->sides[WRITERS]);
	c[1].num = sum_bytes(&f->sides[READERS]);
	c[2].str = names(x, &t->arena, &f->sides[WRITERS]);
	c[3].str = names(x, &t->arena, &f->sides[READERS]);
	c[4].str = espy_dict_get(&x->strings, f->path);
}

static void add_columns(struct espy_table *t)
{
	static const struct espy_table_column columns[] = {
		{"written", "Written", ESPY_CELL_BYTES, 0},
		{"read", "Read", ESPY_CELL_BYTES, 0},
		{"writers", "Written By", ESPY_CELL_TEXT, ESPY_TABLE_FLEX},
		{"readers", "Read By", ESPY_CELL_TEXT, ESPY_TABLE_FLEX},
		{"path", "Path", ESPY_CELL_PATH, ESPY_TABLE_FLEX},
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		espy_table_column(t, columns[i]);
}

static int print(struct crossref *x, struct espy_table *t, struct espy_buf *out, size_t n,
		 const struct espy_summary_view_options *o)
{
	int r;

	if (o->format == ESPY_VIEW_JSON)
		return espy_table_json(t, out, "crossref");
	if (o->format == ESPY_VIEW_CSV)
		return espy_table_csv(t, out);
	espy_buf_puts(out, "Cross reference: ");
	espy_table_things(out, n, "path", "paths");
	espy_buf_puts(out, " written by one process and read by another\n");
	r = n ? espy_table_text(t, out, &o->style) : 0;
	if (o->limit && n > o->limit)
		espy_buf_printf(out, "%s and %zu more\n", o->style.utf8 ? "\u2026" : "...",
				n - o->limit);
	if (x->left_over)
		espy_buf_printf(out, "%llu operations on further paths are left out\n",
				(unsigned long long)x->left_over);
	return r;
}

static int view(void *state, struct espy_buf *out, const struct espy_summary_view_options *o)
{
	struct crossref *x = state;
	struct espy_table t;
	size_t n = 0;
	int r;

	if (x->files.n)
		qsort_r(x->files.v, x->files.n, sizeof(struct file *), compare, x);
	espy_table_init(&t);
	add_columns(&t);
	for (size_t i = 0; i < x->files.n; i++)
		if (is_crossed(x->files.v[i]) && (n++ < o->limit || !o->limit))
			add_line(x, &t, x->files.v[i]);
	r = print(x, &t, out, n, o);
	espy_table_done(&t);
	return r;
}

const struct espy_study espy_study_crossref = {
	.name = "crossref",
	.alias = "cross",
	.help = "Paths that one process wrote and another read.",
	.open = open_crossref,
	.batch = collect,
	.view = view,
	.close = close_crossref,
};
