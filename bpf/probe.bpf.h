/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is running, is it recorded, and how a record gets out: find the task, decide, reserve,
 * submit. */
#pragma once

#include "cred.bpf.h"

/* Which processor it is, is asked for once in a function: the kernel replaces the question by
 * instructions, and moves all that is behind in the program each time. */
static __always_inline struct espy_cpu *cpu_at(u32 cpu)
{
	return &cpus[cpu & (ESPY_CPUS - 1)];
}

static __always_inline struct espy_cpu *this_cpu(void)
{
	return cpu_at(bpf_get_smp_processor_id());
}

static __always_inline void *ring_at(u32 cpu)
{
	return bpf_map_lookup_elem(&rings, &cpu);
}

static __always_inline void count_lost_at(struct espy_cpu *c, u32 class_id)
{
	asm volatile(""
		     : "+r"(class_id)); /* the register that is compared is the one that is used */
	if (class_id < ESPY_CLASS__MAX)
		c->lost[class_id]++;
}

static __always_inline void count_lost(u32 class_id)
{
	count_lost_at(this_cpu(), class_id);
}

/* Class of an event type. From a table: a switch would be a way for each event to the verifier. */
static __always_inline u32 class_of(u32 type)
{
	return layouts[type & (ESPY_EVENT_ID_MAX - 1)].class_id;
}

#include "press.bpf.h"

/* Room for a record in this CPU's ring; counts the attempt and the loss. `time`: of the record, 0:
 * it is taken later. */
static __always_inline void *record_reserve_at(u32 size, u32 class_id, u32 *seq, u64 time)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct espy_cpu *c = cpu_at(cpu);
	bool refused = press_refuses(c, class_id, time);
	void *ring = ring_at(cpu);
	void *rec = NULL;

	*seq = ++c->seq;
	if (ring && !refused)
		rec = bpf_ringbuf_reserve(ring, size, 0);
	if (!rec)
		count_lost_at(c, class_id);
	return rec;
}

static __always_inline void *record_reserve(u32 size, u32 class_id, u32 *seq)
{
	return record_reserve_at(size, class_id, seq, 0);
}

/*
 * The same for what is recorded in an interrupt, perhaps in the middle of this very program:
 * without a number in the sequence of the CPU, which only one may take at a time. What finds no
 * room is counted apart.
 */
static __always_inline void *record_reserve_apart(u32 size)
{
	u32 cpu = bpf_get_smp_processor_id();
	void *ring = ring_at(cpu);
	void *rec = NULL;

	if (ring)
		rec = bpf_ringbuf_reserve(ring, size, 0);
	if (!rec)
		cpu_at(cpu)->apart++;
	return rec;
}

/* Sends a record that was built elsewhere; its hdr.seq is set here. 0: it is out. */
static __always_inline int record_output(struct espy_event *e, u32 size, u32 class_id)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct espy_cpu *c = cpu_at(cpu);
	bool refused = press_refuses(c, class_id, e->time);
	void *ring = ring_at(cpu);

	e->seq = ++c->seq;
	e->size = size;
	if (ring && !refused && bpf_ringbuf_output(ring, e, size, BPF_RB_NO_WAKEUP) == 0)
		return 0;
	count_lost_at(c, class_id);
	return -1;
}

/* The same without a number: for programs that interrupt others between their taking a number and
 * their taking room, where a gap would look like a loss. Its own losses are counted apart. */
