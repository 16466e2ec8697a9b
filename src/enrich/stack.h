/* SPDX-License-Identifier: MIT */
/*
 * What stack ids stand for. A definition (meta_stack) brings bare addresses; which files they lie
 * in is found when the first row uses it, because only then everything before it is known. The text
 * is what docs/format/trace.md says of the column `stack`.
 */
#pragma once

#include "base/map.h"
#include "enrich/kernel.h"
#include "enrich/layout.h"

#define ESPY_STACKS_MAX       ((size_t)65536)    /* kept at once; then all are forgotten */
#define ESPY_STACKS_BYTES_MAX ((size_t)64 << 20) /* of addresses and texts */

struct espy_stacks {
	struct espy_map map; /* id, 0 → struct stack */
	size_t bytes;
	struct espy_layouts layouts;
	struct espy_kernel kernel;
	struct espy_buf scratch;
	uint64_t forget_at; /* boot clock ns; 0: no epoch is ending */
	uint32_t epoch;
};

/* `processes` is borrowed. */
void espy_stacks_init(struct espy_stacks *t, const struct espy_processes *processes, bool no_proc);
void espy_stacks_done(struct espy_stacks *t);

/* Takes a checked record. 0 or -ENOMEM. */
int espy_stack_define(struct espy_stacks *t, const struct espy_ev_meta_stack *rec);

/* Dictionary id of the text of a stack in the batch of generation `batch`, 0 for none; UINT32_MAX
 * when memory is out. */
uint32_t espy_stack_put(struct espy_stacks *t, struct espy_images *images, struct espy_batch *b,
			uint32_t batch, uint64_t id);

/* Time for a new epoch: stacks not defined again by `until` are then forgotten. */
bool espy_stacks_are_many(const struct espy_stacks *t);
void espy_stacks_new_epoch(struct espy_stacks *t, uint64_t until);
void espy_stacks_forget(struct espy_stacks *t);
static inline void espy_stacks_pass(struct espy_stacks *t, uint64_t time)
{
	if (t->forget_at && time > t->forget_at)
		espy_stacks_forget(t);
}
