/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes that the BPF programs merge: what threads tell of their runs themselves comes by
 * the rings; what threads that do nothing more have merged is looked for here, from time to time
 * and at the end of the capture.
 */
#pragma once

#include <stdint.h>
#include "base/buf.h"

struct espy_load;

struct espy_runs {           /* zeroed: ready */
	struct espy_buf out; /* records to hand out, as the rings have them, all of one time */
	uint64_t time;       /* of these; boot clock ns */
	uint64_t next;       /* when it is time to look again */
};

/* Looks when it is time to (`now`: boot clock, ns) and what was found is handed out. 0 or negative
 * errno. */
int espy_runs_look(struct espy_runs *r, struct espy_load *load, uint64_t now);
/* All that is merged and not told: after the programs are detached. 0 or negative errno. */
int espy_runs_end(struct espy_runs *r, struct espy_load *load);
void espy_runs_done(struct espy_runs *r);
