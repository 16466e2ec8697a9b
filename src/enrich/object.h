/* SPDX-License-Identifier: MIT */
/*
 * What the kernel side has defined: object id → its text. Bounded in number and in bytes; when a
 * bound is hit, objects that were not asked for lately go first, and of those the ones of an
 * epoch that is over.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/event.h"

/* At so many, or half of these bytes, the kernel side should define anew what is used. It remembers
 * up to 131,072 that it defined. */
#define ESPY_OBJECTS_MANY     24576u
#define ESPY_OBJECTS_DEFAULT  65536u
#define ESPY_OBJECT_BYTES_MAX (6u << 20) /* of all objects together */
#define ESPY_OBJECT_PATH_MAX  8192u      /* a longer path loses its head */

enum espy_object_part {                   /* the texts of an object */
			ESPY_OBJECT_PATH, /* as /proc/PID/fd shows it; of a socket "local -> remote"
					   */
			ESPY_OBJECT_LOCAL,    /* socket: this end, empty when it has no address */
			ESPY_OBJECT_REMOTE,   /* socket: the other end */
			ESPY_OBJECT_PROTOCOL, /* socket: tcp, udp, unix… */
			ESPY_OBJECT__PARTS
};

/* One of the texts: its dictionary id in the batch of generation `batch` of its object, UINT32_MAX
 * not there yet, and where it ends; it begins where the one before it ends. */
struct espy_object_text {
	uint32_t dict, end;
};

/* There are tens of thousands of them, of which nearly all have a path and nothing else: what only
 * sockets have is left out of them, and the text stands behind, in the same piece of memory. */
struct espy_object {
	uint64_t id, inode;
	uint64_t base;  /* its text begins at that object, which is still to come; 0: it is whole */
	uint32_t dev;   /* as the kernel packs it: major above 20 bits of minor */
	uint32_t epoch; /* of its last definition */
	uint32_t place; /* index in espy_objects.all */
	uint32_t flags; /* enum espy_object_flags */
	uint32_t batch;
	uint16_t mode;   /* S_IFMT tells the kind */
	uint16_t family; /* of a socket, else 0 */
	uint8_t n_parts; /* 1, or all of them; the others are empty */
	bool used;       /* since the eviction hand came by */
	struct espy_object_text part[];
};

/* Hash table of its own, because it is asked for every row: 16 bytes a slot, no deleted slots. */
struct espy_object_slot {
	uint64_t id;
	struct espy_object *object; /* NULL: empty */
};

struct espy_objects {
	struct espy_object_slot *slots;
	size_t cap; /* of slots, a power of two; at most three quarters are used */
	ESPY_VEC(struct espy_object *) all;
	struct espy_buf scratch[2];
	size_t max, bytes, hand;
	uint64_t forget_at; /* boot clock ns; 0: no epoch is ending */
	uint32_t epoch, forget_before;
	bool is_short; /* some went that the kernel side still counts on */
};

void espy_objects_init(struct espy_objects *t, size_t max); /* 0: default */
void espy_objects_done(struct espy_objects *t);

/* Takes a checked meta_object record; a known id gets the new meaning. 0 or -ENOMEM. */
int espy_object_define(struct espy_objects *t, const struct espy_ev_meta_object *rec);
/* NULL when it is not there. */
struct espy_object *espy_object_find(struct espy_objects *t, uint64_t id);
static inline struct espy_str espy_object_text(const struct espy_object *o,
					       enum espy_object_part part)
{
	const char *text = (const char *)(o->part + o->n_parts);
	uint32_t begin;

	if (part >= o->n_parts)
		return ESPY_STR_NONE;
	begin = part ? o->part[part - 1].end : 0;
	return (struct espy_str){text + begin, o->part[part].end - begin};
}
/* enum espy_source of its path. */
unsigned espy_object_source(const struct espy_object *o);

/* Should a new epoch begin, as soon as the last one is over? At once where t->is_short. */
bool espy_objects_are_many(const struct espy_objects *t);
/* Objects not defined from now on are forgotten by the first espy_objects_pass after `until`. */
void espy_objects_new_epoch(struct espy_objects *t, uint64_t until);
void espy_objects_forget(struct espy_objects *t);
static inline void espy_objects_pass(struct espy_objects *t, uint64_t time)
{
	if (t->forget_at && time > t->forget_at)
		espy_objects_forget(t);
}
