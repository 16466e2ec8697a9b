/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel differences, 5.10 and newer. Each helper says which change made it necessary. Branches
 * that do not fit the running kernel are removed by the verifier: `has_*` are read-only data and
 * bpf_core_*_exists() are constants after relocation.
 */
#pragma once

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

#define TS_COMPAT    0x0002
#define X32_BIT      0x40000000u
#define PF_KTHREAD   0x00200000
#define AT_FDCWD_ARG ((u32)-100)

/* Set by the loader from the kernel's BTF and from what loads. */
const volatile bool has_cast = 0;         /* kfunc bpf_rdonly_cast: 6.2 */
const volatile bool has_task_btf = 0;     /* helper bpf_get_current_task_btf: 5.11 */
const volatile bool has_task_storage = 0; /* task storage in tracing programs: 5.13 */
const volatile bool has_loop = 0;         /* helper bpf_loop: 5.17 */

/*
 * Kernels before 5.13 refuse even the mention of a callback (BPF_PSEUDO_FUNC, 69c087ba6225) in code
 * that is never reached: for them the same source is compiled with ESPY_OLD, without all of this.
 * Those that have all of it get what is compiled with ESPY_NEW: to take thousands of dead branches
 * out of a program costs the kernel as long as to verify it. What is compiled with neither is for
 * those between, which have the loop and no cast.
 */
#if defined(ESPY_OLD)
#define HAS(feature) 0
#elif defined(ESPY_NEW)
#define HAS(feature) 1
#else
#define HAS(feature)         HAS_##feature
#define HAS_has_cast         0
#define HAS_has_loop         1
#define HAS_has_task_btf     has_task_btf
#define HAS_has_task_storage has_task_storage
#endif

/*
 * At most `max` times a function of a number and of `ctx`, until it says 1. What it works on is
 * unknown to the verifier on every way, so that bpf_loop on 6.1, which believes that a callback
 * runs once, concludes nothing wrong. A plain loop is verified time for time.
 */
#define EACH(n, max, step, ctx)                                                  \
	do {                                                                     \
		u64 times_ = (n);                                                \
                                                                                 \
		if (HAS(has_loop)) {                                             \
			bpf_loop(times_ > (max) ? (max) : times_, step, ctx, 0); \
		} else {                                                         \
			for (u32 i_ = 0; i_ < (max); i_++)                       \
				if (i_ >= times_ || step(i_, ctx))               \
					break;                                   \
		}                                                                \
	} while (0)

/*
 * The hooks at the beginning and the end of every system call. tp_btf is the cheapest. From 7.2 on
 * the kernel runs such programs with preemption enabled, and skips a program that is under way on
 * the processor already: a task that is preempted in sys_exit would cost all others their events
 * until it goes on. Programs of the tracepoint's perf event run with preemption disabled there too;
 * for those kernels the source is compiled once more, with ESPY_PERF. Their context is the
 * tracepoint's record: 8 bytes common to all, the number, the result. The end of a task is such a
 * hook, too: threads that are killed at once end one in the middle of the other.
 */
#ifdef ESPY_PERF
#define ENTRY_HOOK      "tracepoint/raw_syscalls/sys_enter"
#define EXIT_HOOK       "tracepoint/raw_syscalls/sys_exit"
#define LEAVE_HOOK      "tracepoint/sched/sched_process_exit"
#define ENTRY_ID(ctx)   ((long)(ctx)[1])
#define EXIT_VALUE(ctx) ((long)(ctx)[2])
#else
#define ENTRY_HOOK      "tp_btf/sys_enter"
#define EXIT_HOOK       "tp_btf/sys_exit"
#define LEAVE_HOOK      "tp_btf/sched_process_exit"
#define ENTRY_ID(ctx)   ((long)(ctx)[1])
#define EXIT_VALUE(ctx) ((long)(ctx)[1])
#endif

static __always_inline struct pt_regs *call_regs(u64 *ctx)
{
#ifdef ESPY_PERF
	return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
#else
	return (void *)ctx[0];
#endif
}

