/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is running, is it recorded, and how a record gets out: find the task, decide, reserve,
 * submit. */
#pragma once

#include "maps.bpf.h"

static __always_inline struct espy_cpu *this_cpu(void)
{
	return &cpus[bpf_get_smp_processor_id() & (ESPY_CPUS - 1)];
}

static __always_inline void *this_ring(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rings, &cpu);
}

static __always_inline void count_lost(u32 class_id)
{
	if (class_id < ESPY_CLASS__MAX)
		this_cpu()->lost[class_id]++;
}

/* Class of an event type, a constant for the compiler wherever `type` is one. */
static __always_inline u32 class_of(u32 type)
{
	switch (type) {
#define EVENT(ev, id, class, ...) \
	case id:                  \
		return ESPY_CLASS_##class;
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"
	}
	return 0;
}

/* Room for a record in this CPU's ring; counts the attempt and the loss. */
static __always_inline void *record_reserve(u32 size, u32 class_id, u32 *seq)
{
	void *ring = this_ring();
	void *rec = NULL;

	*seq = ++this_cpu()->seq;
	if (ring)
		rec = bpf_ringbuf_reserve(ring, size, 0);
	if (!rec)
		count_lost(class_id);
	return rec;
}

/* Sends a record that was built elsewhere; its hdr.seq is set here. 0: it is out. */
static __always_inline int record_output(struct espy_event *e, u32 size, u32 class_id)
{
	void *ring = this_ring();

	e->seq = ++this_cpu()->seq;
	e->size = size;
	if (ring && bpf_ringbuf_output(ring, e, size, BPF_RB_NO_WAKEUP) == 0)
		return 0;
	count_lost(class_id);
	return -1;
}

/* The same without a number: for programs that interrupt others between their taking a number and
 * their taking room, where a gap would look like a loss. Its own losses are counted apart. */
static __always_inline int record_apart(struct espy_event *e, u32 size)
{
	void *ring = this_ring();

	e->seq = 0;
	e->size = size;
	e->flags |= ESPY_F_APART;
	if (ring && bpf_ringbuf_output(ring, e, size, BPF_RB_NO_WAKEUP) == 0)
		return 0;
	this_cpu()->samples_lost++;
	return -1;
}

#include "stack.bpf.h"

static __always_inline void header_task(struct espy_event *e, const struct task_state *st)
{
	e->start = st->start;
	e->pid = st->pid;
	e->tid = st->tid;
	e->cpu = bpf_get_smp_processor_id();
	e->flags = 0;
}

/* Header of an event that is not a system call. */
static __always_inline void header_now(struct espy_event *e, const struct task_state *st, u16 type)
{
	e->time = bpf_ktime_get_boot_ns();
	e->duration = 0;
	e->result = 0;
	e->type = type;
	e->call = 0;
	e->abi = ESPY_ABI_NONE;
	header_task(e, st);
	e->stack = type == ESPY_EV_meta_task ? 0 : stack_now(st);
}

static __always_inline u64 call_began(const struct task_state *st, u64 now)
{
	return st->entry ? st->entry : now;
}

/* Header of an event that another hook reports while its system call, if it is one, still runs. */
static __always_inline void header_in_call(struct espy_event *e, const struct task_state *st,
					   u16 type)
{
	e->time = bpf_ktime_get_boot_ns();
	e->result = 0;
	e->type = type;
	header_task(e, st);
	e->stack = st->entry && st->stack ? st->stack : stack_now(st);
	e->duration = e->time - call_began(st, e->time);
	e->call = st->entry ? st->nr : 0;
	e->abi = st->entry ? st->abi : ESPY_ABI_NONE;
}

/* Header of the system call that this task ends now. `time` follows anything that was defined for
 * it, `end` is when the call ended. */
static __always_inline void header_call(struct espy_event *e, const struct task_state *st, u16 type,
					u64 time, u64 end, s64 result)
{
	e->time = time;
	e->duration = end - st->entry;
	e->result = result;
	e->type = type;
	e->call = st->nr;
	e->abi = st->abi;
	e->stack = st->stack;
	header_task(e, st);
	if (!st->entry) {
		e->duration = 0;
		e->flags = ESPY_F_NO_ENTRY;
	}
}

/* --- tasks ---------------------------------------------------------------------------------- */

/* pid of the current process as Espy's own pid namespace numbers it; 0: not visible there. */
static __always_inline u32 pid_in_espys_ns(u32 pid)
{
	struct bpf_pidns_info ns = {};

	if (!ns_ino)
		return pid;
	if (bpf_get_ns_current_pid_tgid(ns_dev, ns_ino, &ns, sizeof(ns)))
		return 0;
	return ns.tgid;
}

