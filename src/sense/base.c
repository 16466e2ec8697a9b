/* SPDX-License-Identifier: MIT */
#include "sense/base.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/log.h"
#include "model/schema.h"
#include "sense/attach.h"
#include "sense/brake.h"
#include "sense/clipboard.h"
#include "sense/cost.h"
#include "sense/counters.h"
#include "sense/freezer.h"
#include "sense/iterate.h"
#include "sense/load.h"
#include "sense/machine.h"
#include "sense/pack.h"
#include "sense/sampler.h"
#include "sense/wire.h"
#include "sense/ring.h"
#include "sense/rings.h"
#include "sense/runs.h"
#include "espy.skel.h"

/* A record this old has nothing earlier behind it, unless its processor stood still for longer
 * between the clock and the ring, as a virtual one may. */
#define SLACK_NS 20000000ull
/* While the recorded processes are held only calls that end are recorded. */
#define SLACK_HELD_NS 3000000ull

/* What the records of one CPU have told so far. */
struct cpu_state {
	uint32_t seq;                   /* of the last record */
	uint64_t time;                  /* its time */
	uint64_t told[ESPY_CLASS__MAX]; /* losses by class that are reported */
	uint64_t told_until;            /* when these were counted */
};

struct base {
	struct espy_sense sense;
	struct espy_load *load;
	struct espy_bpf *skel; /* of it */
	struct espy_ring *rings;
	struct cpu_state *cpus;
	unsigned n_cpus;
	size_t ring_bytes;
	struct espy_links links;
	uint64_t busy_told, misses_told, apart_told, samples_told, clips_told;
	struct espy_sense_stats stats;
	int measuring;           /* the kernel counts runs while it is open; 0: not */
	struct espy_buf pending; /* records of calls that had not ended at the stop */
	struct espy_runs runs;
	struct espy_counters counters;
	struct espy_sampler sampler;
	struct espy_clipboard *clipboard; /* NULL: not watched */
	struct espy_freezer *freezer;     /* NULL: what does not fit is lost */
	struct espy_brake *brake;
	uint64_t record[1024]; /* a loss record under construction */
};

static void base_close(struct espy_sense *sense);
static void base_stop(struct espy_sense *sense);
static int base_count(struct espy_sense *sense);
static int base_drain(struct espy_sense *sense, bool all, espy_record_fn fn, void *ctx);

static struct base *of(struct espy_sense *sense)
{
	return (struct base *)sense;
}

