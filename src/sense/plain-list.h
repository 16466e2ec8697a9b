/* SPDX-License-Identifier: MIT */
/* The processes of /proc, for the plain pack: all of them at the beginning, and again when messages
 * were lost. */
#pragma once

#include "sense/plain-event.h"

/* Fills the table; `pids` and their descendants become targets. 0 or negative errno. */
int espy_plain_list_read(struct espy_plain_events *x, const uint32_t *pids, size_t n_pids);
/* A process_running record of each process of the table goes into `made`. `now`: boot clock. */
void espy_plain_list_tell(struct espy_plain_events *x, uint64_t now);
/* After a loss: takes in who is new, and marks who is not there. */
void espy_plain_list_again(struct espy_plain_events *x);
/* Forgets those that were marked then, and of which no message came since. */
void espy_plain_list_forget(struct espy_plain_events *x);
