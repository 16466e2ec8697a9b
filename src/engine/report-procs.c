/* SPDX-License-Identifier: MIT */
#include "engine/report-procs.h"
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "base/map.h"
#include "engine/boxed.h"
#include "engine/tree-view.h"

#define NONE         UINT32_MAX
#define EVENTS_WIDTH 18u /* "  1,234,567 events" */

/* Processes of one name under the same node. */
struct name {
	uint32_t parent;                        /* NONE for a root */
	uint32_t first;                         /* a process of it */
	uint32_t name;                          /* string id of the tree */
	uint32_t n_names;                       /* nodes below it */
	uint32_t depth;                         /* of its line */
	uint64_t n_procs, n_bad, events, below; /* `below`: events of all under it, its own too */
	bool is_shown, is_joined;               /* joined: stands on its parent's line */
};

struct procs {
	struct espy_screen *screen;
	struct espy_section *section;
	struct espy_tree *t;
	ESPY_VEC(struct name) names;
	struct espy_map by_name; /* parent, name id -> place + 1 */
	uint32_t *place;         /* of each process: its node or that of an ancestor */
	uint64_t n_procs;
};

/* --- taking together ----------------------------------------------------------------------------
 */

static uint32_t add_name(struct procs *p, uint32_t parent, uint32_t name, uint32_t proc)
{
	struct name n = {.parent = parent, .name = name, .first = proc};
	uintptr_t at = p->names.n;

	at = espy_unboxed(espy_map_get(&p->by_name, parent, name), at);
	if (at < p->names.n)
		return (uint32_t)at;
	if (p->names.n >= ESPY_REPORT_NAMES_MAX)
		return parent; /* counted there */
	if (espy_vec_push(&p->names, n) < 0 ||
	    espy_map_put(&p->by_name, parent, name, espy_boxed(at)) < 0) {
		p->screen->error = -ENOMEM;
		return parent;
	}
	if (parent != NONE)
		p->names.v[parent].n_names++;
	return (uint32_t)at;
}

static void add_proc(struct procs *p, uint32_t number, uint32_t parent)
{
	const struct espy_tree_proc *proc = espy_tree_proc(p->t, number);
	const struct espy_tree_image *image = espy_tree_program(p->t, number);
	uint32_t at = parent;
	/* ancestors that did nothing here are not told of, and loss and overload are nobody's */
	bool did = proc->counts.events && proc->pid;

	if (did) {
		at = add_name(p, parent, image ? image->name : 0, number);
		p->n_procs++;
	}
	p->place[number] = at;
	if (!did)
		return;
	if (at >= p->names.n) {
		p->section->more++;
		return;
	}
	p->names.v[at].n_procs++;
	p->names.v[at].events += proc->counts.events;
	p->names.v[at].n_bad += proc->flags & ESPY_TREE_EXITED && (proc->code || proc->signal);
}

/* Parents before children, by the links of the tree alone. */
static void add_procs(struct procs *p)
{
	uint32_t at = espy_tree_root(p->t), top = NONE;
	ESPY_VEC(uint32_t) up = {0};

	while (at != NONE) {
		const struct espy_tree_proc *proc = espy_tree_proc(p->t, at);

		add_proc(p, at, top == NONE ? NONE : p->place[top]);
		if (proc->first_child != NONE) {
			if (espy_vec_push(&up, at) < 0) {
				p->screen->error = -ENOMEM;
				break;
			}
			top = at;
			at = proc->first_child;
			continue;
		}
		while (at != NONE && espy_tree_proc(p->t, at)->next == NONE)
			at = up.n ? up.v[--up.n] : NONE;
		top = up.n ? up.v[up.n - 1] : NONE;
		if (at != NONE)
			at = espy_tree_proc(p->t, at)->next;
	}
	espy_vec_done(&up);
}

/* Sums up, and joins "sh x12", "cc x12", "cc1 x12" into one line where nothing else is below. */
static void add_up(struct procs *p)
{
	for (size_t i = p->names.n; i-- > 0;) {
		struct name *n = &p->names.v[i];

		n->below += n->events;
		if (n->parent == NONE)
			continue;
		p->names.v[n->parent].below += n->below;
		n->is_joined =
			p->names.v[n->parent].n_names == 1 && p->names.v[n->parent].parent != NONE;
	}
}