static int program(const struct base *s, const struct bpf_program *p)
{
	return espy_load_fd(s->load, p);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[1024];

	if (espy_log_level() < ESPY_LOG_DEBUG || level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	espy_log(ESPY_LOG_DEBUG, "libbpf: %s", line);
	return 0;
}

static int set_up(struct base *s, const struct espy_sense_options *options, struct espy_err *err)
{
	struct espy_sense_options with_rings = *options, *o = &with_rings;
	int r;

	o->ring_bytes = s->ring_bytes;
	r = espy_load_start(&s->load, s->n_cpus, o, err);
	if (r < 0)
		return r;
	s->skel = espy_load_skeleton(s->load);
	r = espy_rings_make(s->rings, s->n_cpus, s->ring_bytes, bpf_map__fd(s->skel->maps.rings),
			    err);
	if (r >= 0)
		r = espy_attach_targets(s->skel, o, err);
	if (r >= 0)
		r = espy_load_wait(s->load, err);
	if (r >= 0)
		r = espy_attach_tails(s->load, o, err);
	if (r >= 0)
		r = espy_attach(s->load, &s->links, err);
	if (r >= 0)
		espy_load_settle(s->load);
	if (r >= 0 && o->sample_hz)
		r = espy_sampler_start(&s->sampler, program(s, s->skel->progs.profile_sample),
				       s->n_cpus, o->sample_hz, err);
	return r;
}

/* The recorded processes are held while the rings are full. */
static int start_brake(struct base *s, const struct espy_sense_options *o, struct espy_err *err)
{
	int r = espy_freezer_new(&s->freezer, err);

	for (size_t i = 0; i < o->n_pids && r >= 0; i++)
		r = espy_freezer_join(s->freezer, (pid_t)o->pids[i], err);
	return r < 0 ? r : espy_brake_start(&s->brake, s->rings, s->n_cpus, s->freezer, err);
}

static int base_open(struct espy_sense **ret, const struct espy_sense_options *o,
		     struct espy_err *err)
{
	int n = libbpf_num_possible_cpus();
	struct base *s;
	int r;

	libbpf_set_print(quiet);
	if (n < 1 || n > ESPY_CPUS)
		return espy_err_set(err, -E2BIG, "%d processors, at most %d are supported", n,
				    ESPY_CPUS);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->sense.ops = &espy_base_ops;
	s->n_cpus = (unsigned)n;
	s->ring_bytes = o->ring_bytes ? o->ring_bytes : espy_rings_bytes(s->n_cpus);
	if (o->lossless && s->ring_bytes < ESPY_SENSE_LOSSLESS_RING)
		s->ring_bytes = ESPY_SENSE_LOSSLESS_RING;
	s->rings = calloc(s->n_cpus, sizeof(*s->rings));
	s->cpus = calloc(s->n_cpus, sizeof(*s->cpus));
	r = s->rings && s->cpus ? 0 : -ENOMEM;
	if (r >= 0 && o->clipboard)
		r = espy_clipboard_open(&s->clipboard, o->clipboard, err);
	if (r >= 0)
		r = set_up(s, o, err);
	if (r >= 0 && o->lossless)
		r = start_brake(s, o, err);
	if (r < 0) {
		base_close(&s->sense);
		return r;
	}
	*ret = &s->sense;
	return 0;
}

static void base_close(struct espy_sense *sense)
{
	struct base *s = of(sense);

	base_stop(sense);
	espy_brake_free(s->brake);
	espy_freezer_free(s->freezer);
	espy_rings_close(s->rings, s->n_cpus);
	espy_load_free(s->load);
	if (s->measuring > 0)
		close(s->measuring);
	espy_buf_done(&s->pending);
	espy_runs_done(&s->runs);
	espy_counters_done(&s->counters);
	espy_clipboard_close(s->clipboard);
	free(s->rings);
	free(s->cpus);
	free(s);
}

static void base_start(struct espy_sense *sense)
{
	struct base *s = of(sense);
	s->skel->bss->armed = 1;
	if (s->clipboard)
		espy_clipboard_start(s->clipboard);
}

static void base_new_epoch(struct espy_sense *sense)
{
	struct base *s = of(sense);
	s->skel->data->epoch++;
}

/* --- iterators ----------------------------------------------------------------------------- */

/* What programs listed; it is empty then. */
static int hand_out_all(struct espy_buf *b, espy_record_fn fn, void *ctx)
{
	int r = 0;

	for (size_t at = 0; b->n - at >= sizeof(struct espy_event) && r >= 0;) {
		const struct espy_event *rec = (const void *)(b->p + at);

		if (rec->size < sizeof(*rec) || rec->size > b->n - at) {
			r = -EBADMSG;
			break;
		}
		r = fn(ctx, rec);
		at += rec->size;
	}
	espy_buf_reset(b);
	return r;
}

/* What goes on is noted before the programs go: a call that ends in between is recorded by them. */
static void base_stop(struct espy_sense *sense)
{
	struct base *s = of(sense);
	size_t whole;

	if (s->brake)
		espy_brake_stop(s->brake);
	if (s->skel && s->skel->bss->armed) {
		base_count(sense);
		s->skel->bss->armed = 0;
		if (espy_iterate(program(s, s->skel->progs.pending), NULL, &s->pending) < 0)
			espy_buf_reset(&s->pending);
		whole = s->pending.n;
		if (espy_iterate(program(s, s->skel->progs.system_uring__left),
				 s->skel->maps.uring_reqs, &s->pending) < 0)
			s->pending.n = whole;
	}
	espy_sampler_stop(&s->sampler);
	espy_detach(&s->links);
	if (s->skel)
		espy_runs_end(&s->runs, s->load);
	if (s->clipboard)
		espy_clipboard_stop(s->clipboard);
}

/* --- counters ------------------------------------------------------------------------------- */

static int base_count(struct espy_sense *sense)
{
	struct base *s = of(sense);
	int fd = program(s, s->skel->progs.profile_process), r;
	struct espy_buf b = {0};

	if (fd < 0)
		return 0;
	r = espy_iterate(fd, NULL, &b);
	if (r >= 0)
		r = espy_counters_take(&s->counters, &b, s->skel->rodata->event_on);
	espy_buf_done(&b);
	return r;
}

/* --- losses --------------------------------------------------------------------------------- */

static unsigned put_text(char *to, size_t room, struct espy_text *t, size_t fixed, size_t at,
			 const char *text)
{
	size_t n = strlen(text);

	if (n > room - at)
		n = room - at;
	memcpy(to + at, text, n);
	t->off = (uint16_t)(fixed + at);
	t->len = (uint16_t)n;
	return (unsigned)n;
}

struct loss {
	uint64_t lost, from, to;
	uint64_t at; /* where it stands among the records */
	const char *reason;
	const char *classes;
};

static int send_loss(struct base *s, unsigned cpu, const struct loss *l, espy_record_fn fn,
		     void *ctx)
{
	struct espy_ev_system_loss *rec = (void *)s->record;
	char *text = (char *)(rec + 1);
	size_t room = sizeof(s->record) - sizeof(*rec), n;

	memset(rec, 0, sizeof(*rec));
	rec->hdr.time = l->at;
	rec->hdr.type = ESPY_EV_system_loss;
	rec->hdr.cpu = (uint16_t)cpu;
	rec->lost = l->lost;
	rec->from = l->from;
	rec->to = l->to;
	n = put_text(text, room, &rec->classes, sizeof(*rec), 0, l->classes);
	n += put_text(text, room, &rec->reason, sizeof(*rec), n, l->reason);
	rec->hdr.size = (uint32_t)(sizeof(*rec) + n);
	s->stats.lost += l->lost;
	return fn(ctx, &rec->hdr);
}

/* How many of class `i` the kernel side counted that we have not told yet. */
static uint64_t take_told(struct base *s, unsigned cpu, unsigned i)
{
	uint64_t count = s->skel->bss->cpus[cpu].lost[i] - s->cpus[cpu].told[i];

	s->cpus[cpu].told[i] += count;
	return count;
}

/*
 * "file:12 network:3" of all that was lost by now, and how many these are. Definitions are not
 * among them: they are tried again. Nor is what nobody counted: then an interrupt came between the
 * number of a record and its place in the ring, with a record of its own, and both are there.
 */
static uint64_t loss_classes(struct base *s, unsigned cpu, char *text, size_t size)
{
	uint64_t sum = 0;
	size_t n = 0;

	text[0] = 0;
	for (unsigned i = ESPY_CLASS_meta + 1; i < ESPY_CLASS__MAX; i++) {
		uint64_t count = take_told(s, cpu, i);

		sum += count;
		if (count && n < size)
			n += (size_t)snprintf(text + n, size - n, "%s%s:%llu", n ? " " : "",
					      espy_class_name(i), (unsigned long long)count);
	}
	take_told(s, cpu, ESPY_CLASS_meta);
	return sum;
}

/*
 * Records are missing before this one. The counters by class are ahead of it, by what is still in
 * the ring: so all that was lost until now is told at once, and of later gaps nothing that ended
 * before. Whoever looks for a class and a time finds the row that has both.
 */
static int tell_gap(struct base *s, unsigned cpu, uint64_t time, espy_record_fn fn, void *ctx)
{
	struct cpu_state *c = &s->cpus[cpu];
	char classes[512];
	struct loss l = {.from = c->time ? c->time : time,
			 .at = time,
			 .reason = "the ring of this CPU was too full",
			 .classes = classes};

	if (time <= c->told_until)
		return 0;
	if (l.from < c->told_until)
		l.from = c->told_until;
	c->told_until = espy_machine_now();
	l.lost = loss_classes(s, cpu, classes, sizeof(classes));
	l.to = espy_machine_now();
	return l.lost ? send_loss(s, cpu, &l, fn, ctx) : 0;
}

static int check_gap(struct base *s, unsigned cpu, uint32_t seq, uint64_t time, espy_record_fn fn,
		     void *ctx)
{
	struct cpu_state *c = &s->cpus[cpu];
	uint32_t gap = seq - c->seq - 1;
	int r = 0;

	if (gap && gap < 1u << 31)
		r = tell_gap(s, cpu, time, fn, ctx);
	if (gap < 1u << 31)
		c->seq = seq;
	c->time = time;
	return r;
}

static int tell_samples(struct base *s, uint64_t now, espy_record_fn fn, void *ctx)
{
	struct loss l = {.to = now,
			 .at = now,
			 .classes = "profile",
			 .reason = "the ring had no room for CPU samples and their stacks"};
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->n_cpus; i++)
		sum += s->skel->bss->cpus[i].samples_lost;
	l.lost = sum - s->samples_told;
	s->samples_told = sum;
	return l.lost ? send_loss(s, 0, &l, fn, ctx) : 0;
}

