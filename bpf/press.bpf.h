/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done when more happens than is taken from a ring, in steps (docs/adr/0031): runs of reads
 * and writes become one record, threads that make too much are left out, and the last eighth of a
 * ring is for processes and threads alone. Decided here, on the processor that it is about: user
 * space would know milliseconds too late.
 */
#pragma once

#define PRESS_EVERY 16u  /* records between two looks at the ring */
#define SHARE_SHIFT 24u  /* 2^24 ns: a thread may make so many records in that time */
#define SHARE       1024 /* and be recorded in full, however full the ring is */
#define RUN_TIMES   (1u << 20)
#define RUN_NS      250000000ull /* a run is told at the latest so long after it began */

/* FLAGS overload of flags/system.def */
enum press_level { PRESS_NONE, PRESS_MERGING, PRESS_ISOLATING, PRESS_LIFECYCLE };

static __always_inline bool is_lifecycle(u32 class_id)
{
	return class_id == ESPY_CLASS_process || class_id == ESPY_CLASS_thread ||
	       class_id == ESPY_CLASS_system || class_id == ESPY_CLASS_meta;
}

/* Steps up when the ring is a half, three quarters, seven eighths full; down, one at a time, when
 * it is less than a quarter, a half, three quarters. */
static __always_inline u32 press_next(u32 level, u64 waiting)
{
	u64 eighths = waiting * 8 / ring_room;
	u32 up = eighths >= 7 ? PRESS_LIFECYCLE : eighths >= 6 ? PRESS_ISOLATING : eighths >= 4;

	if (up > level)
		return up;
	return level && eighths < 2 * level ? level - 1 : level;
}

static __always_inline void press_tell(struct espy_cpu *c, void *ring, u64 time, u64 waiting,
				       u32 old)
{
	struct espy_ev_system_overload *rec;

	c->seq++;
	rec = bpf_ringbuf_reserve(ring, sizeof(*rec), 0);
	if (!rec) {
		count_lost_at(c, ESPY_CLASS_system);
		return;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->hdr.time = time ? time : bpf_ktime_get_boot_ns();
	rec->hdr.seq = c->seq;
	rec->hdr.size = sizeof(*rec);
	rec->hdr.type = ESPY_EV_system_overload;
	rec->hdr.cpu = bpf_get_smp_processor_id();
	rec->waiting = waiting;
	rec->overload = c->level;
	rec->old_overload = old;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

/* Looks how full this CPU's ring is. `time`: of the record that is about to follow, 0: now. Global:
 * verified once. */
__noinline int press_check(u64 time)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct espy_cpu *c = cpu_at(cpu);
	void *ring = ring_at(cpu);
	u32 old = c->level;
	u64 waiting;

	if (!ring)
		return 0;
	waiting = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	c->level = press_next(old, waiting);
	if (c->level == old)
		return 0;
	if (c->level == PRESS_ISOLATING && old < c->level)
		press_episode++;
	press_tell(c, ring, time, waiting, old);
	return 0;
}

/* Is there no room but for lifecycle records? Then the call that begins is likely not recorded, and
 * what it is about need not be told. */
static __always_inline bool press_is_hard(void)
{
	struct espy_cpu *c = this_cpu();

	if (c->level < PRESS_LIFECYCLE)
		return false;
	press_check(0);
	return c->level >= PRESS_LIFECYCLE;
}

/* Before a record takes a number. True: there is no room for its class. */
static __always_inline bool press_refuses(struct espy_cpu *c, u32 class_id, u64 time)
{
	if (!ring_room)
		return false;
	if (c->level || !(c->seq % PRESS_EVERY))
		press_check(time);
	return c->level >= PRESS_LIFECYCLE && !is_lifecycle(class_id);
}
