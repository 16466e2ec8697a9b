/* SPDX-License-Identifier: MIT */
/* A process tree as JSON: an object for each process, parents before children. */
#pragma once

#include "base/buf.h"
#include "engine/tree-order.h"

/* Appends a line for every process that is visible. 0 or -ENOMEM. */
int espy_tree_json(const struct espy_tree_order *o, struct espy_buf *out);