static int tell_clips(struct base *s, uint64_t now, espy_record_fn fn, void *ctx)
{
	struct loss l = {.to = now,
			 .classes = "desktop",
			 .reason = "the clipboard changed faster than it could be told"};
	uint64_t sum = s->clipboard ? espy_clipboard_lost(s->clipboard) : 0;

	l.lost = sum - s->clips_told;
	s->clips_told = sum;
	return l.lost ? send_loss(s, 0, &l, fn, ctx) : 0;
}

/* At the end of a full drain: what was lost behind the last records, and what left no gap. */
static int check_ends(struct base *s, espy_record_fn fn, void *ctx)
{
	uint64_t now = espy_machine_now();
	struct loss l = {.from = 0, .to = now, .at = now, .classes = ""};
	uint64_t busy = 0, apart = 0, misses = espy_cost_misses(s->load);
	int r = 0;

	for (unsigned i = 0; i < s->n_cpus && r >= 0; i++) {
		busy += s->skel->bss->cpus[i].busy;
		apart += s->skel->bss->cpus[i].apart;
		r = check_gap(s, i, (uint32_t)s->skel->bss->cpus[i].seq + 1, l.to, fn, ctx);
		s->cpus[i].seq--; /* that number is not used yet */
	}
	if (r >= 0 && busy > s->busy_told) {
		l.lost = busy - s->busy_told;
		l.reason = "no room for the state of a task";
		s->busy_told = busy;
		r = send_loss(s, 0, &l, fn, ctx);
	}
	if (r >= 0 && apart > s->apart_told) {
		l.lost = apart - s->apart_told;
		l.reason = "the ring was full in an interrupt";
		s->apart_told = apart;
		r = send_loss(s, 0, &l, fn, ctx);
	}
	if (r >= 0)
		r = tell_samples(s, l.to, fn, ctx);
	if (r >= 0)
		r = tell_clips(s, l.to, fn, ctx);
	if (r >= 0 && misses > s->misses_told) {
		l.lost = misses - s->misses_told;
		l.reason = "a program was interrupted by itself";
		s->misses_told = misses;
		r = send_loss(s, 0, &l, fn, ctx);
	}
	return r < 0 ? r : 0;
}