/* Levels, from the top down: a joined node is on its parent's. */
static void add_depths(struct procs *p)
{
	for (size_t i = 0; i < p->names.n; i++) {
		struct name *n = &p->names.v[i];

		if (n->parent != NONE)
			n->depth = p->names.v[n->parent].depth + !n->is_joined;
	}
}

/* --- choosing -----------------------------------------------------------------------------------
 */

static bool is_shown(const struct procs *p, uint32_t i)
{
	return i == NONE || p->names.v[i].is_shown;
}

static void show(struct procs *p, uint32_t i)
{
	p->names.v[i].is_shown = true;
	for (uint32_t j = i + 1; j < p->names.n; j++)
		if (p->names.v[j].is_joined && p->names.v[j].parent == i) {
			p->names.v[j].is_shown = true;
			i = j;
		}
}

/* The busiest node that could have a line: its parent has one. */
static uint32_t best(const struct procs *p)
{
	uint32_t at = NONE;

	for (uint32_t i = 0; i < p->names.n; i++) {
		const struct name *n = &p->names.v[i];

		if (n->is_shown || n->depth > ESPY_REPORT_DEPTH_MAX || !is_shown(p, n->parent))
			continue;
		if (at == NONE || n->below > p->names.v[at].below)
			at = i;
	}
	return at;
}

static void choose(struct procs *p, unsigned max)
{
	for (unsigned i = 0; i < max; i++) {
		uint32_t at = best(p);

		if (at == NONE)
			return;
		show(p, at);
	}
}

/* --- drawing ------------------------------------------------------------------------------------
 */

static bool has_line(const struct name *n)
{
	return n->is_shown && !n->is_joined;
}

/* The node whose line `i` is on. */
static uint32_t line_of(const struct procs *p, uint32_t i)
{
	while (i != NONE && p->names.v[i].is_joined)
		i = p->names.v[i].parent;
	return i;
}

static bool is_last(const struct procs *p, uint32_t i)
{
	uint32_t parent = p->names.v[i].parent;

	for (uint32_t j = i + 1; j < p->names.n; j++)
		if (has_line(&p->names.v[j]) && p->names.v[j].parent == parent)
			return false;
	return true;
}

static void draw_lines(struct procs *p, uint32_t i)
{
	static const char *const utf8[] = {"\u2514\u2500 ", "\u251c\u2500 ", "   ", "\u2502  "};
	static const char *const plain[] = {"`- ", "|- ", "   ", "|  "};
	const char *const *lines = p->screen->style.utf8 ? utf8 : plain;
	bool more[ESPY_REPORT_DEPTH_MAX];
	unsigned depth = 0;

	for (uint32_t at = i; p->names.v[at].parent != NONE && depth < ESPY_REPORT_DEPTH_MAX;
	     at = line_of(p, p->names.v[at].parent))
		more[depth++] = !is_last(p, at);
	while (depth-- > 0)
		espy_buf_puts(&p->screen->scratch, lines[(depth ? 2 : 0) + more[depth]]);
}

static void put_name(struct procs *p, const struct name *n)
{
	struct espy_buf *b = &p->screen->scratch;
	struct espy_str name = espy_tree_str(p->t, n->name);

	espy_escape_text(b, name.n ? name : ESPY_STR("?"));
	if (n->n_procs > 1) {
		espy_buf_puts(b, p->screen->style.utf8 ? " \u00d7" : " x");
		espy_table_count(b, n->n_procs);
	}
}

/* One process is told by its command line, several by their name. */
static void put_first(struct procs *p, const struct name *n)
{
	const struct espy_tree_image *image = espy_tree_program(p->t, n->first);
	struct espy_buf command = {0};
	size_t room = p->screen->style.width - EVENTS_WIDTH;

	if (n->n_procs > 1 || !image) {
		put_name(p, n);
		return;
	}
	espy_tree_view_command(p->t, image, &command);
	espy_table_cut(&p->screen->scratch, (struct espy_str){command.p, command.n}, room, false,
		       p->screen->style.utf8);
	espy_buf_done(&command);
}

