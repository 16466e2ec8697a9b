/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process that a call is about, where that is another one: found in the caller's own pid
 * namespace, as the call finds it, and noted when the call begins. The number alone says little: it
 * may be another process's before the record is read.
 */
#pragma once

#include "vma.bpf.h"

#define PTRACE_TRACEME     0
#define PTRACE_PEEKTEXT    1
#define PTRACE_PEEKDATA    2
#define PTRACE_PEEKUSR     3
#define PTRACE_POKETEXT    4
#define PTRACE_POKEDATA    5
#define PTRACE_POKEUSR     6
#define PTRACE_CONT        7
#define PTRACE_SINGLESTEP  9
#define PTRACE_SETREGS     13
#define PTRACE_ATTACH      16
#define PTRACE_DETACH      17
#define PTRACE_SYSCALL     24
#define PTRACE_SYSEMU      31
#define PTRACE_SYSEMU_STEP 32
#define PTRACE_SINGLEBLOCK 33
#define PTRACE_SETREGSET   0x4205
#define PTRACE_SEIZE       0x4206
#define READ_IMPLIES_EXEC  0x0400000
#define XA_NODE            2 /* low bits of an entry that leads to a node */
#define XA_LEVELS          6
#define PROT_EXEC          4

/* Where the registers of a stopped task lie, counted from its stack: the same for every task. */
u32 regs_offset;

/* What was done to a process that has not run since. */
struct tamper_key {
	u64 start;
	u32 pid, pad;
};
struct tamper {
	u64 method, written, address;
};
/* FLAGS_inject of flags/access.def */
enum tamper_method {
	TAMPER_MEMORY = 1,
	TAMPER_CODE = 2,
	TAMPER_REGISTERS = 4,
	TAMPER_IP = 8,
	TAMPER_SP = 16,
	TAMPER_VM = 32,
	TAMPER_PROC = 64,
	TAMPER_EXIT = 128,
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tamper_key);
	__type(value, struct tamper);
} tampered SEC(".maps");

/* --- finding -------------------------------------------------------------------------------- */

/* The task with that thread id, or the first of what is left of a process. */
static __always_inline struct task_struct *task_of_pid(struct pid *pid)
{
	struct hlist_head *list = pid ? (void *)&pid->tasks : NULL;
	u64 link = list ? KNUM(list, first) : 0;
	struct task_struct *t = NULL;

	return link ? (void *)(link -
			       __builtin_preserve_field_info(t->pid_links, BPF_FIELD_BYTE_OFFSET))
		    : NULL;
}

static __always_inline struct pid_namespace *own_namespace(struct task_struct *t)
{
	struct pid *pid = KR(t, thread_pid);
	u32 level = KR(pid, level);
	struct upid *numbers = (void *)&pid->numbers;
	struct pid_namespace *ns = NULL;

	if (level > 32)
		return NULL;
	bpf_probe_read_kernel(
		&ns, sizeof(ns),
		(void *)numbers + level * bpf_core_type_size(struct upid) +
			__builtin_preserve_field_info(numbers->ns, BPF_FIELD_BYTE_OFFSET));
	return ns;
}

/* A thread id as the caller numbers it: down the tree that the kernel itself looks in. Global. */
__noinline u64 task_of_vpid(u32 vpid)
{
	struct pid_namespace *ns = own_namespace(current_task());
	u64 entry = ns ? KNUM(ns, idr.idr_rt.xa_head) : 0;

	for (u64 i = 0; i < XA_LEVELS && (entry & 3) == XA_NODE; i++) {
		struct xa_node *node = (void *)(entry - XA_NODE);
		u32 bits = bpf_core_field_size(node->slots) == 16 * 8 ? 4 : 6;
		u32 shift = KR(node, shift);

		if (!i && (u64)vpid >> shift >> bits)
			return 0;
		if (bpf_probe_read_kernel(&entry, sizeof(entry),
					  (void *)&node->slots +
						  (vpid >> shift & ((1u << bits) - 1)) * 8))
			return 0;
	}
	if (!entry || entry & 3)
		return 0;
	return (u64)task_of_pid((void *)entry);
}

/* What a pidfd stands for: in the inode since 6.9 (cb12fd8e0dab), in the file before. Global. */
__noinline u64 task_of_pidfd(u32 fd)
{
	struct file *file = file_of_fd(current_task(), fd);
	struct inode *inode = file ? KR(file, f_inode) : NULL;
	struct dentry *dentry = file ? KR(file, f_path.dentry) : NULL;
	u64 magic = inode ? BPF_CORE_READ(inode, i_sb, s_magic) : 0, name = 0;

	if (magic == PIDFS_MAGIC)
		return (u64)task_of_pid(KR(inode, i_private));
	if (magic != ANON_INODE_FS_MAGIC)
		return 0;
	bpf_probe_read_kernel(&name, 7, KR(dentry, d_name.name));
	if (name != 0x5d64666469705bull) /* "[pidfd]" */
		return 0;
	return (u64)task_of_pid(KR(file, private_data));
}

