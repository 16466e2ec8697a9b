/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes, threads and the images they run. The scheduler's tracepoints, not the system calls:
 * they fire for every way to make or end a task, in the right context, with kernel objects at hand.
 * task_newtask rather than sched_process_fork: it has the flags, and sees the kernel's own workers.
 */
#include "exe.bpf.h"
#include "target.bpf.h"
#include "run.bpf.h"

#define CLONE_PARENT 0x00008000
#define CLONE_THREAD 0x00010000

/* pid of a task as another task sees it: what clone(2) returns. */
static __always_inline s64 pid_seen_by(struct task_struct *t, struct task_struct *by)
{
	struct pid *pid = KR(t, thread_pid);
	u32 level = KR(KR(by, thread_pid), level);
	struct upid *numbers = (void *)&pid->numbers;
	int nr = 0;

	if (level > 32)
		return 0;
	bpf_probe_read_kernel(
		&nr, sizeof(nr),
		(void *)numbers + level * bpf_core_type_size(struct upid) +
			__builtin_preserve_field_info(numbers->nr, BPF_FIELD_BYTE_OFFSET));
	return nr;
}

/* The child begins with what its parent is: recorded or not. */
static __always_inline void child_state(struct task_state *st, struct task_struct *t, u64 flags)
{
	struct task_state *child = state_of(t, true);

	if (!child) {
		this_cpu()->busy++;
		return;
	}
	child->entry = child->stack = 0;
	child->verdict = (st->verdict & (V_TREE | V_OTHER_EXE)) | V_DONE;
	if (flags & CLONE_THREAD) {
		child->verdict = st->verdict | V_DONE;
		state_identify(child, t, (u64)KR(t, cred));
	} else if (watch_creds && st->verdict & V_RECORD &&
		   !(KR(current_task(), flags) & PF_KTHREAD)) {
		/* a helper that the kernel starts gets its credentials from the kernel */
		state_take_creds(child, (u64)KR(t, cred));
		child->verdict |= V_CREDS;
	}
	if (!(st->verdict & V_TREE))
		return;
	/* it may have the memory of one that was not followed */
	__sync_fetch_and_add(&tree_gen, 1);
	if (!(flags & CLONE_THREAD))
		__sync_fetch_and_add(&alive, 1);
}

static __always_inline int send_fork(struct task_state *st, struct task_struct *t, u64 flags)
{
	struct espy_ev_process_fork *rec;
	struct task_struct *parent = KR(t, real_parent);
	u32 seq;

	rec = record_reserve(sizeof(*rec), ESPY_CLASS_process, &seq);
	if (!rec)
		return 0;
	header_in_call(&rec->hdr, st, ESPY_EV_process_fork);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->hdr.result = pid_seen_by(t, current_task());
	rec->child_start = KR(t, start_boottime);
	rec->child_pid = KR(t, tgid);
	rec->flags = flags;
	rec->child_ppid = KR(parent, tgid);
	rec->parent_start = KR(KR(parent, group_leader), start_boottime);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline int send_thread(struct task_state *st, struct task_struct *t, u64 flags)
{
	struct espy_ev_thread_create *rec;
	u32 seq;

	rec = record_reserve(sizeof(*rec), ESPY_CLASS_thread, &seq);
	if (!rec)
		return 0;
	header_in_call(&rec->hdr, st, ESPY_EV_thread_create);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->hdr.result = pid_seen_by(t, current_task());
	rec->flags = flags;
	rec->child_tid = KR(t, pid);
	rec->kernel = st->entry && st->type == ESPY_EV_process_fork ? 0 : 1;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(process_fork__child, struct task_struct *task, u64 clone_flags)
{
	struct task_state *st;
	u64 flags = clone_flags;

	if (!armed)
		return 0;
	st = state_seen(current_task(), SEEN_INSIDE);
	if (!st)
		return 0;
	child_state(st, task, flags);
	if (!(st->verdict & V_RECORD))
		return 0;
	if (flags & CLONE_THREAD) {
		if (event_on[ESPY_EV_thread_create] && !failed_only && !(st->verdict & V_QUIET))
			send_thread(st, task, flags);
	} else if (event_on[ESPY_EV_process_fork]) {
		send_fork(st, task, flags);
	}
	if (st->entry && st->type == ESPY_EV_process_fork) {
		st->entry = 0; /* sys_exit has nothing to add */
		st->verdict |= V_DONE;
	}
	return 0;
}

/* Only failed calls come here. */
SHARED(process_fork)
{
	struct espy_ev_process_fork *rec;
	struct call_exit x;
	u64 flags;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	flags = call_arg(x.st, 1);
	rec->child_start = rec->parent_start = 0;
	rec->child_pid = rec->child_ppid = 0;
	rec->flags = 0;
	if (x.c->form == ESPY_FORM_CLONE)
		rec->flags = flags;
	else if (x.c->form == ESPY_FORM_CLONE3) /* struct clone_args begins with the flags */
		bpf_probe_read_user(&rec->flags, sizeof(u64), (void *)flags);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_fork, ESPY_CLASS_process,
			 ret);
}

/* --- exec ----------------------------------------------------------------------------------- */

static __always_inline struct exec_scratch *exec_scratch(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&exec_scratches, &cpu);
}

