/* SPDX-License-Identifier: MIT */
#include "sense/plain-event.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <time.h>
#include <unistd.h>
#include "sense/machine.h"

#define BEGIN(x, ev) espy_record_begin(&(x)->record, ESPY_EV_##ev, sizeof(struct espy_ev_##ev))

#define ROOM       256u        /* of one name of a cgroup: NAME_MAX and a NUL */
#define DEPTH_MAX  64u         /* names of a cgroup that are told */
#define TICKS_NS   20000000ull /* what /proc rounds a start to, twice */
#define FORGIVE_NS 1000000ull  /* an end may seem to be before the start by so much */

void espy_plain_set_clock(struct espy_plain_events *x)
{
	int64_t apart = espy_machine_apart(CLOCK_MONOTONIC, CLOCK_BOOTTIME, 3);

	/* less than a millisecond is no suspend */
	if (llabs(apart - x->to_boot) > 1000000)
		x->to_boot = apart;
}

void espy_plain_events_done(struct espy_plain_events *x)
{
	espy_plain_tasks_done(&x->tasks);
	espy_map_done(&x->cgroups.told);
	if (x->has_names)
		espy_exec_names_close(&x->names);
	espy_buf_done(&x->made);
	espy_buf_done(&x->info.exe);
	espy_buf_done(&x->info.cmdline);
	free(x->uids);
}

/* --- sending -------------------------------------------------------------------------------- */

void espy_plain_send(struct espy_plain_events *x)
{
	const struct espy_event *rec = espy_record_end(&x->record);

	if (espy_buf_reserve(&x->made, rec->size) < 0) {
		x->made.error = 0;
		x->unmade++;
		return;
	}
	espy_buf_add(&x->made, rec, rec->size);
	x->n_made++;
}

void espy_plain_lost(struct espy_plain_events *x, uint32_t cpu, uint64_t lost, uint64_t from,
		     uint64_t to, const char *reason)
{
	struct espy_ev_system_loss *rec = &x->record.system_loss;

	BEGIN(x, system_loss);
	rec->hdr.time = to;
	rec->hdr.cpu = (uint16_t)cpu;
	rec->lost = lost;
	rec->from = from;
	rec->to = to;
	espy_record_text(&x->record, &rec->reason, espy_str0(reason));
	espy_plain_send(x);
}

static bool has_user(const struct espy_plain_events *x, uint32_t uid)
{
	for (size_t i = 0; i < x->n_uids; i++)
		if (x->uids[i] == uid)
			return true;
	return x->n_uids == 0;
}

static bool is_wanted(const struct espy_plain_events *x, const struct espy_plain_process *p,
		      uint64_t time)
{
	return time >= x->since && p->pid != x->self && !p->is_outside &&
	       (!x->only_targets || p->is_target) && has_user(x, p->uid);
}

/* Every record of a message begins so. */
static void set_head(struct espy_plain_events *x, const struct espy_connector_event *e,
		     const struct espy_plain_process *p, uint32_t tid)
{
	struct espy_event *h = &x->record.hdr;

	h->time = e->time;
	h->start = p->start;
	h->pid = p->pid;
	h->tid = tid;
	h->seq = e->seq;
	h->cpu = (uint16_t)e->cpu;
}

/* Of what takes time, it is not known how much. */
static void set_call(struct espy_plain_events *x, const struct espy_connector_event *e,
		     const struct espy_plain_process *p, uint32_t tid)
{
	set_head(x, e, p, tid);
	x->record.hdr.flags |= ESPY_F_NO_ENTRY;
}

/* --- who ------------------------------------------------------------------------------------ */

