/* SPDX-License-Identifier: MIT */
/*
 * A record by its schema as the values of a row: numbers are widened, texts and paths become
 * strings of the batch's dictionary, with what objects and files add. All that can fail happens
 * before the batch gets the row.
 */
#pragma once

#include "enrich/image.h"
#include "enrich/object.h"
#include "enrich/user.h"
#include "enrich/wire.h"
#include "model/batch.h"

#define ESPY_FIELDS_MAX ESPY_WIRE_FIELDS_MAX

/* How each field of one event type is read, worked out once. */
struct espy_decode_plan {
	const struct espy_schema *schema;
	int path;                    /* index of the field `path`, -1 none */
	int local, remote;           /* of these, -1 none */
	int began;                   /* of a run of merged calls, -1: none, it is one call */
	unsigned n_numbers, n_texts; /* texts: all that goes to the dictionary, but for `path` */
	struct espy_decode_field {
		uint16_t offset; /* in the record */
		uint8_t field, step;
	} number[ESPY_FIELDS_MAX], text[ESPY_FIELDS_MAX];
	struct espy_wire_plan wire;
};

struct espy_decoder {
	struct espy_objects objects;
	struct espy_images images;
	struct espy_users users;
	struct espy_buf scratch;
	uint32_t batch; /* generation: dictionary ids kept in objects belong to it */
	uint64_t unknown;
	bool no_proc, no_build_id;
};

struct espy_decoded {
	uint64_t value[ESPY_FIELDS_MAX]; /* dictionary ids for strings; of `path` not used */
	uint32_t path;                   /* dictionary id */
	uint8_t source;                  /* enum espy_source of it */
	uint8_t flags;                   /* enum espy_event_flags beside those of the record */
	struct espy_object *object;      /* what `path` stands for, NULL not known */
	bool is_unknown;                 /* some object was not known */
};

void espy_decoder_init(struct espy_decoder *d, size_t max_objects);
void espy_decoder_done(struct espy_decoder *d);

void espy_decode_plan(struct espy_decode_plan *ret, const struct espy_schema *s);
/* Takes a checked record; strings go to the dictionary of `b`. 0 or -ENOMEM. */
int espy_decode(struct espy_decoder *d, const struct espy_decode_plan *plan,
		const struct espy_event *rec, struct espy_batch *b, struct espy_decoded *ret);
/* Appends the row, its process aside: its index, or what espy_batch_add returns. */
int espy_decode_store(const struct espy_decode_plan *plan, const struct espy_event *rec,
		      const struct espy_decoded *v, struct espy_batch *b);
