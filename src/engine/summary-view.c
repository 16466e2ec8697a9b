/* SPDX-License-Identifier: MIT */
#include "engine/summary-view.h"
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "model/value.h"

#define STEADY_MEASURES 3u /* measures that stay on a narrow terminal */

struct view {
	struct espy_summary *s;
	const struct espy_summary_kind *kind;
	const struct espy_summary_view_options *o;
	struct espy_table table;
	uint32_t *order;
	struct espy_buf scratch;
};

static void add_measures(struct view *v)
{
	for (unsigned i = 0; i < v->kind->n_measures; i++) {
		const struct espy_measure *m = espy_measure_get(v->kind->measures[i]);
		struct espy_table_column c = {m->name, m->title, m->cell, 0};

		if (i >= STEADY_MEASURES)
			c.flags |= ESPY_TABLE_OPTIONAL;
		if (v->kind->measures[i] == ESPY_MEASURE_failures)
			c.flags |= ESPY_TABLE_BAD;
		if (espy_measure_is_hidden(v->kind->measures[i]))
			c.flags |= ESPY_TABLE_NO_TEXT | ESPY_TABLE_NO_DATA;
		espy_table_column(&v->table, c);
	}
}

/* The first key of a kind with sections is the heading of each. */
static void add_key(struct view *v, unsigned i, const struct espy_key *k)
{
	struct espy_table_column c = {k->name, k->title, k->cell, k->flags};

	if (i == 0 && v->kind->nest)
		c.flags |= ESPY_TABLE_NO_TEXT;
	espy_table_column(&v->table, c);
}

/* Numbers stand left, where they line up; names stand right, where they may be long. Labels come
 * before keys when the key is a path. */
static void add_columns(struct view *v)
{
	const struct espy_summary_kind *k = v->kind;

	add_measures(v);
	for (unsigned i = 0; i < ESPY_KIND_LABELS_MAX && k->labels[i]; i++)
		if (espy_key_get(k->labels[i])->cell == ESPY_CELL_TEXT)
			add_key(v, ESPY_KIND_KEYS_MAX, espy_key_get(k->labels[i]));
	for (unsigned i = 0; i < ESPY_KIND_KEYS_MAX && k->keys[i]; i++)
		add_key(v, i, espy_key_get(k->keys[i]));
	for (unsigned i = 0; i < ESPY_KIND_LABELS_MAX && k->labels[i]; i++)
		if (espy_key_get(k->labels[i])->cell != ESPY_CELL_TEXT)
			add_key(v, ESPY_KIND_KEYS_MAX, espy_key_get(k->labels[i]));
}

static struct espy_cell key_cell(struct view *v, uint32_t group, unsigned key)
{
	struct espy_cell c = espy_summary_key(v->s, group, key);
	unsigned type = espy_key_get(key)->cell;

	if (type == ESPY_CELL_TIME && c.num)
		c.num += (uint64_t)espy_summary_wall_offset(v->s);
	if (key == ESPY_KEY_found) {
		c.is_unset = c.str.n == 0;
		c.mark = ESPY_MARK_DIM;
	}
	return c;
}

static void add_row(struct view *v, uint32_t group)
{
	const struct espy_summary_kind *k = v->kind;
	struct espy_cell *c = espy_table_row(&v->table);

	for (unsigned i = 0; i < k->n_measures; i++)
		(c++)->num = espy_summary_value(v->s, group, k->measures[i]);
	for (unsigned i = 0; i < ESPY_KIND_LABELS_MAX && k->labels[i]; i++)
		if (espy_key_get(k->labels[i])->cell == ESPY_CELL_TEXT)
			*c++ = key_cell(v, group, k->labels[i]);
	for (unsigned i = 0; i < ESPY_KIND_KEYS_MAX && k->keys[i]; i++)
		*c++ = key_cell(v, group, k->keys[i]);
	for (unsigned i = 0; i < ESPY_KIND_LABELS_MAX && k->labels[i]; i++)
		if (espy_key_get(k->labels[i])->cell != ESPY_CELL_TEXT)
			*c++ = key_cell(v, group, k->labels[i]);
}

static void heading(struct view *v, struct espy_buf *text)
{
	espy_table_heading(&v->table, (struct espy_str){text->p, text->n});
	if (text->error)
		v->table.error = text->error;
}

static void add_more(struct view *v, uint32_t n)
{
	if (v->o->brief)
		return;
	espy_buf_reset(&v->scratch);
	espy_buf_puts(&v->scratch, v->o->style.utf8 ? "\u2026 and " : "... and ");
	espy_table_count(&v->scratch, n);
	espy_buf_puts(&v->scratch, " more");
	heading(v, &v->scratch);
}

/* --- sections -----------------------------------------------------------------------------------
 */