/* The names of a path from the leaf up, in rooms of equal size. */
static void define_cgroup(void *ctx, uint64_t id, struct espy_str path)
{
	struct espy_plain_events *x = ctx;
	struct espy_ev_meta_cgroup *rec = &x->record.meta_cgroup;
	char names[DEPTH_MAX * ROOM] = "";
	size_t n = 0;

	BEGIN(x, meta_cgroup);
	while (path.n && n < DEPTH_MAX) {
		struct espy_str name = espy_str_basename(path);

		path.n -= name.n;
		path.n -= path.n > 0;
		if (!name.n)
			continue;
		memcpy(names + n * ROOM, name.p, name.n < ROOM - 1 ? name.n : ROOM - 1);
		n++;
	}
	rec->id = id;
	rec->partial = path.n > 0;
	rec->name_bytes = ROOM;
	espy_record_text(&x->record, &rec->names, (struct espy_str){names, n * ROOM});
	espy_plain_send(x);
}

void espy_plain_read_who(struct espy_plain_events *x, struct espy_plain_process *p, int dir,
			 bool all)
{
	x->cgroups.define = define_cgroup;
	x->cgroups.ctx = x;
	espy_plain_who_read(p, dir, &x->info, all, &x->cgroups);
}

void espy_plain_tell_task(struct espy_plain_events *x, struct espy_plain_process *p, uint64_t time)
{
	struct espy_ev_meta_task *rec = &x->record.meta_task;

	BEGIN(x, meta_task);
	rec->hdr.time = time;
	rec->hdr.start = p->start;
	rec->hdr.pid = rec->hdr.tid = p->pid;
	ESPY_PLAIN_SET_WHO(rec, p);
	espy_record_text(&x->record, &rec->comm, espy_str0(p->comm));
	espy_record_text(&x->record, &rec->tty, espy_str0(p->tty));
	espy_plain_send(x);
	p->is_told = true;
}

/* True: records of it go out, and who reads them knows who it is. */
static bool begin(struct espy_plain_events *x, const struct espy_connector_event *e,
		  struct espy_plain_process *p, unsigned type)
{
	if (!x->type[type] || !is_wanted(x, p, e->time))
		return false;
	if (!p->is_told)
		espy_plain_tell_task(x, p, e->time);
	return true;
}

/* A process whose beginning was lost: what /proc has. Start 0, the current one of that id, where it
 * is gone. */
static struct espy_plain_process *meet(struct espy_plain_events *x, uint32_t pid)
{
	struct espy_plain_process *p = espy_plain_add(&x->tasks, pid, 0, NULL), *parent;
	int dir = p ? espy_proc_open(pid) : -1;

	if (dir < 0)
		return p;
	if (espy_proc_stat(&x->info, dir, 0) == 0) {
		p->start = x->info.start;
		p->ppid = x->info.ppid;
		parent = espy_plain_find(&x->tasks, p->ppid);
		p->parent_start = parent ? parent->start : 0;
		espy_plain_set_target(&x->tasks, p, parent && parent->is_target);
		espy_plain_read_who(x, p, dir, true);
	}
	close(dir);
	return p;
}

/* The process that a message is about; NULL when it is older than the one that has the number now,
 * or memory is out. */
static struct espy_plain_process *actor(struct espy_plain_events *x,
					const struct espy_connector_event *e, uint32_t pid)
{
	struct espy_plain_process *p = espy_plain_find(&x->tasks, pid);

	if (!p)
		return meet(x, pid);
	p->is_missing = false;
	return p->start > e->time + FORGIVE_NS ? NULL : p;
}

/* --- fork ----------------------------------------------------------------------------------- */

static void take_thread(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *p = actor(x, e, e->other_pid);
	struct espy_ev_thread_create *rec = &x->record.thread_create;
	uint32_t maker;

	if (!p)
		return;
	/* the message names the parent of the process, not the thread that made this one */
	maker = p->threads && !p->threads->next ? p->threads->tid : 0;
	if (!espy_plain_add_thread(&x->tasks, p, e->other_tid, e->time) ||
	    !begin(x, e, p, ESPY_EV_thread_create))
		return;
	BEGIN(x, thread_create);
	set_call(x, e, p, maker);
	rec->hdr.result = e->other_tid;
	rec->child_tid = e->other_tid;
	espy_plain_send(x);
}

