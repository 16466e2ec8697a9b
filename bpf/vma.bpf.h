/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies at an address of a process, of any process: its tree of mappings is walked here, by
 * reading. bpf_find_vma (5.17) would need a trusted task and a lock that another thread can hold;
 * without the lock a walk can go astray, so that what it finds is believed only when the address is
 * in it. The tree is a maple tree since 6.1, a red-black tree before.
 */
#pragma once

#include "exit.bpf.h"

#define VM_READ    1
#define VM_WRITE   2
#define VM_EXEC    4
#define VM_SHARED  8
#define PROT_BITS  7 /* of vm_flags: as PROT_READ, PROT_WRITE, PROT_EXEC */
#define PAGE_SHIFT 12

/* Nodes of the maple tree; lib/maple_tree.c. The low byte of a node's address holds its type. */
#define MAPLE_LEVELS   10
#define MAPLE_LEAVES   2 /* types below are leaves */
#define MAPLE_ARANGE   3
#define MAPLE_PIVOTS   15
#define MAPLE_A_PIVOTS 9
#define RB_LEVELS      48
#define RANGE_VMAS     64 /* mappings of one range that are looked at */
/* Loops with calls in them count in u64: 5.10 forgets a constant that is spilled in 32 bits. */

#define TMPFS_MAGIC     0x01021994
#define HUGETLBFS_MAGIC 0x958458f6

/* What may lie there; ENUM_memory of flags/memory.def. */
enum memory_kind {
	MEMORY_UNKNOWN,
	MEMORY_FILE,
	MEMORY_ANONYMOUS,
	MEMORY_HEAP,
	MEMORY_STACK,
	MEMORY_MEMFD,
	MEMORY_DELETED,
	MEMORY_SHARED,
	MEMORY_VDSO,
};

/* One mapping, copied out of the kernel's tree; `vma` 0: there is none. */
struct mapping {
	u64 start, end, pgoff, flags, file, vma;
};

/* Kernels of the other object have no such tree, and refuse its loop: clang enters it in the
 * middle, and to fall from an instruction into one that was seen is no loop to them (5.10). */
#ifndef ESPY_OLD
/* In which of a node's slots the address is: the first whose pivot is not below it. */
static __always_inline u32 maple_slot(const u64 *pivot, u32 n, u64 addr)
{
	u32 slot = 0;

	for (u32 i = 0; i < MAPLE_PIVOTS; i++) {
		if (i >= n || pivot[i] >= addr || (i && !pivot[i]))
			break;
		slot = i + 1;
	}
	return slot;
}

static __always_inline u32 maple_type(u64 entry)
{
	return entry >> 3 & 15;
}

/* One level down: the entry of a node for that address. Global: verified once. */
__noinline u64 maple_entry(u64 entry, u64 addr)
{
	u64 node = entry & ~0xffull, pivot[MAPLE_PIVOTS], next = 0;
	struct maple_range_64 *r = (void *)node;
	struct maple_arange_64 *a = (void *)node;
	bool is_arange = maple_type(entry) == MAPLE_ARANGE;
	u32 slot;

	if (bpf_probe_read_kernel(pivot, sizeof(pivot),
				  is_arange ? (void *)&a->pivot : (void *)&r->pivot))
		return 0;
	slot = maple_slot(pivot, is_arange ? MAPLE_A_PIVOTS : MAPLE_PIVOTS, addr);
	bpf_probe_read_kernel(&next, sizeof(next),
			      (is_arange ? (void *)&a->slot : (void *)&r->slot) + slot * 8);
	return next;
}

static __always_inline u64 vma_by_maple(struct mm_struct *mm, u64 addr)
{
	u64 entry = KNUM(mm, mm_mt.ma_root);

	for (u64 level = 0; level < MAPLE_LEVELS && entry; level++) {
		u32 type = maple_type(entry);

		entry = maple_entry(entry, addr);
		if (type < MAPLE_LEAVES)
			return entry;
	}
	return 0;
}

#endif

static __always_inline u64 vma_by_rb(struct mm_struct *mm, u64 addr)
{
	struct mm_struct___rb *m = (void *)mm;
	struct rb_node *node = BPF_CORE_READ(m, mm_rb.rb_node);

	for (u64 i = 0; i < RB_LEVELS && node; i++) {
		struct vm_area_struct___rb *vma =
			(void *)node -
			__builtin_preserve_field_info(((struct vm_area_struct___rb *)0)->vm_rb,
						      BPF_FIELD_BYTE_OFFSET);

		if (addr >= BPF_CORE_READ(vma, vm_end))
			node = BPF_CORE_READ(node, rb_right);
		else if (addr >= BPF_CORE_READ(vma, vm_start))
			return (u64)vma;
		else
			node = BPF_CORE_READ(node, rb_left);
	}
	return 0;
}

