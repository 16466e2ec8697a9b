/* SPDX-License-Identifier: MIT */
/* When record and live end: a signal, a time limit, no followed process left. */
#pragma once

#include <stdbool.h>
#include "cmd/cost.h"
#include "engine/capture.h"

struct espy_stop {
	uint64_t until;         /* boot clock ns, 0: no limit */
	bool follows;           /* ends when no followed process is left */
	bool progress;          /* shows a line on the standard error, a terminal */
	uint64_t shown;         /* when it was last shown */
	struct espy_cost *cost; /* NULL: it is not asked */
	const char *unit;       /* what the events go to, for that line */
};

/* Ctrl-C, SIGTERM and SIGHUP end the capture from now on; SIGPIPE does nothing. */
void espy_stop_catch(void);
/* Did one of these signals come? */
bool espy_stop_asked(void);
/* As espy_capture_tick; ctx is a struct espy_stop. */
int espy_stop_tick(void *ctx, struct espy_capture *c, struct espy_ending *e);