/* The snapshot may have been later than the fork whose message comes only now. */
static struct espy_plain_process *child_of(struct espy_plain_events *x,
					   const struct espy_connector_event *e,
					   const struct espy_plain_process *parent)
{
	struct espy_plain_process *p = espy_plain_find(&x->tasks, e->other_pid);

	if (p && p->start + TICKS_NS >= e->time && p->start <= e->time + TICKS_NS)
		return p;
	return espy_plain_add(&x->tasks, e->other_pid, e->time, parent);
}

static void take_fork(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_ev_process_fork *rec = &x->record.process_fork;
	struct espy_plain_process *parent, *child;

	if (e->other_tid != e->other_pid) {
		take_thread(x, e);
		return;
	}
	parent = actor(x, e, e->pid);
	child = parent ? child_of(x, e, parent) : NULL;
	if (!child || !begin(x, e, parent, ESPY_EV_process_fork))
		return;
	BEGIN(x, process_fork);
	set_call(x, e, parent, e->tid);
	rec->hdr.result = child->pid;
	rec->child_start = child->start;
	rec->child_pid = child->pid;
	rec->child_ppid = parent->pid;
	rec->parent_start = parent->start;
	espy_plain_send(x);
	child->is_told = true;
}

/* --- exec ----------------------------------------------------------------------------------- */

/* An exec takes the name of what was asked for, but for one by a descriptor. */
static bool has_name_of(const char *comm, struct espy_str given)
{
	struct espy_str name = espy_str_basename(given);

	if (name.n >= ESPY_PLAIN_COMM)
		name.n = ESPY_PLAIN_COMM - 1;
	return !given.n || espy_str_starts(given, ESPY_STR("/dev/fd/")) ||
	       espy_str_eq(name, espy_str0(comm));
}

/*
 * Is what was read of this exec, and not of a later one? That has told of itself by now, or is
 * under way: then the memory has no arguments yet, or the task another name already.
 */
static bool is_of_this(struct espy_plain_events *x, const struct espy_plain_process *p,
		       struct espy_str given)
{
	struct espy_plain_later later = x->later(x->ctx, p->pid, true);

	if (later.exec || (x->image.n_exe && !x->image.n_argv && !later.exit))
		return false;
	return later.comm || has_name_of(x->info.name, given);
}

static struct espy_str find_given(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_str given = ESPY_STR_NONE;

	if (x->has_names)
		(void)espy_exec_names_find(&x->names, e->pid, e->time - (uint64_t)x->to_boot,
					   e->cpu, &given);
	return given;
}

/* What /proc says of the image, if it is of this exec and not of a later one; and before all else,
 * since the process may not last. `given` is found in any case. */
static bool read_image(struct espy_plain_events *x, const struct espy_connector_event *e,
		       struct espy_plain_process *p, struct espy_str *ret_given)
{
	struct espy_plain_later later = x->later(x->ctx, p->pid, false);
	int dir = later.exec || later.exit ? -1 : espy_proc_open(p->pid);
	bool is_it = false;

	if (dir >= 0) /* executable before arguments, and the name last: see is_of_this */
		espy_plain_image_read(&x->image, dir, x->with_env);
	*ret_given = find_given(x, e);
	if (dir < 0)
		return false;
	if (espy_proc_stat(&x->info, dir, p->start) == 0 && is_of_this(x, p, *ret_given)) {
		espy_plain_read_who(x, p, dir, false);
		is_it = true;
	}
	close(dir);
	return is_it;
}

static void set_comm(struct espy_plain_process *p, struct espy_str name)
{
	name = espy_str_basename(name);
	if (name.n >= sizeof(p->comm))
		name.n = sizeof(p->comm) - 1;
	memset(p->comm, 0, sizeof(p->comm));
	memcpy(p->comm, name.p, name.n);
}

/* From /proc it is the kernel's. The name that was asked for is the caller's, and a relative one or
 * none at all is not where it is. */