static __always_inline int record_apart(struct espy_event *e, u32 size)
{
	u32 cpu = bpf_get_smp_processor_id();
	void *ring = ring_at(cpu);

	e->seq = 0;
	e->size = size;
	e->flags |= ESPY_F_APART;
	if (ring && bpf_ringbuf_output(ring, e, size, BPF_RB_NO_WAKEUP) == 0)
		return 0;
	cpu_at(cpu)->samples_lost++;
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

#include "who.bpf.h"

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

/* Of a task that is recorded: is nothing asked for that it does itself? V_QUIET or 0. */
static __always_inline u8 state_quiet(const struct task_state *st, struct task_struct *t,
				      u8 verdict)
{
	if (verdict & V_OTHER_EXE || (n_only_pids && !only_pid(st->pid)))
		return V_QUIET;
	return n_only_cgroups && cgroup_unasked(KNUM(t, cgroups)) ? V_QUIET : 0;
}

/* Decides whether the current task is recorded: at first sight, and when its credentials or cgroups
 * change. */
static __noinline int state_decide(struct task_state *st, struct task_struct *t)
{
	u32 pid = pid_in_espys_ns(st->pid);
	bool record = true;
	u8 verdict = st->verdict & ~(V_RECORD | V_ANNOUNCED | V_QUIET);

	if (only_targets && !(verdict & V_TREE)) {
		if (!(verdict & V_KNOWN) && bpf_map_lookup_elem(&targets, &pid))
			verdict |= V_TREE;
		else
			record = false;
	}
	if (only_uids) {
		u32 uid = st->ids.uid;

		if (!bpf_map_lookup_elem(&uids, &uid))
			record = false;
	}
	if (only_cgroup && bpf_current_task_under_cgroup(&cgroups, 0) != 1)
		record = false;
	if (pid == self_pid && pid)
		record = false;
	if (record)
		verdict |= V_RECORD | state_quiet(st, t, verdict);
	st->verdict = verdict | V_KNOWN;
	return record;
}

static __always_inline void state_identify(struct task_state *st, struct task_struct *t, u64 cred)
{
	st->pid = KR(t, tgid);
	st->tid = KR(t, pid);
	st->start = KR(KR(t, group_leader), start_boottime);
	state_take_creds(st, cred);
	st->ns = (u64)KR(t, nsproxy);
	st->cset = (u64)KR(t, cgroups);
}

/* Other credentials, namespaces (a task that ends has none) or cgroups than when it was announced.
 */
static __always_inline bool state_changed(const struct task_state *st, struct task_struct *t,
					  u64 cred)
{
	u64 ns = (u64)KR(t, nsproxy);

	return st->cred != cred || (ns && st->ns != ns) || st->cset != (u64)KR(t, cgroups);
}

/*
 * Announces the current task's process: sent before its first record and whenever its credentials,
 * namespaces or cgroup changed, so that every event has the right user even when the record that
 * made the process was lost.
 */
__noinline int task_announce(void)
{
	struct espy_ev_meta_task *rec;
	struct task_struct *t = current_task();
	struct task_struct *leader = KR(t, group_leader), *parent = KR(leader, real_parent);
	struct task_state *st = state_of(t, false);
	u64 cgroup = cgroup_tell(KNUM(t, cgroups));
	u32 seq;
	char *text;

	if (!st)
		return 0;
	rec = record_reserve(sizeof(*rec) + 16 + 32, ESPY_CLASS_meta, &seq);
	if (!rec)
		return 0;
	header_now(&rec->hdr, st, ESPY_EV_meta_task);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec) + 48;
	rec->parent_start = KR(KR(parent, group_leader), start_boottime);
	rec->ppid = KR(parent, tgid);
	rec->cgroup = BPF_CORE_READ(t, cgroups, dfl_cgrp, kn, id);
	rec->uid = st->ids.uid;
	rec->gid = st->ids.gid;
	rec->euid = st->ids.euid;
	rec->egid = st->ids.egid;
	rec->sid = BPF_CORE_READ(t, signal, pids[3], numbers[0].nr);
	rec->login_uid = BPF_CORE_READ(t, loginuid.val);
	rec->kernel = KR(t, flags) & PF_KTHREAD ? 1 : 0;
	rec->cgroup_ref = cgroup;
	FILL_WHO(rec, t, leader);
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

/* A new identity or new credentials of the current task: decide again, and tell. Global, as what
 * leads to it: with numbers alone, verified once in each program and not on every way there. */
__noinline int state_refresh(u32 at)
{
	struct task_struct *t = current_task();
	struct task_state *st = state_of(t, false);

	if (!st)
		return 0;
	state_identify(st, t, creds_of(st, t, at));
	if (state_decide(st, t))
		task_announce();
	return 0;
}

/* --- credentials ---------------------------------------------------------------------------- */

static __always_inline const struct espy_call *call_of(const struct task_state *st)
{
	return &calls[st->abi == ESPY_ABI_IA32][st->call & (ESPY_CALLS - 1)];
}

/* Is the task in a call that may give it other credentials? Its end looks at them. */
static __always_inline bool in_creds_call(const struct task_state *st)
{
	return st->entry && call_of(st)->flags & ESPY_CALL_CREDS;
}

/* The bit when a and b differ; no branches, which would be ways for the verifier to go. */
#define DIFFERENT(a, b)    (((a) ^ (b)) | -((a) ^ (b)))
#define CHANGED(bit, what) changed |= (bit) & -(DIFFERENT((u64)old->what, (u64)st->ids.what) >> 63)

/* Which parts differ: FLAGS_cred_part. */
static __always_inline u32 creds_difference(const struct task_state *st, const struct cred_ids *old)
{
	u32 changed = 0;

	CHANGED(1, uid);
	CHANGED(1, euid);
	CHANGED(1, suid);
	CHANGED(1, fsuid);
	CHANGED(2, gid);
	CHANGED(2, egid);
	CHANGED(2, sgid);
	CHANGED(2, fsgid);
	CHANGED(4, groups);
	CHANGED(8, effective);
	CHANGED(8, permitted);
	CHANGED(8, inheritable);
	CHANGED(8, ambient);
	CHANGED(8, bounding);
	CHANGED(16, securebits);
	CHANGED(32, user_ns);
	CHANGED(64, session_key);
	return changed;
}

static __always_inline void put_cred_change(struct espy_ev_process_cred_change *rec,
					    const struct cred_ids *now, const struct cred_ids *old)
{
	rec->caps = now->effective;
	rec->old_caps = old->effective;
	rec->caps_permitted = now->permitted;
	rec->old_caps_permitted = old->permitted;
	rec->new_uid = now->uid;
	rec->new_euid = now->euid;
	rec->new_suid = now->suid;
	rec->new_fsuid = now->fsuid;
	rec->old_uid = old->uid;
	rec->old_euid = old->euid;
	rec->old_suid = old->suid;
	rec->old_fsuid = old->fsuid;
	rec->new_gid = now->gid;
	rec->new_egid = now->egid;
	rec->new_sgid = now->sgid;
	rec->new_fsgid = now->fsgid;
	rec->old_gid = old->gid;
	rec->old_egid = old->egid;
	rec->old_sgid = old->sgid;
	rec->old_fsgid = old->fsgid;
	rec->securebits = now->securebits;
	rec->old_securebits = old->securebits;
	rec->new_user_ns = now->user_ns;
	rec->old_user_ns = old->user_ns;
	rec->session_key = now->session_key;
	rec->old_session_key = old->session_key;
}

/* The record, with what they were from the scratch area. */
__noinline int creds_tell(void)
{
	u32 user = SCRATCH_SCHED, seq;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct task_state *st = state_current(false);
	struct espy_ev_process_cred_change *rec;
	struct cred_ids *old;

	if (!s || !st || !(st->verdict & V_RECORD) || failed_only)
		return 0;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_process, &seq);
	if (!rec)
		return 0;
	old = (void *)s->record;
	header_now(&rec->hdr, st, ESPY_EV_process_cred_change);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->changed = creds_difference(st, old);
	put_cred_change(rec, &st->ids, old);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/*
 * The task has other credentials than it had at its last event, and no call of its own gave them:
 * another task did (keyctl_session_to_parent), a security module, or somebody who changed the
 * kernel's memory. Known as soon as the task does anything that is recorded.
 */
__noinline int creds_unexplained(u32 at)
{
	u32 user = SCRATCH_SCHED;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct task_state *st = state_current(false);

	if (!s || !st)
		return 0;
	*(struct cred_ids *)s->record = st->ids;
	state_refresh(at);
	return creds_tell();
}

/* The end of a call that may have changed credentials: what it gave is known now. */
__noinline int creds_settle(void)
{
	struct task_struct *t = current_task();
	struct task_state *st = state_of(t, false);
	u64 cred = (u64)KR(t, cred);

	if (st && cred != st->cred)
		state_refresh(SEEN_ENTRY); /* the call is done: nothing is overridden */
	return 0;
}

/* Of the current task. */
__noinline int state_renew(u32 at)
{
	struct task_struct *t = current_task();
	struct task_state *st = state_of(t, false);
	bool other;
	u64 cred;

	if (!st)
		return 0;
	cred = creds_of(st, t, at);
	other = st->verdict & (V_KNOWN | V_CREDS) && st->cred != cred;
	if (other && at != SEEN_EXEC && in_creds_call(st))
		return 0;
	if (watch_creds && other && at != SEEN_EXEC && !(st->verdict & V_QUIET))
		creds_unexplained(at);
	else
		state_refresh(at);
	return 0;
}

/* Was it decided that nothing, or only what the process table needs, is recorded of the task? */
static __always_inline bool state_is_quiet(const struct task_state *st)
{
	return st->verdict & V_KNOWN && (st->verdict & (V_RECORD | V_QUIET)) != V_RECORD;
}

/*
 * Is nothing that this task does recorded, as was decided before? Then nothing has to be looked at
 * but what may change that: the user where users are chosen, the cgroup where cgroups are. `told`:
 * what is asked for is recorded of quiet tasks too.
 */
static __always_inline bool state_ignored(const struct task_state *st, struct task_struct *t,
					  bool told)
{
	u32 v = st->verdict & (V_KNOWN | V_RECORD | V_QUIET);

	if (v != V_KNOWN && (told || v != (V_KNOWN | V_RECORD | V_QUIET)))
		return false;
	if (only_uids && st->cred != (u64)KR(t, cred))
		return false;
	return !(only_cgroup || n_only_cgroups) || st->cset == (u64)KR(t, cgroups);
}

/*
 * Is it the task that was found here last not to be followed? Cheaper than its state, for the calls
 * of the rest of the machine. That another task has its memory by now is told by tree_gen: only who
 * is begun by one that is followed can be one that has to be.
 */
static __always_inline bool is_other(struct task_struct *t)
{
	struct espy_cpu *c = this_cpu();

	return only_targets && c->other == (u64)t && c->other_gen == tree_gen;
}

static __always_inline void note_other(const struct task_state *st, struct task_struct *t)
{
	u32 gen = tree_gen;
	struct espy_cpu *c = this_cpu();

	if (!only_targets || (st->verdict & (V_KNOWN | V_TREE)) != V_KNOWN)
		return;
	c->other = (u64)t;
	c->other_gen = gen;
}

static __always_inline bool state_stale(const struct task_state *st, struct task_struct *t,
					u64 cred)
{
	if (!(st->verdict & V_KNOWN))
		return true;
	if (st->verdict & V_RECORD)
		return !(st->verdict & V_ANNOUNCED) || state_changed(st, t, cred);
	return (only_uids && st->cred != cred) || (only_cgroup && st->cset != (u64)KR(t, cgroups));
}

/* The state of the current task, which `t` is, brought up to date. */
static __always_inline struct task_state *state_seen(struct task_struct *t, enum seen_at at)
{
	struct task_state *st = state_of(t, true);

	if (!st) {
		this_cpu()->busy++;
		return NULL;
	}
	if (state_stale(st, t, creds_of(st, t, at)))
		state_renew(at);
	return st;
}

/* The same, if what the process table needs is recorded of the task. */
static __always_inline struct task_state *state_told(struct task_struct *t, enum seen_at at)
{
	struct task_state *st = state_seen(t, at);

	return st && st->verdict & V_RECORD ? st : NULL;
}

/* The same, if all that it does is recorded; with `told` as above. */
static __always_inline struct task_state *state_recorded_at(struct task_struct *t, enum seen_at at,
							    bool told)
{
	struct task_state *st = state_of(t, true);

	if (!st) {
		this_cpu()->busy++;
		return NULL;
	}
	if (state_ignored(st, t, told))
		return NULL;
	if (state_stale(st, t, creds_of(st, t, at)))
		state_renew(at);
	if (!(st->verdict & V_RECORD) || (st->verdict & V_QUIET && !told))
		return NULL;
	return st;
}

static __always_inline struct task_state *state_recorded(struct task_struct *t)
{
	return state_recorded_at(t, SEEN_INSIDE, false);
}