/* Bytes of the new program's memory behind the text so far, at most max_argv. Fresh pages:
 * resident. */
static __always_inline void exec_bytes(struct exec_scratch *s, struct espy_text *t, u32 *off,
				       u64 from, u64 to)
{
	u64 len = to - from;
	u32 at = *off & 0x7fff;

	t->off = sizeof(s->rec) + at;
	t->len = 0;
	if (len > max_argv) {
		len = max_argv;
		s->rec.hdr.flags |= ESPY_F_TRUNCATED;
	}
	len &= 0x7fff;
	if (!len || bpf_probe_read_user(s->text + at, len, (void *)from))
		return;
	t->len = len;
	*off = at + len;
}

static __always_inline void exec_name(struct exec_scratch *s, struct espy_text *t, u32 *off,
				      const char *name)
{
	u32 at = *off & 0xffff;
	long n;

	if (at > EXEC_TEXT - TEXT_MAX)
		at = EXEC_TEXT - TEXT_MAX;
	n = bpf_probe_read_kernel_str(s->text + at, TEXT_MAX, name);
	t->off = sizeof(s->rec) + at;
	t->len = n > 0 ? n - 1 : 0;
	*off = at + (n > 0 ? n : 0);
}

static __always_inline void exec_creds(struct espy_ev_process_exec *rec, struct task_struct *t)
{
	struct cred *cred = KR(t, cred);

	rec->uid = KR(cred, uid.val);
	rec->gid = KR(cred, gid.val);
	rec->euid = KR(cred, euid.val);
	rec->egid = KR(cred, egid.val);
	bpf_probe_read_kernel(&rec->caps, sizeof(rec->caps), &cred->cap_effective);
}

/* --- exec that succeeded -------------------------------------------------------------------- */

static __always_inline void exec_text(struct exec_scratch *s, struct task_struct *t,
				      struct linux_binprm *bprm)
{
	const char *filename = KR(bprm, filename), *interp = KR(bprm, interp);
	struct mm_struct *mm = KR(t, mm);
	u64 arg_start = KR(mm, arg_start), arg_end = KR(mm, arg_end);
	u32 off = 0;

	s->rec.argv_bytes = arg_end - arg_start;
	exec_bytes(s, &s->rec.argv, &off, arg_start, arg_end);
	s->rec.env.off = s->rec.env.len = 0;
	if (with_env)
		exec_bytes(s, &s->rec.env, &off, KR(mm, env_start), KR(mm, env_end));
	exec_name(s, &s->rec.given, &off, filename);
	s->rec.interpreter.off = s->rec.interpreter.len = 0;
	if (interp != filename)
		exec_name(s, &s->rec.interpreter, &off, interp);
	s->rec.hdr.size = sizeof(s->rec) + (off & 0xffff);
}

static __always_inline int send_exec(struct task_state *st, struct task_struct *t, u32 old_tid,
				     struct linux_binprm *bprm, u64 now)
{
	struct exec_scratch *s = exec_scratch();
	struct mm_struct *mm = KR(t, mm);

	if (!s)
		return 0;
	s->rec.hdr.call = st->nr;
	s->rec.hdr.abi = st->entry ? st->abi : ESPY_ABI_NONE;
	s->rec.hdr.type = ESPY_EV_process_exec;
	s->rec.hdr.duration = now - call_began(st, now);
	s->rec.hdr.result = 0;
	s->rec.hdr.stack = st->entry ? st->stack : 0; /* the caller's: its program is gone now */
	header_task(&s->rec.hdr, st);
	path_of_object(&s->rec.path, object_of_file(KR(mm, exe_file), SCRATCH_SCHED));
	path_of_object(&s->rec.cwd, object_of_cwd(t, SCRATCH_SCHED));
	s->rec.argc = KR(bprm, argc);
	FILL_IMAGE(&s->rec, KR(mm, exe_file));
	s->rec.old_tid = old_tid;
	s->rec.memory = memory_unusual(KNUM(mm, exe_file));
	exec_creds(&s->rec, t);
	exec_text(s, t, bprm);
	s->rec.hdr.time = bpf_ktime_get_boot_ns();
	u32 size = s->rec.hdr.size;
	if (size > sizeof(*s))
		size = sizeof(*s);
	record_output(&s->rec.hdr, size, ESPY_CLASS_process);
	return 0;
}

