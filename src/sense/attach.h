/* SPDX-License-Identifier: MIT */
/* Loaded BPF programs at work: which of them handles which event, who is recorded, and their links
 * to the kernel's hooks. */
#pragma once

#include "sense/sense.h"

struct espy_bpf;
struct espy_load;

struct espy_links { /* zeroed: none */
	int v[128];
	unsigned n;
};

/* Enters the programs at the end of calls for the events that are recorded. 0 or negative errno. */
int espy_attach_tails(struct espy_load *l, const struct espy_sense_options *o,
		      struct espy_err *err);
/* Tells the programs the processes, users and cgroup that are recorded. */
int espy_attach_targets(struct espy_bpf *skel, const struct espy_sense_options *o,
			struct espy_err *err);
/* Attaches all that stand on a hook of the kernel; those of the plus pack where it can be. What was
 * attached is in *to also after an error; espy_detach in any case. */
int espy_attach(struct espy_load *l, struct espy_links *to, struct espy_err *err);
void espy_detach(struct espy_links *l);
