/* SPDX-License-Identifier: MIT */
/* The processes of a batch: puts a process, as it is now, and its ancestors into a batch, each
 * version of each once. */
#pragma once

#include "base/vec.h"
#include "enrich/identify.h"
#include "base/proc.h"
#include "enrich/process.h"
#include "enrich/user.h"

/* An entry of the batch whose executable is being looked into. */
struct espy_roster_open {
	uint32_t index;
	const struct espy_identity *identity;
};

struct espy_roster {
	struct espy_processes processes;
	struct espy_users users;
	struct espy_proc_info info; /* scratch */
	struct espy_buf more;       /* scratch */
	uint32_t batch;             /* generation: indices of another one mean nothing */
	bool no_proc;
	struct espy_identify *identify; /* borrowed; NULL: files are not looked into */
	bool asks;                      /* it may be asked about files that are new */
	ESPY_VEC(struct espy_roster_open) open;
};

void espy_roster_init(struct espy_roster *r, size_t max_dead, bool no_proc);
void espy_roster_done(struct espy_roster *r);

/* Index of the process in b->procs; -ENOMEM or -ENOSPC. `now`: boot clock ns. */
int espy_roster_put(struct espy_roster *r, struct espy_process *p, struct espy_batch *b,
		    uint64_t now);
/* Is something about the executables of its entries still to be found out? */
bool espy_roster_awaits(const struct espy_roster *r);
/* Before the batch goes on: entries get what was found out about their executables since they were
 * put. Then the open ones are forgotten. */
int espy_roster_finish(struct espy_roster *r, struct espy_batch *b);
