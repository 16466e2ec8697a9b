/* SPDX-License-Identifier: MIT */
/*
 * One conversion of a selection, in whole or in pieces (INCR), as ICCCM 2.4 and 2.7.2 have it from
 * the side of who asks. The owner may be anything: every step has a time, all of them have one
 * together, and the bytes are bounded. Nothing waits here: events are handed in, answers are
 * polled.
 */
#pragma once

#include "sense/clip-record.h"
#include "sense/display.h"

#define ESPY_TRANSFER_RUNNING (-1)
#define ESPY_TRANSFER_STEP_NS 1000000000ull /* for each answer of the owner */
#define ESPY_TRANSFER_ALL_NS  5000000000ull /* for all of them */
#define ESPY_TRANSFER_CHUNK   (256u << 10)  /* bytes asked of the server at once */

/* Bytes of the property; `type` and `format` are what the owner says they are. */
typedef void (*espy_transfer_fn)(void *ctx, xcb_atom_t type, unsigned format, const void *p,
				 size_t n);

struct espy_transfer { /* zeroed: none */
	struct espy_display *d;
	enum {
		ESPY_TRANSFER_NONE,
		ESPY_TRANSFER_ASKED,   /* the owner is to answer */
		ESPY_TRANSFER_READING, /* the server is to hand out the property */
		ESPY_TRANSFER_PIECES,  /* the owner is to write the next piece */
	} step;
	int result; /* ESPY_TRANSFER_RUNNING or enum espy_clip_status */
	bool incr, again;
	xcb_window_t window;
	xcb_atom_t selection, target;
	unsigned sequence; /* of the request for the property */
	uint32_t at;       /* in it, in 4 bytes */
	uint64_t bytes, max;
	uint64_t step_until, until; /* boot clock ns */
	espy_transfer_fn take;
	void *ctx;
};

/* What to ask for, where bytes go, and how many of them at most; `time` is the X server's. */
struct espy_transfer_order {
	xcb_atom_t selection, target;
	xcb_timestamp_t time;
	uint64_t max;
	espy_transfer_fn take;
	void *ctx;
};

void espy_transfer_start(struct espy_transfer *t, struct espy_display *d,
			 const struct espy_transfer_order *o, uint64_t now);
/* Whatever of it still comes is ignored. */
void espy_transfer_stop(struct espy_transfer *t);

/* Events of the server; those that are about something else do nothing. */
void espy_transfer_answered(struct espy_transfer *t, const xcb_selection_notify_event_t *e,
			    uint64_t now);
void espy_transfer_written(struct espy_transfer *t, const xcb_property_notify_event_t *e);

/* Takes what has come and looks at the clock; ESPY_TRANSFER_RUNNING, or how it ended:
 * ESPY_CLIP_DONE, _REFUSED, _NO_ANSWER, _TOO_LARGE. `*some` is set when something had come. */
int espy_transfer_poll(struct espy_transfer *t, uint64_t now, bool *some);
/* When to look at the clock again; UINT64_MAX: nothing is under way. */
uint64_t espy_transfer_deadline(const struct espy_transfer *t);
