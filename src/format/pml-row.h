/* SPDX-License-Identifier: MIT */
/* Events of a PML file as rows of batches. */
#pragma once

#include "format/pml-detail.h"
#include "format/pml-event.h"
#include "format/pml-table.h"
#include "model/batch.h"

#define ESPY_PML_ANCESTORS_MAX 256 /* of a process */

struct espy_pml_rows {
	struct espy_pml_tables *tables;
	uint64_t first; /* time of the file's first event, ns since 1970 */
	struct espy_pml_detail detail;
	struct espy_map procs;   /* index of the file + 1 to int *: index of the batch */
	struct espy_arena arena; /* of those */
	struct espy_buf text;
};

/* Call it when a new batch begins. */
void espy_pml_rows_begin(struct espy_pml_rows *r, struct espy_batch *b);
void espy_pml_rows_done(struct espy_pml_rows *r);

/* Adds the event. 0, -ENOSPC (the batch is full), -ENOMEM. */
int espy_pml_rows_event(struct espy_pml_rows *r, struct espy_batch *b,
			const struct espy_pml_event *e);
/* Adds a process that was there at the start; 0 or as above. */
int espy_pml_rows_running(struct espy_pml_rows *r, struct espy_batch *b,
			  const struct espy_pml_process *p);
/* Adds one of its modules. */
int espy_pml_rows_module(struct espy_pml_rows *r, struct espy_batch *b,
			 const struct espy_pml_process *p, const struct espy_pml_module *m);
