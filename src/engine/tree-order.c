/* SPDX-License-Identifier: MIT */
#include "engine/tree-order.h"
#include <errno.h>

/* --- times --------------------------------------------------------------------------------------
 */

/* The command of `espy run` is forked by Espy, waits for the capture to begin, and lives as itself
 * from its exec on. */
static uint32_t find_target(struct espy_tree *t, uint32_t pid)
{
	for (uint32_t i = 0; pid && i < espy_tree_n(t); i++) {
		const struct espy_tree_proc *p = espy_tree_proc(t, i);

		if (p->pid == pid && p->flags & ESPY_TREE_BEFORE && p->flags & ESPY_TREE_EXECED)
			return i;
	}
	return ESPY_TREE_NONE;
}

static bool is_target(const struct espy_tree_order *o, const struct espy_tree_proc *p)
{
	return o->target != ESPY_TREE_NONE && p == espy_tree_proc(o->tree, o->target);
}

const struct espy_tree_image *espy_tree_order_image(const struct espy_tree_order *o,
						    const struct espy_tree_proc *p)
{
	const struct espy_tree_image *image = espy_tree_image(o->tree, p->first_image);

	if (is_target(o, p) && image && image->next != ESPY_TREE_NONE)
		return espy_tree_image(o->tree, image->next);
	return image;
}

uint64_t espy_tree_order_start(const struct espy_tree_order *o, const struct espy_tree_proc *p)
{
	const struct espy_tree_image *image = espy_tree_order_image(o, p);

	return is_target(o, p) && image ? image->time : p->start;
}

uint64_t espy_tree_order_life(const struct espy_tree_order *o, const struct espy_tree_proc *p)
{
	uint64_t start = espy_tree_order_start(o, p);
	uint64_t end = p->flags & ESPY_TREE_EXITED ? p->end : o->last;

	return start && end > start ? end - start : 0;
}

bool espy_tree_order_was_before(const struct espy_tree_order *o, const struct espy_tree_proc *p)
{
	return p->flags & ESPY_TREE_BEFORE && !is_target(o, p);
}

struct espy_str espy_tree_order_name(const struct espy_tree_order *o, uint32_t number)
{
	const struct espy_tree_image *image = espy_tree_program(o->tree, number);

	return image ? espy_tree_str(o->tree, image->name) : ESPY_STR_NONE;
}

uint32_t espy_tree_order_ppid(const struct espy_tree_order *o, const struct espy_tree_node *n)
{
	if (n->parent == ESPY_TREE_NONE)
		return 0;
	return espy_tree_proc(o->tree, o->nodes.v[n->parent].number)->pid;
}

/* --- order --------------------------------------------------------------------------------------
 */

static int push_node(struct espy_tree_order *o, uint32_t number, uint32_t parent)
{
	const struct espy_tree_proc *p = espy_tree_proc(o->tree, number);
	struct espy_tree_node n = {.number = number, .parent = parent};
	bool is_below = parent != ESPY_TREE_NONE && o->nodes.v[parent].is_wanted;

	n.depth = parent == ESPY_TREE_NONE ? 0 : o->nodes.v[parent].depth + 1;
	n.is_wanted = !o->options.pid || p->pid == o->options.pid || is_below;
	n.is_visible = n.is_wanted && (o->options.all || o->options.pid || p->counts.events);
	return espy_vec_push(&o->nodes, n);
}

/* What comes after a node that has no (more) children: its next sibling or that of an ancestor. */
static uint32_t next_up(struct espy_tree_order *o, uint32_t *place)
{
	uint32_t at = *place;

	for (;;) {
		uint32_t next = espy_tree_proc(o->tree, o->nodes.v[at].number)->next;

		*place = o->nodes.v[at].parent;
		if (next != ESPY_TREE_NONE || *place == ESPY_TREE_NONE)
			return next;
		at = *place;
	}
}

/* A chain of ten thousand forks is legal, so there is no recursion. */
static int walk(struct espy_tree_order *o)
{
	uint32_t number = espy_tree_root(o->tree), parent = ESPY_TREE_NONE;

	while (number != ESPY_TREE_NONE) {
		uint32_t place = (uint32_t)o->nodes.n;
		uint32_t child = espy_tree_proc(o->tree, number)->first_child;

		if (push_node(o, number, parent) < 0)
			return -ENOMEM;
		number = child != ESPY_TREE_NONE ? child : next_up(o, &place);
		parent = place;
	}
	return 0;
}

/* Backwards, so that children come before their parents. */
static void mark_visible(struct espy_tree_order *o)
{
	for (size_t i = o->nodes.n; i-- > 0;) {
		struct espy_tree_node *n = &o->nodes.v[i], *parent;

		if (!n->is_visible || n->parent == ESPY_TREE_NONE)
			continue;
		parent = &o->nodes.v[n->parent];
		n->is_last = parent->n_visible == 0;
		parent->n_visible++;
		parent->is_visible = true;
	}
}

static bool is_any_wanted(const struct espy_tree_order *o)
{
	for (size_t i = 0; i < o->nodes.n; i++)
		if (o->nodes.v[i].is_wanted)
			return true;
	return o->options.pid == 0;
}

int espy_tree_order_init(struct espy_tree_order *o, struct espy_tree *t,
			 const struct espy_tree_order_options *options)
{
	int r;

	*o = (struct espy_tree_order){
		.tree = t,
		.options = *options,
		.target = find_target(t, options->target),
		.origin = options->origin ? options->origin : espy_tree_first(t),
		.last = espy_tree_last(t),
	};
	if (!options->origin && o->target != ESPY_TREE_NONE)
		o->origin = espy_tree_order_start(o, espy_tree_proc(t, o->target));
	r = walk(o);
	if (r < 0)
		return r;
	if (!is_any_wanted(o))
		return -ESRCH;
	mark_visible(o);
	return 0;
}

void espy_tree_order_done(struct espy_tree_order *o)
{
	espy_vec_done(&o->nodes);
}