/* A program at the end of calls: AT_EXIT(name) { … uses ctx and the result, ret … } */
#define AT_EXIT(name)                                                   \
	static __always_inline int at_exit__##name(u64 *ctx, long ret); \
	SEC(EXIT_HOOK)                                                  \
	int name(u64 *ctx)                                              \
	{                                                               \
		return at_exit__##name(ctx, EXIT_VALUE(ctx));           \
	}                                                               \
	static __always_inline int at_exit__##name(u64 *ctx, long ret)

/* A function of the kernel: the loader enters its id where this number is called, so that libbpf
 * need not read all of the kernel's types for it. */
static void *(*const bpf_rdonly_cast)(void *obj, u32 btf_id) = (void *)ESPY_CALL_CAST;

/*
 * KR(p, field): reads a field of a kernel object by a plain load where the kernel lets us (1 ns),
 * by bpf_probe_read_kernel otherwise (10 ns). Both give 0 for a bad pointer.
 */
#define KR(p, field)                                                                              \
	({                                                                                        \
		typeof(p) __p = (p);                                                              \
		typeof((p)->field) __v;                                                           \
		if (HAS(has_cast))                                                                \
			__v = ((typeof(p))bpf_rdonly_cast((void *)__p,                            \
							  bpf_core_type_id_kernel(typeof(*(p))))) \
				      ->field;                                                    \
		else                                                                              \
			bpf_core_read(&__v, sizeof(__v), &__p->field);                            \
		__v;                                                                              \
	})

/* The same of the current task, as current_task() gives it: the kernel trusts that pointer, so that
 * the load needs no check of the address, which costs as much as three loads. Not for fields that
 * are pointers: whether such a one is to be trusted, too, the verifier asks of all the kernel's
 * types, by name and one after the other, at each place and on each way to it (up to 6.18; a start
 * took twice the time). */
#ifdef ESPY_NEW
#define TR(t, field) ((t)->field)
#else
#define TR(t, field) KR(t, field)
#endif

/* A pointer as a number, which is what a global function takes. */
#define KNUM(p, field)                                         \
	({                                                     \
		typeof(p) __p = (p);                           \
		u64 __n = 0;                                   \
		bpf_core_read(&__n, sizeof(__n), &__p->field); \
		__n;                                           \
	})

static __always_inline struct task_struct *current_task(void)
{
	if (HAS(has_task_btf))
		return (void *)bpf_get_current_task_btf();
	return (void *)bpf_get_current_task();
}

/* mount.mnt is embedded; container_of for a relocated offset. */
static __always_inline struct mount *real_mount(struct vfsmount *mnt)
{
	struct mount *m = NULL;

	return (void *)mnt - __builtin_preserve_field_info(m->mnt, BPF_FIELD_BYTE_OFFSET);
}

/* Thread information holds the ABI of the call in flight on x86. */
static __always_inline bool is_ia32(struct task_struct *t)
{
	return TR(t, thread_info.status) & TS_COMPAT;
}

/*
 * How deep in interrupts this processor is: part of the count of reasons not to switch tasks, which
 * is a per-CPU variable of its own but from 6.2 to 6.14, which have it in pcpu_hot (64701838bf05).
 * Where it lies is reckoned from this CPU's run queue, which the task leads to, by what the loader
 * found out about their distance; that the current task is where it then must be is the proof.
 */
#define INTERRUPTS_MASK 0xff0100 /* NMI, hard interrupt, the serving of soft ones */

const volatile s64 percpu_preempt = 0, percpu_current = 0; /* from the run queue; 0 not known */
const volatile s64 percpu_hot = 0;

struct pcpu_hot {
	struct task_struct *current_task;
	int preempt_count;
} __attribute__((preserve_access_index));

