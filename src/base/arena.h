/* SPDX-License-Identifier: MIT */
/* Memory with one lifetime: allocated piece by piece, freed or reset as a whole. */
#pragma once

#include <stddef.h>
#include "base/str.h"

struct espy_arena {
	struct espy_arena_chunk *head; /* chunks, newest first */
	size_t used;                   /* bytes handed out since the last reset */
};

/* A zeroed struct espy_arena is ready for use. All return NULL when memory is out. */
void *espy_arena_alloc(struct espy_arena *a, size_t size); /* aligned to 16, not zeroed */
void *espy_arena_zalloc(struct espy_arena *a, size_t size);
char *espy_arena_dup(struct espy_arena *a, const void *p, size_t n); /* with a NUL behind it */
char *espy_arena_printf(struct espy_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Everything handed out becomes invalid; the largest chunk is kept for reuse (reset) or not (done).
 */
void espy_arena_reset(struct espy_arena *a);
void espy_arena_done(struct espy_arena *a);
