/* SPDX-License-Identifier: MIT */
#include "engine/capture.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "engine/select.h"
#include "model/merged.h"
#include "model/schema.h"
#include "enrich/enrich.h"
#include "enrich/symbols.h"
#include "rule/rule.h"
#include "sense/machine.h"
#include "sense/sense.h"
#include "sense/wire.h"

#define NS_PER_MS     1000000ull
#define SLEEP_MIN_NS  (1 * NS_PER_MS)
#define SLEEP_MAX_NS  (16 * NS_PER_MS)
#define SLEEP_IDLE_NS (32 * NS_PER_MS) /* 8 MiB take what one processor makes in 70 ms */
#define RING_BUSY     8                /* a part of a ring in which more waits: come back soon */
#define RING_IDLE     128              /* less than that: next to nothing happens */
#define TEXT_FULL     (2u << 20)       /* bytes of strings at which a batch goes out early */
#define TEXT_STACKS   (8u << 20)       /* the same where stacks are among them, each once a batch */
#define ROWS_FULL     32768u /* half of what a batch can hold, and of the memory that it takes */
#define ROW_BYTES     8u     /* of a row without its text, in a trace; about */
#define ROWS_MIN      512    /* a batch of less is not worth its head */
#define MAPPED_FROM   (128 << 10) /* bytes of an allocation that is a mapping of its own */
#define HASH_PATIENCE 4           /* times as old may a batch be when files of it are looked into */
#define SETTLE_NS     (5000 * NS_PER_MS) /* that files may take to be looked into at the end */
#define EPOCH_OVERLAP_NS \
	(1000 * NS_PER_MS)              /* what refers to older objects is surely drained then */
#define EPOCH_SOON_NS (100 * NS_PER_MS) /* at the most so often */
#define HELD_BACK_NS  (40 * NS_PER_MS)  /* older than what the sensor may still hold back */

struct espy_capture {
	struct espy_capture_options o;
	struct espy_sense *sense;
	struct espy_enrich *enrich;
	struct espy_rule *rule;      /* NULL: everything */
	struct espy_window *window;  /* NULL: from the start to the end */
	struct espy_batch *batch;    /* being filled */
	struct espy_batch *selected; /* what matched of it */
	uint64_t bits[ESPY_RULE_WORDS(ESPY_BATCH_ROWS)];
	uint64_t events, bad;
	struct espy_ending seen;      /* of what overload did, so far */
	uint64_t first_row;           /* boot clock when the batch got its first row */
	uint64_t epoch_ends;          /* boot clock until when the last renewal of objects takes */
	uint64_t next_count;          /* boot clock when counters are read again */
	struct espy_symbols *symbols; /* NULL: stacks stay as they are */
	bool wanted[ESPY_EVENT_ID_MAX];
	bool in_snapshot;
	bool full;            /* a sink takes no more */
	struct espy_err *err; /* of the call that runs */
};

/* --- open ----------------------------------------------------------------------------------- */

static int compile(struct espy_capture *c, struct espy_sense_options *so,
		   struct espy_rule_needs *needs, struct espy_err *err)
{
	int r;

	memset(so->type, 1, sizeof(so->type));
	r = espy_window_new(&c->window, &c->o.window, err);
	if (r < 0 || !c->o.filter || !*c->o.filter)
		return r;
	r = espy_rule_new(&c->rule, c->o.filter, err);
	if (r < 0)
		return r;
	espy_rule_needs(c->rule, needs);
	espy_window_needs(c->window, needs);
	memcpy(so->type, needs->type, sizeof(so->type));
	so->failed_only = needs->failed_only;
	so->min_duration = needs->min_duration;
	if (!c->o.n_uids && needs->n_uids) {
		so->uids = needs->uids;
		so->n_uids = needs->n_uids;
	}
	so->only_pids = needs->pids;
	so->n_only_pids = needs->n_pids;
	so->only_exes = needs->exes;
	so->only_cgroups = needs->cgroups;
	so->only_paths = needs->paths;
	return 0;
}

