/* SPDX-License-Identifier: MIT */
/* A process tree as text, JSON or CSV. */
#pragma once

#include "engine/summary-view.h"
#include "engine/tree-order.h"

#define ESPY_TREE_DEPTH_SHOWN 24u /* levels that are drawn; deeper ones say their number */

struct espy_tree_view_options {
	enum espy_view_format format;
	struct espy_tree_order_options order;
	struct espy_table_style style;
};

/* Appends to `out`, after espy_tree_link(). 0, -ENOMEM, -ESRCH (no process has that pid). */
int espy_tree_view(struct espy_tree *t, struct espy_buf *out,
		   const struct espy_tree_view_options *o);

/* What a process ran, as a person reads it, escaped: its command line, else its path or name. */
void espy_tree_view_command(struct espy_tree *t, const struct espy_tree_image *image,
			    struct espy_buf *out);
/* "0", "1", "SIGKILL", "SIGSEGV core", "running" */
void espy_tree_view_exit(const struct espy_tree_proc *p, struct espy_buf *out);
