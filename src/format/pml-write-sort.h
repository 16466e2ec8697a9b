/* SPDX-License-Identifier: MIT */
/*
 * Records in the order of their times, whatever their order of arrival: sorted in memory as far as
 * a named limit allows, beyond it in runs in a temporary file that are merged at the end.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#define ESPY_SORT_MEMORY (64u << 20)  /* bytes of records that are kept before a run is written */
#define ESPY_SORT_READ   (256u << 10) /* bytes of a run that are read at once */
#define ESPY_SORT_RUNS   4096u

struct espy_sort_key {
	uint64_t time;
	size_t at;
	uint32_t size;
};

struct espy_sort_run {
	uint64_t at, end; /* in the temporary file */
};

struct espy_sort {
	struct espy_buf buf;
	ESPY_VEC(struct espy_sort_key) keys;
	ESPY_VEC(struct espy_sort_run) runs;
	int fd; /* -1: no run was written */
	uint64_t fd_bytes, n, bytes;
	size_t memory;
};

/* Gets one record after the other. 0, or a negative errno that ends it. */
typedef int espy_sort_fn(void *state, const char *p, uint32_t size);

void espy_sort_init(struct espy_sort *s);
void espy_sort_done(struct espy_sort *s);
/* Records of one time keep their order. 0, -ENOMEM, or an errno of the temporary file. */
int espy_sort_add(struct espy_sort *s, uint64_t time, const void *p, uint32_t size);
/* All of them in order; afterwards none are left. */
int espy_sort_each(struct espy_sort *s, espy_sort_fn *fn, void *state);