/* False: this kernel does not say. */
static __always_inline bool interrupts(struct task_struct *now, u32 *ret_depth)
{
	u64 at, count_at, current_at, current = 0;
	u32 count = 0;

	if (!bpf_core_field_exists(now->se.cfs_rq))
		return false;
	at = (u64)BPF_CORE_READ(now, se.cfs_rq, rq);
	count_at = at + percpu_preempt;
	current_at = at + percpu_current;
	if (percpu_hot && bpf_core_type_exists(struct pcpu_hot)) {
		count_at = at + percpu_hot + bpf_core_field_offset(struct pcpu_hot, preempt_count);
		current_at = at + percpu_hot + bpf_core_field_offset(struct pcpu_hot, current_task);
	} else if (!percpu_preempt || !percpu_current) {
		return false;
	}
	if (bpf_probe_read_kernel(&current, sizeof(current), (void *)current_at) ||
	    current != (u64)now || bpf_probe_read_kernel(&count, sizeof(count), (void *)count_at))
		return false;
	*ret_depth = count & INTERRUPTS_MASK;
	return true;
}

/* The red-black tree of mappings: gone with the maple tree in 6.1 (524e00b36e8c). */
struct rb_node {
	struct rb_node *rb_right, *rb_left;
} __attribute__((preserve_access_index));
struct rb_root {
	struct rb_node *rb_node;
} __attribute__((preserve_access_index));
struct vm_area_struct___rb {
	unsigned long vm_start, vm_end;
	struct rb_node vm_rb;
} __attribute__((preserve_access_index));
struct mm_struct___rb {
	struct rb_root mm_rb;
} __attribute__((preserve_access_index));

/* io_kiocb.user_data became cqe.user_data in 5.19 (cef216fc32d7). */
struct io_kiocb___old {
	u64 user_data;
} __attribute__((preserve_access_index));

static __always_inline u64 uring_user_data(struct io_kiocb *req)
{
	struct io_kiocb___old *old = (void *)req;

	if (bpf_core_field_exists(req->cqe))
		return KR(req, cqe.user_data);
	return KR(old, user_data);
}

/* Registered files: an array of pointers with flags in their low bits, until 6.13 (7029acd8a950)
 * put nodes between. */
struct io_fixed_file {
	unsigned long file_ptr;
} __attribute__((preserve_access_index));
struct io_file_table___files {
	struct io_fixed_file *files;
} __attribute__((preserve_access_index));
struct io_ring_ctx___files {
	struct io_file_table___files file_table;
	unsigned int nr_user_files;
} __attribute__((preserve_access_index));

static __always_inline struct file *uring_fixed_file(struct io_ring_ctx *ctx, u32 slot)
{
	struct io_ring_ctx___files *old = (void *)ctx;
	struct io_rsrc_node *node = NULL;
	u64 file = 0;

	if (bpf_core_field_exists(ctx->file_table.data)) {
		if (slot >= BPF_CORE_READ(ctx, file_table.data.nr))
			return NULL;
		bpf_probe_read_kernel(&node, sizeof(node),
				      BPF_CORE_READ(ctx, file_table.data.nodes) + slot);
		file = BPF_CORE_READ(node, file_ptr);
	} else if (bpf_core_field_exists(old->nr_user_files) &&
		   slot < BPF_CORE_READ(old, nr_user_files)) {
		bpf_probe_read_kernel(&file, sizeof(file),
				      BPF_CORE_READ(old, file_table.files) + slot);
	}
	return (void *)(file & ~7ull);
}

/* linkat and symlinkat had types of their own until 5.19 (f9ead18c1058 and after). */
struct io_hardlink {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
} __attribute__((preserve_access_index));
struct io_symlink {
	int new_dfd;
	struct filename *oldpath, *newpath;
} __attribute__((preserve_access_index));
/* The address to send to is a part of the request from 6.0 (send_zc) to 6.12. */
struct io_sr_msg___addr {
	void *addr;
	u16 addr_len;
} __attribute__((preserve_access_index));
/* Where this type is, the address to connect to is copied only when the request is carried out; it
 * went in 6.10. */
