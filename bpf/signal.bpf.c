/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals: the calls that ask for one, whether they may or not; what the kernel makes of each
 * (signal_generate), for whoever sent it; and, when asked for, the moment it is taken
 * (signal_deliver). Both tracepoints are as here since 4.20.
 *
 * A signal may be sent in an interrupt, by a timer or a network packet: then the current task has
 * nothing to do with it, and the record names no sender.
 */
#include "other.bpf.h"

/* --- the calls ------------------------------------------------------------------------------ */

SHARED(ipc_kill)
{
	struct espy_ev_ipc_kill *rec;
	struct target t = {};
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->to_tid = (u32)call_arg(x.st, x.c->arg[1]);
	rec->to_pid = x.c->arg[0] ? (s32)call_arg(x.st, x.c->arg[0]) : (s32)rec->to_tid;
	rec->signal = (u32)call_arg(x.st, x.c->arg[2]);
	if (x.c->fd) { /* pidfd_send_signal */
		target_of_pid(&t, pid_of_pidfd(call_arg(x.st, x.c->fd)));
		rec->to_pid = t.pid;
	}
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_kill, ESPY_CLASS_ipc, ret);
}

/* --- what the kernel makes of it ------------------------------------------------------------ */

#define SIGILL  4
#define SIGTRAP 5
#define SIGBUS  7
#define SIGFPE  8
#define SIGSEGV 11
#define SIGCHLD 17
#define SIGSTOP 19

#define SI_USER    0
#define SI_QUEUE   (-1)
#define SI_TKILL   (-6)
#define SI_KERNEL  0x80
#define CLD_LAST   6 /* CLD_CONTINUED */
#define CODE(sig)  ((sig) << 16)
#define NO_INFO    0 /* SEND_SIG_NOINFO: the kernel, for the current task */
#define PRIVILEGED 1 /* SEND_SIG_PRIV: the kernel */
#define WITH_INFO  2

enum origin { ORIGIN_PROCESS, ORIGIN_KERNEL, ORIGIN_INTERRUPT };

/* The tracepoint's siginfo, which is no pointer where the kernel has nothing to tell. */
struct cause {
	s32 code;
	u32 kind;
	u64 address;
};

static __always_inline bool is_fault(u32 sig)
{
	return sig == SIGILL || sig == SIGTRAP || sig == SIGBUS || sig == SIGFPE || sig == SIGSEGV;
}

