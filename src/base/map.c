/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

#define MAP_CAP_MIN 16U

/* One 64×64→128 multiplication mixes both halves; pids and inode numbers differ in few low bits. */
static size_t hash(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15ULL) *
			      ((b << 32 | b >> 32) ^ 0xd6e8feb86659fd93ULL);
	uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64) ^ a;

	return (size_t)((h ^ h >> 32) * 0xff51afd7ed558ccdULL >> 20);
}

static bool is_empty(const struct espy_map_slot *s)
{
	return !s->value && !s->deleted;
}

static struct espy_map_slot *find(const struct espy_map *m, uint64_t a, uint64_t b)
{
	if (!m->n)
		return NULL;
	for (size_t i = hash(a, b) & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct espy_map_slot *s = &m->slots[i];

		if (is_empty(s))
			return NULL;
		if (s->key.a == a && s->key.b == b && s->value)
			return s;
	}
}

/* The first slot on the key's way that holds nothing; the key must not be in the map. */
static struct espy_map_slot *find_free(const struct espy_map *m, uint64_t a, uint64_t b)
{
	size_t i = hash(a, b) & (m->cap - 1);

	while (m->slots[i].value)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

/* Sizes by the live slots, so that a map with much coming and going drops its tombstones. */
static int rehash(struct espy_map *m)
{
	struct espy_map old = *m, new = {.cap = MAP_CAP_MIN, .n = m->n, .used = m->n};

	if (m->n > SIZE_MAX / sizeof(*m->slots) / 8)
		return -ENOMEM;
	while (new.cap < (m->n + 1) * 2)
		new.cap *= 2;
	new.slots = calloc(new.cap, sizeof(*new.slots));
	if (!new.slots)
		return -ENOMEM;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].value)
			*find_free(&new, old.slots[i].key.a, old.slots[i].key.b) = old.slots[i];
	free(old.slots);
	*m = new;
	return 0;
}

void *espy_map_get(const struct espy_map *m, uint64_t a, uint64_t b)
{
	struct espy_map_slot *s = find(m, a, b);

	return s ? s->value : NULL;
}

int espy_map_put(struct espy_map *m, uint64_t a, uint64_t b, void *value)
{
	struct espy_map_slot *s = find(m, a, b);

	if (s) {
		s->value = value;
		return 0;
	}
	if (m->used + 1 > m->cap / 4 * 3 && rehash(m) < 0)
		return -ENOMEM;
	s = find_free(m, a, b);
	m->n++;
	m->used += !s->deleted;
	*s = (struct espy_map_slot){.key = {a, b}, .value = value};
	return 0;
}

void *espy_map_del(struct espy_map *m, uint64_t a, uint64_t b)
{
	struct espy_map_slot *s = find(m, a, b);
	size_t mask = m->cap - 1, i;
	void *value;

	if (!s)
		return NULL;
	value = s->value;
	s->value = NULL;
	s->deleted = true;
	m->n--;
	/* A tombstone only has to bridge to a slot behind it: at the end of a run none is needed.
	 */
	i = (size_t)(s - m->slots);
	if (!is_empty(&m->slots[(i + 1) & mask]))
		return value;
	while (m->slots[i].deleted) {
		m->slots[i].deleted = false;
		m->used--;
		i = (i - 1) & mask;
	}
	return value;
}

struct espy_map_slot *espy_map_next(const struct espy_map *m, size_t *i)
{
	while (*i < m->cap) {
		struct espy_map_slot *s = &m->slots[(*i)++];

		if (s->value)
			return s;
	}
	return NULL;
}

void espy_map_done(struct espy_map *m)
{
	free(m->slots);
	*m = (struct espy_map){0};
}