/* An event is bounded by paths when its own row is, and every row that follows from it. */
static void bound_paths(const struct espy_capture *c, const struct espy_rule_needs *needs,
			struct espy_sense_options *so)
{
	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++)
		so->path_bound[t] = so->type[t] && (!c->wanted[t] || needs->path_bound[t]);
	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++) {
		bool from[ESPY_EVENT_ID_MAX] = {0};

		if (!c->wanted[t] || needs->path_bound[t])
			continue;
		from[t] = true;
		espy_enrich_sources(from);
		for (unsigned u = 0; u < ESPY_EVENT_ID_MAX; u++)
			so->path_bound[u] &= !from[u];
	}
}

/* What a process mapped tells what its stacks are of, also those of its children. */
static void keep_mappings(struct espy_sense_options *so)
{
	so->type[ESPY_EV_image_load] = true;
	so->n_only_pids = 0;
	so->only_exes.n = so->only_cgroups.n = 0;
}

/* Optional events only where they are asked for, or where nothing else is. */
static void leave_optional(bool *type, const struct espy_rule_needs *needs, const bool *with)
{
	bool some = false;

	for (size_t i = 0; i < espy_n_schemas; i++)
		some |= type[espy_schemas[i].type] && !espy_schema_is_optional(&espy_schemas[i]);
	for (size_t i = 0; i < espy_n_schemas && some; i++) {
		unsigned t = espy_schemas[i].type;

		if (espy_schema_is_optional(&espy_schemas[i]))
			type[t] &= needs->asked[t] || (with && with[t]);
	}
}

/* Events that the process table lives on are always recorded by the sensor; a filter hides them. */
static void keep_lifecycle(bool *type)
{
	static const uint16_t always[] = {ESPY_EV_process_fork, ESPY_EV_process_exec,
					  ESPY_EV_process_exit, ESPY_EV_process_comm,
					  ESPY_EV_system_loss};

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		type[always[i]] = true;
}

/* What is wanted, what that is made of, and of which events paths are bounded. */
static void choose_types(struct espy_capture *c, const struct espy_rule_needs *needs,
			 struct espy_sense_options *so)
{
	keep_lifecycle(so->type);
	memcpy(c->wanted, so->type, sizeof(c->wanted));
	espy_enrich_sources(so->type);
	bound_paths(c, needs, so);
}

/* A filter for what this pack cannot see would wait for ever. */
static int check_seen(const struct espy_capture *c, const bool *asked, struct espy_err *err)
{
	for (unsigned i = 0; i < ESPY_EVENT_ID_MAX; i++)
		if (asked[i] && espy_sense_sees(c->sense, i))
			return 0;
	return espy_err_set(err, -ENODATA,
			    "nothing that the filter asks for is seen by the pack %s%s%s",
			    espy_sense_packs(c->sense), *espy_sense_note(c->sense) ? ": " : "",
			    espy_sense_note(c->sense));
}

/* Whoever asks for two things that exclude each other is told so. */
static int check_together(const struct espy_capture *c, struct espy_err *err)
{
	if (c->wanted[ESPY_EV_desktop_clipboard] && c->o.cgroup)
		return espy_err_set(err, -EINVAL,
				    "the clipboard cannot be watched of one cgroup: leave out one "
				    "of the two");
	if (!c->o.merge)
		return 0;
	if (c->o.profile.stacks)
		return espy_err_set(
			err, -EINVAL,
			"many calls in one event have no one stack: leave out --merge or "
			"--stacks");
	if (!c->wanted[ESPY_EV_file_reads] && !c->wanted[ESPY_EV_file_writes])
		return espy_err_set(err, -EINVAL,
				    "there is nothing to merge: the filter lets neither file_reads "
				    "nor file_writes through (op == read does, event == file_read "
				    "does not)");
	return 0;
}

