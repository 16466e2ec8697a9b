/* SPDX-License-Identifier: MIT */
/* The call table of the BPF programs, made from the CALL rows of the event table. */
#pragma once

#include <stdbool.h>
#include "sense/wire.h"

/* Is one of the events recorded that a call, by its row one of event `own`, can turn out to be? */
bool espy_calls_wants(const bool *type, unsigned own);

/* Is an event recorded that asks whose a TCP socket is? */
bool espy_calls_owners(const bool *type);

/*
 * Fills the table for all known calls; `on` where one of the events that a call can be is in
 * `type`. `has_program(event)` says whether the event has a function of its own.
 */
void espy_calls_fill(struct espy_call calls[ESPY_ABIS][ESPY_CALLS], const bool *type,
		     bool (*has_program)(const char *event));

/* Marks in a filled table the calls that are recorded of all processes, and those that a filter of
 * paths leaves out where their object is outside; `path_bound` says of which events. */
void espy_calls_bound(struct espy_call calls[ESPY_ABIS][ESPY_CALLS], const bool *type,
		      const bool *path_bound);

/* What each number is in a filled table: enum espy_number. */
void espy_calls_numbers(uint8_t numbers[ESPY_CALLS],
			const struct espy_call calls[ESPY_ABIS][ESPY_CALLS]);

/* The same for operations of io_uring (uring.def), and the layouts of all events. */
void espy_calls_fill_urings(struct espy_uring urings[ESPY_URINGS],
			    struct espy_layout layouts[ESPY_EVENT_ID_MAX], const bool *type);