struct io_async_connect {
	int address;
} __attribute__((preserve_access_index));

/* inode times: timespec64 in i_atime, then __i_atime (6.6, 13bc24457850), then i_atime_sec and
 * i_atime_nsec (6.11, 3aa63a569c64). */
struct timespec64___k {
	s64 tv_sec;
	long tv_nsec;
} __attribute__((preserve_access_index));
struct inode___t1 {
	struct timespec64___k i_atime, i_mtime;
} __attribute__((preserve_access_index));
struct inode___t2 {
	struct timespec64___k __i_atime, __i_mtime;
} __attribute__((preserve_access_index));
struct inode___t3 {
	s64 i_atime_sec, i_mtime_sec;
	u32 i_atime_nsec, i_mtime_nsec;
} __attribute__((preserve_access_index));

/*
 * At sched_process_exit the memory is gone before 6.16 (and its peak in signal->maxrss); since then
 * (the tracepoint moved up) it is still there and the peak not yet noted. Counters per CPU: exact
 * to some tens of pages for each CPU. rss_stat is an array of percpu_counter since 6.2
 * (f1a7941243c1).
 */
struct percpu_counter {
	s64 count;
} __attribute__((preserve_access_index));
struct mm_struct___counters {
	struct percpu_counter rss_stat[4];
} __attribute__((preserve_access_index));

static __always_inline u64 peak_pages(struct signal_struct *sig, struct mm_struct *mm)
{
	struct mm_struct___counters *m = (void *)mm;
	u64 peak = BPF_CORE_READ(sig, maxrss), now = 0;

	if (!mm || !bpf_core_field_exists(m->rss_stat[0].count))
		return peak;
	now = BPF_CORE_READ(mm, hiwater_rss);
	if (now > peak)
		peak = now;
	now = BPF_CORE_READ(m, rss_stat[0].count) + BPF_CORE_READ(m, rss_stat[1].count) +
	      BPF_CORE_READ(m, rss_stat[3].count);
	return (s64)now > (s64)peak ? now : peak;
}

#define NSEC_PER_SEC 1000000000ll

static __always_inline void inode_times(struct inode *inode, s64 *atime, s64 *mtime)
{
	struct inode___t1 *t1 = (void *)inode;
	struct inode___t2 *t2 = (void *)inode;
	struct inode___t3 *t3 = (void *)inode;

	if (bpf_core_field_exists(t3->i_atime_sec)) {
		*atime = BPF_CORE_READ(t3, i_atime_sec) * NSEC_PER_SEC +
			 BPF_CORE_READ(t3, i_atime_nsec);
		*mtime = BPF_CORE_READ(t3, i_mtime_sec) * NSEC_PER_SEC +
			 BPF_CORE_READ(t3, i_mtime_nsec);
	} else if (bpf_core_field_exists(t2->__i_atime)) {
		*atime = BPF_CORE_READ(t2, __i_atime.tv_sec) * NSEC_PER_SEC +
			 BPF_CORE_READ(t2, __i_atime.tv_nsec);
		*mtime = BPF_CORE_READ(t2, __i_mtime.tv_sec) * NSEC_PER_SEC +
			 BPF_CORE_READ(t2, __i_mtime.tv_nsec);
	} else {
		*atime = BPF_CORE_READ(t1, i_atime.tv_sec) * NSEC_PER_SEC +
			 BPF_CORE_READ(t1, i_atime.tv_nsec);
		*mtime = BPF_CORE_READ(t1, i_mtime.tv_sec) * NSEC_PER_SEC +
			 BPF_CORE_READ(t1, i_mtime.tv_nsec);
	}
}

/* One more number into a hash. */
static __always_inline u64 mix(u64 h, u64 x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 29);
}

/* The low half of an address, as a number: the verifier allows no arithmetic on kernel pointers. */
static __always_inline u64 low(const void *p)
{
	u32 half;

	asm volatile("%0 = %1" : "=w"(half) : "w"((u32)(u64)p));
	return half;
}