static int set_up(struct espy_capture *c, struct espy_err *err)
{
	struct espy_sense_options so = {
		.pack = c->o.pack,
		.pids = c->o.pids,
		.n_pids = c->o.n_pids,
		.uids = c->o.uids,
		.n_uids = c->o.n_uids,
		.cgroup = c->o.cgroup,
		.environment = c->o.environment,
		.lossless = c->o.lossless,
		.merge = c->o.merge,
		.ring_bytes = c->o.ring_bytes,
		.stacks = c->o.profile.stacks,
		.sample_hz = c->o.profile.sample_hz,
		.counters = c->o.profile.every_ns,
	};
	struct espy_enrich_options eo = {
		.stacks = c->o.profile.stacks || c->o.profile.sample_hz,
		.kernel_stacks = c->o.profile.stacks & ESPY_STACK_KERNEL || c->o.profile.sample_hz,
	};
	struct espy_machine m = {0};
	struct espy_rule_needs needs = {0};
	bool asked[ESPY_EVENT_ID_MAX];
	int r;

	r = compile(c, &so, &needs, err);
	if (r < 0)
		return r;
	memcpy(asked, so.type, sizeof(asked));
	leave_optional(so.type, &needs, c->o.with);
	choose_types(c, &needs, &so);
	r = check_together(c, err);
	if (r < 0)
		return r;
	eo.type = c->wanted;
	if (c->wanted[ESPY_EV_desktop_clipboard])
		so.clipboard = &c->o.clipboard;
	if (eo.stacks)
		keep_mappings(&so);
	espy_machine_read(&m);
	if (c->rule)
		espy_rule_set_start(c->rule, m.started);
	espy_window_set_start(c->window, m.started);
	eo.wall_offset = m.wall_offset;
	eo.identify = c->o.identify;
	r = espy_enrich_new(&c->enrich, &eo, err);
	if (r >= 0)
		r = espy_batch_new(&c->batch);
	if (r >= 0)
		r = espy_batch_new(&c->selected);
	if (r < 0)
		return r;
	c->batch->wall_offset = m.wall_offset;
	if (c->o.symbols && eo.stacks)
		r = espy_symbols_new(&c->symbols);
	if (r >= 0)
		r = espy_sense_open(&c->sense, &so, err);
	return r < 0 ? r : check_seen(c, asked, err);
}