static void put_end(struct procs *p, const struct name *n, uint64_t bad, uint64_t n_procs)
{
	struct espy_buf *b = &p->screen->scratch;

	if (!bad)
		return;
	espy_buf_puts(b, "  ");
	if (n_procs > 1) {
		espy_table_count(b, bad);
		espy_buf_puts(b, " failed");
	} else {
		espy_buf_puts(b, "exit ");
		espy_tree_view_exit(espy_tree_proc(p->t, n->first), b);
	}
}

/* What is in the scratch buffer is cut or filled up so that figures stand below each other. */
static void put_events(struct procs *p, uint64_t events)
{
	struct espy_buf *b = &p->screen->scratch, left = *b;
	size_t room = p->screen->style.width - ESPY_SECTION_TITLE, width;

	*b = (struct espy_buf){0};
	room = room > EVENTS_WIDTH + 8 ? room - EVENTS_WIDTH : 8;
	width = espy_escape_width((struct espy_str){left.p, left.n});
	espy_table_cut(b, (struct espy_str){left.p, left.n}, room, false, p->screen->style.utf8);
	espy_buf_printf(b, "%*s", (int)(width < room ? room - width : 0), "");
	espy_buf_reset(&left);
	espy_table_count(&left, events);
	espy_buf_printf(b, "%*.*s events", (int)(EVENTS_WIDTH - sizeof("events")), (int)left.n,
			left.p);
	if (left.error)
		b->error = left.error;
	espy_buf_done(&left);
}

/* A node with those that are joined to it. */
static void add_line(struct procs *p, uint32_t i)
{
	struct espy_buf *b = &p->screen->scratch;
	const struct name *n = &p->names.v[i];
	uint64_t n_procs = n->n_procs, bad = n->n_bad, events = n->events;

	draw_lines(p, i);
	put_first(p, n);
	for (uint32_t at = i, j = i + 1; j < p->names.n; j++) {
		const struct name *next = &p->names.v[j];

		if (!next->is_joined || next->parent != at)
			continue;
		espy_buf_puts(b, p->screen->style.utf8 ? " \u203a " : " > ");
		put_name(p, next);
		n_procs += next->n_procs;
		bad += next->n_bad;
		events += next->events;
		at = j;
	}
	put_end(p, n, bad, n_procs);
	put_events(p, events);
	espy_screen_line(p->screen, p->section, ESPY_MARK_NONE, n_procs);
}

/* Children follow their parent: nodes are numbered as they were met, so this sorts them. */
static void add_below(struct procs *p, uint32_t parent, unsigned depth)
{
	for (uint32_t i = 0; i < p->names.n; i++) {
		const struct name *n = &p->names.v[i];

		if (!has_line(n) || line_of(p, n->parent) != parent)
			continue;
		add_line(p, i);
		if (depth < ESPY_REPORT_DEPTH_MAX)
			add_below(p, i, depth + 1);
	}
}

static void first_line(struct procs *p)
{
	struct espy_buf *b = &p->screen->scratch;
	uint64_t bad = 0;

	for (size_t i = 0; i < p->names.n; i++)
		bad += p->names.v[i].n_bad;
	espy_table_count(b, p->n_procs);
	if (bad) {
		espy_buf_puts(b, ", of which ");
		espy_table_count(b, bad);
		espy_buf_puts(b, " ended with an error or by a signal");
	}
	espy_screen_line(p->screen, p->section, ESPY_MARK_NONE, 0);
}

void espy_report_procs(struct espy_screen *screen, struct espy_tree *t, unsigned max)
{
	struct procs p = {.screen = screen, .t = t};

	p.section = espy_screen_section(screen, "processes", "processes");
	p.place = calloc((size_t)espy_tree_n(t) + 1, sizeof(*p.place));
	if (!p.place) {
		screen->error = -ENOMEM;
		return;
	}
	add_procs(&p);
	add_up(&p);
	add_depths(&p);
	choose(&p, max);
	first_line(&p);
	add_below(&p, NONE, 0);
	for (size_t i = 0; i < p.names.n; i++)
		if (!p.names.v[i].is_shown)
			p.section->more += p.names.v[i].n_procs;
	p.section->more += espy_tree_left_over(t);
	espy_vec_done(&p.names);
	espy_map_done(&p.by_name);
	free(p.place);
}