/* A thread that execs takes over the id of its process: what is kept by thread id goes with it. */
static __always_inline void exec_new_tid(u32 old_tid, u32 tid)
{
	struct task_state *st;

	if (HAS(has_task_storage) || old_tid == tid)
		return;
	st = bpf_map_lookup_elem(&task_hash, &old_tid);
	if (st)
		bpf_map_update_elem(&task_hash, &tid, st, BPF_ANY);
	bpf_map_delete_elem(&task_hash, &old_tid);
}

/*
 * The new image is in place and the old one gone: path, arguments and credentials are the kernel's
 * and final. sys_exit may see the call under another thread id, or not at all.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec__done, struct task_struct *p, int old_pid, struct linux_binprm *bprm)
{
	u64 now = bpf_ktime_get_boot_ns();
	struct task_state *st;

	if (!armed)
		return exec_unseen();
	exec_new_tid(old_pid, KR(p, pid));
	runs_end();
	st = state_seen(current_task(), SEEN_EXEC);
	if (st && n_only_exes)
		exec_exe(st, p);
	if (!st || !(st->verdict & V_RECORD))
		return 0;
	state_identify(st, p, creds_of(st, p, SEEN_EXEC));
	if (event_on[ESPY_EV_process_exec])
		send_exec(st, p, old_pid, bprm, now);
	if (!failed_only && event_on[ESPY_EV_memory_exec] && !(st->verdict & V_QUIET))
		exec_memory(p);
	st->entry = 0;
	st->verdict |= V_DONE;
	if ((!failed_only || stacks) && event_on[ESPY_EV_image_load] && !(st->verdict & V_QUIET))
		exec_images(p);
	return 0;
}

/* --- exec that failed ----------------------------------------------------------------------- */

#define FAILED_ARGS    32
#define FAILED_ARG_MAX 512

#define ARG_STOP (1u << 31) /* beside the length of the text: there is more, which is left out */

/* One argument behind the `off` bytes of text: how many there are then; `off` itself: it was the
 * last. Global, so that a loop of it has no ways of its own. */
__noinline u32 failed_arg(u64 at, u32 off, u32 word)
{
	struct call_exit x;
	u64 p = 0;
	long n;

	if (!exit_begin(&x))
		return off;
	if (bpf_probe_read_user(&p, word == 8 ? 8 : 4, (void *)at) ||
	    off > TEXT_AREA - FAILED_ARG_MAX)
		return off | ARG_STOP;
	if (!p)
		return off;
	n = bpf_probe_read_user_str(x.s->text + (off & (TEXT_AREA - 1)), FAILED_ARG_MAX, (void *)p);
	if (n <= 0) /* the page is not there */
		return off | ARG_STOP;
	return off + (n & (2 * FAILED_ARG_MAX - 1));
}

/* The arguments, as far as the caller's array can be read. */
static __always_inline void failed_argv(struct call_exit *x, struct espy_ev_process_exec *rec,
					u64 array)
{
	u32 at = x->off, off = at, next = at, word = x->st->abi == ESPY_ABI_NATIVE ? 8 : 4;

	rec->argv.off = sizeof(*rec) + at;
	rec->argc = 0;
	for (u64 i = 0; i <= FAILED_ARGS; i++) {
		next = failed_arg(array + i * word, off, word);
		if (next == off || next & ARG_STOP)
			break;
		if (i == FAILED_ARGS) {
			next = ARG_STOP;
			break;
		}
		off = next;
		rec->argc++;
	}
	if (next & ARG_STOP)
		x->flags |= ESPY_F_TRUNCATED;
	x->off = off;
	rec->argv_bytes = rec->argv.len = off - at;
}

SHARED(process_exec)
{
	struct espy_ev_process_exec *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	path_of_object(&rec->cwd, exit_cwd());
	rec->given = rec->path.text;
	rec->interpreter.off = rec->interpreter.len = 0;
	rec->env.off = rec->env.len = 0;
	rec->old_tid = x.st->tid;
	rec->memory = 0;
	NO_IMAGE(rec);
	exec_creds(rec, current_task());
	failed_argv(&x, rec, call_arg(x.st, x.c->dir ? 3 : 2));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_exec, ESPY_CLASS_process,
			 ret);
}

