/* SPDX-License-Identifier: MIT */
/*
 * A live capture from the kernel to its sinks: sensor → enrichment → filter → sinks, in one thread.
 * The caller decides when it ends, by a function that is asked every few milliseconds.
 */
#pragma once

#include <stdbool.h>
#include "base/err.h"
#include "engine/sink.h"
#include "engine/window.h"
#include "enrich/identify.h"
#include "model/machine.h"
#include "sense/clipboard.h"
#include "sense/sense.h"

struct espy_capture;

#define ESPY_CAPTURE_SINKS 8

struct espy_capture_options {
	const char *filter; /* filter text, NULL or "" for everything */
	const bool *with;   /* by event id: optional events to record although the filter does not
			     * name   them; NULL none */
	struct espy_window_options window;
	enum espy_pack pack;
	const uint32_t *pids; /* processes to follow with their descendants, none: the machine */
	size_t n_pids;
	const uint32_t *uids;
	size_t n_uids;
	const char *cgroup;
	bool environment;
	bool lossless;                         /* of the processes `pids`: see sense.h */
	bool merge;                            /* runs of reads and writes: see sense.h */
	struct espy_identify_options identify; /* what is wanted of files that are run */
	struct espy_capture_profile {
		unsigned stacks;    /* of events: enum espy_stack_parts, 0 none */
		unsigned sample_hz; /* CPU samples per second and processor, 0 none */
		uint64_t every_ns;  /* how often counters are read, 0 never */
	} profile;
	struct espy_clipboard_options clipboard; /* used when its event is wanted */
	bool symbols;       /* stacks reach the sinks with the names of functions */
	size_t ring_bytes;  /* per CPU; 0: default */
	unsigned flush_ms;  /* how old an event may be when sinks get it */
	size_t batch_bytes; /* about how large a batch may be in a trace; 0: no matter */
	struct espy_sink *sinks[ESPY_CAPTURE_SINKS]; /* ended by NULL; borrowed */
};

/* Loads everything; nothing is recorded yet. A filter error has its column and source "filter". */
int espy_capture_open(struct espy_capture **ret, const struct espy_capture_options *o,
		      struct espy_err *err);
void espy_capture_close(struct espy_capture *c);

/* Which packs it uses, and what the caller should be told of that: as in sense/sense.h. */
const char *espy_capture_packs(const struct espy_capture *c);
const char *espy_capture_note(const struct espy_capture *c);

/* Begins to record and gives the sinks what exists already. */
int espy_capture_start(struct espy_capture *c, struct espy_err *err);

/* The first sink is the one that may say that it is full: the batch that it did not take is then
 * not given to the others, and the capture ends.
 *
 * Asked every few ms: 1 ends the capture, with the reason in e->reason; negative errno: error. */
typedef int (*espy_capture_tick)(void *ctx, struct espy_capture *c, struct espy_ending *e);

/* Runs until `tick` says so or a sink fails, drains, and ends the sinks. */
int espy_capture_run(struct espy_capture *c, espy_capture_tick tick, void *ctx,
		     struct espy_ending *ret_ending, struct espy_err *err);

/* Followed processes that are alive, as the kernel side counts them. */
int64_t espy_capture_alive(const struct espy_capture *c);
/* What it costs, as in sense/sense.h. */
void espy_capture_stats(const struct espy_capture *c, struct espy_sense_stats *ret);
int espy_capture_measure(struct espy_capture *c);
size_t espy_capture_programs(const struct espy_capture *c, struct espy_sense_program *ret,
			     size_t max);
uint64_t espy_capture_events(const struct espy_capture *c);
uint64_t espy_capture_lost(const struct espy_capture *c);
