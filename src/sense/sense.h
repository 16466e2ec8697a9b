/* SPDX-License-Identifier: MIT */
/*
 * The live sensor: starts and stops what observes, and hands out its records in the order of time.
 * What observes is a pack: the base pack (base.c), with or without the programs of the plus pack,
 * needs root or CAP_BPF + CAP_PERFMON (and CAP_SYS_ADMIN before 5.8's split), and BTF; the plain
 * pack (plain.c) does without BPF and sees processes and threads only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "model/event.h"
#include "rule/rule.h"

struct espy_sense;
struct espy_clipboard_options;

#define ESPY_SENSE_TARGETS_MAX   4096
#define ESPY_SENSE_LOSSLESS_RING (4u << 20) /* the least that `lossless` can do with, per CPU */

/* Which pack is to be used. */
enum espy_pack {
	ESPY_PACK_AUTO,  /* the most that this machine takes, see espy_sense_open */
	ESPY_PACK_BASE,  /* without the plus pack */
	ESPY_PACK_PLUS,  /* with it, or not at all */
	ESPY_PACK_PLAIN, /* without BPF */
};

struct espy_sense_options {
	enum espy_pack pack;
	/* Events to record, by id. */
	bool type[ESPY_EVENT_ID_MAX];
	/* Processes to record with their descendants, as this pid namespace numbers them; none:
	 * all. */
	const uint32_t *pids;
	size_t n_pids;
	const uint32_t *uids; /* only tasks with one of these real users; none: all */
	size_t n_uids;
	const char *cgroup; /* only tasks in or below this cgroup directory; NULL: all */
	/* Of what these recorded do, only what can be within these bounds; of processes outside the
	 * first three, what the process table needs. Texts are looked at by espy_sense_open only.
	 */
	const uint32_t *only_pids;
	size_t n_only_pids; /* 0: any; at most 64 */
	struct espy_text_bounds only_exes, only_cgroups, only_paths;
	bool path_bound[ESPY_EVENT_ID_MAX]; /* the last holds for these */
	bool failed_only;
	uint64_t min_duration; /* ns */
	bool environment;      /* of exec */
	bool lossless;         /* of `pids`: they are held while the rings are full; see brake.h */
	bool merge;            /* runs of reads and writes are always told as one */
	size_t ring_bytes;     /* per CPU, a power of two; 0: default */
	unsigned stacks;       /* of events: enum espy_stack_parts of wire.h, 0 none */
	unsigned sample_hz;    /* samples per second and CPU, with stacks; 0 none */
	bool counters;         /* espy_sense_count will be called */
	const struct espy_clipboard_options *clipboard; /* NULL: it is not watched */
};

#define ESPY_SENSE_HZ_MAX 10000u

/*
 * Loads and attaches; nothing is recorded before espy_sense_start. With ESPY_PACK_AUTO the plain
 * pack is taken where the kernel does not take the base pack's programs, from callers that have
 * CAP_NET_ADMIN: others are told what they need to see more.
 */
int espy_sense_open(struct espy_sense **ret, const struct espy_sense_options *o,
		    struct espy_err *err);
void espy_sense_close(struct espy_sense *s);
/* "base", "base+plus" or "plain". */
const char *espy_sense_packs(const struct espy_sense *s);
/* What the caller should be told of the choice, a sentence; "" nothing. */
const char *espy_sense_note(const struct espy_sense *s);
/* Can it see this event at all? */
bool espy_sense_sees(const struct espy_sense *s, unsigned type);
void espy_sense_start(struct espy_sense *s);
/* Nothing new is recorded; what is in the rings can still be drained, and behind it, with `all`,
 * the calls that had not ended (ESPY_F_PENDING). */
void espy_sense_stop(struct espy_sense *s);

/* Takes one record, valid only during the call. Negative ends the drain and is passed on. */
typedef int (*espy_record_fn)(void *ctx, const struct espy_event *rec);

/*
 * Hands out what is in the rings, merged by time; gaps come as system_loss records, made here. With
 * `all` everything, otherwise what is old enough that nothing earlier can still come (a few ms).
 * Returns how many records, or the negative of `fn`.
 */
int espy_sense_drain(struct espy_sense *s, bool all, espy_record_fn fn, void *ctx);

/* The processes that exist, as process_running records without arguments. Before espy_sense_start.
 */
int espy_sense_snapshot(struct espy_sense *s, espy_record_fn fn, void *ctx, struct espy_err *err);

/* Notes the counters of the recorded tasks that ran since the last call; their records come in the
 * following drains. The first call only notes where they stand. 0 or negative errno. */
int espy_sense_count(struct espy_sense *s);

/* Makes the kernel side define every object and stack anew before its next use. */
void espy_sense_new_epoch(struct espy_sense *s);

/* Processes among the targets and their descendants that are alive. */
int64_t espy_sense_alive(const struct espy_sense *s);

struct espy_sense_stats {
	uint64_t records;    /* handed out, definitions included */
	uint64_t lost;       /* as in the loss records so far */
	uint64_t in_rings;   /* bytes waiting */
	uint64_t in_fullest; /* of them in the ring that has most */
	uint64_t ring_bytes; /* of one ring */
};
void espy_sense_stats(const struct espy_sense *s, struct espy_sense_stats *ret);

/* A program in the kernel, by its name in bpf/: how often it ran since espy_sense_measure, and how
 * long in all, the programs included that it went on in. */
struct espy_sense_program {
	char name[64];
	uint64_t runs, ns;
};
#define ESPY_SENSE_PROGRAMS_MAX 256
/* Has the kernel count that from now on, until espy_sense_close; every run takes some 70 ns longer
 * by it. 0 or negative errno: -EPERM without CAP_SYS_ADMIN, -ENOTSUP where there are none. */
int espy_sense_measure(struct espy_sense *s);
/* Those that ran, the most expensive first; how many, at most `max`. */
size_t espy_sense_programs(const struct espy_sense *s, struct espy_sense_program *ret, size_t max);

/* Tries to load the base pack and lets go of it: 0, or why it cannot be, with what to do about it.
 * How many programs of the plus pack went with it, of how many, goes to *ret. */
struct espy_sense_plus {
	unsigned loaded, all;
};
int espy_sense_probe(struct espy_sense_plus *ret, struct espy_err *err);
/* The same with stacks, samples and counters, and without a word about the plus pack. */
int espy_sense_probe_profile(struct espy_err *err);
/* Does the plain pack work here? 0 with what it can do besides, or why not. */
int espy_sense_probe_plain(bool *ret_names, struct espy_err *err);
/* Does the base pack need tracefs on this kernel, to see every call (docs/adr/0029)? */
bool espy_sense_wants_tracefs(void);
