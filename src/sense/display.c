/* SPDX-License-Identifier: MIT */
#include "sense/display.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/res.h>
#include <xcb/xfixes.h>

const char *espy_display_name(const char *name)
{
	if (!name || !*name)
		name = getenv("DISPLAY");
	return name && *name ? name : NULL;
}

static int fail(const struct espy_display *d, const char *why, struct espy_err *err)
{
	return espy_err_set(err, -ECONNREFUSED, "cannot watch the clipboard of display %s: %s",
			    d->name, why);
}

static xcb_atom_t intern(struct espy_display *d, const char *name)
{
	xcb_intern_atom_cookie_t c = xcb_intern_atom(d->x, 0, (uint16_t)strlen(name), name);
	xcb_intern_atom_reply_t *r = xcb_intern_atom_reply(d->x, c, NULL);
	xcb_atom_t atom = r ? r->atom : XCB_ATOM_NONE;

	free(r);
	return atom;
}

/* Both must be asked for their version before they do anything. */
static int ask_extensions(struct espy_display *d, struct espy_err *err)
{
	const xcb_query_extension_reply_t *e = xcb_get_extension_data(d->x, &xcb_xfixes_id);
	xcb_xfixes_query_version_reply_t *fixes;
	xcb_res_query_version_reply_t *res;

	if (!e || !e->present)
		return fail(d, "its X server does not have the XFixes extension", err);
	d->selection_event = (uint8_t)(e->first_event + XCB_XFIXES_SELECTION_NOTIFY);
	fixes = xcb_xfixes_query_version_reply(d->x, xcb_xfixes_query_version(d->x, 5, 0), NULL);
	d->fixes_major = fixes ? fixes->major_version : 0;
	d->fixes_minor = fixes ? fixes->minor_version : 0;
	free(fixes);
	if (!d->fixes_major)
		return fail(d, "its X server does not have the XFixes extension", err);
	e = xcb_get_extension_data(d->x, &xcb_res_id);
	if (!e || !e->present)
		return 0;
	res = xcb_res_query_version_reply(d->x, xcb_res_query_version(d->x, 1, 2), NULL);
	d->res_major = res ? res->server_major : 0;
	d->res_minor = res ? res->server_minor : 0;
	d->has_pids = d->res_major > 1 || (d->res_major == 1 && d->res_minor >= 2);
	free(res);
	return 0;
}

static int set_up(struct espy_display *d, int screen, struct espy_err *err)
{
	xcb_screen_iterator_t s = xcb_setup_roots_iterator(xcb_get_setup(d->x));
	int r;

	while (screen-- > 0 && s.rem > 1)
		xcb_screen_next(&s);
	if (!s.rem)
		return fail(d, "its X server has no screen", err);
	d->root = s.data->root;
	r = ask_extensions(d, err);
	if (r < 0)
		return r;
	d->atom.clipboard = intern(d, "CLIPBOARD");
	d->atom.targets = intern(d, "TARGETS");
	d->atom.incr = intern(d, "INCR");
	d->atom.utf8 = intern(d, "UTF8_STRING");
	d->atom.property = intern(d, "ESPY_SELECTION");
	for (unsigned i = 0; i < ESPY_DISPLAY_WINDOWS; i++)
		d->windows[i] = xcb_generate_id(d->x);
	d->watcher = xcb_generate_id(d->x);
	xcb_create_window(d->x, 0, d->watcher, d->root, -1, -1, 1, 1, 0,
			  XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, 0, NULL);
	return xcb_connection_has_error(d->x) ? fail(d, "its X server hung up", err) : 0;
}

int espy_display_open(struct espy_display *d, const char *name, struct espy_err *err)
{
	int screen = 0, r;

	*d = (struct espy_display){0};
	name = espy_display_name(name);
	if (!name)
		return espy_err_set(err, -ENOENT,
				    "no display to watch the clipboard of: DISPLAY is not set; "
				    "name an X server with --display, such as :0, and its user's "
				    "authority file in XAUTHORITY");
	snprintf(d->name, sizeof(d->name), "%s", name);
	d->x = xcb_connect(name, &screen);
	r = xcb_connection_has_error(d->x);
	if (r == XCB_CONN_CLOSED_PARSE_ERR)
		r = fail(d, "that is not a display, which looks like :0", err);
	else if (r)
		r = fail(d,
			 "no X server is there, or it does not let us in; XAUTHORITY names the "
			 "authority file of its user",
			 err);
	else
		r = set_up(d, screen, err);
	if (r < 0)
		espy_display_close(d);
	return r;
}

void espy_display_close(struct espy_display *d)
{
	if (d->x)
		xcb_disconnect(d->x);
	d->x = NULL;
}

/* An id is used again when 63 others were: an answer so late finds a window that does not exist. */
xcb_window_t espy_display_window(struct espy_display *d)
{
	xcb_window_t w = d->windows[d->next++ % ESPY_DISPLAY_WINDOWS];
	uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;

	xcb_create_window(d->x, 0, w, d->root, -1, -1, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY,
			  XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
	return w;
}
