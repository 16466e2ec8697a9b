/* SPDX-License-Identifier: MIT */
/* The events of a PML file that was not closed: without an array of their offsets, one behind
 * another, and without a table of processes but for what the events say. */
#pragma once

#include "format/pml-event.h"
#include "format/pml-table.h"

struct espy_pml_walk {
	uint64_t at; /* where the next one is looked for; 0 at the start */
};

/* The next event: 1, or 0 when there is nothing that could be one. */
int espy_pml_walk_next(struct espy_pml_walk *w, const struct espy_pml *f,
		       struct espy_pml_event *ret);
/* Takes over what an event says about a process: who was there, who was created. */
void espy_pml_walk_learn(struct espy_pml_tables *t, const struct espy_pml_event *e);
