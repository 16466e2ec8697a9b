/* SPDX-License-Identifier: MIT */
/*
 * owner MODE [SELECTION]: an owner of a selection as no good program would be. Says what it is
 * asked for, a target a line, and ends when it loses the selection (or as its mode has it).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <poll.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>

#define PIECE 65536u

static xcb_connection_t *x;
static xcb_window_t window;
static xcb_atom_t selection, targets, incr, utf8;
static const char *mode;

/* The transfer in pieces that is under way. */
static xcb_window_t to;
static xcb_atom_t to_property;

static xcb_atom_t intern(const char *name)
{
	xcb_intern_atom_reply_t *r =
		xcb_intern_atom_reply(x, xcb_intern_atom(x, 0, (uint16_t)strlen(name), name), NULL);
	xcb_atom_t atom = r->atom;

	free(r);
	return atom;
}

static void tell_target(xcb_atom_t target)
{
	xcb_get_atom_name_reply_t *r =
		xcb_get_atom_name_reply(x, xcb_get_atom_name(x, target), NULL);

	printf("asked %.*s\n", xcb_get_atom_name_name_length(r), xcb_get_atom_name_name(r));
	free(r);
}

static int is(const char *name)
{
	return strcmp(mode, name) == 0;
}

static void answer(const xcb_selection_request_event_t *q, xcb_atom_t property)
{
	xcb_selection_notify_event_t e = {.response_type = XCB_SELECTION_NOTIFY,
					  .time = q->time,
					  .requestor = q->requestor,
					  .selection = q->selection,
					  .target = q->target,
					  .property = property};

	xcb_send_event(x, 0, q->requestor, 0, (const char *)&e);
}

static void give(const xcb_selection_request_event_t *q, xcb_atom_t type, uint8_t format,
		 uint32_t n, const void *p)
{
	xcb_change_property(x, XCB_PROP_MODE_REPLACE, q->requestor, q->property, type, format, n,
			    p);
	answer(q, q->property);
}

static void give_targets(const xcb_selection_request_event_t *q)
{
	xcb_atom_t list[300] = {targets, utf8};
	uint32_t n = 2;

	if (is("wrong")) { /* neither atoms nor 32 bits */
		give(q, XCB_ATOM_STRING, 8, 11, "not a list!");
		return;
	}
	if (is("old")) {
		answer(q, XCB_ATOM_NONE);
		return;
	}
	if (is("secret"))
		list[n++] = intern("x-kde-passwordManagerHint");
	if (is("orders")) {
		list[1] = intern("DELETE");
		list[n++] = intern("INSERT_SELECTION");
		list[n++] = intern("SAVE_TARGETS");
	}
	if (is("bogus")) {
		list[n++] = 0x1ffffff0;
		list[n++] = intern("evil\033[31m\nname");
	}
	while (is("many") && n < 300) {
		char name[400];

		snprintf(name, sizeof(name), "application/x-%u-%0*u", n, n == 9 ? 300 : 90, n);
		list[n++] = intern(name);
	}
	give(q, XCB_ATOM_ATOM, 32, n, list);
}

static void begin_pieces(const xcb_selection_request_event_t *q)
{
	uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE, size = 10;

	to = q->requestor;
	to_property = q->property;
	xcb_change_window_attributes(x, to, XCB_CW_EVENT_MASK, &events);
	give(q, incr, 32, 1, &size);
}

static void give_piece(void)
{
	static char bytes[PIECE];

	if (is("drip"))
		usleep(200000);
	xcb_change_property(x, XCB_PROP_MODE_REPLACE, to, to_property, utf8, 8,
			    is("drip") ? 1 : PIECE, bytes);
}

static void on_request(const xcb_selection_request_event_t *q)
{
	tell_target(q->target);
	if (is("silent"))
		return;
	if (is("die"))
		exit(0);
	if (is("refuse"))
		answer(q, XCB_ATOM_NONE);
	else if (q->target == targets)
		give_targets(q);
	else if (is("old") && q->target != XCB_ATOM_STRING)
		answer(q, XCB_ATOM_NONE);
	else if (is("liar")) /* says that it has answered */
		answer(q, q->property);
	else if (is("drip") || is("endless"))
		begin_pieces(q);
	else if (is("half")) { /* the first piece, then nothing */
		begin_pieces(q);
		to = 0;
	} else
		give(q, utf8, 8, 5, "hello");
}

static void own(void)
{
	xcb_set_selection_owner(x, window, selection, XCB_CURRENT_TIME);
}

/* What only the server says, said by us: to every window that may be listening. */
static void forge(void)
{
	const xcb_query_extension_reply_t *f = xcb_get_extension_data(x, &xcb_xfixes_id);
	xcb_window_t root = xcb_setup_roots_iterator(xcb_get_setup(x)).data->root;
	xcb_query_tree_reply_t *t = xcb_query_tree_reply(x, xcb_query_tree(x, root), NULL);
	xcb_xfixes_selection_notify_event_t e = {
		.response_type = (uint8_t)(f->first_event + XCB_XFIXES_SELECTION_NOTIFY),
		.subtype = XCB_XFIXES_SELECTION_EVENT_SET_SELECTION_OWNER,
		.selection = selection,
		.owner = window};

	for (int i = 0; i < xcb_query_tree_children_length(t); i++) {
		e.window = xcb_query_tree_children(t)[i];
		xcb_send_event(x, 0, e.window, 0, (const char *)&e);
	}
	printf("forged %d\n", xcb_query_tree_children_length(t));
	free(t);
}

/* Modes that do something by themselves. True: all is done. */
static int act(void)
{
	if (is("storm"))
		for (int i = 0; i < 5000; i++)
			own();
	else if (is("clear"))
		xcb_set_selection_owner(x, XCB_WINDOW_NONE, selection, XCB_CURRENT_TIME);
	else if (is("window"))
		xcb_destroy_window(x, window);
	else if (is("forge"))
		forge();
	else
		return 0;
	xcb_flush(x);
	usleep(300000);
	return 1;
}

int main(int argc, char **argv)
{
	xcb_generic_event_t *e;

	mode = argc > 1 ? argv[1] : "good";
	setvbuf(stdout, NULL, _IOLBF, 0);
	x = xcb_connect(NULL, NULL);
	if (xcb_connection_has_error(x))
		return 1;
	window = xcb_generate_id(x);
	xcb_create_window(x, 0, window, xcb_setup_roots_iterator(xcb_get_setup(x)).data->root, 0, 0,
			  1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY, 0, 0, NULL);
	selection = intern(argc > 2 ? argv[2] : "CLIPBOARD");
	targets = intern("TARGETS");
	incr = intern("INCR");
	utf8 = intern("UTF8_STRING");
	if (!is("forge"))
		own();
	free(xcb_get_input_focus_reply(x, xcb_get_input_focus(x), NULL)); /* it is done */
	puts("owns");
	if (is("clear") || is("window"))
		usleep(300000);
	if (act())
		return 0;
	while ((e = xcb_wait_for_event(x))) {
		const xcb_property_notify_event_t *p = (const void *)e;

		if ((e->response_type & 0x7f) == XCB_SELECTION_REQUEST)
			on_request((const void *)e);
		else if ((e->response_type & 0x7f) == XCB_SELECTION_CLEAR)
			return 0;
		else if ((e->response_type & 0x7f) == XCB_PROPERTY_NOTIFY && p->window == to &&
			 p->atom == to_property && p->state == XCB_PROPERTY_DELETE)
			give_piece();
		xcb_flush(x);
		free(e);
	}
	return 0;
}
