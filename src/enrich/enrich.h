/* SPDX-License-Identifier: MIT */
/*
 * From records of the sensor to rows of a batch: keeps what the kernel side has defined (objects)
 * and who every process is, turns relative paths into absolute ones and addresses into text, adds
 * what the kernel did not say (user names, command lines of processes that were there before,
 * build-ids).
 */
#pragma once

#include "base/err.h"
#include "enrich/identify.h"
#include "model/batch.h"

struct espy_enrich;

struct espy_enrich_options {
	bool no_proc;       /* do not look at /proc (replay, tests) */
	bool no_build_id;   /* do not read ELF files */
	const bool *type;   /* which events rows are wanted of, by id; NULL: all. Read once. */
	size_t max_objects; /* objects kept at once, 0: default 65,536 */
	size_t max_dead;    /* ended processes kept at once, 0: default 8,192 */
	bool stacks;        /* follow what lies where in every process, for stacks */
	bool kernel_stacks; /* read the kernel's symbols now, not when events are waiting */
	int64_t wall_offset;
	/* What is wanted of files that are run; nothing: they are not looked into. */
	struct espy_identify_options identify;
};

int espy_enrich_new(struct espy_enrich **ret, const struct espy_enrich_options *o,
		    struct espy_err *err);
void espy_enrich_free(struct espy_enrich *e);

/*
 * Takes one record, in the order of `time`. Definitions (meta_*) are kept; anything else becomes a
 * row of `b`, behind which others may follow (settings.h, content.h): 1. 0: no row came of it.
 * Negative: -ENOMEM, -ENOSPC (the batch is full: flush it and give the record again), -EBADMSG (the
 * record contradicts itself: it is dropped, count it as lost).
 */
int espy_enrich_add(struct espy_enrich *e, const struct espy_event *rec, struct espy_batch *b);

/* Rows for processes of /proc that no process_running record told of (see sweep.h); after the
 * snapshot, `now` in boot clock ns. Does nothing in another pid namespace than the machine's own.
 */
int espy_enrich_sweep(struct espy_enrich *e, uint64_t now, struct espy_batch *b);

/* A record (image_hash) about a file that was looked into, to be given to espy_enrich_add; NULL
 * when there is none at present. Valid until the next call. */
const struct espy_event *espy_enrich_next(struct espy_enrich *e);
/* No more files are looked into; waits up to `wait_ns` for those that are waiting. */
void espy_enrich_settle(struct espy_enrich *e, uint64_t wait_ns);
/* Would its processes know more of their files if the batch were handed on a little later? */
bool espy_enrich_awaits(const struct espy_enrich *e);
/* Before the batch is handed on: its processes get what is known of their files. 0 or -ENOMEM. */
int espy_enrich_finish(struct espy_enrich *e, struct espy_batch *b);
/*
 * Rows that time alone makes: questions to name servers that nobody will answer any more. All
 * records that ended before `now` (boot clock ns) must have been given. How many rows, -ENOMEM, or
 * -ENOSPC as above.
 */
int espy_enrich_pass(struct espy_enrich *e, uint64_t now, struct espy_batch *b);
/* Behind the last record: what still waits becomes a pending row. Likewise. */
int espy_enrich_end(struct espy_enrich *e, uint64_t now, struct espy_batch *b);
/* Adds to the wanted events those that others of them are made of. */
void espy_enrich_sources(bool *type);

/* What is known of the latest process with that pid, for records that nothing of the kernel side
 * has chosen: is it one of `pids` or a descendant of one; its real user, UINT32_MAX not known. */
bool espy_enrich_descends(const struct espy_enrich *e, uint32_t pid, const uint32_t *pids,
			  size_t n_pids);
uint32_t espy_enrich_uid(const struct espy_enrich *e, uint32_t pid);

/* The batch was handed on and reset: entries of the process table must be put into it anew. */
void espy_enrich_batch_done(struct espy_enrich *e);

/* How many objects are held, whose path later rows may mention. */
size_t espy_enrich_objects(const struct espy_enrich *e);
/* Should the sensor start a new epoch, in which all ids are defined again before their next use? */
enum espy_enrich_epoch {
	ESPY_EPOCH_GOES_ON,
	ESPY_EPOCH_MANY,  /* much is held: when what the last one left behind is forgotten */
	ESPY_EPOCH_SHORT, /* objects had to go that may be used without another definition: soon */
};
enum espy_enrich_epoch espy_enrich_wants_epoch(const struct espy_enrich *e);
/* It did: ids not defined since are forgotten as soon as `until` (boot clock ns) has passed in the
 * stream. An epoch that begins while another is ending does not put that end off; what it leaves
 * behind goes with the next one. */
void espy_enrich_new_epoch(struct espy_enrich *e, uint64_t until);

/* Rows that mention an object id that was never defined (its path is then marked partial). */
uint64_t espy_enrich_unknown_objects(const struct espy_enrich *e);
