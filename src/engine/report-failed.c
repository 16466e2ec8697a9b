/* SPDX-License-Identifier: MIT */
#include "engine/report-failed.h"
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "base/map.h"
#include "engine/boxed.h"
#include "engine/usual.h"
#include "model/value.h"

#define ERRORS_NAMED 5u  /* in the first line, as far as there is room */
#define ERROR_WIDTH  16u /* ", 12 ECONNREFUSED" */

/* Failures of one error and file name, in however many folders. */
struct item {
	uint64_t count, places;
	uint32_t group; /* an example */
	unsigned rank;  /* 0 tells most */
};

struct failed {
	struct espy_screen *screen;
	struct espy_section *section;
	struct espy_summary *s;
	uint32_t *order;
	ESPY_VEC(struct item) items;
	struct espy_map by_name; /* id in `names` -> place in items + 1 */
	struct espy_dict names;
	uint64_t n_found, n_usual;
};

static bool is(struct espy_str s, const char *what)
{
	return !*what || espy_str_eq(s, espy_str0(what));
}

/* What was refused or broke tells more than what was not there. */
static unsigned rank_of(struct espy_str error)
{
	static const char *const grave[] = {"EACCES", "EPERM",  "EIO",    "ENOSPC", "EROFS",
					    "ENOMEM", "EMFILE", "ENFILE", "EDQUOT"};

	for (size_t i = 0; i < sizeof(grave) / sizeof(grave[0]); i++)
		if (is(error, grave[i]))
			return 0;
	return is(error, "ENOENT") || is(error, "ENOTDIR") ? 2 : 1;
}

static struct espy_str part(struct failed *f, uint32_t group, unsigned key)
{
	return espy_summary_key(f->s, group, key).str;
}

static bool is_missing(struct failed *f, uint32_t group)
{
	return rank_of(part(f, group, ESPY_KEY_error)) == 2;
}

/* The item that a group belongs to: what was not there is one thing wherever it was looked for. */
static struct item *find_item(struct failed *f, uint32_t group)
{
	struct item item = {.group = group, .rank = rank_of(part(f, group, ESPY_KEY_error))};
	uint32_t name = 0;
	uintptr_t at = f->items.n;

	if (is_missing(f, group))
		name = espy_dict_add(&f->names,
				     espy_str_basename(part(f, group, ESPY_KEY_subject)));
	if (name && name != UINT32_MAX)
		at = espy_unboxed(espy_map_get(&f->by_name, name, 0), at);
	if (at < f->items.n)
		return &f->items.v[at];
	if (espy_vec_push(&f->items, item) < 0)
		return NULL;
	if (name && name != UINT32_MAX && espy_map_put(&f->by_name, name, 0, espy_boxed(at)) < 0)
		return NULL;
	return &f->items.v[f->items.n - 1];
}

static int sort_out(struct failed *f)
{
	for (uint32_t i = 0; i < espy_summary_groups(f->s); i++) {
		uint32_t g = f->order[i];
		uint64_t n = espy_summary_value(f->s, g, ESPY_MEASURE_events);
		struct item *item;

		if (part(f, g, ESPY_KEY_found).n) {
			f->n_found += n;
			continue;
		}
		if (espy_usual(part(f, g, ESPY_KEY_error), part(f, g, ESPY_KEY_op),
			       part(f, g, ESPY_KEY_subject))) {
			f->n_usual += n;
			continue;
		}
		item = find_item(f, g);
		if (!item)
			return -ENOMEM;
		item->count += n;
		item->places++;
	}
	return 0;
}

/* Groups come in a fixed order, so equal items are told apart by that. */
static int compare_items(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->group > b->group) - (a->group < b->group);
}

