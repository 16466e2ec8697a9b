/* SPDX-License-Identifier: MIT */
/*
 * What failed in a trace, and how its processes ended, kept so that it can be said afterwards why
 * something went wrong. Memory grows with processes and with the different (process, error, name)
 * that failed, never with the number of events.
 */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "engine/missing.h"
#include "engine/pairs.h"
#include "engine/sink.h"
#include "engine/tree.h"

#define ESPY_WHY_FAILURES_MAX (1u << 18)
#define ESPY_WHY_NAMES_MAX    (1u << 18) /* files whose place is remembered */
#define ESPY_WHY_ROWS         4u /* events kept of one failure: the first ones and the last */

/* One event as evidence. */
struct espy_why_row {
	uint64_t seq, time; /* time: boot clock ns */
	uint32_t path;      /* string id: a path or an endpoint */
	uint16_t type;
};

/* The same failure of one program: what was not there is one thing wherever it was looked for. */
struct espy_why_failure {
	uint32_t proc;    /* number in the tree */
	uint32_t image;   /* which of its programs, counted from 0 */
	uint32_t program; /* string id: what the process was called then */
	uint32_t name;    /* string id: the file name of what was not there; else the whole path */
	uint32_t count, places;
	int32_t error; /* positive errno; EINPROGRESS: a connection that nothing came of */
	uint16_t type; /* of the event that tells most */
	bool is_answered;
	uint64_t at; /* how many events of the process came before the last one */
	struct espy_why_row rows[ESPY_WHY_ROWS];
	uint32_t n_rows;
};

/* What the tree does not know of a process. */
struct espy_why_proc {
	uint64_t rows; /* events so far */
	uint64_t exit_seq, exit_time, image_time;
	struct espy_why_row search; /* the last directory of a module search, seq 0: none */
	uint32_t image;             /* number of programs that it started */
	uint32_t n_searched;        /* directories searched just before the end */
};

struct espy_why {
	struct espy_sink sink;
	struct espy_tree *tree;
	struct espy_missing missing;
	struct espy_dict strings;
	ESPY_VEC(struct espy_why_failure) failures;
	ESPY_VEC(struct espy_why_proc) procs; /* by number in the tree */
	struct espy_map index;                /* (proc, name), (image, error, kind) -> failure */
	struct espy_map seen;                 /* name -> path where anybody found it */
	struct espy_map good; /* (program, name), error -> it failed in a run that was good */
	struct espy_pairs places;
	uint64_t left_over;
	uint64_t n_usual; /* failures that every run has */
	int64_t wall_offset;

	/* of the batch at hand */
	uint32_t *numbers; /* process entry -> number in the tree + 1 */
	uint32_t cap_numbers;
	struct espy_buf scratch;
};

int espy_why_init(struct espy_why *w);
void espy_why_done(struct espy_why *w);
/* What existed at the start; events. Only rows whose bit is set count as failures (NULL: all). 0 or
 * -ENOMEM. */
int espy_why_snapshot(struct espy_why *w, const struct espy_batch *b);
int espy_why_batch(struct espy_why *w, const struct espy_batch *b, const uint64_t *bits);
/* All that was taken so far was a run that went well: what failed in it does not matter. It is
 * forgotten but for that. 0 or -ENOMEM. */
int espy_why_was_good(struct espy_why *w);
/* Did the program have this failure in a good run? */
bool espy_why_is_good(struct espy_why *w, const struct espy_why_failure *f);

struct espy_str espy_why_str(const struct espy_why *w, uint32_t id);
/* What the process is called that it was when it ended. */
struct espy_str espy_why_program(const struct espy_why *w, uint32_t proc);
/* Where somebody found a file of the name that the failure is about; "" when nobody did. */
struct espy_str espy_why_elsewhere(const struct espy_why *w, const struct espy_why_failure *f);
/* Where the same process found it afterwards. */
struct espy_str espy_why_found(struct espy_why *w, const struct espy_why_failure *f);
/* The process ended with an exit code other than 0, or by a signal. */
bool espy_why_is_bad_end(const struct espy_tree_proc *p);