static void set_path(struct espy_plain_events *x, struct espy_path *path, bool has_image,
		     struct espy_str given)
{
	struct espy_str exe = {x->image.exe, x->image.n_exe};

	if (has_image && exe.n)
		espy_record_path(&x->record, path, exe, ESPY_SOURCE_KERNEL);
	else
		espy_record_path(&x->record, path, given,
				 given.n && given.p[0] == '/' ? ESPY_SOURCE_USER
							      : ESPY_SOURCE_PARTIAL);
}

static void set_image(struct espy_plain_events *x, struct espy_ev_process_exec *rec)
{
	const struct espy_plain_image *i = &x->image;
	struct espy_record *r = &x->record;

	espy_record_path(r, &rec->cwd, (struct espy_str){i->cwd, i->n_cwd}, ESPY_SOURCE_KERNEL);
	espy_record_text(r, &rec->argv, (struct espy_str){i->argv, i->n_argv});
	espy_record_text(r, &rec->env, (struct espy_str){i->env, i->n_env});
	ESPY_PLAIN_SET_VERSION(rec, i);
	rec->memory = i->memory;
	if (i->is_deleted)
		r->hdr.flags |= ESPY_F_DELETED;
	if (i->is_cut)
		r->hdr.flags |= ESPY_F_TRUNCATED;
}

static void send_exec(struct espy_plain_events *x, const struct espy_connector_event *e,
		      const struct espy_plain_process *p, bool has_image, struct espy_str given)
{
	struct espy_ev_process_exec *rec = &x->record.process_exec;

	BEGIN(x, process_exec);
	set_call(x, e, p, e->tid);
	rec->uid = p->uid;
	rec->gid = p->gid;
	rec->euid = p->euid;
	rec->egid = p->egid;
	set_path(x, &rec->path, has_image, given);
	espy_record_text(&x->record, &rec->given, given);
	if (has_image)
		set_image(x, rec);
	espy_plain_send(x);
}

/* A process comes into a cgroup after its fork, and no message tells of that. */
static void look_where(struct espy_plain_events *x, struct espy_plain_process *p)
{
	int dir = espy_proc_open(p->pid);

	if (dir < 0)
		return;
	if (espy_proc_stat(&x->info, dir, p->start) == 0)
		espy_plain_read_who(x, p, dir, false);
	close(dir);
}

static void take_exec(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *p = actor(x, e, e->pid);
	struct espy_str given, name;
	bool has_image;

	if (!p || espy_plain_exec(&x->tasks, p) < 0)
		return;
	p->is_kernel = false;
	if (x->cgroups.only && p->is_outside)
		look_where(x, p);
	if (!is_wanted(x, p, e->time))
		return;
	has_image = read_image(x, e, p, &given);
	if (!has_image && given.n)
		set_comm(p, given);
	/* before, so that the row of the exec is of the new name, and after it, where the name of a
	 * script is not that of what runs it */
	espy_plain_tell_task(x, p, e->time);
	send_exec(x, e, p, has_image, given);
	name = given.n ? given : (struct espy_str){x->image.exe, has_image ? x->image.n_exe : 0};
	name = espy_str_basename(name);
	if (name.n && !espy_str_eq(name, espy_str0(p->comm)))
		espy_plain_tell_task(x, p, e->time);
}

/* --- exit ----------------------------------------------------------------------------------- */

static void send_exit(struct espy_plain_events *x, const struct espy_connector_event *e,
		      struct espy_plain_process *p, uint32_t status)
{
	struct espy_ev_process_exit *rec = &x->record.process_exit;

	if (!begin(x, e, p, ESPY_EV_process_exit))
		return;
	BEGIN(x, process_exit);
	set_head(x, e, p, e->tid);
	rec->lifetime = p->start && p->start < e->time ? e->time - p->start : 0;
	rec->signal = status & 0x7f; /* as wait(2) has it */
	rec->core = !!(status & 0x80);
	rec->code = rec->signal ? 0 : status >> 8 & 0xff;
	rec->hdr.result = rec->signal ? -(int64_t)rec->signal : (int64_t)rec->code;
	espy_plain_send(x);
}

