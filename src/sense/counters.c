/* SPDX-License-Identifier: MIT */
#include "sense/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "model/event.h"

typedef struct espy_ev_profile_thread thread_record;
typedef struct espy_ev_profile_process process_record;

struct known {
	thread_record last; /* so far */
	uint32_t round;     /* when it was seen last */
};

struct sum {
	process_record rec; /* of this round */
	uint32_t round;
	bool ran;
};

static void *find(struct espy_map *m, uint64_t a, uint64_t b, size_t size)
{
	void *v = espy_map_get(m, a, b);

	if (v || m->n >= ESPY_COUNTERS_THREADS_MAX)
		return v;
	v = calloc(1, size);
	if (v && espy_map_put(m, a, b, v) < 0) {
		free(v);
		v = NULL;
	}
	return v;
}

static struct sum *find_sum(struct espy_counters *c, const struct espy_event *e)
{
	struct sum *s = find(&c->processes, e->pid, e->start, sizeof(*s));

	if (s && s->round != c->round) {
		memset(&s->rec, 0, sizeof(s->rec));
		s->rec.hdr = *e;
		s->rec.hdr.tid = e->pid;
		s->rec.hdr.type = ESPY_EV_profile_process;
		s->rec.hdr.size = sizeof(s->rec);
		s->rec.hdr.duration = 0;
		s->ran = false;
		s->round = c->round;
	}
	return s;
}

static uint64_t less(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* What was used since `last`. A thread that did not run has no more of anything. */
static bool subtract(thread_record *rec, const thread_record *last)
{
	rec->user_time = less(rec->user_time, last->user_time);
	rec->system_time = less(rec->system_time, last->system_time);
	rec->switches = less(rec->switches, last->switches);
	rec->voluntary = less(rec->voluntary, last->voluntary);
	rec->involuntary = less(rec->involuntary, last->involuntary);
	rec->minor_faults = less(rec->minor_faults, last->minor_faults);
	rec->major_faults = less(rec->major_faults, last->major_faults);
	return rec->user_time || rec->system_time || rec->switches;
}

/* The record's duration is when the thread started: of one that is older than the last round and
 * was not seen then, it is not known what it used since. */
static int take_thread(struct espy_counters *c, const thread_record *now, const uint8_t *on)
{
	thread_record rec = *now;
	struct known *k = find(&c->threads, now->hdr.tid, now->hdr.duration, sizeof(*k));
	struct sum *s = find_sum(c, &now->hdr);
	bool is_new;

	if (!k || !s)
		return c->threads.n >= ESPY_COUNTERS_THREADS_MAX ? 0 : -ENOMEM;
	is_new = !k->round && (c->round == 1 || now->hdr.duration < c->time);
	if (!is_new && subtract(&rec, &k->last)) {
		s->ran = true;
		rec.hdr.duration = 0;
		if (on[ESPY_EV_profile_thread])
			espy_buf_add(&c->out, &rec, sizeof(rec));
	}
	k->last = *now;
	k->round = c->round;
	return c->out.error;
}

static int take_part(struct espy_counters *c, const process_record *part)
{
	struct sum *s = find_sum(c, &part->hdr);
	const uint64_t *from = (const uint64_t *)(&part->hdr + 1);
	uint64_t *to;

	if (!s)
		return c->processes.n >= ESPY_COUNTERS_THREADS_MAX ? 0 : -ENOMEM;
	to = (uint64_t *)(&s->rec.hdr + 1);
	for (size_t i = 0; i < (sizeof(*part) - sizeof(part->hdr)) / sizeof(*to); i++)
		to[i] += from[i];
	return 0;
}

static int take(struct espy_counters *c, const struct espy_event *e, const uint8_t *on)
{
	if (e->type == ESPY_EV_profile_thread && e->size == sizeof(thread_record))
		return take_thread(c, (const thread_record *)e, on);
	if (e->type == ESPY_EV_profile_process && e->size == sizeof(process_record))
		return take_part(c, (const process_record *)e);
	return -EBADMSG;
}

static void forget(struct espy_map *m, const struct espy_map_slot *slot)
{
	free(slot->value);
	espy_map_del(m, slot->key.a, slot->key.b);
}

/* Processes that ran go out; what was not seen is gone. */
static void end_round(struct espy_counters *c, const uint8_t *on)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&c->processes, &i));) {
		const struct sum *s = slot->value;

		if (s->round != c->round)
			forget(&c->processes, slot);
		else if (s->ran && on[ESPY_EV_profile_process])
			espy_buf_add(&c->out, &s->rec, sizeof(s->rec));
	}
	for (size_t i = 0; (slot = espy_map_next(&c->threads, &i));)
		if (((struct known *)slot->value)->round != c->round)
			forget(&c->threads, slot);
}

int espy_counters_take(struct espy_counters *c, const struct espy_buf *in, const uint8_t *on)
{
	uint64_t time = 0;
	int r = 0;

	c->round++;
	for (size_t at = 0; in->n - at >= sizeof(struct espy_event) && r == 0;) {
		const struct espy_event *e = (const void *)(in->p + at);

		if (e->size < sizeof(*e) || e->size > in->n - at)
			return -EBADMSG;
		time = time ? time : e->time;
		r = take(c, e, on);
		at += e->size;
	}
	if (r < 0)
		return r;
	end_round(c, on);
	c->time = time ? time : c->time;
	return c->out.error ? -ENOMEM : 0;
}

static void free_all(struct espy_map *m)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(m, &i));)
		free(slot->value);
	espy_map_done(m);
}

void espy_counters_done(struct espy_counters *c)
{
	free_all(&c->threads);
	free_all(&c->processes);
	espy_buf_done(&c->out);
}
