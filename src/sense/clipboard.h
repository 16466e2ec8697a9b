/* SPDX-License-Identifier: MIT */
/*
 * Watches the selections of an X server (CLIPBOARD, PRIMARY, SECONDARY) in a thread of its own and
 * makes a record (desktop_clipboard) of each change: XFixes tells of them, X-Resource who the owner
 * is, the owner itself what it has. Neither a server nor an owner that is slow, silent or hostile
 * ever holds up who takes the records.
 */
#pragma once

#include <stdint.h>
#include "base/err.h"
#include "model/event.h"
#include "sense/reading.h"

#define ESPY_CLIP_CHANGES_MAX 1024u      /* known and not yet told; more are lost, and counted */
#define ESPY_CLIP_OUT_MAX     (8u << 20) /* bytes of records that wait to be taken */

struct espy_clipboard_options {
	const char *display; /* NULL: DISPLAY says */
	enum espy_clip_level level;
};

struct espy_clipboard;

/* Connects; waits for the server a few seconds at most. Nothing is watched yet. 0, or negative
 * errno with a sentence. */
int espy_clipboard_open(struct espy_clipboard **ret, const struct espy_clipboard_options *o,
			struct espy_err *err);
/* What the selections are now comes first. */
void espy_clipboard_start(struct espy_clipboard *c);
/* Changes that happened before are still told; waits up to a second for what their owners say. */
void espy_clipboard_stop(struct espy_clipboard *c);
void espy_clipboard_close(struct espy_clipboard *c); /* NULL: nothing */

/* The next record, in the order of time, with the start of its process left 0; NULL none. Valid
 * until the next call. */
const struct espy_event *espy_clipboard_peek(struct espy_clipboard *c);
void espy_clipboard_next(struct espy_clipboard *c); /* that one was taken */
uint64_t espy_clipboard_lost(const struct espy_clipboard *c);

/* What the server is, as a line of text; or why it cannot be watched. */
int espy_clipboard_probe(char *text, size_t size, struct espy_err *err);
