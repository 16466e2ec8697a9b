/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time goes: samples of what each processor does, by the kernel's cpu-clock (a timer, so
 * that it is there in every virtual machine, and never an NMI), and counters of tasks, by a task
 * iterator that user space runs at its interval. Loaded only when they are asked for. 5.10 has all
 * of it.
 */
#include "exit.bpf.h"

/* struct bpf_perf_event_data of x86-64: the interrupted registers in the order of user_regs_struct.
 */
struct sample_context {
	u64 before[16];
	u64 ip, cs;
};

SEC("perf_event")
int profile_sample(struct sample_context *ctx)
{
	struct task_struct *t = current_task();
	struct espy_ev_profile_sample rec;
	struct task_state *st;

	if (!armed || !KR(t, pid)) /* idle */
		return 0;
	st = state_recorded(t);
	if (!st)
		return 0;
	__builtin_memset(&rec, 0, sizeof(rec));
	rec.instruction = ctx->ip;
	rec.in_kernel = !(ctx->cs & 3);
	rec.hdr.stack = stack_take(ctx, false, st, SCRATCH_SAMPLE, sample_stacks, true);
	rec.hdr.time = bpf_ktime_get_boot_ns();
	rec.hdr.duration = sample_ns;
	rec.hdr.type = ESPY_EV_profile_sample;
	header_task(&rec.hdr, st);
	record_apart(&rec.hdr, sizeof(rec));
	return 0;
}

/* --- counters ------------------------------------------------------------------------------- */

/* Is a task recorded that is not the current one, and may not have done anything yet? A cgroup
 * cannot be asked for it: it is recorded from its first event on. */
static __always_inline bool other_recorded(struct task_struct *t)
{
	struct task_state *st = state_of(t, false);
	u32 pid = KR(t, tgid), uid;

	if (st && st->verdict & V_KNOWN)
		return st->verdict & V_RECORD;
	if (only_cgroup || ns_ino || pid == self_pid)
		return false;
	if (only_targets && !bpf_map_lookup_elem(&targets, &pid))
		return false;
	uid = BPF_CORE_READ(t, cred, uid.val);
	return !only_uids || bpf_map_lookup_elem(&uids, &uid);
}

static __always_inline void counters_header(struct espy_event *e, struct task_struct *t, u16 type,
					    u32 size)
{
	e->time = bpf_ktime_get_boot_ns();
	e->start = KR(KR(t, group_leader), start_boottime);
	e->pid = KR(t, tgid);
	e->tid = KR(t, pid);
	e->type = type;
	e->size = size;
}

/* So far; user space subtracts. Its duration is the start of the thread. */
static __always_inline void thread_counters(struct seq_file *seq, struct task_struct *t,
					    struct espy_ev_profile_thread *rec)
{
	u64 user, system;

	__builtin_memset(rec, 0, sizeof(*rec));
	counters_header(&rec->hdr, t, ESPY_EV_profile_thread, sizeof(*rec));
	rec->hdr.duration = KR(t, start_boottime);
	split_time(KR(t, utime), KR(t, stime), KR(t, se.sum_exec_runtime), &user, &system);
	rec->user_time = user;
	rec->system_time = system;
	rec->voluntary = KR(t, nvcsw);
	rec->involuntary = KR(t, nivcsw);
	rec->switches = rec->voluntary + rec->involuntary;
	rec->minor_faults = KR(t, min_flt);
	rec->major_faults = KR(t, maj_flt);
	bpf_seq_write(seq, rec, sizeof(*rec));
}

/* rss_stat before 6.2 (f1a7941243c1). */
struct mm_rss_stat {
	struct {
		s64 counter;
	} count[4];
} __attribute__((preserve_access_index));
struct mm_struct___rss {
	struct mm_rss_stat rss_stat;
} __attribute__((preserve_access_index));

