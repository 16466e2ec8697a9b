/* SPDX-License-Identifier: MIT */
/* Makes one record of the wire format (model/event.h) at a time. */
#pragma once

#include "base/str.h"
#include "model/event.h"

#define ESPY_RECORD_TEXT 49152u /* of one record: fits behind 16-bit offsets */

struct espy_record {
	union {
		struct espy_event hdr;
#define EVENT(ev, ...) struct espy_ev_##ev ev;
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"
		char bytes[512];
	};
	char text[ESPY_RECORD_TEXT];
	size_t fixed, n; /* bytes of the event and of the text */
};

/* Everything else is 0. `fixed`: size of the event's struct. */
void espy_record_begin(struct espy_record *r, unsigned type, size_t fixed);
/* `to` is a field of the record. What has no room is cut, and the record says so. */
void espy_record_text(struct espy_record *r, struct espy_text *to, struct espy_str s);
/* An empty path has no source; ESPY_SOURCE_PARTIAL: it is not known. */
void espy_record_path(struct espy_record *r, struct espy_path *to, struct espy_str s,
		      unsigned source);
/* Puts it into one piece, of a multiple of 8 bytes; valid until the next begin. */
const struct espy_event *espy_record_end(struct espy_record *r);