/* --- exit ----------------------------------------------------------------------------------- */

/* Ticks of user and system time, scaled to the exact run time as getrusage(2) does. */
static __always_inline void split_time(u64 utime, u64 stime, u64 run, u64 *ret_user,
				       u64 *ret_system)
{
	u64 ticks = utime + stime;

	if (!stime || !ticks) {
		*ret_user = run;
		*ret_system = 0;
		return;
	}
	/* parts per 1024: no 128-bit product in BPF */
	*ret_system = (run >> 10) * ((stime << 10) / ticks);
	*ret_user = run - *ret_system;
}

static __always_inline int send_thread_exit(struct task_state *st, struct task_struct *t)
{
	struct espy_ev_thread_exit *rec;
	u32 seq;
	u64 user, system;

	rec = record_reserve(sizeof(*rec), ESPY_CLASS_thread, &seq);
	if (!rec)
		return 0;
	header_now(&rec->hdr, st, ESPY_EV_thread_exit);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->lifetime = rec->hdr.time - KR(t, start_boottime);
	split_time(KR(t, utime), KR(t, stime), KR(t, se.sum_exec_runtime), &user, &system);
	rec->user_time = user;
	rec->system_time = system;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* CPU time of all threads: the dead ones are summed in the signal struct, this one and a leader
 * that left earlier are not yet. */
static __always_inline void process_time(struct espy_ev_process_exit *rec, struct task_struct *t,
					 struct signal_struct *sig)
{
	struct task_struct *leader = KR(t, group_leader);
	u64 utime = KR(sig, utime) + KR(t, utime);
	u64 stime = KR(sig, stime) + KR(t, stime);
	u64 run = KR(sig, sum_sched_runtime) + KR(t, se.sum_exec_runtime);
	u64 user, system;

	if (leader != t) {
		utime += KR(leader, utime);
		stime += KR(leader, stime);
		run += KR(leader, se.sum_exec_runtime);
	}
	split_time(utime, stime, run, &user, &system);
	rec->user_time = user;
	rec->system_time = system;
}

#define SIGNAL_GROUP_EXIT 4

static __always_inline int send_exit(struct task_state *st, struct task_struct *t)
{
	struct signal_struct *sig = KR(t, signal);
	struct espy_ev_process_exit *rec;
	u32 seq, code;

	rec = record_reserve(sizeof(*rec), ESPY_CLASS_process, &seq);
	if (!rec)
		return 0;
	code = KR(sig, flags) & SIGNAL_GROUP_EXIT ? KR(sig, group_exit_code)
						  : KR(KR(t, group_leader), exit_code);
	header_now(&rec->hdr, st, ESPY_EV_process_exit);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->lifetime = rec->hdr.time - st->start;
	process_time(rec, t, sig);
	rec->peak_memory = peak_pages(sig, KR(t, mm)) << PAGE_SHIFT;
	rec->code = code >> 8 & 0xff;
	rec->signal = code & 0x7f;
	rec->core = code >> 7 & 1;
	rec->threads = KR(sig, nr_threads);
	rec->hdr.result = rec->signal ? -(s64)rec->signal : (s64)rec->code;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/*
 * The count of live threads is 0 for all that leave at the same time, and which of them made it so
 * is only told since 6.16: the first to come here speaks for the process.
 */
static __always_inline bool exit_is_first(const struct task_state *st)
{
	struct exit_key key = {.start = st->start, .pid = st->pid};
	u32 one = 1;

	return bpf_map_update_elem(&exits_told, &key, &one, BPF_NOEXIST) == 0;
}

SEC(LEAVE_HOOK)
int process_exit(void *ctx)
{
	struct task_struct *p = current_task();
	struct task_state *st;
	bool last;
	u32 tid;

	if (!armed)
		return 0;
	st = state_seen(p, SEEN_INSIDE);
	if (!st)
		return 0;
	if (event_on[ESPY_EV_process_inject] && st->verdict & V_RECORD)
		tracer_exit();
	last = !KR(KR(p, signal), live.counter) && exit_is_first(st);
	if (last && st->verdict & V_TREE)
		__sync_fetch_and_add(&alive, -1);
	if (runs_any(st))
		runs_end();
	if (st->verdict & V_RECORD) {
		if (st->tid != st->pid && event_on[ESPY_EV_thread_exit] && !failed_only &&
		    !(st->verdict & V_QUIET))
			send_thread_exit(st, p);
		if (last && event_on[ESPY_EV_process_exit])
			send_exit(st, p);
	}
	if (!HAS(has_task_storage)) {
		tid = st->tid;
		bpf_map_delete_elem(&task_hash, &tid);
	}
	return 0;
}

/* --- names ---------------------------------------------------------------------------------- */

SEC("tp_btf/task_rename")
int BPF_PROG(process_comm, struct task_struct *task, const char *comm)
{
	struct espy_ev_process_comm *rec;
	struct task_state *st;
	char *text;
	u32 seq;

	if (!armed || !event_on[ESPY_EV_process_comm])
		return 0;
	st = state_told(current_task(), SEEN_INSIDE);
	if (!st || (st->entry && st->type == ESPY_EV_process_exec)) /* exec names it itself */
		return 0;
	rec = record_reserve(sizeof(*rec) + 32, ESPY_CLASS_process, &seq);
	if (!rec)
		return 0;
	header_now(&rec->hdr, st, ESPY_EV_process_comm);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec) + 32;
	rec->renamed_tid = KR(task, pid);
	text = (char *)(rec + 1);
	rec->name.off = sizeof(*rec);
	rec->old_name.off = sizeof(*rec) + 16;
	long n = bpf_probe_read_kernel_str(text, 16, comm);
	rec->name.len = n > 0 ? n - 1 : 0;
	n = bpf_probe_read_kernel_str(text + 16, 16, &task->comm);
	rec->old_name.len = n > 0 ? n - 1 : 0;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* --- what exists already -------------------------------------------------------------------- */

/* One record per process, in the wire form of process_running; the arguments come from /proc. */
SEC("iter/task")
int process_running(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task, *parent;
	u32 user = SCRATCH_ITER;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct espy_ev_process_running *rec;
	struct mm_struct *mm;
	struct cred *cred;
	struct fs_struct *fs;
	struct tty_struct *tty;
	struct seq_file *seq = ctx->meta->seq;
	char *text;
	long n;

	if (t)
		running_exe(t);
	if (!t || !s || KR(t, tgid) != KR(t, pid))
		return 0;
	rec = (void *)s->text - sizeof(*rec);
	__builtin_memset(rec, 0, sizeof(*rec));
	text = s->text;
	rec->hdr.type = ESPY_EV_process_running;
	rec->hdr.time = bpf_ktime_get_boot_ns();
	rec->hdr.start = KR(t, start_boottime);
	rec->hdr.pid = rec->hdr.tid = KR(t, tgid);
	rec->hdr.size = sizeof(*rec) + 48;
	parent = KR(t, real_parent);
	rec->ppid = KR(parent, tgid);
	rec->parent_start = KR(KR(parent, group_leader), start_boottime);
	cred = KR(t, cred);
	rec->uid = KR(cred, uid.val);
	rec->gid = KR(cred, gid.val);
	rec->euid = KR(cred, euid.val);
	rec->egid = KR(cred, egid.val);
	rec->sid = BPF_CORE_READ(t, signal, pids[3], numbers[0].nr);
	rec->login_uid = BPF_CORE_READ(t, loginuid.val);
	rec->kernel = KR(t, flags) & PF_KTHREAD ? 1 : 0;
	rec->cgroup = BPF_CORE_READ(t, cgroups, dfl_cgrp, kn, id);
	rec->cgroup_ref = cgroup_tell(KNUM(t, cgroups));
	FILL_WHO(rec, t, t);
	mm = KR(t, mm);
	if (mm) {
		path_of_object(&rec->path, object_of_file(KR(mm, exe_file), SCRATCH_ITER));
		FILL_IMAGE(rec, KR(mm, exe_file));
	}
	fs = KR(t, fs);
	if (fs)
		path_of_object(&rec->cwd,
			       object_of_path(KR(fs, pwd.mnt), KR(fs, pwd.dentry), SCRATCH_ITER));
	n = bpf_probe_read_kernel_str(text, 16, &t->comm);
	rec->comm.off = sizeof(*rec);
	rec->comm.len = n > 0 ? n - 1 : 0;
	tty = BPF_CORE_READ(t, signal, tty);
	n = tty ? bpf_probe_read_kernel_str(text + 16, 32, &tty->name) : 0;
	rec->tty.off = sizeof(*rec) + 16;
	rec->tty.len = n > 0 ? n - 1 : 0;
	bpf_seq_write(seq, rec, sizeof(*rec) + 48);
	return 0;
}
