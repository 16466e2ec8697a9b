/* SPDX-License-Identifier: MIT */
/*
 * Instead of loss: a thread that looks at the rings every millisecond and holds the recorded
 * processes (freezer.h) while one is too full to be sure of the next moment, until all are nearly
 * empty again. It does nothing else, so that it is on time however long a drain takes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct espy_brake;
struct espy_freezer;
struct espy_ring;

/* A time in which the processes were held, CLOCK_BOOTTIME ns. */
struct espy_hold {
	uint64_t from, to;
	uint64_t waiting; /* bytes in the fullest ring at its beginning */
};

/* Begins to look. Rings and freezer are borrowed and outlive it. 0 or negative errno. */
int espy_brake_start(struct espy_brake **ret, const struct espy_ring *rings, unsigned n,
		     struct espy_freezer *f, struct espy_err *err);
/* The oldest hold that is over and was not taken yet, which is then to be taken; false: there is
 * none. */
bool espy_brake_peek(struct espy_brake *b, struct espy_hold *ret);
void espy_brake_next(struct espy_brake *b);
/* Are they held? Then whatever comes has just been made. */
bool espy_brake_holds(const struct espy_brake *b);
/* Ends the looking, with the processes going on; what was not taken yet can still be. */
void espy_brake_stop(struct espy_brake *b);
/* Stops as well. NULL is allowed. */
void espy_brake_free(struct espy_brake *b);
