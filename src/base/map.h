/* SPDX-License-Identifier: MIT */
/*
 * Hash maps with open addressing. espy_map: 64-bit (or pair of 64-bit) key to a pointer-sized
 * value, for ids and process keys. Iteration order is not defined.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct espy_map_key {
	uint64_t a, b;
};

struct espy_map_slot {
	struct espy_map_key key;
	void *value; /* NULL: empty or deleted */
	bool deleted;
};

struct espy_map {
	struct espy_map_slot *slots;
	size_t n, used, cap; /* n live, used with deleted ones, cap a power of two */
};

/* A zeroed struct espy_map is ready for use. Values must not be NULL. */
void *espy_map_get(const struct espy_map *m, uint64_t a, uint64_t b); /* NULL: not there */
int espy_map_put(struct espy_map *m, uint64_t a, uint64_t b,
		 void *value);                                  /* replaces; 0, -ENOMEM */
void *espy_map_del(struct espy_map *m, uint64_t a, uint64_t b); /* the old value or NULL */
/* Next live slot at or after *i, advancing *i; NULL at the end. Start with 0. */
struct espy_map_slot *espy_map_next(const struct espy_map *m, size_t *i);
void espy_map_done(struct espy_map *m);
