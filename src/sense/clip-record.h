/* SPDX-License-Identifier: MIT */
/*
 * What is decided about a clipboard without an X server: which of the formats that an owner offers
 * is read, and the record (desktop_clipboard) of a change. Names of formats are made by other
 * programs: bytes with a length, of any kind and number.
 */
#pragma once

#include <stdbool.h>
#include "base/buf.h"
#include "base/hash.h"
#include "model/event.h"

#define ESPY_CLIP_FORMATS_MAX    64u           /* named in an event */
#define ESPY_CLIP_FORMAT_NAME    255u          /* bytes of one name */
#define ESPY_CLIP_FORMATS_BYTES  8192u         /* of all names */
#define ESPY_CLIP_CONTENT_BYTES  32768u        /* of content in an event */
#define ESPY_CLIP_READ_BYTES_MAX (16ull << 20) /* of content that is read to be hashed */

/* The sets of flags/desktop.def. The first three and one are XFixes' subtypes. */
enum espy_clip_change {
	ESPY_CLIP_WAS_THERE = 0,
	ESPY_CLIP_TAKEN = 1,
	ESPY_CLIP_CLEARED = 2,
	ESPY_CLIP_WINDOW_GONE = 3,
	ESPY_CLIP_CLIENT_GONE = 4,
	ESPY_CLIP_SERVER_GONE = 5,
};
enum espy_clip_owner {
	ESPY_CLIP_OWNER_UNKNOWN = 0,
	ESPY_CLIP_OWNER_X_SERVER = 1,
	ESPY_CLIP_OWNER_BEFORE = 2,
};
enum espy_clip_status {
	ESPY_CLIP_DONE = 0,
	ESPY_CLIP_NOT_ASKED = 1,
	ESPY_CLIP_NONE = 2,
	ESPY_CLIP_SECRET = 3,
	ESPY_CLIP_REFUSED = 4,
	ESPY_CLIP_NO_FORMAT = 5,
	ESPY_CLIP_NO_ANSWER = 6,
	ESPY_CLIP_TOO_LARGE = 7,
	ESPY_CLIP_REPLACED = 8,
	ESPY_CLIP_GONE = 9,
	ESPY_CLIP_UNFINISHED = 10,
};

/* One change, as far as it is known. */
struct espy_clip {
	uint64_t began, ended; /* boot clock ns */
	uint64_t size;
	uint32_t pid; /* 0 unknown */
	uint32_t window;
	uint8_t change, owner_from, status;
	bool cut; /* formats or content are not all */
	const char *selection, *display;
	struct espy_buf formats; /* each ended by a NUL */
	char format[ESPY_CLIP_FORMAT_NAME + 1];
	char sha256[ESPY_HASH_HEX + 1];
	struct espy_buf content;
};

void espy_clip_done(struct espy_clip *c);

/* Adds a name of a format; a longer one, or one too many, only sets `cut`. */
void espy_clip_add_format(struct espy_clip *c, struct espy_str name);
/* Which of `n` names to ask for: text before all else, then the first media type; -1: none. What is
 * no format but an order (DELETE, INSERT_SELECTION, SAVE_TARGETS) is never chosen. */
int espy_clip_choose(const struct espy_str *names, unsigned n);
/* Its owner marks it as not to be kept: KDE's x-kde-passwordManagerHint, which password managers
 * of other desktops set too. */
bool espy_clip_is_secret(const struct espy_str *names, unsigned n);

/* Appends the record, padded to 8 bytes. The start of the process is left 0: the process is the
 * latest one with that pid. 0 or -ENOMEM. */
int espy_clip_record(const struct espy_clip *c, struct espy_buf *to);