static void send_thread_exit(struct espy_plain_events *x, const struct espy_connector_event *e,
			     struct espy_plain_process *p, uint64_t start)
{
	struct espy_ev_thread_exit *rec = &x->record.thread_exit;

	if (!begin(x, e, p, ESPY_EV_thread_exit))
		return;
	BEGIN(x, thread_exit);
	set_head(x, e, p, e->tid);
	rec->lifetime = start && start < e->time ? e->time - start : 0;
	espy_plain_send(x);
}

/* The process ends with its last thread. Its status is that of exit_group, which all threads have
 * that were left then, else the first thread's. */
static void take_exit(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *p = actor(x, e, e->pid);
	struct espy_plain_thread *thread = espy_plain_find_thread(&x->tasks, e->tid);
	uint64_t start = 0;

	if (!p)
		return;
	if (thread && thread->of == p) {
		start = thread->start;
		espy_plain_drop_thread(&x->tasks, thread);
	}
	if (e->tid == e->pid)
		p->leader_code = e->exit_code;
	else
		send_thread_exit(x, e, p, start);
	if (p->threads)
		return;
	send_exit(x, e, p, e->exit_code ? e->exit_code : p->leader_code);
	espy_plain_drop(&x->tasks, p);
}

/* --- the rest ------------------------------------------------------------------------------- */

static void take_comm(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *p = actor(x, e, e->pid);
	struct espy_ev_process_comm *rec = &x->record.process_comm;
	bool is_leader = e->tid == e->pid;

	if (!p)
		return;
	if (begin(x, e, p, ESPY_EV_process_comm)) {
		BEGIN(x, process_comm);
		set_head(x, e, p, e->tid);
		rec->renamed_tid = e->tid;
		espy_record_text(&x->record, &rec->name, espy_str0(e->comm));
		if (is_leader)
			espy_record_text(&x->record, &rec->old_name, espy_str0(p->comm));
		espy_plain_send(x);
	}
	if (is_leader)
		memcpy(p->comm, e->comm, sizeof(p->comm));
}

/* Users of a thread. Those of a process are its first thread's; of another one it is not known what
 * they were before. */
static void take_uid(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *p = actor(x, e, e->pid);
	struct espy_ev_process_setuid *rec = &x->record.process_setuid;
	bool is_leader = e->tid == e->pid;

	if (!p)
		return;
	if (begin(x, e, p, ESPY_EV_process_setuid)) {
		BEGIN(x, process_setuid);
		set_call(x, e, p, e->tid);
		rec->new_uid = e->real;
		rec->new_euid = e->effective;
		rec->old_uid = is_leader ? p->uid : UINT32_MAX;
		rec->old_euid = is_leader ? p->euid : UINT32_MAX;
		espy_plain_send(x);
	}
	if (!is_leader)
		return;
	p->uid = e->real;
	p->euid = e->effective;
	if (is_wanted(x, p, e->time))
		espy_plain_tell_task(x, p, e->time);
}

static void take_gid(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *p = actor(x, e, e->pid);
	struct espy_ev_process_setgid *rec = &x->record.process_setgid;
	bool is_leader = e->tid == e->pid;

	if (!p)
		return;
	if (begin(x, e, p, ESPY_EV_process_setgid)) {
		BEGIN(x, process_setgid);
		set_call(x, e, p, e->tid);
		rec->new_gid = e->real;
		rec->new_egid = e->effective;
		rec->old_gid = is_leader ? p->gid : UINT32_MAX;
		rec->old_egid = is_leader ? p->egid : UINT32_MAX;
		espy_plain_send(x);
	}
	if (!is_leader)
		return;
	p->gid = e->real;
	p->egid = e->effective;
	if (is_wanted(x, p, e->time))
		espy_plain_tell_task(x, p, e->time);
}