/* "ENOENT  412  No such file or directory" */
static void section_heading(struct view *v, struct espy_str name, uint64_t sum)
{
	struct espy_buf *b = &v->scratch;
	int e = espy_errno_value(name);

	espy_buf_reset(b);
	espy_table_look(b, &v->o->style, ESPY_LOOK_BAD);
	espy_escape_text(b, name);
	espy_table_plain(b, &v->o->style);
	espy_buf_puts(b, "  ");
	espy_table_count(b, sum);
	if (e)
		espy_buf_printf(b, "  %s", strerror(e));
	heading(v, b);
}

static uint32_t section_end(struct view *v, uint32_t from)
{
	unsigned key = v->kind->keys[0];
	struct espy_str name = espy_summary_key(v->s, v->order[from], key).str;
	uint32_t n = espy_summary_groups(v->s), at = from;

	while (at < n && espy_str_eq(espy_summary_key(v->s, v->order[at], key).str, name))
		at++;
	return at;
}

static void add_sections(struct view *v)
{
	uint32_t n = espy_summary_groups(v->s), limit = v->o->limit ? v->o->limit : n, end;

	for (uint32_t at = 0; at < n; at = end) {
		uint64_t sum = 0;

		end = section_end(v, at);
		for (uint32_t i = at; i < end; i++)
			sum += espy_summary_value(v->s, v->order[i], v->kind->measures[0]);
		section_heading(v, espy_summary_key(v->s, v->order[at], v->kind->keys[0]).str, sum);
		for (uint32_t i = at; i < end && i - at < limit; i++)
			add_row(v, v->order[i]);
		if (end - at > limit)
			add_more(v, end - at - limit);
	}
}

static void add_rows(struct view *v)
{
	uint32_t n = espy_summary_groups(v->s), limit = v->o->limit ? v->o->limit : n;

	if (v->kind->nest) {
		add_sections(v);
		return;
	}
	for (uint32_t i = 0; i < n && i < limit; i++)
		add_row(v, v->order[i]);
	if (n > limit)
		add_more(v, n - limit);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

/* "Files: 1,204 paths, 52,341 events" */
static void title(struct view *v, struct espy_buf *out)
{
	const struct espy_table_style *style = &v->o->style;

	espy_table_look(out, style, ESPY_LOOK_GOOD);
	espy_buf_puts(out, v->kind->title);
	espy_table_plain(out, style);
	espy_buf_puts(out, ": ");
	espy_table_count(out, espy_summary_groups(v->s));
	espy_buf_printf(out, " %s, ", v->kind->many);
	espy_table_count(out, espy_summary_operations(v->s));
	espy_buf_puts(out, " events\n");
}

/* What the limits left out is said, always. */
static void remarks(struct view *v, struct espy_buf *out)
{
	if (espy_summary_left_over(v->s)) {
		espy_table_count(out, espy_summary_left_over(v->s));
		espy_buf_puts(out, " events of further ");
		espy_buf_printf(out, "%s are left out: only the first ", v->kind->many);
		espy_table_count(out, espy_summary_groups(v->s));
		espy_buf_puts(out, " are kept apart\n");
	}
	if (espy_summary_is_clipped(v->s))
		espy_buf_puts(out, "counts of files and processes are lower bounds: there were too "
				   "many to tell apart\n");
}

static int print(struct view *v, struct espy_buf *out)
{
	int r;

	if (v->o->format == ESPY_VIEW_JSON)
		return espy_table_json(&v->table, out, v->kind->name);
	if (v->o->format == ESPY_VIEW_CSV)
		return espy_table_csv(&v->table, out);
	if (!v->o->brief)
		title(v, out);
	if (espy_summary_groups(v->s) == 0)
		return out->error;
	r = espy_table_text(&v->table, out, &v->o->style);
	if (!v->o->brief)
		remarks(v, out);
	return r;
}

int espy_summary_view(struct espy_summary *s, struct espy_buf *out,
		      const struct espy_summary_view_options *o)
{
	struct view v = {.s = s, .kind = espy_summary_kind(s), .o = o};
	int r = espy_summary_order(s, o->sort, &v.order);

	if (r < 0)
		return r;
	espy_table_init(&v.table);
	v.table.flex_small = o->style.width * 2 / 5;
	add_columns(&v);
	add_rows(&v);
	r = print(&v, out);
	espy_table_done(&v.table);
	espy_buf_done(&v.scratch);
	free(v.order);
	return r;
}

void espy_summary_view_columns(const struct espy_summary_kind *k, struct espy_buf *out)
{
	const char *comma = "";

	for (unsigned i = 0; i < k->n_measures; i++, comma = ", ")
		espy_buf_printf(out, "%s%s", comma, espy_measure_get(k->measures[i])->name);
	for (unsigned i = 0; i < ESPY_KIND_KEYS_MAX && k->keys[i]; i++)
		espy_buf_printf(out, "%s%s", comma, espy_key_get(k->keys[i])->name);
	for (unsigned i = 0; i < ESPY_KIND_LABELS_MAX && k->labels[i]; i++)
		if (espy_key_get(k->labels[i])->as != ESPY_AS_FOUND)
			espy_buf_printf(out, "%s%s", comma, espy_key_get(k->labels[i])->name);
}