/* Global: verified once. */
__noinline u64 vma_at(u64 mm_address, u64 addr)
{
	struct mm_struct *mm = (void *)mm_address;

	if (!mm_address)
		return 0;
#ifndef ESPY_OLD
	if (bpf_core_field_exists(mm->mm_mt))
		return vma_by_maple(mm, addr);
#endif
	return vma_by_rb(mm, addr);
}

/* The mapping that `addr` is in. */
static __always_inline void mapping_at(u64 mm, u64 addr, struct mapping *m)
{
	struct vm_area_struct *vma = (void *)vma_at(mm, addr);

	m->pgoff = m->flags = m->file = 0;
	m->start = vma ? KR(vma, vm_start) : 0;
	m->end = vma ? KR(vma, vm_end) : 0;
	m->vma = (u64)vma;
	if (addr < m->start || addr >= m->end) {
		m->start = m->end = m->vma = 0;
		return;
	}
	m->pgoff = KR(vma, vm_pgoff);
	m->flags = KR(vma, vm_flags);
	m->file = KNUM(vma, vm_file);
}

/* A file that is in no directory tree: its name is all that tells a memfd from shared memory. */
static __always_inline u32 memory_of_pseudo(struct dentry *dentry, struct inode *inode)
{
	u64 name = 0, magic = BPF_CORE_READ(inode, i_sb, s_magic);

	bpf_probe_read_kernel(&name, 6, KR(dentry, d_name.name));
	if (name == 0x3a64666d656dull || name == 0x746572636573ull) /* "memfd:", "secretmem" */
		return MEMORY_MEMFD;
	return magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC ? MEMORY_SHARED : MEMORY_FILE;
}

/* Global: verified once. */
__noinline u32 memory_of_file(u64 address)
{
	struct file *file = (void *)address;
	struct dentry *dentry;
	struct vfsmount *mnt;
	bool top;

	if (!file)
		return MEMORY_UNKNOWN;
	dentry = KR(file, f_path.dentry);
	mnt = KR(file, f_path.mnt);
	top = KR(dentry, d_parent) == dentry;
	if (top && KR(mnt, mnt_root) != dentry)
		return memory_of_pseudo(dentry, KR(file, f_inode));
	return !top && !KR(dentry, d_hash.pprev) ? MEMORY_DELETED : MEMORY_FILE;
}

/* The same, 0 for a file that is where its path says. */
static __always_inline u32 memory_unusual(u64 file)
{
	u32 memory = memory_of_file(file);

	return memory > MEMORY_FILE ? memory : 0;
}

static __always_inline u32 memory_of(u64 mm_address, const struct mapping *m)
{
	struct mm_struct *mm = (void *)mm_address;
	u64 vdso, stack;

	if (!m->vma)
		return MEMORY_UNKNOWN;
	if (m->file)
		return memory_of_file(m->file);
	stack = KR(mm, start_stack);
	vdso = (u64)KR(mm, context.vdso);
	if (m->start <= stack && m->end >= stack)
		return MEMORY_STACK;
	if (m->start <= KR(mm, brk) && m->end >= KR(mm, start_brk))
		return MEMORY_HEAP;
	return m->start <= vdso && m->end > vdso ? MEMORY_VDSO : MEMORY_ANONYMOUS;
}

/* Protection and kind in one number, as it is kept in the task's state. */
static __always_inline u64 mapping_pack(u64 mm, const struct mapping *m)
{
	return (m->flags & PROT_BITS) | memory_of(mm, m) << 8;
}

/* `from` itself where that can be executed, else where its mapping ends; 0: there is none. Where a
 * loop is verified time for time it is global, else one level of functions less. */
#ifdef ESPY_OLD
__noinline u64 exec_or_end(u64 mm, u64 from)
#else
static __always_inline u64 exec_or_end(u64 mm, u64 from)
#endif
{
	struct mapping m;

	mapping_at(mm, from, &m);
	return m.flags & VM_EXEC ? from : m.end;
}

struct exec_range {
	u64 mm, from, to, found;
};

/* 1: no need to go on. */
static long exec_step(u32 i, struct exec_range *r)
{
	u64 next;

	if (r->from >= r->to)
		return 1;
	next = exec_or_end(r->mm, r->from);
	if (next == r->from)
		r->found = next;
	if (!next || next == r->from)
		return 1;
	r->from = next;
	return 0;
}

/* The first mapping of a range that can be executed, as an address in it; 0: none. Global. */
__noinline u64 exec_in_range(u64 mm, u64 from, u64 to)
{
	struct exec_range r = {.mm = mm, .from = from, .to = to};

	EACH(RANGE_VMAS, RANGE_VMAS, exec_step, &r);
	return r.found;
}