/* "failed     412 of 52,341 operations: 398 ENOENT, 12 ENOTTY, 2 EACCES" */
static void first_line(struct failed *f, uint64_t n_operations)
{
	struct espy_buf *b = &f->screen->scratch;
	uint32_t n = espy_summary_groups(f->s);
	size_t room = f->screen->style.width - ESPY_SECTION_TITLE - ERROR_WIDTH;
	unsigned named = 0;

	if (n)
		espy_table_count(b, espy_summary_operations(f->s));
	else
		espy_buf_puts(b, "none");
	espy_buf_puts(b, " of ");
	espy_table_things(b, n_operations, "operation", "operations");
	for (uint32_t i = 0; i < n && named < ERRORS_NAMED && b->n < room;) {
		struct espy_str error = part(f, f->order[i], ESPY_KEY_error);
		uint64_t sum = 0;

		for (; i < n && espy_str_eq(part(f, f->order[i], ESPY_KEY_error), error); i++)
			sum += espy_summary_value(f->s, f->order[i], ESPY_MEASURE_events);
		espy_buf_puts(b, named++ ? ", " : ": ");
		espy_table_count(b, sum);
		espy_buf_putc(b, ' ');
		espy_escape_text(b, error);
	}
	espy_screen_line(f->screen, f->section, ESPY_MARK_NONE, 0);
}

static void put_path(struct failed *f, struct espy_buf *b, struct espy_str path, size_t room)
{
	struct espy_buf escaped = {0};

	espy_escape_text(&escaped, path);
	espy_table_cut(b, (struct espy_str){escaped.p, escaped.n}, room, true,
		       f->screen->style.utf8);
	espy_buf_done(&escaped);
}

/* "   12  ENOENT        open     /usr/include/foo.h (cc1)" */
static void item_line(struct failed *f, const struct item *item)
{
	struct espy_buf *b = &f->screen->scratch, count = {0}, process = {0};
	struct espy_str path = part(f, item->group, ESPY_KEY_subject);
	size_t room = f->screen->style.width - ESPY_SECTION_TITLE, used;

	espy_table_count(&count, item->count);
	espy_buf_printf(b, "%5.*s  ", (int)count.n, count.p);
	espy_escape_text(b, part(f, item->group, ESPY_KEY_error));
	espy_buf_putc(b, ' ');
	espy_escape_text(b, part(f, item->group, ESPY_KEY_op));
	espy_buf_puts(b, "  ");
	if (item->places > 1) {
		espy_buf_puts(&process, " in ");
		espy_table_count(&process, item->places);
		espy_buf_puts(&process, " places");
		path = espy_str_basename(path);
	}
	espy_buf_puts(&process, " (");
	espy_escape_text(&process, part(f, item->group, ESPY_KEY_process));
	espy_buf_putc(&process, ')');
	used = espy_escape_width((struct espy_str){b->p, b->n}) +
	       espy_escape_width((struct espy_str){process.p, process.n});
	put_path(f, b, path, room > used + 16 ? room - used : 16);
	espy_buf_add(b, process.p, process.n);
	espy_screen_line(f->screen, f->section, item->rank == 0 ? ESPY_MARK_BAD : ESPY_MARK_NONE,
			 item->places);
	espy_buf_done(&count);
	espy_buf_done(&process);
}

static void last_line(struct failed *f)
{
	struct espy_buf *b = &f->screen->scratch;

	if (!f->n_found && !f->n_usual)
		return;
	f->section->keep_last = true;
	if (f->n_found) {
		espy_table_count(b, f->n_found);
		espy_buf_puts(b, " found elsewhere afterwards");
	}
	if (f->n_usual) {
		espy_buf_puts(b, f->n_found ? ", " : "");
		espy_table_count(b, f->n_usual);
		espy_buf_puts(b, " of the usual kind");
	}
	espy_screen_line(f->screen, f->section, ESPY_MARK_DIM, 0);
}

void espy_report_failed(struct espy_screen *screen, struct espy_summary *failures,
			uint64_t n_operations)
{
	struct failed f = {.screen = screen, .s = failures};
	int r = espy_dict_init(&f.names);

	f.section = espy_screen_section(screen, "failed", "failures");
	if (r == 0)
		r = espy_summary_order(failures, NULL, &f.order);
	if (r == 0)
		r = sort_out(&f);
	if (r == 0) {
		if (f.items.n)
			qsort(f.items.v, f.items.n, sizeof(f.items.v[0]), compare_items);
		first_line(&f, n_operations);
		for (size_t i = 0; i < f.items.n; i++)
			item_line(&f, &f.items.v[i]);
		last_line(&f);
	}
	if (r < 0)
		screen->error = r;
	espy_vec_done(&f.items);
	espy_map_done(&f.by_name);
	espy_dict_done(&f.names);
	free(f.order);
}
