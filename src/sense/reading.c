/* SPDX-License-Identifier: MIT */
#include "sense/reading.h"

#include <stdio.h>
#include <string.h>

#define TARGETS_BYTES_MAX (64u << 10) /* of an owner's list of formats */

void espy_reading_done(struct espy_reading *r)
{
	espy_transfer_stop(&r->transfer);
	espy_hasher_free(r->hasher);
}

void espy_reading_stop(struct espy_reading *r, enum espy_clip_status status)
{
	espy_transfer_stop(&r->transfer);
	r->clip->status = (uint8_t)status;
	r->clip = NULL;
	r->step = ESPY_READING_NONE;
}

/* --- formats -------------------------------------------------------------------------------- */

/* Older programs give the list the type TARGETS; anything else is no list. */
static void take_targets(void *ctx, xcb_atom_t type, unsigned format, const void *p, size_t n)
{
	struct espy_reading *r = ctx;
	const xcb_atom_t *atoms = p;

	if (format != 32 || (type != XCB_ATOM_ATOM && type != r->d->atom.targets))
		return;
	for (size_t i = 0; i < n / sizeof(*atoms); i++) {
		if (r->n_targets == ESPY_CLIP_FORMATS_MAX) {
			r->clip->cut = true;
			return;
		}
		r->targets[r->n_targets++] = atoms[i];
	}
}

static void start(struct espy_reading *r, xcb_atom_t target, uint64_t max, espy_transfer_fn take,
		  uint64_t now)
{
	struct espy_transfer_order o = {.selection = r->selection,
					.target = target,
					.time = r->time,
					.max = max,
					.take = take,
					.ctx = r};

	espy_transfer_stop(&r->transfer);
	espy_transfer_start(&r->transfer, r->d, &o, now);
}

void espy_reading_start(struct espy_reading *r, struct espy_clip *clip, xcb_timestamp_t time,
			uint64_t now)
{
	r->clip = clip;
	r->time = time;
	r->n_targets = 0;
	r->guessing = r->failed = false;
	if (r->level == ESPY_CLIP_OWNER) {
		espy_reading_stop(r, ESPY_CLIP_NOT_ASKED);
		return;
	}
	r->step = ESPY_READING_TARGETS;
	start(r, r->d->atom.targets, TARGETS_BYTES_MAX, take_targets, now);
}

/* --- content -------------------------------------------------------------------------------- */

static void take_content(void *ctx, xcb_atom_t type, unsigned format, const void *p, size_t n)
{
	struct espy_reading *r = ctx;
	size_t room = ESPY_CLIP_CONTENT_BYTES - r->clip->content.n;

	(void)type;
	(void)format;
	r->failed |= !espy_hasher_add(r->hasher, p, n);
	if (r->level < ESPY_CLIP_CONTENT)
		return;
	r->clip->cut |= n > room;
	espy_buf_add(&r->clip->content, p, n < room ? n : room);
}

static void ask_content(struct espy_reading *r, xcb_atom_t target, struct espy_str name,
			uint64_t now)
{
	snprintf(r->clip->format, sizeof(r->clip->format), "%.*s", (int)name.n, name.p);
	r->failed = !espy_hasher_begin(r->hasher);
	r->step = ESPY_READING_CONTENT;
	start(r, target, ESPY_CLIP_READ_BYTES_MAX, take_content, now);
}

static void end_content(struct espy_reading *r)
{
	struct espy_hashes h;

	if (!r->failed && espy_hasher_end(r->hasher, &h))
		memcpy(r->clip->sha256, h.hex[ESPY_HASH_SHA256], sizeof(r->clip->sha256));
}

/* --- from one to the next ------------------------------------------------------------------- */

/* All names are known: they are told, and one is chosen. */
static void choose(struct espy_reading *r, const struct espy_str *names, uint64_t now)
{
	bool is_secret = espy_clip_is_secret(names, r->n_targets);
	int at = espy_clip_choose(names, r->n_targets);

	for (unsigned i = 0; i < r->n_targets; i++)
		espy_clip_add_format(r->clip, names[i]);
	if (r->level == ESPY_CLIP_FORMATS)
		espy_reading_stop(r, ESPY_CLIP_NOT_ASKED);
	else if (is_secret && r->level < ESPY_CLIP_CONTENT)
		espy_reading_stop(r, ESPY_CLIP_SECRET);
	else if (at < 0)
		espy_reading_stop(r, ESPY_CLIP_NO_FORMAT);
	else
		ask_content(r, r->targets[at], names[at], now);
}

/* The server answers for names, so they have no clock of their own: when it is gone, all ends. */
static void take_names(struct espy_reading *r, uint64_t now)
{
	struct espy_str names[ESPY_CLIP_FORMATS_MAX];
	bool all = true;

	for (unsigned i = 0; i < r->n_targets; i++)
		all &= espy_atoms_name(r->atoms, r->targets[i], &names[i]);
	if (all)
		choose(r, names, now);
}

static void end_targets(struct espy_reading *r, int result, uint64_t now)
{
	if (result == ESPY_CLIP_DONE && r->n_targets) {
		espy_transfer_stop(&r->transfer);
		r->step = ESPY_READING_NAMES;
	} else if (result == ESPY_CLIP_NO_ANSWER || r->level < ESPY_CLIP_HASH) {
		espy_reading_stop(r, result == ESPY_CLIP_DONE ? ESPY_CLIP_REFUSED
							      : (enum espy_clip_status)result);
	} else { /* it has no list, as very old programs */
		r->guessing = true;
		ask_content(r, r->d->atom.utf8, ESPY_STR("UTF8_STRING"), now);
	}
}

static void go_on(struct espy_reading *r, int result, uint64_t now)
{
	if (r->step == ESPY_READING_TARGETS) {
		end_targets(r, result, now);
		return;
	}
	if (result == ESPY_CLIP_REFUSED && r->guessing && r->transfer.target != XCB_ATOM_STRING) {
		ask_content(r, XCB_ATOM_STRING, ESPY_STR("STRING"), now);
		return;
	}
	r->clip->size = r->transfer.bytes;
	if (result == ESPY_CLIP_DONE)
		end_content(r);
	espy_reading_stop(r, (enum espy_clip_status)result);
}

bool espy_reading_poll(struct espy_reading *r, uint64_t now, bool *some)
{
	int result;

	if (r->step == ESPY_READING_NAMES)
		take_names(r, now);
	if (r->step == ESPY_READING_NONE || r->step == ESPY_READING_NAMES)
		return r->step != ESPY_READING_NONE;
	result = espy_transfer_poll(&r->transfer, now, some);
	if (result == ESPY_TRANSFER_RUNNING)
		return true;
	*some = true;
	go_on(r, result, now);
	return r->step != ESPY_READING_NONE;
}