int espy_capture_open(struct espy_capture **ret, const struct espy_capture_options *o,
		      struct espy_err *err)
{
	struct espy_capture *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->o = *o;
	/* what grows leaves no holes then; by itself the limit rises to the largest that was freed
	 */
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	r = set_up(c, err);
	if (r < 0) {
		espy_capture_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

void espy_capture_close(struct espy_capture *c)
{
	if (!c)
		return;
	espy_sense_close(c->sense);
	espy_enrich_free(c->enrich);
	espy_symbols_free(c->symbols);
	espy_rule_free(c->rule);
	espy_window_free(c->window);
	espy_batch_free(c->batch);
	espy_batch_free(c->selected);
	free(c);
}

/* --- flow ----------------------------------------------------------------------------------- */

static int to_sinks(struct espy_capture *c, const struct espy_batch *b, const uint64_t *bits)
{
	for (struct espy_sink *const *s = c->o.sinks; *s; s++) {
		int r = 0;

		if (!c->in_snapshot)
			r = (*s)->ops->batch(*s, b, bits, c->err);
		else if ((*s)->ops->snapshot)
			r = (*s)->ops->snapshot(*s, b, c->err);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Sets the bits of the rows to keep and says how many they are; or -ENOMEM. */
static int choose(struct espy_capture *c)
{
	const struct espy_batch *b = c->batch;
	uint32_t n = 0;
	int r = 0;

	memset(c->bits, 0xff, sizeof(c->bits));
	if (c->in_snapshot)
		return (int)b->n;
	if (c->rule)
		r = espy_rule_match(c->rule, b, c->bits);
	if (r < 0 || !c->window)
		return c->rule ? r : (int)b->n;
	r = espy_window_cut(c->window, b, c->bits);
	for (uint32_t row = 0; row < b->n; row++)
		n += espy_rule_bit(c->bits, row);
	return r < 0 ? r : (int)n;
}

/* Steps of overload count whether or not the filter asked for them. */
static void note_overload(struct espy_capture *c, const struct espy_batch *b)
{
	const struct espy_group *steps = b->group[ESPY_EV_system_overload];
	const struct espy_group *left = b->group[ESPY_EV_system_isolate];

	c->seen.left_out += left ? left->n : 0;
	for (uint32_t i = 0; steps && i < steps->n; i++) {
		uint64_t level =
			espy_batch_get(b, steps->row[i], ESPY_FIELD_system_overload_overload).num;
		uint64_t old =
			espy_batch_get(b, steps->row[i], ESPY_FIELD_system_overload_old_overload)
				.num;

		c->seen.steps += level > old;
		if (level > c->seen.level)
			c->seen.level = (uint32_t)level;
	}
}

/* Of what is kept. */
static void note_merged(struct espy_capture *c, const struct espy_batch *b)
{
	const struct espy_group *reads = b->group[ESPY_EV_file_reads];
	const struct espy_group *writes = b->group[ESPY_EV_file_writes];
	uint64_t runs = (reads ? reads->n : 0) + (writes ? writes->n : 0);

	c->seen.runs += runs;
	c->seen.merged += runs + espy_merged_more(b, NULL);
}

/* What is kept goes on as a batch of its own, numbered without gaps. */
static int hand_on(struct espy_capture *c)
{
	struct espy_batch *b = c->batch;
	int r = espy_enrich_finish(c->enrich, b), n = r < 0 ? r : choose(c);

	note_overload(c, b);
	if (n <= 0)
		return n;
	if (n < (int)b->n) {
		r = espy_select_rows(c->selected, b, c->bits);
		if (r < 0)
			return r;
		b = c->selected;
	}
	if (c->symbols)
		espy_symbols_batch(c->symbols, b);
	memset(c->bits, 0xff, sizeof(c->bits));
	b->first_seq = c->in_snapshot ? 1 : c->events + 1;
	r = to_sinks(c, b, c->bits);
	c->full = r > 0;
	if (r == 0 && !c->in_snapshot) {
		c->events += (uint64_t)n;
		note_merged(c, b);
	}
	return r < 0 ? r : 0;
}

static int flush(struct espy_capture *c)
{
	int64_t wall_offset = c->batch->wall_offset;
	int r = c->batch->n && !c->full ? hand_on(c) : 0;

	espy_batch_reset(c->batch);
	espy_batch_give_back(c->batch);
	espy_batch_give_back(c->selected);
	c->batch->wall_offset = wall_offset;
	espy_enrich_batch_done(c->enrich);
	c->first_row = 0;
	return r;
}

/* Text may be such that it cannot be compressed. */
static bool is_full(const struct espy_capture *c)
{
	size_t bytes = c->o.batch_bytes, text = c->batch->dict.bytes;
	size_t most = c->o.profile.stacks || c->o.profile.sample_hz ? TEXT_STACKS : TEXT_FULL;

	if (c->batch->n >= ROWS_FULL || text >= most || (bytes && text >= bytes))
		return true;
	return bytes && c->batch->n >= ROWS_MIN && (size_t)c->batch->n * ROW_BYTES + text >= bytes;
}

/* The kernel side leaves out what nobody asked for; what does not come from there is left out here.
 */
static bool is_followed(const struct espy_capture *c, const struct espy_event *rec)
{
	bool is_one_of = !c->o.n_uids;
	uint32_t uid;

	if (rec->type != ESPY_EV_desktop_clipboard)
		return true;
	if (c->o.n_pids && !espy_enrich_descends(c->enrich, rec->pid, c->o.pids, c->o.n_pids))
		return false;
	uid = is_one_of ? 0 : espy_enrich_uid(c->enrich, rec->pid);
	for (size_t i = 0; i < c->o.n_uids; i++)
		is_one_of |= c->o.uids[i] == uid;
	return is_one_of;
}

static int take_record(void *ctx, const struct espy_event *rec)
{
	struct espy_capture *c = ctx;
	int r;

	if (!is_followed(c, rec))
		return 0;
	r = is_full(c) ? -ENOSPC : espy_enrich_add(c->enrich, rec, c->batch);

	if (r == -ENOSPC) {
		r = flush(c);
		if (r < 0)
			return r;
		r = espy_enrich_add(c->enrich, rec, c->batch);
	}
	if (r == -EBADMSG) {
		c->bad++;
		return 0;
	}
	if (r > 0 && !c->first_row)
		c->first_row = espy_machine_now();
	return r;
}

/* What was found out about files meanwhile. */
static int take_hashes(struct espy_capture *c)
{
	const struct espy_event *rec;
	int r = 0;

	while (r >= 0 && (rec = espy_enrich_next(c->enrich)))
		r = take_record(c, rec);
	return r < 0 ? r : 0;
}

/* Rows that no record makes: by the passing of time, or at the end. */
static int take_rest(struct espy_capture *c,
		     int (*rest)(struct espy_enrich *e, uint64_t now, struct espy_batch *b),
		     uint64_t now)
{
	int r = rest(c->enrich, now, c->batch);

	if (r == -ENOSPC) {
		r = flush(c);
		if (r >= 0)
			r = rest(c->enrich, now, c->batch);
	}
	if (r > 0 && !c->first_row)
		c->first_row = espy_machine_now();
	if (r == -EBADMSG)
		c->bad++;
	return r < 0 && r != -EBADMSG ? r : 0;
}

/* A batch waits for the hashes of what was run in it, but not for long: no other reader gives them
 * to its rows later. */
static bool is_due(const struct espy_capture *c)
{
	uint64_t flush = (uint64_t)c->o.flush_ms * NS_PER_MS, age;

	if (!c->first_row)
		return false;
	age = espy_machine_now() - c->first_row;
	return age >= flush && (age >= HASH_PATIENCE * flush || !espy_enrich_awaits(c->enrich));
}

/* The table of objects is bounded: long before it is full the kernel side defines everything anew.
 */
static void renew_objects(struct espy_capture *c)
{
	enum espy_enrich_epoch wants = espy_enrich_wants_epoch(c->enrich);
	uint64_t now, due = c->epoch_ends;

	if (wants == ESPY_EPOCH_GOES_ON)
		return;
	now = espy_machine_now();
	if (wants == ESPY_EPOCH_SHORT)
		due -= due ? EPOCH_OVERLAP_NS - EPOCH_SOON_NS : 0;
	if (now < due)
		return;
	c->epoch_ends = now + EPOCH_OVERLAP_NS;
	espy_sense_new_epoch(c->sense);
	espy_enrich_new_epoch(c->enrich, c->epoch_ends);
}

/* A count that fails is one that is missing. */
static void count(struct espy_capture *c)
{
	espy_sense_count(c->sense);
	c->next_count = espy_machine_now() + c->o.profile.every_ns;
}

int espy_capture_start(struct espy_capture *c, struct espy_err *err)
{
	int r;

	c->err = err;
	c->in_snapshot = true;
	r = espy_sense_snapshot(c->sense, take_record, c, err);
	if (r >= 0)
		r = espy_enrich_sweep(c->enrich, espy_machine_now(), c->batch);
	if (r >= 0)
		r = flush(c);
	c->in_snapshot = false;
	espy_sense_start(c->sense);
	if (c->o.profile.every_ns)
		count(c);
	return r;
}

/* Each time that it wakes costs the machine as much as hundreds of events, so it sleeps as long as
 * the rings surely have room. */
static uint64_t next_sleep(const struct espy_capture *c, uint64_t last)
{
	uint64_t most = SLEEP_MAX_NS;
	struct espy_sense_stats s;

	espy_sense_stats(c->sense, &s);
	if (s.in_fullest > s.ring_bytes / RING_BUSY)
		return SLEEP_MIN_NS;
	if (s.in_fullest < s.ring_bytes / RING_IDLE)
		most = SLEEP_IDLE_NS;
	return last * 2 < most ? last * 2 : most;
}

static int round_trip(struct espy_capture *c, uint64_t *sleep_ns)
{
	/* of before: what is given up at that time must not stand before records of then */
	uint64_t now = espy_machine_now();
	int n = espy_sense_drain(c->sense, false, take_record, c), r = 0;

	if (n < 0)
		return n;
	r = take_hashes(c);
	if (r >= 0)
		r = take_rest(c, espy_enrich_pass, now - HELD_BACK_NS);
	if (r >= 0 && is_due(c))
		r = flush(c);
	if (c->o.profile.every_ns && espy_machine_now() >= c->next_count)
		count(c);
	renew_objects(c);
	*sleep_ns = next_sleep(c, *sleep_ns);
	return r;
}

static int end_sinks(struct espy_capture *c, const struct espy_ending *e)
{
	int r = 0;

	for (struct espy_sink *const *s = c->o.sinks; *s; s++) {
		int r2 = (*s)->ops->end ? (*s)->ops->end(*s, e, r < 0 ? NULL : c->err) : 0;

		if (r2 < 0 && r >= 0)
			r = r2;
	}
	return r;
}

/* Why the capture ends by itself. */
static bool is_over(struct espy_capture *c, struct espy_ending *e)
{
	if (c->full)
		snprintf(e->reason, sizeof(e->reason), "the trace is as large as it may be");
	else if (espy_window_over(c->window, espy_machine_now()))
		snprintf(e->reason, sizeof(e->reason), "matched: %s", c->o.window.until);
	else
		return false;
	return true;
}

/* Until the caller or the capture itself has enough. 1, or negative errno. */
static int loop(struct espy_capture *c, espy_capture_tick tick, void *ctx, struct espy_ending *e)
{
	uint64_t sleep_ns = SLEEP_MIN_NS;
	int r;

	for (;;) {
		r = is_over(c, e) ? 1 : tick(ctx, c, e);
		if (r == 0)
			r = round_trip(c, &sleep_ns);
		if (r != 0)
			return r;
		nanosleep(&(struct timespec){.tv_nsec = (long)sleep_ns}, NULL);
	}
}

/* Reads what is left when the sensor has stopped. */
static int empty(struct espy_capture *c)
{
	int r;

	r = c->full ? 0 : espy_sense_drain(c->sense, true, take_record, c);
	espy_enrich_settle(c->enrich, r < 0 || c->full ? 0 : SETTLE_NS);
	if (r >= 0 && !c->full)
		r = take_hashes(c);
	if (r >= 0 && !c->full)
		r = take_rest(c, espy_enrich_end, espy_machine_now());
	return r < 0 ? r : flush(c);
}

static void note_end(struct espy_capture *c, struct espy_ending *e)
{
	size_t n;

	e->ended = espy_machine_now();
	e->events = c->events;
	e->lost = espy_capture_lost(c);
	e->runs = c->seen.runs;
	e->merged = c->seen.merged;
	e->steps = c->seen.steps;
	e->left_out = c->seen.left_out;
	e->level = c->seen.level;
	is_over(c, e); /* perhaps by what was drained last */
	n = strlen(e->reason);
	if (espy_window_waits(c->window))
		snprintf(e->reason + n, sizeof(e->reason) - n, "; nothing matched: %s",
			 c->o.window.from);
}

int espy_capture_run(struct espy_capture *c, espy_capture_tick tick, void *ctx,
		     struct espy_ending *ret_ending, struct espy_err *err)
{
	struct espy_ending e = {.exit_status = -1};
	int r, r2;

	c->err = err;
	r = loop(c, tick, ctx, &e);
	espy_sense_stop(c->sense);
	if (r >= 0)
		r = empty(c);
	note_end(c, &e);
	if (r < 0)
		c->err = NULL; /* the first error is the one to tell */
	r2 = end_sinks(c, &e);
	*ret_ending = e;
	return r < 0 ? r : r2;
}

const char *espy_capture_packs(const struct espy_capture *c)
{
	return espy_sense_packs(c->sense);
}

const char *espy_capture_note(const struct espy_capture *c)
{
	return espy_sense_note(c->sense);
}

int64_t espy_capture_alive(const struct espy_capture *c)
{
	return espy_sense_alive(c->sense);
}

void espy_capture_stats(const struct espy_capture *c, struct espy_sense_stats *ret)
{
	espy_sense_stats(c->sense, ret);
}

int espy_capture_measure(struct espy_capture *c)
{
	return espy_sense_measure(c->sense);
}

size_t espy_capture_programs(const struct espy_capture *c, struct espy_sense_program *ret,
			     size_t max)
{
	return espy_sense_programs(c->sense, ret, max);
}

uint64_t espy_capture_events(const struct espy_capture *c)
{
	return c->events;
}

uint64_t espy_capture_lost(const struct espy_capture *c)
{
	struct espy_sense_stats s;

	espy_sense_stats(c->sense, &s);
	return s.lost + c->bad;
}