static __always_inline struct task_state *state_of(struct task_struct *t, bool create)
{
	struct task_state *st;
	u32 tid;

	if (HAS(has_task_storage))
		return bpf_task_storage_get(&task_store, t, 0,
					    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	tid = KR(t, pid);
	st = bpf_map_lookup_elem(&task_hash, &tid);
	if (!st && create) {
		u32 zero = 0;
		struct scratch *s = bpf_map_lookup_elem(&scratches, &zero);

		if (!s)
			return NULL;
		__builtin_memset(s->text, 0, sizeof(*st));
		bpf_map_update_elem(&task_hash, &tid, s->text, BPF_NOEXIST);
		st = bpf_map_lookup_elem(&task_hash, &tid);
	}
	return st;
}

static __always_inline struct task_state *state_current(bool create)
{
	return state_of(current_task(), create);
}

/* Decides whether the current task is recorded: at first sight, and when its credentials change. */
static __noinline int state_decide(struct task_state *st, struct task_struct *t)
{
	u32 pid = pid_in_espys_ns(st->pid);
	bool record = true;
	u8 verdict = st->verdict & ~(V_RECORD | V_ANNOUNCED);

	if (only_targets && !(verdict & V_TREE)) {
		if (!(verdict & V_KNOWN) && bpf_map_lookup_elem(&targets, &pid))
			verdict |= V_TREE;
		else
			record = false;
	}
	if (only_uids) {
		u32 uid = BPF_CORE_READ(t, cred, uid.val);

		if (!bpf_map_lookup_elem(&uids, &uid))
			record = false;
	}
	if (only_cgroup && bpf_current_task_under_cgroup(&cgroups, 0) != 1)
		record = false;
	if (pid == self_pid && pid)
		record = false;
	st->verdict = verdict | V_KNOWN | (record ? V_RECORD : 0);
	return record;
}

static __always_inline void state_identify(struct task_state *st, struct task_struct *t)
{
	st->pid = KR(t, tgid);
	st->tid = KR(t, pid);
	st->start = KR(KR(t, group_leader), start_boottime);
	st->cred = (u64)KR(t, cred);
}

/*
 * Announces a process: sent before its first record and whenever its credentials changed, so that
 * every event has the right user even when the record that made the process was lost.
 */
static __noinline int task_announce(struct task_state *st, struct task_struct *t)
{
	struct espy_ev_meta_task *rec;
	struct task_struct *leader = KR(t, group_leader), *parent = KR(leader, real_parent);
	struct cred *cred = KR(t, cred);
	u32 seq;
	char *text;

	rec = record_reserve(sizeof(*rec) + 16 + 32, ESPY_CLASS_meta, &seq);
	if (!rec)
		return 0;
	header_now(&rec->hdr, st, ESPY_EV_meta_task);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec) + 48;
	rec->parent_start = KR(KR(parent, group_leader), start_boottime);
	rec->ppid = KR(parent, tgid);
	rec->cgroup = BPF_CORE_READ(t, cgroups, dfl_cgrp, kn, id);
	rec->uid = KR(cred, uid.val);
	rec->gid = KR(cred, gid.val);
	rec->euid = KR(cred, euid.val);
	rec->egid = KR(cred, egid.val);
	rec->sid = BPF_CORE_READ(t, signal, pids[3], numbers[0].nr);
	rec->login_uid = BPF_CORE_READ(t, loginuid.val);
	rec->kernel = KR(t, flags) & PF_KTHREAD ? 1 : 0;
	text = (char *)(rec + 1);
	rec->comm.off = sizeof(*rec);
	rec->tty.off = sizeof(*rec) + 16;
	rec->comm.len = bpf_core_read_str(text, 16, &leader->comm) - 1;
	rec->tty.len = 0;
	struct tty_struct *tty = BPF_CORE_READ(t, signal, tty);
	if (tty)
		rec->tty.len = bpf_core_read_str(text + 16, 32, &tty->name) - 1;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	st->verdict |= V_ANNOUNCED;
	return 0;
}

/* A new identity or new credentials: decide again, and tell. */
static __always_inline void state_refresh(struct task_state *st, struct task_struct *t)
{
	state_identify(st, t);
	if (state_decide(st, t))
		task_announce(st, t);
}

/* The state of the current task, brought up to date. */
static __always_inline struct task_state *state_seen(struct task_struct *t)
{
	struct task_state *st = state_of(t, true);

	if (!st) {
		this_cpu()->busy++;
		return NULL;
	}
	if (!(st->verdict & V_KNOWN))
		state_refresh(st, t);
	else if (st->verdict & V_RECORD
			 ? !(st->verdict & V_ANNOUNCED) || st->cred != (u64)KR(t, cred)
			 : only_uids && st->cred != (u64)KR(t, cred))
		state_refresh(st, t);
	return st;
}

/* The same, if the task is recorded. */
static __always_inline struct task_state *state_recorded(struct task_struct *t)
{
	struct task_state *st = state_seen(t);

	return st && st->verdict & V_RECORD ? st : NULL;
}