/* Whose a file of /proc/PID is; NULL for one of no process. */
static __always_inline struct task_struct *task_of_proc(struct inode *inode)
{
	struct proc_inode *p = NULL;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return NULL;
	p = (void *)inode - __builtin_preserve_field_info(p->vfs_inode, BPF_FIELD_BYTE_OFFSET);
	return task_of_pid(KR(p, pid));
}

/* --- noting --------------------------------------------------------------------------------- */

/* In the state of a call: obj is the target's executable, old[0] its start, old[1] its ids. */
static __always_inline u64 target_start(const struct task_state *st)
{
	return st->old[0];
}
static __always_inline u32 target_pid(const struct task_state *st)
{
	return st->old[1];
}
static __always_inline u32 target_tid(const struct task_state *st)
{
	return (u64)st->old[1] >> 32;
}

/* Verified once each. */
__noinline u64 enter_object(u64 file)
{
	return object_of_file((void *)file, SCRATCH_ENTER);
}

static __always_inline void target_identify(struct task_state *st, struct task_struct *t)
{
	struct task_struct *leader = KR(t, group_leader);

	st->old[0] = KR(leader, start_boottime);
	st->old[1] = (u64)(u32)KR(t, pid) << 32 | (u32)KR(t, tgid);
}

static __always_inline u64 exe_of(struct task_struct *t)
{
	struct mm_struct *mm = KR(t, mm);

	return mm ? KNUM(mm, exe_file) : 0;
}

/* Leaves the file in `obj`; enter_call() makes it an object. */
static __always_inline void target_note(struct task_state *st, struct task_struct *t)
{
	st->old[0] = st->old[1] = 0;
	if (!t)
		return;
	target_identify(st, t);
	st->obj = exe_of(t);
}

/* The same thread again, at the end of the call; NULL when it is gone. */
static __always_inline struct task_struct *target_again(const struct task_state *st, u32 vpid)
{
	struct task_struct *t = (void *)task_of_vpid(vpid);

	if (!t || (u32)KR(t, pid) != target_tid(st) ||
	    KR(KR(t, group_leader), start_boottime) != target_start(st))
		return NULL;
	return t;
}

static __always_inline struct tamper *tamper_of(const struct task_state *st)
{
	struct tamper_key key = {.start = target_start(st), .pid = target_pid(st)};

	return bpf_map_lookup_elem(&tampered, &key);
}

/* --- ptrace --------------------------------------------------------------------------------- */

static __always_inline bool ptrace_sets(u32 request)
{
	return request == PTRACE_POKEUSR || request == PTRACE_SETREGS ||
	       request == PTRACE_SETREGSET;
}

/* After it the tracee runs. */
static __always_inline bool ptrace_resumes(u32 request)
{
	switch (request) {
	case PTRACE_CONT:
	case PTRACE_SINGLESTEP:
	case PTRACE_DETACH:
	case PTRACE_SYSCALL:
	case PTRACE_SYSEMU:
	case PTRACE_SYSEMU_STEP:
	case PTRACE_SINGLEBLOCK:
		return true;
	}
	return false;
}

/* Instruction and stack pointer of a task that stands still. */
static __always_inline u64 stopped_ip(struct task_struct *t, u64 *sp)
{
	struct pt_regs *regs = (void *)(KNUM(t, stack) + regs_offset);

	bpf_core_read(sp, sizeof(*sp), &regs->sp);
	return BPF_CORE_READ(regs, ip);
}

/* The mapping that an address of a process is in, into args[7] of the caller's state; its file.
 * Global: verified once. */
__noinline u64 note_at(u64 mm, u64 addr)
{
	struct task_state *st = state_current(false);
	struct mapping m;

	if (!st)
		return 0;
	mapping_at(mm, addr, &m);
	st->args[7] = mapping_pack(mm, &m);
	return m.file;
}

static __always_inline void note_ptrace(struct task_state *st)
{
	u32 request = call_arg(st, 1);
	struct task_struct *t = (void *)task_of_vpid(call_arg(st, 2));
	u64 sp = 0;

	if (request == PTRACE_TRACEME)
		t = current_task();
	target_note(st, t);
	st->args[7] = 0;
	if (!t)
		return;
	if (ptrace_sets(request)) {
		st->pos = stopped_ip(t, &sp);
		st->args[7] = sp;
	} else if (ptrace_resumes(request) && tamper_of(st)) {
		st->pos = stopped_ip(t, &sp);
		st->obj2 = note_at(KNUM(t, mm), st->pos);
	}
}

/* --- memory of the caller's own ------------------------------------------------------------- */