static void take_sid(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *p = actor(x, e, e->pid);
	struct espy_ev_process_setsid *rec = &x->record.process_setsid;

	if (!p)
		return;
	p->sid = p->pid;
	memset(p->tty, 0, sizeof(p->tty));
	if (begin(x, e, p, ESPY_EV_process_setsid)) {
		BEGIN(x, process_setsid);
		set_call(x, e, p, e->tid);
		rec->hdr.result = p->sid;
		rec->sid = rec->pgid = p->sid;
		espy_plain_send(x);
	}
	if (is_wanted(x, p, e->time))
		espy_plain_tell_task(x, p, e->time);
}

static void take_coredump(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *p = actor(x, e, e->pid);
	struct espy_ev_process_coredump *rec = &x->record.process_coredump;

	if (!p || !begin(x, e, p, ESPY_EV_process_coredump))
		return;
	BEGIN(x, process_coredump);
	set_head(x, e, p, e->tid);
	rec->lifetime = p->start && p->start < e->time ? e->time - p->start : 0;
	espy_plain_send(x);
}

/* What PTRACE_ATTACH and PTRACE_SEIZE let one do: as ptrace_grants() of bpf/access.bpf.c. */
#define PTRACE_GRANTS 0xe38u

static void take_ptrace(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	struct espy_plain_process *target = actor(x, e, e->pid), *tracer;
	struct espy_ev_process_ptrace *rec = &x->record.process_ptrace;
	bool is_attach = e->other_pid != 0;
	uint32_t pid, tid;
	int dir;

	if (!target)
		return;
	/* who lets go is not told: it is the one who came, as far as that was seen */
	pid = is_attach ? e->other_pid : target->tracer_pid;
	tid = is_attach ? e->other_tid : target->tracer_tid;
	target->tracer_pid = is_attach ? pid : 0;
	target->tracer_tid = is_attach ? tid : 0;
	tracer = pid ? actor(x, e, pid) : target;
	target = espy_plain_find(&x->tasks, e->pid);
	if (!tracer || !target || !begin(x, e, tracer, ESPY_EV_process_ptrace))
		return;
	x->image.n_exe = 0;
	dir = espy_proc_open(target->pid);
	if (dir >= 0) {
		espy_plain_image_read(&x->image, dir, false);
		close(dir);
	}
	BEGIN(x, process_ptrace);
	set_call(x, e, tracer, pid ? tid : e->tid);
	rec->request = is_attach ? PTRACE_ATTACH : PTRACE_DETACH;
	rec->granted = is_attach ? PTRACE_GRANTS : 0;
	rec->target_start = target->start;
	rec->target_pid = target->pid;
	rec->target_tid = e->tid;
	espy_record_path(&x->record, &rec->path, (struct espy_str){x->image.exe, x->image.n_exe},
			 x->image.n_exe ? ESPY_SOURCE_KERNEL : ESPY_SOURCE_PARTIAL);
	espy_plain_send(x);
}

static const struct handler {
	uint32_t what;
	void (*fn)(struct espy_plain_events *x, const struct espy_connector_event *e);
} handlers[] = {
	{ESPY_CONNECTOR_FORK, take_fork},
	{ESPY_CONNECTOR_EXEC, take_exec},
	{(uint32_t)ESPY_CONNECTOR_EXIT, take_exit},
	{ESPY_CONNECTOR_COMM_CHANGE, take_comm},
	{ESPY_CONNECTOR_UID, take_uid},
	{ESPY_CONNECTOR_GID, take_gid},
	{ESPY_CONNECTOR_SID, take_sid},
	{ESPY_CONNECTOR_PTRACE, take_ptrace},
	{ESPY_CONNECTOR_COREDUMP, take_coredump},
};

void espy_plain_event(struct espy_plain_events *x, const struct espy_connector_event *e)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].what == e->what)
			handlers[i].fn(x, e);
}
