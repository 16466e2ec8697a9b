/* SPDX-License-Identifier: MIT */
/* A connection to an X server, and what watching its selections needs of it: XFixes 1.0 tells of
 * their owners, X-Resource 1.2 who these are. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <xcb/xcb.h>
#include "base/err.h"

#define ESPY_DISPLAY_WINDOWS  64u /* ids that are used in turn */
#define ESPY_DISPLAY_NAME_MAX 255u

struct espy_display {
	xcb_connection_t *x; /* NULL: closed */
	xcb_window_t root;
	xcb_window_t watcher; /* the window that notifications are for */
	xcb_window_t windows[ESPY_DISPLAY_WINDOWS];
	unsigned next; /* of them */
	uint8_t selection_event;
	bool has_pids; /* X-Resource tells them */
	uint32_t fixes_major, fixes_minor, res_major, res_minor;
	struct {
		xcb_atom_t clipboard, targets, incr, utf8, property;
	} atom;
	char name[ESPY_DISPLAY_NAME_MAX + 1];
};

/* Which X server is meant: `name`, or that of the environment; NULL: neither says. */
const char *espy_display_name(const char *name);
/* Connects, with the authority of XAUTHORITY or ~/.Xauthority; waits as long as the server does.
 * 0, or negative errno with a sentence. */
int espy_display_open(struct espy_display *d, const char *name, struct espy_err *err);
void espy_display_close(struct espy_display *d);

/* A window that nobody sees, to which an owner may hand over what it has: id, with changes of its
 * properties told. */
xcb_window_t espy_display_window(struct espy_display *d);
