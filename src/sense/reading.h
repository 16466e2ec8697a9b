/* SPDX-License-Identifier: MIT */
/* What the owner of a selection is asked after it took it: which formats it has, then its content
 * in one of them, as far as is wanted. Nothing waits here, as in transfer.h. */
#pragma once

#include "sense/atoms.h"
#include "sense/transfer.h"

enum espy_clip_level { /* how much is asked of owners; each has what is before it */
		       ESPY_CLIP_OWNER,   /* nothing: who took the selection, from the server */
		       ESPY_CLIP_FORMATS, /* which formats it has */
		       ESPY_CLIP_HASH,    /* the content, of which size and hash are kept */
		       ESPY_CLIP_CONTENT, /* and its first bytes, also of what is marked secret */
};

struct espy_reading { /* set up: the first four */
	struct espy_display *d;
	struct espy_atoms *atoms;
	xcb_atom_t selection;
	enum espy_clip_level level;
	struct espy_hasher *hasher; /* NULL below ESPY_CLIP_HASH; owned */
	enum {
		ESPY_READING_NONE,
		ESPY_READING_TARGETS,
		ESPY_READING_NAMES,
		ESPY_READING_CONTENT
	} step;
	struct espy_clip *clip; /* what is found out goes here */
	xcb_timestamp_t time;
	struct espy_transfer transfer;
	xcb_atom_t targets[ESPY_CLIP_FORMATS_MAX];
	unsigned n_targets;
	bool guessing; /* the owner did not say what it has */
	bool failed;   /* of hashing */
};

void espy_reading_done(struct espy_reading *r);
void espy_reading_start(struct espy_reading *r, struct espy_clip *clip, xcb_timestamp_t time,
			uint64_t now);
/* It ends now: the clip gets the status. */
void espy_reading_stop(struct espy_reading *r, enum espy_clip_status status);
/* Goes on as far as it can; `*some` is set when something had come. False when it has ended: the
 * clip has its status. */
bool espy_reading_poll(struct espy_reading *r, uint64_t now, bool *some);
