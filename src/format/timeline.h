/* SPDX-License-Identifier: MIT */
/*
 * Rows as slices of a timeline, for the formats that draw one: which track a row belongs to. A
 * viewer wants the slices of a track to be nested. Operations of one thread are, but for what began
 * before another and ended within it (a call that a signal handler interrupted for good, a fork
 * whose child was seen first); such a row goes to a further track of its thread.
 */
#pragma once

#include "base/map.h"
#include "model/batch.h"

#define ESPY_TIMELINE_TRACKS_MAX (1u << 20) /* that are remembered; then they start anew */
#define ESPY_TIMELINE_SPANS      32         /* of a track, those that a row to come could cut */

struct espy_timeline_span {
	uint64_t begin, end;
};

struct espy_timeline_track {
	uint64_t id;      /* unique, and the same when it comes again */
	uint64_t thread;  /* id of the first track of its thread */
	uint64_t process; /* id of its process */
	uint32_t pid, tid;
	unsigned aside;                    /* 0, or which further track of its thread */
	struct espy_timeline_track *other; /* the next one; NULL: none so far */
	unsigned n;
	struct espy_timeline_span spans[ESPY_TIMELINE_SPANS]; /* outermost ones, in order */
};

/* A zeroed struct espy_timeline is ready for use. */
struct espy_timeline {
	struct espy_map tracks, processes;
	struct espy_arena arena;
};

/* How long the row's slice is; 0, an instant, also for what began unseen. */
static inline uint64_t espy_timeline_duration(const struct espy_batch *b, uint32_t row)
{
	return b->flags[row] & ESPY_F_NO_ENTRY ? 0 : b->duration[row];
}
void espy_timeline_done(struct espy_timeline *t);
/* The newest entry of the row's process in the batch: what it became by exec; NULL: it has none.
 * Looks through all entries: for announcing, not for every row. */
const struct espy_proc *espy_timeline_newest(const struct espy_batch *b, uint32_t row);
/*
 * The track of the row, NULL when memory is out. *is_new: it must be announced; *is_new_process:
 * its process too. Both are said again when they were forgotten.
 */
const struct espy_timeline_track *espy_timeline_track(struct espy_timeline *t,
						      const struct espy_batch *b, uint32_t row,
						      bool *is_new, bool *is_new_process);
