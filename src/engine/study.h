/* SPDX-License-Identifier: MIT */
/*
 * Kinds of summary that are more than sums by a key: each has its own way to collect and to show,
 * as a const ops table in a file of its own.
 */
#pragma once

#include "engine/summary-view.h"

struct espy_study {
	const char *name;  /* "stack" */
	const char *alias; /* another name, or NULL */
	const char *help;  /* one sentence */
	/* 0 or -ENOMEM. */
	int (*open)(void **ret);
	/* As espy_summary_batch(). */
	int (*batch)(void *state, const struct espy_batch *b, const uint64_t *bits);
	/* Appends to `out`; `o->sort` is NULL. 0 or -ENOMEM. */
	int (*view)(void *state, struct espy_buf *out, const struct espy_summary_view_options *o);
	void (*close)(void *state);
};

/* i from 0 until NULL; by name or alias, NULL when there is none. */
const struct espy_study *espy_study_at(unsigned i);
const struct espy_study *espy_study_find(const char *name);

extern const struct espy_study espy_study_activity, espy_study_crossref, espy_study_stack;

static inline bool espy_study_wants(const uint64_t *bits, uint32_t row)
{
	return !bits || (bits[row / 64] >> (row % 64) & 1);
}
