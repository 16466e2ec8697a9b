/* SPDX-License-Identifier: MIT */
#include "format/timeline.h"
#include <string.h>

void espy_timeline_done(struct espy_timeline *t)
{
	espy_map_done(&t->tracks);
	espy_map_done(&t->processes);
	espy_arena_done(&t->arena);
	*t = (struct espy_timeline){0};
}

/* Ids are made of what they stand for, so that a forgotten track comes back as itself. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = a * 0x9e3779b97f4a7c15ULL ^ (b + 0x632be59bd9b4e019ULL);

	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ULL;
	h ^= h >> 29;
	h *= 0xd6e8feb86659fd93ULL;
	h ^= h >> 32;
	return h ? h : 1; /* 0 is nobody's */
}

static struct espy_timeline_track *new_track(struct espy_timeline *t, const struct espy_proc *p,
					     uint32_t tid, unsigned aside)
{
	struct espy_timeline_track *track = espy_arena_zalloc(&t->arena, sizeof(*track));

	if (!track)
		return NULL;
	track->process = mix(p->start, p->pid);
	track->thread = mix(track->process, tid | 1ULL << 32);
	track->id = mix(track->process, tid | (aside + 1ULL) << 32);
	track->pid = p->pid;
	track->tid = tid;
	track->aside = aside;
	return track;
}

static struct espy_timeline_track *main_track(struct espy_timeline *t, const struct espy_proc *p,
					      uint32_t tid, bool *is_new)
{
	uint64_t process = mix(p->start, p->pid);
	struct espy_timeline_track *track = espy_map_get(&t->tracks, process, tid);

	*is_new = false;
	if (track)
		return track;
	if (t->tracks.n >= ESPY_TIMELINE_TRACKS_MAX)
		espy_timeline_done(t);
	track = new_track(t, p, tid, 0);
	if (!track || espy_map_put(&t->tracks, process, tid, track) < 0)
		return NULL;
	*is_new = true;
	return track;
}

/* Takes the span in, unless it would cut one that is there. */
static bool fits(struct espy_timeline_track *track, struct espy_timeline_span s)
{
	unsigned n = track->n;

	while (n && track->spans[n - 1].begin > s.begin)
		n--; /* within the new one: they ended before it */
	if (n && (track->spans[n - 1].end > s.begin || track->spans[n - 1].begin == s.begin) &&
	    track->spans[n - 1].end != track->spans[n - 1].begin)
		return false;
	if (n == ESPY_TIMELINE_SPANS) {
		memmove(track->spans, track->spans + 1, (n - 1) * sizeof(track->spans[0]));
		n--;
	}
	track->spans[n] = s;
	track->n = n + 1;
	return true;
}

const struct espy_timeline_track *espy_timeline_track(struct espy_timeline *t,
						      const struct espy_batch *b, uint32_t row,
						      bool *is_new, bool *is_new_process)
{
	static const struct espy_proc nobody = {.parent = UINT32_MAX};
	uint32_t index = b->proc[row];
	const struct espy_proc *p = index < b->n_procs ? &b->procs[index] : &nobody;
	struct espy_timeline_span s = {b->time[row], b->time[row] + espy_timeline_duration(b, row)};
	struct espy_timeline_track *track = main_track(t, p, b->tid[row], is_new);

	if (!track)
		return NULL;
	*is_new_process = !espy_map_get(&t->processes, track->process, 0);
	if (*is_new_process && espy_map_put(&t->processes, track->process, 0, t) < 0)
		return NULL;
	while (track && !fits(track, s)) {
		if (!track->other) {
			track->other = new_track(t, p, b->tid[row], track->aside + 1);
			*is_new = true;
		}
		track = track->other;
	}
	return track;
}

const struct espy_proc *espy_timeline_newest(const struct espy_batch *b, uint32_t row)
{
	const struct espy_proc *p;

	if (b->proc[row] >= b->n_procs)
		return NULL;
	p = &b->procs[b->proc[row]];
	for (uint32_t i = b->n_procs; i-- > 0;)
		if (b->procs[i].pid == p->pid && b->procs[i].start == p->start)
			return &b->procs[i];
	return p;
}