/* --- draining ------------------------------------------------------------------------------- */

/* Definitions come first whatever their time: what uses them may be on another CPU. */
static uint64_t order_of(const struct espy_event *rec)
{
	bool defines = rec->type == ESPY_EV_meta_object || rec->type == ESPY_EV_meta_cgroup ||
		       rec->type == ESPY_EV_meta_stack;

	return defines ? 0 : rec->time;
}

/* The CPU whose head is next, and until when no other head is earlier. */
static int earliest(struct base *s, uint64_t *ret_until)
{
	uint64_t best = UINT64_MAX, second = UINT64_MAX;
	int at = -1;

	for (unsigned i = 0; i < s->n_cpus; i++) {
		const struct espy_event *rec = espy_ring_peek(&s->rings[i]);
		uint64_t t = rec ? order_of(rec) : UINT64_MAX;

		if (t < best) {
			second = best;
			best = t;
			at = (int)i;
		} else if (t < second) {
			second = t;
		}
	}
	*ret_until = second;
	return at;
}

#define AHEAD 8 /* records that may come between an event and the definition of its stack */

/* An event that takes its room before it takes its stack has the definition behind it. Whoever gets
 * that twice takes the second for the first again. */
static int define_stack(struct base *s, unsigned cpu, const struct espy_event *rec,
			espy_record_fn fn, void *ctx)
{
	for (unsigned i = 1; rec->stack > ESPY_STACK_LOST && i <= AHEAD; i++) {
		const struct espy_event *next = espy_ring_ahead(&s->rings[cpu], i);

		if (!next)
			return 0;
		if (next->type == ESPY_EV_meta_stack &&
		    ((const struct espy_ev_meta_stack *)next)->id == rec->stack)
			return fn(ctx, next);
	}
	return 0;
}

