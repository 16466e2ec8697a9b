/* SPDX-License-Identifier: MIT */
/* Typed growing arrays: struct { T *v; size_t n, cap; } with espy_vec_* macros. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define ESPY_VEC(T)            \
	struct {               \
		T *v;          \
		size_t n, cap; \
	}

/* Room for `want` items in all; 0 or -ENOMEM. `p` is the address of the array pointer. */
int espy_vec_grow(void *p, size_t *cap, size_t want, size_t item_size);

#define espy_vec_reserve(vec, want) \
	((want) <= (vec)->cap ? 0   \
			      : espy_vec_grow(&(vec)->v, &(vec)->cap, (want), sizeof(*(vec)->v)))
/* Appends; 0 or -ENOMEM. */
#define espy_vec_push(vec, ...)                              \
	(espy_vec_reserve((vec), (vec)->n + 1) < 0 ? -ENOMEM \
						   : ((vec)->v[(vec)->n++] = (__VA_ARGS__), 0))
#define espy_vec_done(vec)                 \
	do {                               \
		free((vec)->v);            \
		(vec)->v = NULL;           \
		(vec)->n = (vec)->cap = 0; \
	} while (0)
