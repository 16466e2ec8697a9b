/* SPDX-License-Identifier: MIT */
#include "engine/pairs.h"
#include <errno.h>
#include <stdlib.h>

#define FIRST_CAP 256u

/* Ids are handed out by us in order, so a multiplication spreads them well enough. */
static uint64_t *find(uint64_t *slots, size_t cap, uint64_t v)
{
	size_t i = (v * 0x9e3779b97f4a7c15u) >> 32 & (cap - 1);

	while (slots[i] && slots[i] != v)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static int grow(struct espy_pairs *p)
{
	size_t cap = p->cap ? p->cap * 2 : FIRST_CAP;
	uint64_t *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < p->cap; i++)
		if (p->slots[i])
			*find(slots, cap, p->slots[i]) = p->slots[i];
	free(p->slots);
	p->slots = slots;
	p->cap = cap;
	return 0;
}

int espy_pairs_add(struct espy_pairs *p, uint32_t a, uint32_t b)
{
	uint64_t v = ((uint64_t)a << 32 | b) + 1, *slot;

	if (p->n * 2 >= p->cap && grow(p) < 0)
		return -ENOMEM;
	slot = find(p->slots, p->cap, v);
	if (*slot)
		return 0;
	if (p->n >= ESPY_PAIRS_MAX) {
		p->full = true;
		return 0;
	}
	*slot = v;
	p->n++;
	return 1;
}

void espy_pairs_done(struct espy_pairs *p)
{
	free(p->slots);
	*p = (struct espy_pairs){0};
}