static __always_inline void cause_read(struct cause *c, u32 sig, struct kernel_siginfo *info)
{
	u64 half = low(info);

	c->address = 0;
	c->kind = half > PRIVILEGED ? WITH_INFO : half;
	c->code = c->kind == PRIVILEGED ? SI_KERNEL : SI_USER;
	if (c->kind != WITH_INFO)
		return;
	c->code = BPF_CORE_READ(info, si_code);
	if (c->code > 0 && c->code != SI_KERNEL && is_fault(sig))
		c->address = (u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
}

/* As ENUM_signal_code has it: positive codes mean something for one signal only. */
static __always_inline u32 code_name(const struct cause *c, u32 sig)
{
	if (c->code > 0 && c->code != SI_KERNEL)
		return CODE(sig) | (u16)c->code;
	return (u16)c->code;
}

static __always_inline bool is_about_child(const struct cause *c, u32 sig)
{
	return sig == SIGCHLD && c->kind == WITH_INFO && c->code > 0 && c->code <= CLD_LAST;
}

/* Codes that only a process gives: kill, sigqueue, tkill. */
static __always_inline bool is_sent(const struct cause *c)
{
	return c->kind == WITH_INFO &&
	       (c->code == SI_USER || c->code == SI_QUEUE || c->code == SI_TKILL);
}

/*
 * Where the kernel cannot be asked whether this is an interrupt, everything that it does to others
 * on its own is taken for one: but for what it does in nobody's interrupt, the notice of a child
 * (do_notify_parent) and the stop of who is traced from now on (ptrace_attach).
 */
static __always_inline enum origin origin_of(const struct cause *c, u32 sig,
					     struct task_struct *now, struct task_struct *to)
{
	bool kernel = c->kind != WITH_INFO || c->code > 0 || KR(now, flags) & PF_KTHREAD;
	u32 depth = 0;

	if (interrupts(now, &depth))
		return depth ? ORIGIN_INTERRUPT : kernel ? ORIGIN_KERNEL : ORIGIN_PROCESS;
	if (is_about_child(c, sig) || (sig == SIGSTOP && c->kind == PRIVILEGED))
		return ORIGIN_KERNEL;
	if (kernel || !is_sent(c))
		return KR(now, tgid) == KR(to, tgid) ? ORIGIN_KERNEL : ORIGIN_INTERRUPT;
	return ORIGIN_PROCESS;
}

/*
 * Is the one who gets it recorded? Who has not done anything yet since the capture began, such as a
 * service that waits, is not decided on: the same questions, as far as they can be asked of
 * another.
 */
static __always_inline bool target_recorded(const struct task_state *st, struct task_struct *t)
{
	u32 pid = KR(t, tgid), uid = KR(KR(t, cred), uid.val);

	if (st && st->verdict & V_KNOWN)
		return st->verdict & V_RECORD;
	if (only_cgroup || (!ns_ino && pid == self_pid))
		return false;
	if (only_targets && !(st && st->verdict & V_TREE) &&
	    (ns_ino || !bpf_map_lookup_elem(&targets, &pid)))
		return false;
	return !only_uids || bpf_map_lookup_elem(&uids, &uid);
}

/* Nobody: the kernel on its own. */
static __always_inline void header_nobody(struct espy_event *e, u16 type)
{
	e->time = bpf_ktime_get_boot_ns();
	e->duration = e->start = 0;
	e->result = 0;
	e->pid = e->tid = 0;
	e->seq = 0;
	e->type = type;
	e->call = 0;
	e->cpu = bpf_get_smp_processor_id();
	e->abi = ESPY_ABI_NONE;
	e->flags = 0;
}

static __always_inline void signal_header(struct espy_event *e, struct task_state *from, u16 type)
{
	if (!from) {
		header_nobody(e, type);
		return;
	}
	header_now(e, from, type);
	if (from->entry) {
		e->call = from->nr;
		e->abi = from->abi;
	}
}

/* Layout of both events. */
_Static_assert(sizeof(struct espy_ev_ipc_signal) == sizeof(struct espy_ev_ipc_child), "signals");

struct generated {
	u32 sig, outcome, type;
	bool process;
};

static __always_inline int send_signal(const struct generated *g, const struct cause *c,
				       enum origin origin, struct task_state *from,
				       struct task_struct *to)
{
	bool apart = origin == ORIGIN_INTERRUPT;
	struct espy_ev_ipc_signal *rec;
	struct target t;
	u32 seq = 0;

	rec = apart ? record_reserve_apart(sizeof(*rec) + NAME_SIZE)
		    : record_reserve(sizeof(*rec) + NAME_SIZE, ESPY_CLASS_ipc, &seq);
	if (!rec)
		return 0;
	signal_header(&rec->hdr, from, g->type);
	rec->hdr.flags |= apart ? ESPY_F_APART : 0;
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec) + NAME_SIZE;
	target_of_task(&t, to);
	rec->target_start = t.start;
	rec->target_pid = t.pid;
	rec->target_tid = t.tid;
	__builtin_memcpy(rec + 1, t.name, NAME_SIZE);
	rec->target_name.off = sizeof(*rec);
	rec->target_name.len = t.name_len;
	rec->address = c->address;
	rec->signal = g->sig;
	rec->signal_code = code_name(c, g->sig);
	rec->origin = origin;
	rec->outcome = g->outcome;
	rec->scope = g->process;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline int signal_generated(const struct generated *g, struct kernel_siginfo *info,
					    struct task_struct *to)
{
	struct task_struct *now = current_task();
	struct task_state *from = NULL;
	enum origin origin;
	struct cause c;

	if (!armed || failed_only)
		return 0;
	cause_read(&c, g->sig, info);
	if (is_about_child(&c, g->sig) != (g->type == ESPY_EV_ipc_child))
		return 0;
	origin = origin_of(&c, g->sig, now, to);
	if (origin != ORIGIN_INTERRUPT && !(KR(now, flags) & PF_KTHREAD))
		from = state_seen(now, SEEN_INSIDE);
	if (!(from && from->verdict & V_RECORD) && !target_recorded(state_of(to, false), to))
		return 0;
	/* one who is not recorded himself is named all the same */
	if (from && !(from->verdict & (V_RECORD | V_ANNOUNCED)))
		task_announce();
	return send_signal(g, &c, origin, from, to);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(ipc_signal, int sig, struct kernel_siginfo *info, struct task_struct *task, int group,
	     int result)
{
	struct generated g = {sig, result, ESPY_EV_ipc_signal, group};

	return signal_generated(&g, info, task);
}

/* The notice that a child ended or stopped: as many of them as there are processes. */
SEC("tp_btf/signal_generate")
int BPF_PROG(ipc_child, int sig, struct kernel_siginfo *info, struct task_struct *task, int group,
	     int result)
{
	struct generated g = {sig, result, ESPY_EV_ipc_child, group};

	return sig == SIGCHLD ? signal_generated(&g, info, task) : 0;
}

/* --- the moment it is taken ----------------------------------------------------------------- */

SEC("tp_btf/signal_deliver")
int BPF_PROG(ipc_deliver, int sig, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	struct espy_ev_ipc_deliver *rec;
	struct task_state *st;
	struct cause c;
	u32 seq;

	if (!armed || failed_only)
		return 0;
	st = state_recorded(current_task());
	if (!st)
		return 0;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_ipc, &seq);
	if (!rec)
		return 0;
	cause_read(&c, sig, info);
	header_now(&rec->hdr, st, ESPY_EV_ipc_deliver);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->handler = (u64)BPF_CORE_READ(ka, sa.sa_handler);
	rec->address = c.address;
	rec->signal = sig;
	rec->signal_code = code_name(&c, sig);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}
