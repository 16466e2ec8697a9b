/* SPDX-License-Identifier: MIT */
/*
 * All stacks as one tree of calls, outermost first: how many operations each call led to and how
 * long they took.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "base/map.h"
#include "base/vec.h"
#include "engine/boxed.h"
#include "engine/study.h"
#include "model/merged.h"
#include "model/value.h"

#define NODES_MAX  (1u << 20)
#define FRAMES_MAX 512u /* of one stack that are followed, from the outermost */
#define USUAL_PART 100u /* text leaves out what is less than the whole by this */

struct node {
	uint32_t frame; /* of `strings` */
	uint32_t depth;
	uint32_t child, next;        /* numbers, 0 none; children in the order in which they came */
	uint64_t events, time, self; /* self: events that ended here */
};

struct stacks {
	ESPY_VEC(struct node) nodes; /* 0 is the root */
	struct espy_map children;    /* parent, frame -> number */
	struct espy_dict strings;
	uint32_t *of_string; /* stack of the batch's dictionary -> node + 1 */
	uint32_t of_string_cap;
	uint64_t without; /* operations that have no stack */
	uint64_t left_over;
};

static int open_stacks(void **ret)
{
	struct stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (espy_dict_init(&s->strings) < 0) {
		free(s);
		return -ENOMEM;
	}
	if (espy_vec_push(&s->nodes, (struct node){0}) < 0) {
		espy_dict_done(&s->strings);
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

static void close_stacks(void *state)
{
	struct stacks *s = state;

	espy_vec_done(&s->nodes);
	espy_map_done(&s->children);
	espy_dict_done(&s->strings);
	free(s->of_string);
	free(s);
}

/* --- collecting ------------------------------------------------------------------------------- */

/* "U 0x7f12a0 /usr/lib/libc.so.6+0x12a0" without its address, which differs from run to run; the
 * address alone where no module is known. */
static struct espy_str frame_name(struct espy_str line)
{
	const char *p = line.n > 2 ? memchr(line.p + 2, ' ', line.n - 2) : NULL;

	if (!p)
		return line;
	return (struct espy_str){p + 1, line.n - (size_t)(p + 1 - line.p)};
}

/* Number of the parent's child for a frame; 0 past the limit. */
static int64_t find_child(struct stacks *s, uint32_t parent, struct espy_str frame)
{
	uint32_t id = espy_dict_add(&s->strings, frame);
	size_t n = espy_unboxed(espy_map_get(&s->children, parent, id), 0);
	struct node child = {.frame = id};

	if (n)
		return (int64_t)n;
	if (s->nodes.n >= NODES_MAX || id == UINT32_MAX)
		return 0;
	n = s->nodes.n;
	child.depth = s->nodes.v[parent].depth + 1;
	child.next = s->nodes.v[parent].child;
	if (espy_vec_push(&s->nodes, child) < 0 ||
	    espy_map_put(&s->children, parent, id, espy_boxed(n)) < 0)
		return -ENOMEM;
	s->nodes.v[parent].child = (uint32_t)n;
	return (int64_t)n;
}

/* Takes the last line, which is the outermost call, off a stack. */
static bool last_line(struct espy_str *stack, struct espy_str *ret)
{
	size_t end = stack->n, start;

	while (end && stack->p[end - 1] == '\n')
		end--;
	for (start = end; start && stack->p[start - 1] != '\n';)
		start--;
	*ret = (struct espy_str){stack->p + start, end - start};
	stack->n = start;
	return end > 0;
}

/* The node of a stack's innermost call. */
static int64_t find_node(struct stacks *s, struct espy_str stack)
{
	struct espy_str line;
	int64_t at = 0;

	for (unsigned i = 0; i < FRAMES_MAX && last_line(&stack, &line); i++) {
		int64_t next = find_child(s, (uint32_t)at, frame_name(line));

		if (next <= 0) {
			s->left_over += next == 0;
			return next < 0 ? next : at;
		}
		at = next;
	}
	return at;
}

static int add_row(struct stacks *s, const struct espy_batch *b, uint32_t row)
{
	uint32_t id = b->stack[row];
	struct node *n;

	if (id == 0 || id >= b->dict.n) {
		s->without += espy_merged_times(b, row);
		return 0;
	}
	if (!s->of_string[id]) {
		int64_t at = find_node(s, espy_dict_get(&b->dict, id));

		if (at < 0)
			return (int)at;
		s->of_string[id] = (uint32_t)at + 1;
	}
	n = &s->nodes.v[s->of_string[id] - 1];
	n->self += espy_merged_times(b, row);
	n->time += b->duration[row];
	return 0;
}

static int collect(void *state, const struct espy_batch *b, const uint64_t *bits)
{
	struct stacks *s = state;
	int r = 0;

	if (b->dict.n > s->of_string_cap) {
		uint32_t *v = realloc(s->of_string, b->dict.n * sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->of_string = v;
		s->of_string_cap = b->dict.n;
	}
	memset(s->of_string, 0, b->dict.n * sizeof(*s->of_string));
	for (uint32_t row = 0; row < b->n && r == 0; row++)
		if (espy_study_wants(bits, row))
			r = add_row(s, b, row);
	return r;
}

/* --- showing ---------------------------------------------------------------------------------- */

/* A node that is to be shown, at its place. */
struct todo {
	uint32_t node, indent;
};

struct view {
	struct stacks *s;
	struct espy_table *t;
	const struct espy_summary_view_options *o;
	ESPY_VEC(uint32_t) order; /* children of one node */
	ESPY_VEC(struct todo) todo;
	size_t shown, hidden;
};

/* A child's number is larger than its parent's: from the last to the first, sums flow upwards.
 * `events` and `time` then are of the node and all below it. */
static void add_up(struct stacks *s)
{
	for (size_t i = 0; i < s->nodes.n; i++)
		s->nodes.v[i].events = s->nodes.v[i].self;
	for (size_t i = s->nodes.n; i-- > 0;) {
		const struct node *n = &s->nodes.v[i];

		for (uint32_t c = n->child; c; c = s->nodes.v[c].next) {
			s->nodes.v[i].events += s->nodes.v[c].events;
			s->nodes.v[i].time += s->nodes.v[c].time;
		}
	}
}

static int compare_nodes(const void *pa, const void *pb, void *ctx)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	const struct node *v = ctx;

	if (v[a].events != v[b].events)
		return v[a].events > v[b].events ? -1 : 1;
	return a < b ? -1 : 1;
}

/* The children of a node, those with more events first, are put behind the others in w->todo with
 * the first one last, where it is taken from. */
static int push_children(struct view *w, uint32_t parent, unsigned indent)
{
	struct node *v = w->s->nodes.v;
	int r = 0;

	w->order.n = 0;
	for (uint32_t c = v[parent].child; c && r == 0; c = v[c].next)
		r = espy_vec_push(&w->order, c);
	if (w->order.n)
		qsort_r(w->order.v, w->order.n, sizeof(*w->order.v), compare_nodes, v);
	indent += parent && w->order.n > 1;
	for (size_t i = w->order.n; i-- > 0 && r == 0;)
		r = espy_vec_push(&w->todo, (struct todo){w->order.v[i], indent});
	return r;
}

/* "  module+0x12" */
static struct espy_str indented(const struct view *w, const struct node *n, unsigned indent)
{
	struct espy_buf text = {0};
	struct espy_str s = ESPY_STR_NONE;

	for (unsigned i = 0; i < indent; i++)
		espy_buf_puts(&text, " ");
	espy_escape_text(&text, espy_dict_get(&w->s->strings, n->frame));
	s.p = espy_arena_dup(&w->t->arena, text.p ? text.p : "", text.n);
	s.n = s.p ? text.n : 0;
	espy_buf_done(&text);
	return s;
}

static void add_line(struct view *w, const struct node *n, unsigned indent)
{
	struct espy_cell *c = espy_table_row(w->t);
	uint64_t all = w->s->nodes.v[0].events;
	bool is_text = w->o->format == ESPY_VIEW_TEXT;

	c[0].num = n->events;
	c[1].num = n->self;
	c[2].num = all ? n->events * 100 / all : 0;
	c[3].num = n->time;
	c[4].num = n->depth;
	c[5].str = is_text ? indented(w, n, indent) : espy_dict_get(&w->s->strings, n->frame);
}

static bool is_shown(const struct view *w, const struct node *n)
{
	if (w->o->limit && w->shown >= w->o->limit)
		return false;
	return w->o->format != ESPY_VIEW_TEXT || !w->o->limit ||
	       n->events * USUAL_PART >= w->s->nodes.v[0].events;
}

/* Depth first without recursion: stacks of hostile depth must not exhaust ours. A chain of calls
 * without a fork keeps its indentation. */
static int add_tree(struct view *w)
{
	int r = push_children(w, 0, 0);

	while (r == 0 && w->todo.n) {
		struct todo at = w->todo.v[--w->todo.n];
		const struct node *n = &w->s->nodes.v[at.node];

		if (!is_shown(w, n)) {
			w->hidden++;
			continue;
		}
		add_line(w, n, at.indent);
		w->shown++;
		r = push_children(w, at.node, at.indent);
	}
	espy_vec_done(&w->todo);
	espy_vec_done(&w->order);
	return r;
}

static void remarks(const struct view *w, struct espy_buf *out)
{
	if (w->hidden)
		espy_buf_printf(out, "%zu branches with few events are left out; -n 0 shows all\n",
				w->hidden);
	if (w->s->without) {
		espy_table_things(out, w->s->without, "event has", "events have");
		espy_buf_puts(out, " no stack\n");
	}
	if (w->s->left_over)
		espy_buf_printf(out, "%llu stacks are cut: only %u calls are told apart\n",
				(unsigned long long)w->s->left_over, NODES_MAX);
}

static int print(const struct view *w, struct espy_buf *out)
{
	int r;

	if (w->o->format == ESPY_VIEW_JSON)
		return espy_table_json(w->t, out, "stack");
	if (w->o->format == ESPY_VIEW_CSV)
		return espy_table_csv(w->t, out);
	espy_buf_puts(out, "Stacks: ");
	espy_table_things(out, w->s->nodes.v[0].events, "event", "events");
	espy_buf_putc(out, '\n');
	r = w->shown ? espy_table_text(w->t, out, &w->o->style) : 0;
	remarks(w, out);
	return r;
}

static int view(void *state, struct espy_buf *out, const struct espy_summary_view_options *o)
{
	static const struct espy_table_column columns[] = {
		{"events", "Events", ESPY_CELL_COUNT, 0},
		{"self", "Self", ESPY_CELL_COUNT, ESPY_TABLE_OPTIONAL},
		{"percent", "%", ESPY_CELL_COUNT, 0},
		{"time", "Time", ESPY_CELL_DURATION, 0},
		{"depth", "Depth", ESPY_CELL_NUM, ESPY_TABLE_NO_TEXT},
		{"call", "Call", ESPY_CELL_RAW, 0},
	};
	struct espy_table t;
	struct view w = {.s = state, .t = &t, .o = o};
	int r;

	espy_table_init(&t);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		espy_table_column(&t, columns[i]);
	if (o->format != ESPY_VIEW_TEXT)
		t.columns[5].type = ESPY_CELL_TEXT;
	add_up(w.s);
	r = add_tree(&w);
	if (r == 0)
		r = print(&w, out);
	espy_table_done(&t);
	return r;
}

const struct espy_study espy_study_stack = {
	.name = "stack",
	.alias = "stacks",
	.help = "All stacks as one tree of calls: events, share, time.",
	.open = open_stacks,
	.batch = collect,
	.view = view,
	.close = close_stacks,
};
