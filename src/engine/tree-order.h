/* SPDX-License-Identifier: MIT */
/* Which processes of a tree are shown, in which order, and the times that are shown of them: what
 * all formats of a tree share. */
#pragma once

#include "engine/tree.h"

struct espy_tree_node {
	uint32_t number;
	uint32_t parent; /* place of the parent in the order, or ESPY_TREE_NONE */
	uint32_t depth;
	uint32_t n_visible; /* children that are shown */
	bool is_wanted;     /* one that was asked for, or below it */
	bool is_visible;    /* it or one below it is shown */
	bool is_last;       /* of its parent's children that are shown */
};

struct espy_tree_order_options {
	bool all;        /* also processes that did nothing */
	uint32_t pid;    /* only these and what they made; 0: all */
	uint32_t target; /* the command of `espy run`: until its exec it was Espy; 0: none */
	uint64_t origin; /* boot clock ns that starts are shown relative to; 0: the exec of the
			  * target, else the first event */
};

struct espy_tree_order {
	struct espy_tree *tree; /* borrowed */
	struct espy_tree_order_options options;
	ESPY_VEC(struct espy_tree_node) nodes; /* parents before children */
	uint32_t target;                       /* number, or ESPY_TREE_NONE */
	uint64_t origin, last;                 /* boot clock ns */
};

/* After espy_tree_link(). 0, -ENOMEM, -ESRCH (no process has that pid); done() is due in any case.
 */
int espy_tree_order_init(struct espy_tree_order *o, struct espy_tree *t,
			 const struct espy_tree_order_options *options);
void espy_tree_order_done(struct espy_tree_order *o);

/* The first program of a process, NULL when it ran none of its own. */
const struct espy_tree_image *espy_tree_order_image(const struct espy_tree_order *o,
						    const struct espy_tree_proc *p);
/* When it became what it is: its start, or the exec of the target. 0 when unknown. */
uint64_t espy_tree_order_start(const struct espy_tree_order *o, const struct espy_tree_proc *p);
/* How long it lived, until the end of the trace when it lives on; 0 when unknown. */
uint64_t espy_tree_order_life(const struct espy_tree_order *o, const struct espy_tree_proc *p);
/* It ran when the capture began, and not only to wait for that. */
bool espy_tree_order_was_before(const struct espy_tree_order *o, const struct espy_tree_proc *p);
/* Its short name, its creator's when it ran nothing of its own; "" when unknown. */
struct espy_str espy_tree_order_name(const struct espy_tree_order *o, uint32_t number);
/* Pid of the process that it stands under, 0 for none. */
uint32_t espy_tree_order_ppid(const struct espy_tree_order *o, const struct espy_tree_node *n);