static int hand_out(struct base *s, unsigned cpu, const struct espy_event *rec, espy_record_fn fn,
		    void *ctx)
{
	int r = 0;

	if (!(rec->flags & ESPY_F_APART))
		r = check_gap(s, cpu, rec->seq, rec->time, fn, ctx);
	if (r >= 0)
		r = define_stack(s, cpu, rec, fn, ctx);
	if (r >= 0)
		r = fn(ctx, rec);
	espy_ring_next(&s->rings[cpu]);
	s->stats.records++;
	return r;
}

/* Everything up to `limit`; how many, or the negative of `fn`. */
static int drain_until(struct base *s, uint64_t limit, espy_record_fn fn, void *ctx)
{
	uint64_t until;
	int n = 0, cpu, r;

	while ((cpu = earliest(s, &until)) >= 0) {
		const struct espy_event *rec = espy_ring_peek(&s->rings[cpu]);

		if (order_of(rec) > limit)
			break;
		do {
			r = hand_out(s, (unsigned)cpu, rec, fn, ctx);
			if (r < 0)
				return r;
			n++;
			rec = espy_ring_peek(&s->rings[cpu]);
		} while (rec && order_of(rec) <= until && order_of(rec) <= limit);
	}
	return n;
}

static int hand_out_hold(struct base *s, const struct espy_hold *h, espy_record_fn fn, void *ctx)
{
	struct espy_ev_system_hold rec = {
		.hdr = {.time = h->to,
			.duration = h->to - h->from,
			.type = ESPY_EV_system_hold,
			.size = sizeof(rec),
			.flags = ESPY_F_APART},
		.waiting = h->waiting,
	};

	espy_brake_next(s->brake);
	return fn(ctx, &rec.hdr);
}

/* The first of the records that do not come by a ring, if it is not after `limit`: of counters, of
 * runs, of the clipboard, of a hold. */
static int hand_out_beside(struct base *s, uint64_t limit, int *ret_n, espy_record_fn fn, void *ctx)
{
	uint64_t counted = s->counters.out.n ? s->counters.time : UINT64_MAX, first;
	const struct espy_event *clip = s->clipboard ? espy_clipboard_peek(s->clipboard) : NULL;
	struct espy_hold hold = {.to = UINT64_MAX};
	uint64_t clipped = clip ? clip->time : UINT64_MAX;
	uint64_t run = s->runs.out.n ? s->runs.time : UINT64_MAX;
	int r;

	if (s->brake)
		espy_brake_peek(s->brake, &hold);
	first = counted < clipped ? counted : clipped;
	first = first < hold.to ? first : hold.to;
	first = first < run ? first : run;
	if (first == UINT64_MAX || first > limit)
		return 0;
	*ret_n = drain_until(s, first, fn, ctx);
	if (*ret_n < 0)
		return *ret_n;
	if (first == counted)
		r = hand_out_all(&s->counters.out, fn, ctx);
	else if (first == hold.to)
		r = hand_out_hold(s, &hold, fn, ctx);
	else if (first == run)
		r = hand_out_all(&s->runs.out, fn, ctx);
	else
		r = fn(ctx, clip), espy_clipboard_next(s->clipboard);
	return r < 0 ? r : 1;
}

/* All of them that are due, each when what came before it is handed out. How many others that were,
 * or the negative of `fn`. */
static int drain_beside(struct base *s, uint64_t limit, espy_record_fn fn, void *ctx)
{
	int n = 0, more = 0, r;

	while ((r = hand_out_beside(s, limit, &more, fn, ctx)) > 0)
		n += more;
	return r < 0 ? r : n;
}

