/* SPDX-License-Identifier: MIT */
/*
 * What the kernel side has defined: object id → its text. Bounded in number and in bytes; when a
 * bound is hit, objects that were not asked for lately go first, whatever their epoch.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/event.h"

#define ESPY_OBJECTS_DEFAULT  65536u
#define ESPY_OBJECT_BYTES_MAX (32u << 20) /* of text, all objects together */
#define ESPY_OBJECT_PATH_MAX  8192u       /* a longer path loses its head */

enum espy_object_part {                   /* the texts of an object */
			ESPY_OBJECT_PATH, /* as /proc/PID/fd shows it; of a socket "local -> remote"
					   */
			ESPY_OBJECT_LOCAL,    /* socket: this end, empty when it has no address */
			ESPY_OBJECT_REMOTE,   /* socket: the other end */
			ESPY_OBJECT_PROTOCOL, /* socket: tcp, udp, unix… */
			ESPY_OBJECT__PARTS
};

/* The first cache line is all that most rows need. */
struct espy_object {
	uint64_t id, inode;
	/* Dictionary ids of the parts in the batch of generation `batch`; UINT32_MAX not there yet.
	 */
	uint32_t batch;
	uint32_t dict[ESPY_OBJECT__PARTS];
	uint32_t dev;    /* as the kernel packs it: major above 20 bits of minor */
	uint32_t mode;   /* S_IFMT tells the kind */
	uint32_t family; /* of a socket, else 0 */
	uint32_t flags;  /* enum espy_object_flags */
	bool used;       /* since the eviction hand came by */

	uint64_t base;  /* its text begins at that object, which is still to come; 0: it is whole */
	uint32_t epoch; /* of its last definition */
	uint32_t place; /* index in espy_objects.all */
	char *text;     /* all parts, one after another */
	uint32_t end[ESPY_OBJECT__PARTS];
};

/* Hash table of its own, because it is asked for every row: 16 bytes a slot, no deleted slots. */
struct espy_object_slot {
	uint64_t id;
	struct espy_object *object; /* NULL: empty */
};

struct espy_objects {
	struct espy_object_slot *slots;
	size_t cap; /* of slots, a power of two; at most half are used */
	ESPY_VEC(struct espy_object *) all;
	struct espy_buf scratch[2];
	size_t max, bytes, hand;
	uint64_t forget_at; /* boot clock ns; 0: no epoch is ending */
	uint32_t epoch, forget_before;
};

void espy_objects_init(struct espy_objects *t, size_t max); /* 0: default */
void espy_objects_done(struct espy_objects *t);

/* Takes a checked meta_object record; a known id gets the new meaning. 0 or -ENOMEM. */
int espy_object_define(struct espy_objects *t, const struct espy_ev_meta_object *rec);
/* NULL when it is not there. */
struct espy_object *espy_object_find(struct espy_objects *t, uint64_t id);
struct espy_str espy_object_text(const struct espy_object *o, enum espy_object_part part);
/* enum espy_source of its path. */
unsigned espy_object_source(const struct espy_object *o);

/* Objects not defined from now on are forgotten by the first espy_objects_pass after `until`. */
void espy_objects_new_epoch(struct espy_objects *t, uint64_t until);
void espy_objects_forget(struct espy_objects *t);
static inline void espy_objects_pass(struct espy_objects *t, uint64_t time)
{
	if (t->forget_at && time > t->forget_at)
		espy_objects_forget(t);
}