static __always_inline u64 effective_prot(struct task_struct *t, u64 prot)
{
	if (prot & VM_READ && !(prot & PROT_EXEC) && KR(t, personality) & READ_IMPLIES_EXEC)
		prot |= PROT_EXEC;
	return prot;
}

/* FLAGS_exec_reason of flags/memory.def */
enum exec_reason {
	REASON_WRITE_EXEC = 1,
	REASON_WAS_WRITABLE = 2,
	REASON_MODIFIED = 4,
	REASON_NO_FILE = 8,
	REASON_UNKNOWN = 16,
};

/* Why it matters that this is executable, by what it was (`flags` 0: it is new) and will be. */
static __always_inline u64 exec_reason(const struct mapping *m, u32 memory, u64 was, u64 prot)
{
	struct vm_area_struct *vma = (void *)m->vma;
	u64 reason = 0;

	if (prot & VM_WRITE && (was & (VM_WRITE | VM_EXEC)) != (VM_WRITE | VM_EXEC))
		reason |= REASON_WRITE_EXEC;
	if (was & VM_EXEC)
		return reason;
	if (was & VM_WRITE)
		reason |= REASON_WAS_WRITABLE;
	else if (was && m->file && KR(vma, anon_vma))
		reason |= REASON_MODIFIED;
	if (memory > MEMORY_FILE && memory != MEMORY_VDSO)
		reason |= REASON_NO_FILE;
	return reason;
}

/* The mapping at the address a call is about: obj its file, old[0] its protection and kind. */
static __always_inline void note_mapping(struct task_state *st, u64 addr)
{
	st->obj = note_at(KNUM(current_task(), mm), addr);
	st->old[0] = st->args[7];
	st->old[1] = 0;
}

/* One mapping of a range that becomes executable: why that matters, into old[1] of the caller's
 * state; where it ends, 0: there is none. Global, so that the loop below has no ways of its own. */
__noinline u64 note_exec_at(u64 mm, u64 at, u64 prot)
{
	struct task_state *st = state_current(false);
	struct mapping m;

	if (!st)
		return 0;
	mapping_at(mm, at, &m);
	if (m.vma)
		st->old[1] =
			exec_reason(&m, memory_of(mm, &m), (m.flags & PROT_BITS) | VM_SHARED, prot);
	return m.end;
}

struct protect_range {
	u64 mm, from, to, last, prot;
	struct task_state *st;
};

/* 1: no need to go on. */
static long protect_step(u32 i, struct protect_range *r)
{
	if (r->from >= r->to || r->st->old[1])
		return 1;
	r->last = r->from;
	r->from = note_exec_at(r->mm, r->from, r->prot);
	return !r->from;
}

/* mprotect that makes a range executable: of all that lies in it, the first that should not be.
 * old[0]: protection, kind, and from bit 16 why. */
static __always_inline void note_protect(struct task_state *st, u64 from, u64 length, u64 prot)
{
	struct protect_range r = {.mm = KNUM(current_task(), mm),
				  .from = from,
				  .to = from + length,
				  .last = from,
				  .prot = prot,
				  .st = st};

	EACH(RANGE_VMAS, RANGE_VMAS, protect_step, &r);
	if (r.from && !st->old[1] && r.from < r.to) /* more mappings than are looked at */
		st->old[1] = REASON_UNKNOWN;
	if (st->old[1]) {
		st->obj = note_at(r.mm, r.last);
		st->old[0] = st->args[7] | st->old[1] << 16;
	}
	st->old[1] = 0;
}

/* --- at entry ------------------------------------------------------------------------------- */

/* What is kept of a call by its form (enum espy_form), behind its arguments; of files the address,
 * since looking their objects up from here would need more stack than there is. Global. */
__noinline u64 enter_note(u32 form, u32 late)
{
	struct task_state *st = state_current(false);
	u64 prot;

	if (!st)
		return 0;
	switch (form) {
	case ESPY_FORM_MAPPING:
	case ESPY_FORM_PROTECT:
	case ESPY_FORM_PROTECT_KEY:
		st->old[0] = st->old[1] = 0;
		if (late) /* what was before is not known any more */
			break;
		note_mapping(st, call_arg(st, 1));
		prot = effective_prot(current_task(), call_arg(st, 3));
		if (form != ESPY_FORM_MAPPING && prot & PROT_EXEC)
			note_protect(st, call_arg(st, 1), call_arg(st, 2), prot);
		break;
	case ESPY_FORM_PTRACE:
		note_ptrace(st);
		break;
	case ESPY_FORM_TARGET:
		target_note(st, (void *)task_of_vpid(call_arg(st, 1)));
		break;
	case ESPY_FORM_PIDFD:
		target_note(st, (void *)task_of_pidfd(call_arg(st, 1)));
		break;
	}
	return 0;
}