static int base_drain(struct espy_sense *sense, bool all, espy_record_fn fn, void *ctx)
{
	struct base *s = of(sense);
	bool held = s->brake && espy_brake_holds(s->brake);
	uint64_t now = espy_machine_now();
	uint64_t limit = all ? UINT64_MAX : now - (held ? SLACK_HELD_NS : SLACK_NS);
	int n, r;

	espy_runs_look(&s->runs, s->load, now);
	n = drain_beside(s, limit, fn, ctx);
	if (n < 0)
		return n;
	r = drain_until(s, limit, fn, ctx);
	if (r < 0 || !all)
		return r < 0 ? r : n + r;
	n += r;
	r = hand_out_all(&s->pending, fn, ctx);
	if (r >= 0)
		r = check_ends(s, fn, ctx);
	return r < 0 ? r : n;
}

/* --- what exists --------------------------------------------------------------------------- */

static int base_snapshot(struct espy_sense *sense, espy_record_fn fn, void *ctx,
			 struct espy_err *err)
{
	struct base *s = of(sense);
	struct espy_buf b = {0};
	int r = espy_iterate(program(s, s->skel->progs.process_running), NULL, &b);

	if (r < 0)
		espy_err_set(err, r, "cannot list the running processes: %s", strerror(-r));
	else
		r = base_drain(sense, false, fn, ctx); /* the objects that they mention */
	if (r >= 0)
		r = hand_out_all(&b, fn, ctx);
	espy_buf_done(&b);
	return r;
}

static int64_t base_alive(const struct espy_sense *sense)
{
	const struct base *s = (const struct base *)sense;
	return s->skel->bss->alive;
}

static void base_stats(const struct espy_sense *sense, struct espy_sense_stats *ret)
{
	const struct base *s = (const struct base *)sense;
	*ret = s->stats;
	ret->in_rings = 0;
	ret->in_fullest = espy_rings_fullest(s->rings, s->n_cpus);
	ret->ring_bytes = s->ring_bytes;
	for (unsigned i = 0; i < s->n_cpus; i++)
		ret->in_rings += espy_ring_waiting(&s->rings[i]);
}

static int base_measure(struct espy_sense *sense)
{
	struct base *s = of(sense);
	int fd = s->measuring > 0 ? s->measuring : espy_cost_measure();

	if (fd > 0)
		s->measuring = fd;
	return fd < 0 ? fd : 0;
}

static size_t base_programs(const struct espy_sense *sense, struct espy_sense_program *ret,
			    size_t max)
{
	return espy_cost_programs(((const struct base *)sense)->load, ret, max);
}

static void count_plus(const struct base *s, struct espy_sense_plus *ret)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, s->skel->obj)
	{
		ret->all += espy_load_is_plus(p);
		ret->loaded += espy_load_is_plus(p) && program(s, p) >= 0;
	}
}

static const char *base_packs(const struct espy_sense *sense)
{
	struct espy_sense_plus plus = {0};

	count_plus((const struct base *)sense, &plus);
	return plus.loaded ? "base+plus" : "base";
}

static bool base_sees(const struct espy_sense *sense, unsigned type)
{
	(void)sense;
	return type != ESPY_EV_process_coredump; /* no tracepoint tells of it */
}

const struct espy_sense_ops espy_base_ops = {
	.open = base_open,
	.close = base_close,
	.packs = base_packs,
	.sees = base_sees,
	.start = base_start,
	.stop = base_stop,
	.drain = base_drain,
	.snapshot = base_snapshot,
	.count = base_count,
	.new_epoch = base_new_epoch,
	.alive = base_alive,
	.stats = base_stats,
	.measure = base_measure,
	.programs = base_programs,
};

/* --- probing -------------------------------------------------------------------------------- */

static int probe(struct espy_sense_options *o, struct espy_sense_plus *ret, struct espy_err *err)
{
	struct espy_sense *s = NULL;
	int r;

	o->ring_bytes = 4096;
	memset(o->type, 1, sizeof(o->type));
	*ret = (struct espy_sense_plus){0};
	r = base_open(&s, o, err);
	if (r < 0)
		return r;
	count_plus(of(s), ret);
	base_close(s);
	return 0;
}

int espy_base_probe(struct espy_sense_plus *ret, struct espy_err *err)
{
	struct espy_sense_options o = {0};

	return probe(&o, ret, err);
}

int espy_base_probe_profile(struct espy_err *err)
{
	struct espy_sense_options o = {
		.stacks = ESPY_STACK_USER | ESPY_STACK_KERNEL, .sample_hz = 99, .counters = true};
	struct espy_sense_plus plus;

	return probe(&o, &plus, err);
}
