/* SPDX-License-Identifier: MIT */
/*
 * Type information in memory, of the kernel or of one of our objects: types by their ids and by
 * their names. Format: Linux Documentation/bpf/btf.rst. All of the kernel's 130,000 types are read
 * in a few milliseconds; libbpf goes through them anew for each name that it is asked for.
 */
#pragma once

#include <bpf/btf.h>
#include <stddef.h>
#include <stdint.h>

/* Names are not copied: data must stay. Zeroed: none. */
struct espy_types {
	const uint8_t *data; /* of the types */
	const char *names;
	uint32_t names_bytes;
	uint32_t n;       /* ids are 1 … n */
	uint32_t n_named; /* of them, those that espy_types_next gives */
	uint32_t *at;     /* by id: offset into data */
	uint32_t *slots;  /* ids by the hash of their names; NULL: not indexed */
	uint32_t mask;
};

/* The types in `size` bytes, borrowed. 0, -EINVAL when it is no such information, -ENOMEM. */
int espy_types_init(struct espy_types *t, const void *data, size_t size);
/* Makes espy_types_find and espy_types_next work. 0, -ENOMEM. */
int espy_types_index(struct espy_types *t);
void espy_types_done(struct espy_types *t);

/* NULL: there is no such type; id 0 is void. */
const struct btf_type *espy_types_get(const struct espy_types *t, uint32_t id);
/* "" when it has no name. */
const char *espy_types_name(const struct espy_types *t, uint32_t name_off);
/* The first type of this kind with the name of `n` bytes; 0: none. */
uint32_t espy_types_find(const struct espy_types *t, const char *name, size_t n, unsigned kind);
/* All types with the name, of whatever kind but tags, one by one: *cursor begins as 0. 0: no more.
 */
uint32_t espy_types_next(const struct espy_types *t, const char *name, size_t n, uint32_t *cursor);