static __always_inline u64 resident_part(struct mm_struct *mm, u32 i)
{
	struct mm_struct___counters *now = (void *)mm;
	struct mm_struct___rss *old = (void *)mm;
	s64 n;

	if (bpf_core_field_exists(now->rss_stat[0].count))
		n = i == 0   ? BPF_CORE_READ(now, rss_stat[0].count)
		    : i == 1 ? BPF_CORE_READ(now, rss_stat[1].count)
			     : BPF_CORE_READ(now, rss_stat[3].count);
	else
		n = i == 0   ? BPF_CORE_READ(old, rss_stat.count[0].counter)
		    : i == 1 ? BPF_CORE_READ(old, rss_stat.count[1].counter)
			     : BPF_CORE_READ(old, rss_stat.count[3].counter);
	return n > 0 ? n : 0;
}

enum { RSS_FILE, RSS_ANON, RSS_SHMEM };

static __always_inline void process_memory(struct espy_ev_profile_process *rec,
					   struct task_struct *t)
{
	struct mm_struct *mm = KR(t, mm);

	if (!mm)
		return;
	rec->private = resident_part(mm, RSS_ANON) << PAGE_SHIFT;
	rec->resident = rec->private + ((resident_part(mm, RSS_FILE) + resident_part(mm, RSS_SHMEM))
					<< PAGE_SHIFT);
	rec->virtual = KR(mm, total_vm) << PAGE_SHIFT;
}

/* read_bytes and the like are there only with CONFIG_TASK_XACCT and CONFIG_TASK_IO_ACCOUNTING. */
static __always_inline void add_io(struct espy_ev_profile_process *rec,
				   struct task_io_accounting *io)
{
	if (bpf_core_field_exists(io->rchar)) {
		rec->read_bytes += BPF_CORE_READ(io, rchar);
		rec->write_bytes += BPF_CORE_READ(io, wchar);
		rec->read_calls += BPF_CORE_READ(io, syscr);
		rec->write_calls += BPF_CORE_READ(io, syscw);
	}
	if (bpf_core_field_exists(io->read_bytes)) {
		rec->disk_read += BPF_CORE_READ(io, read_bytes);
		rec->disk_write += BPF_CORE_READ(io, write_bytes);
	}
}

/* Memory, and the sums of the threads that are gone: told with the first thread. */
static __always_inline void process_own(struct espy_ev_profile_process *rec, struct task_struct *t)
{
	struct signal_struct *sig = KR(t, signal);
	u64 user, system;

	process_memory(rec, t);
	split_time(KR(sig, utime), KR(sig, stime), KR(sig, sum_sched_runtime), &user, &system);
	rec->user_time += user;
	rec->system_time += system;
	rec->voluntary += KR(sig, nvcsw);
	rec->involuntary += KR(sig, nivcsw);
	rec->minor_faults += KR(sig, min_flt);
	rec->major_faults += KR(sig, maj_flt);
	add_io(rec, &sig->ioac);
}

/* What one thread adds to its process; user space sums. */
static __always_inline void process_part(struct seq_file *seq, struct task_struct *t,
					 const struct espy_ev_profile_thread *thread)
{
	struct espy_ev_profile_process rec;

	__builtin_memset(&rec, 0, sizeof(rec));
	counters_header(&rec.hdr, t, ESPY_EV_profile_process, sizeof(rec));
	rec.threads = 1;
	rec.user_time = thread->user_time;
	rec.system_time = thread->system_time;
	rec.voluntary = thread->voluntary;
	rec.involuntary = thread->involuntary;
	rec.minor_faults = thread->minor_faults;
	rec.major_faults = thread->major_faults;
	add_io(&rec, &t->ioac);
	if (KR(t, tgid) == KR(t, pid))
		process_own(&rec, t);
	bpf_seq_write(seq, &rec, sizeof(rec));
}

SEC("iter/task")
int profile_process(struct bpf_iter__task *ctx)
{
	struct espy_ev_profile_thread thread;
	struct task_struct *t = ctx->task;

	if (!t || !other_recorded(t))
		return 0;
	thread_counters(ctx->meta->seq, t, &thread);
	process_part(ctx->meta->seq, t, &thread);
	return 0;
}
