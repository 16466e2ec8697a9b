/* SPDX-License-Identifier: MIT */
#include "sense/transfer.h"

#include <stdlib.h>
#include <xcb/xcbext.h>

void espy_transfer_start(struct espy_transfer *t, struct espy_display *d,
			 const struct espy_transfer_order *o, uint64_t now)
{
	*t = (struct espy_transfer){
		.d = d,
		.step = ESPY_TRANSFER_ASKED,
		.result = ESPY_TRANSFER_RUNNING,
		.window = espy_display_window(d),
		.selection = o->selection,
		.target = o->target,
		.max = o->max,
		.step_until = now + ESPY_TRANSFER_STEP_NS,
		.until = now + ESPY_TRANSFER_ALL_NS,
		.take = o->take,
		.ctx = o->ctx,
	};
	xcb_convert_selection(d->x, t->window, t->selection, t->target, d->atom.property, o->time);
}

void espy_transfer_stop(struct espy_transfer *t)
{
	if (t->step == ESPY_TRANSFER_NONE)
		return;
	if (t->step == ESPY_TRANSFER_READING)
		xcb_discard_reply(t->d->x, t->sequence);
	xcb_destroy_window(t->d->x, t->window);
	t->step = ESPY_TRANSFER_NONE;
}

/* The server deletes the property when its last byte was taken, which asks for the next piece. */
static void get(struct espy_transfer *t)
{
	t->sequence = xcb_get_property(t->d->x, 1, t->window, t->d->atom.property,
				       XCB_GET_PROPERTY_TYPE_ANY, t->at, ESPY_TRANSFER_CHUNK / 4)
			      .sequence;
	t->step = ESPY_TRANSFER_READING;
}

void espy_transfer_answered(struct espy_transfer *t, const xcb_selection_notify_event_t *e,
			    uint64_t now)
{
	if (t->step != ESPY_TRANSFER_ASKED || e->requestor != t->window ||
	    e->selection != t->selection || e->target != t->target)
		return;
	t->step_until = now + ESPY_TRANSFER_STEP_NS;
	if (e->property == XCB_ATOM_NONE)
		t->result = ESPY_CLIP_REFUSED;
	else
		get(t);
}

void espy_transfer_written(struct espy_transfer *t, const xcb_property_notify_event_t *e)
{
	if (t->step == ESPY_TRANSFER_NONE || e->window != t->window ||
	    e->atom != t->d->atom.property || e->state != XCB_PROPERTY_NEW_VALUE)
		return;
	if (t->step == ESPY_TRANSFER_PIECES)
		get(t);
	else if (t->step == ESPY_TRANSFER_READING)
		t->again = true; /* the next piece is there before we know of the last */
}

static void await_piece(struct espy_transfer *t)
{
	t->step = ESPY_TRANSFER_PIECES;
	t->at = 0;
	if (t->again)
		get(t);
	t->again = false;
}

/* Bytes of the property, or of a piece. */
static void take_bytes(struct espy_transfer *t, const xcb_get_property_reply_t *r, size_t n)
{
	t->bytes += n;
	if (t->bytes > t->max) {
		t->result = ESPY_CLIP_TOO_LARGE;
		return;
	}
	t->take(t->ctx, r->type, r->format, xcb_get_property_value(r), n);
	if (r->bytes_after) {
		t->at += (uint32_t)(n / 4);
		get(t);
	} else if (t->incr) {
		await_piece(t);
	} else {
		t->result = ESPY_CLIP_DONE;
	}
}

static void take_reply(struct espy_transfer *t, const xcb_get_property_reply_t *r)
{
	int n = r ? xcb_get_property_value_length(r) : 0;

	if (!r || n < 0 || (n == 0 && r->bytes_after))
		t->result = ESPY_CLIP_REFUSED;
	else if (r->type == XCB_ATOM_NONE && t->incr) /* the next piece is not there yet */
		await_piece(t);
	else if (r->type == XCB_ATOM_NONE) /* an answer that was not the owner's */
		t->step = ESPY_TRANSFER_ASKED;
	else if (r->type == t->d->atom.incr && !t->incr) {
		t->incr = true;
		await_piece(t);
	} else if (n == 0 && t->incr)
		t->result = ESPY_CLIP_DONE;
	else
		take_bytes(t, r, (size_t)n);
}

int espy_transfer_poll(struct espy_transfer *t, uint64_t now, bool *some)
{
	xcb_generic_error_t *e = NULL;
	void *r = NULL;

	if (t->step == ESPY_TRANSFER_READING && t->result == ESPY_TRANSFER_RUNNING &&
	    xcb_poll_for_reply(t->d->x, t->sequence, &r, &e)) {
		t->step = ESPY_TRANSFER_ASKED; /* no reply is under way any more */
		t->step_until = now + ESPY_TRANSFER_STEP_NS;
		take_reply(t, r);
		free(r);
		free(e);
		*some = true;
	}
	if (t->result == ESPY_TRANSFER_RUNNING && now >= espy_transfer_deadline(t))
		t->result = ESPY_CLIP_NO_ANSWER;
	return t->result;
}

uint64_t espy_transfer_deadline(const struct espy_transfer *t)
{
	if (t->step == ESPY_TRANSFER_NONE)
		return UINT64_MAX;
	return t->step_until < t->until ? t->step_until : t->until;
}
