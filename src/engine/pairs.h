/* SPDX-License-Identifier: MIT */
/* A set of pairs of small ids, to count "how many different files did each process open" in 8 bytes
 * a pair. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESPY_PAIRS_MAX (1u << 21)

struct espy_pairs {
	uint64_t *slots; /* pair + 1; 0 is free */
	size_t n, cap;
	bool full; /* the limit was hit: what is counted with it is a lower bound */
};

/* A zeroed struct espy_pairs is ready for use. 1: the pair is new; 0: it was there, or the limit is
 * hit (see `full`); -ENOMEM. */
int espy_pairs_add(struct espy_pairs *p, uint32_t a, uint32_t b);
void espy_pairs_done(struct espy_pairs *p);
