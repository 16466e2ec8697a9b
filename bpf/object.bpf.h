/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects: what a descriptor or directory stands for, as an id. The text behind an id crosses the
 * ring once (meta_object); events carry the id.
 *
 * An id is a hash of all that makes the object: the chain of directory entries up to the root, the
 * mounts, the inode, a socket's addresses. Finding it again is a look into a per-CPU table that is
 * checked against the dentry, its name, the inode and a generation that every rename moves; only
 * when that fails is the chain walked, and only an id not yet sent has its names read. Where the
 * directory that it is in stands in the table, one step and one name are enough.
 */
#pragma once

#include "sock.bpf.h"

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFIFO  0010000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000

#define FMODE_LSEEK 4

#define WALK_MAX 512 /* directories that are followed up */

/* The low bits of an id say what is asked most often. */
#define OBJ_KIND       3u /* enum descriptor_kind */
#define OBJ_ROOT_SHIFT 2
#define OBJ_ROOT       (1u << OBJ_ROOT_SHIFT) /* its path is "/" */
#define OBJ_MEM        8u                     /* /proc/PID/mem: the memory of a process */
#define OBJ_ASKS       16u                    /* a socket that may have to do with a name server */
/* Stands for what there was no room to define: user space shows a partial path. */
#define OBJ_UNTOLD  64u
#define OBJ_SETTING 32u /* what is written to it sets something of the kernel: /proc/sys, /sys */
/* How it stands to the filter: */
#define OBJ_OUTSIDE   128u /* its path is none of those asked for */
#define OBJ_OTHER_EXE 256u /* nor is it one of the executables */
#define OBJ_FILTER    (OBJ_OUTSIDE | OBJ_OTHER_EXE)
#define OBJ_BITS      0x1bfull

/*
 * Up the chain of directory entries, through mount points. Where we are is kept in map memory:
 * there everything is a number to the verifier, so that the loop has one state, and bpf_loop
 * on 6.1, which believes that a callback runs once, concludes nothing wrong.
 */
struct walker {
	struct obj_scratch *s;
};

static __always_inline void walk_begin(struct obj_scratch *s, u64 dentry, u64 mnt)
{
	struct vfsmount *vfs = (void *)mnt;

	s->walk.dentry = dentry;
	s->walk.mount = (u64)real_mount(vfs);
	s->walk.mnt_root = (u64)KR(vfs, mnt_root);
	s->walk.hash = 0x5bd1e995;
	s->walk.off = 0;
	s->walk.names = 0;
	s->walk.top = false;
}

/* At a mount's root: on to the place it is mounted at. True when there is none: the top. */
static __always_inline long walk_mount(struct walk *w)
{
	struct mount *mount = (void *)w->mount, *up = KR(mount, mnt_parent);

	if ((u64)up == w->mount || !up) {
		w->top = true;
		return 1;
	}
	w->dentry = (u64)KR(mount, mnt_mountpoint);
	w->mount = (u64)up;
	w->mnt_root = (u64)KR(up, mnt.mnt_root);
	w->hash += mix(w->mount, w->dentry);
	return 0;
}

/* What a directory entry adds to the hash of its chain: a sum, which can be begun at either end. */
static __always_inline u64 link_hash(u64 dentry, u64 parent, u64 name)
{
	return mix(mix(dentry, parent), name);
}

static __always_inline bool walk_is_top(struct walk *w, u64 parent)
{
	if (parent != w->dentry && parent)
		return false;
	w->top = true;
	return true;
}

static __always_inline long hash_step(u32 i, struct walker *c)
{
	struct walk *w = &c->s->walk;
	struct dentry *dentry = (void *)w->dentry;

	if (w->dentry == w->mnt_root)
		return walk_mount(w);
	w->parent = (u64)KR(dentry, d_parent);
	if (walk_is_top(w, w->parent))
		return 1;
	w->hash += link_hash(w->dentry, w->parent, KR(dentry, d_name.hash_len));
	w->names = 1;
	w->dentry = w->parent;
	return 0;
}

static __always_inline long name_step(u32 i, struct walker *c)
{
	struct obj_scratch *s = c->s;
	struct walk *w = &s->walk;
	struct dentry *dentry = (void *)w->dentry;
	long n;

	if (w->dentry == w->mnt_root)
		return walk_mount(w);
	w->parent = (u64)KR(dentry, d_parent);
	if (walk_is_top(w, w->parent) || w->off > OBJ_TEXT - 1)
		return 1;
	n = bpf_probe_read_kernel_str(s->text + (w->off & (OBJ_TEXT - 1)), 256,
				      KR(dentry, d_name.name));
	if (n < 0)
		return 1;
	w->at[w->names & (ESPY_ONLY_NAMES - 1)] = w->off;
	w->names++;
	w->off += n;
	w->dentry = w->parent;
	return 0;
}

/* Where there is no bpf_loop: a loop in a loop, which to the verifier is 48 steps and not 512. True
 * when the end was reached. */
#define WALK_ROW 16

__noinline int hash_row(u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	struct walker c = {s};

	for (u32 i = 0; s && i < WALK_ROW; i++)
		if (hash_step(i, &c))
			return true;
	return false;
}

__noinline int name_row(u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	struct walker c = {s};

	for (u32 i = 0; s && i < WALK_ROW; i++)
		if (name_step(i, &c))
			return true;
	return false;
}

/* Hash of the whole chain; bit 0 says that it has no names: the root. */
static __always_inline u64 object_hash(u64 dentry, u64 mnt, u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	struct walker c = {s};

	if (!s)
		return 0;
	walk_begin(s, dentry, mnt);
	if (HAS(has_loop))
		bpf_loop(WALK_MAX, hash_step, &c, 0);
	else
		for (u64 i = 0; i < WALK_MAX / WALK_ROW; i++)
			if (hash_row(user))
				break;
	return s->walk.hash << 1 | !s->walk.names;
}

/* Writes the names of the chain, or of it only the last, last first, each with a NUL, to the
 * scratch's text. Returns their length; bit 31 is set when not all was reached. */
static __always_inline u32 object_names(u64 dentry, u64 mnt, u32 only_last, u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	struct walker c = {s};

	if (!s)
		return 1u << 31;
	walk_begin(s, dentry, mnt);
	if (only_last)
		s->walk.top = !name_step(0, &c);
	else if (HAS(has_loop))
		bpf_loop(WALK_MAX, name_step, &c, 0);
	else
		for (u64 i = 0; i < WALK_MAX / WALK_ROW; i++)
			if (name_row(user))
				break;
	return s->walk.off | (s->walk.top ? 0 : 1u << 31);
}

/* --- defining ------------------------------------------------------------------------------- */

/* All of the record that has no text, but for the ids. Global: the stack is short. */
__noinline int object_header(u32 index, u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	struct obj_slot *k = bpf_map_lookup_elem(&obj_slots, &index);
	struct espy_ev_meta_object *rec;
	struct inode *inode;

	if (!s || !k)
		return 0;
	rec = &s->rec;
	inode = (void *)k->inode;
	rec->hdr.time = bpf_ktime_get_boot_ns();
	rec->hdr.duration = rec->hdr.start = 0;
	rec->hdr.result = 0;
	rec->hdr.pid = rec->hdr.tid = 0;
	rec->hdr.type = ESPY_EV_meta_object;
	rec->hdr.call = 0;
	rec->hdr.cpu = bpf_get_smp_processor_id();
	rec->hdr.abi = rec->hdr.flags = 0;
	rec->inode = KR(inode, i_ino);
	rec->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	rec->mode = s->mode;
	rec->flags = 0;
	rec->family = rec->protocol = 0;
	rec->path.off = sizeof(*rec);
	rec->local.len = rec->remote.len = 0;
	return 0;
}

#define ANON_INODE_FS_MAGIC 0x09041934
#define NSFS_MAGIC          0x6e736673
#define PIDFS_MAGIC         0x50494446
#define PROC_SUPER_MAGIC    0x9fa0

/* The name of what is in no directory tree. pidfs (6.9, cb12fd8e0dab) and nsfs make theirs up.
 * Global: one way to the verifier. */
__noinline u32 object_pseudo(u32 index, u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	struct obj_slot *k = bpf_map_lookup_elem(&obj_slots, &index);
	struct dentry *dentry;
	struct inode *inode;
	struct ns_common *ns;
	const void *name;
	u64 magic;
	long len;

	if (!s || !k)
		return 0;
	dentry = (void *)k->dentry;
	inode = (void *)k->inode;
	magic = BPF_CORE_READ(inode, i_sb, s_magic);
	name = KR(dentry, d_name.name);

	s->rec.flags |= ESPY_OBJ_PSEUDO;
	if (magic == PIDFS_MAGIC) {
		__builtin_memcpy(s->text, "[pidfd]", 8);
		s->rec.flags |= ESPY_OBJ_ANON;
		return 8;
	}
	if (magic == NSFS_MAGIC) {
		ns = BPF_CORE_READ(inode, i_private);
		name = BPF_CORE_READ(ns, ops, name);
		s->rec.flags |= ESPY_OBJ_NS;
	} else if (magic == ANON_INODE_FS_MAGIC) {
		s->rec.flags |= ESPY_OBJ_ANON;
	}
	len = bpf_probe_read_kernel_str(s->text, 256, name);
	return len > 0 ? len : 0;
}

/* Its name or names into the text; their length. */
static __always_inline u32 object_path(struct obj_scratch *s, const struct obj_slot *k, u32 index,
				       u32 user)
{
	struct dentry *dentry = (void *)k->dentry;
	struct vfsmount *mnt = (void *)k->mnt;
	bool top = KR(dentry, d_parent) == dentry;
	u32 n;

	if (top && KR(mnt, mnt_root) != dentry)
		return object_pseudo(index, user);
	if (!top && k->name & 1)
		s->rec.flags |= ESPY_OBJ_UNLINKED;
	n = object_names(k->dentry, k->mnt, s->rec.base != 0, user);
	if (n >> 31)
		s->rec.flags |= ESPY_OBJ_PARTIAL;
	n &= ~(1u << 31);
	return n > OBJ_TEXT - 1 ? OBJ_TEXT - 1 : n;
}

/* What has no place in a directory tree has no path that begins with '/', but for a memfd and the
 * like, and for sockets that have a name. */
static __always_inline bool has_no_path(const struct obj_scratch *s)
{
	if (s->sk)
		return s->rec.family == AF_INET || s->rec.family == AF_INET6;
	return s->rec.flags & (ESPY_OBJ_ANON | ESPY_OBJ_NS) || (s->mode & S_IFMT) == S_IFIFO;
}

/* How what was just described stands to the filter. Where an event may follow that has another path
 * it counts as asked for. */
static __always_inline u32 object_filter(struct obj_scratch *s, u32 user)
{
	u32 bits = 0;

	if ((!n_only_paths && !n_only_exes) || s->rec.flags & ESPY_OBJ_PARTIAL)
		return 0;
	/* from memory: in a register its bits are known on each way here, and each would be gone */
	if (*(volatile u64 *)&s->rec.id & (OBJ_MEM | OBJ_ASKS))
		return 0;
	if (s->sk || s->rec.flags & ESPY_OBJ_PSEUDO)
		return n_only_paths && has_no_path(s) ? OBJ_OUTSIDE : 0;
	if (n_only_paths && !only_any(0, n_only_paths, user))
		bits |= OBJ_OUTSIDE;
	if (n_only_exes && !only_any(ESPY_ONLY_MAX, n_only_exes, user))
		bits |= OBJ_OTHER_EXE;
	return bits;
}

/* Sends what the id in the record means, which gets its bits of the filter. 0: it is out. */
static __always_inline int object_define(struct obj_scratch *s, const struct obj_slot *k, u32 index,
					 u32 user)
{
	u32 n, off;

	object_header(index, user);
	off = object_path(s, k, index, user) & (OBJ_TEXT - 1);
	s->rec.path.len = off;
	s->rec.local.off = sizeof(s->rec) + off;
	s->rec.remote.off = s->rec.local.off + ADDR_MAX;
	n = sizeof(s->rec) + off;
	if (s->sk) {
		sock_names(user, off);
		n += 2 * ADDR_MAX;
	}
	s->rec.id |= object_filter(s, user);
	return record_output(&s->rec.hdr, n, ESPY_CLASS_meta);
}

/* --- finding -------------------------------------------------------------------------------- */

static __always_inline u32 kind_of(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFSOCK:
		return KIND_SOCKET;
	case S_IFREG:
	case S_IFBLK:
	case S_IFDIR:
		return KIND_FILE;
	}
	return KIND_OTHER;
}

/* Is it the file that a process's memory can be read and written by? */
static __always_inline bool is_proc_mem(const struct obj_slot *k)
{
	struct inode *inode = (void *)k->inode;
	struct dentry *dentry = (void *)k->dentry;
	u32 name = 0;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return false;
	bpf_probe_read_kernel(&name, sizeof(name), KR(dentry, d_name.name));
	return name == 0x006d656d; /* "mem" */
}

#define SYSFS_MAGIC         0x62656572
#define CGROUP_SUPER_MAGIC  0x27e0eb
#define CGROUP2_SUPER_MAGIC 0x63677270
#define DEBUGFS_MAGIC       0x64626720
#define SECURITYFS_MAGIC    0x73636673
#define SELINUX_MAGIC       0xf97cff8c
#define EFIVARFS_MAGIC      0xde5e81e4
#define CONFIGFS_MAGIC      0x62656570

/* Of procfs only what is below sys. tracefs is not here: what programs write there are marks. */
static __always_inline struct ctl_table *sysctl_of(struct inode *inode)
{
	struct proc_inode *pi = NULL;

	pi = (void *)inode - __builtin_preserve_field_info(pi->vfs_inode, BPF_FIELD_BYTE_OFFSET);
	return BPF_CORE_READ(pi, sysctl_entry);
}

static __always_inline u64 setting_bit(const struct obj_slot *k)
{
	struct inode *inode = (void *)k->inode;

	switch (BPF_CORE_READ(inode, i_sb, s_magic)) {
	case PROC_SUPER_MAGIC:
		return sysctl_of(inode) ? OBJ_SETTING : 0;
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case SECURITYFS_MAGIC:
	case SELINUX_MAGIC:
	case EFIVARFS_MAGIC:
	case CONFIGFS_MAGIC:
		return OBJ_SETTING;
	}
	return 0;
}

/* What stands in obj_told for an id: with the epoch, without the bits of the filter, which are
 * kept in their place. */
static __always_inline u64 told_key(u64 id, u32 now)
{
	return (id ^ (u64)now * 0x9e3779b97f4a7c15ull << 9) & ~(u64)OBJ_FILTER;
}

static __always_inline u32 slot_index(const void *dentry, const void *mnt)
{
	return ((u32)(mix(low(dentry), low(mnt)) >> 20) & (ESPY_OBJ_SLOTS - 1)) +
	       bpf_get_smp_processor_id() * ESPY_OBJ_SLOTS;
}

static __always_inline u64 slot_name(struct dentry *dentry)
{
	return (KR(dentry, d_name.hash_len) << 1) | !KR(dentry, d_hash.pprev);
}

/* Is it in the slot, and is that still true? */
static __always_inline bool slot_holds(const struct obj_slot *k, struct dentry *dentry,
				       struct vfsmount *mnt, struct inode *inode, u64 name,
				       u64 rest)
{
	return k->dentry == (u64)dentry && k->inode == (u64)inode && k->mnt == (u64)mnt &&
	       k->name == name && k->rest == rest && k->gen == path_gen && k->epoch == epoch &&
	       k->id;
}

/* What a slot is of; what it means is still to be learnt. */
static __always_inline void slot_begin(struct obj_slot *k, struct dentry *dentry,
				       struct vfsmount *mnt, struct inode *inode, u64 name,
				       u64 rest)
{
	k->id = 0;
	k->dentry = (u64)dentry;
	k->mnt = (u64)mnt;
	k->inode = (u64)inode;
	k->name = name;
	k->rest = rest;
}

#define NO_SLOT  ~0u
#define TO_LEARN (1ull << 32)

/* The slot of the directory that what is in a slot is in, with TO_LEARN where it was begun, or
 * NO_SLOT: it is in none. Global: the stack is short. */
__noinline u64 slot_above(u32 index, u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	struct obj_slot *k = bpf_map_lookup_elem(&obj_slots, &index), *above;
	struct dentry *dentry, *parent;
	struct vfsmount *mnt;
	struct inode *inode;
	u64 name, rest;

	if (!k || !s)
		return NO_SLOT;
	dentry = (void *)k->dentry;
	mnt = (void *)k->mnt;
	parent = KR(dentry, d_parent);
	if (parent == dentry || KR(mnt, mnt_root) == dentry)
		return NO_SLOT;
	index = slot_index(parent, mnt);
	above = bpf_map_lookup_elem(&obj_slots, &index);
	inode = KR(parent, d_inode);
	name = slot_name(parent);
	if (!above || above == k || !inode || name & 1)
		return NO_SLOT;
	rest = KR(inode, i_ino);
	if (slot_holds(above, parent, mnt, inode, name, rest))
		return index;
	slot_begin(above, parent, mnt, inode, name, rest);
	s->mode = KR(inode, i_mode);
	return TO_LEARN | index;
}

/* The hash of its chain; bit 0 says that it has no names: the root. */
static __always_inline u64 slot_chain(struct obj_slot *k, const struct obj_slot *above, u32 user)
{
	struct dentry *dentry = (void *)k->dentry;
	u64 link;

	if (!above)
		return object_hash(k->dentry, k->mnt, user);
	link = link_hash(k->dentry, above->dentry, KR(dentry, d_name.hash_len));
	return (above->chain & ~1ull) + (link << 1);
}

/* Without its low bits, but for the root. */
static __always_inline u64 slot_id(const struct obj_slot *k, const struct obj_scratch *s)
{
	u64 id = mix(mix(mix(k->chain, k->rest), k->inode), k->name & 1);

	return (mix(id, s->mode & S_IFMT) & ~OBJ_BITS) | (k->chain & 1) << OBJ_ROOT_SHIFT;
}

/* The low bits of an id, but for the root and the filter. Global: one way to the verifier. */
__noinline u64 object_bits(u32 index, u32 user)
{
	struct obj_slot *k = bpf_map_lookup_elem(&obj_slots, &index);
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	u64 bits;

	if (!k || !s)
		return 0;
	bits = kind_of(s->mode);
	if (s->sk)
		return sock_asks((void *)s->sk) ? bits | OBJ_ASKS : bits;
	if ((s->mode & S_IFMT) != S_IFREG)
		return bits;
	return bits | (is_proc_mem(k) ? OBJ_MEM : setting_bit(k));
}

/* Walks from what is in the slot and the scratch, or only to the slot above, and tells user space
 * if it does not know. Global: verified once. What it finds is kept in memory: the stack is short.
 */
__noinline u64 slot_learn(u32 index, u32 index_above, u32 user)
{
	struct obj_slot *k = bpf_map_lookup_elem(&obj_slots, &index);
	struct obj_slot *above = bpf_map_lookup_elem(&obj_slots, &index_above);
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	u64 *told, known;

	if (!k || !s)
		return 0;
	this_cpu()->learned++;
	k->gen = path_gen;
	k->epoch = epoch;
	k->chain = slot_chain(k, above, user);
	s->rec.base = above ? above->id : 0;
	s->rec.id = slot_id(k, s) | object_bits(index, user);
	index_above = s->rec.id >> 32 & (OBJ_TOLD - 1);
	told = bpf_map_lookup_elem(&obj_told, &index_above);
	if (!told)
		return 0;
	known = *told;
	if ((known & ~(u64)OBJ_FILTER) == told_key(s->rec.id, k->epoch)) {
		k->id = s->rec.id | (known & OBJ_FILTER);
		return k->id;
	}
	if (object_define(s, k, index, user) < 0)
		return OBJ_UNTOLD;
	*told = told_key(s->rec.id, k->epoch) | (s->rec.id & OBJ_FILTER);
	k->id = s->rec.id;
	return k->id;
}

/*
 * The slow way, for what was put into the slot: the directory that it is in is learnt first, since
 * another file of it will come. Global, so that it is verified once and not for each place that
 * calls it; its argument is an index because in the slot's memory the addresses are numbers.
 */
__noinline u64 object_learn(u32 index, u32 user, u32 mode)
{
	struct obj_scratch *s;
	u64 above = NO_SLOT;

	if (!n_only_paths && !n_only_exes) /* they are compared with whole paths */
		above = slot_above(index, user);
	if (above & TO_LEARN)
		slot_learn(above, NO_SLOT, user);
	s = bpf_map_lookup_elem(&obj_scratches, &user);
	if (!s)
		return 0;
	s->mode = mode;
	return slot_learn(index, above, user);
}

static __always_inline u64 object_find(struct vfsmount *mnt, struct dentry *dentry,
				       struct inode *inode, u32 mode, struct sock *sk, u64 addr,
				       u32 user)
{
	u64 name = slot_name(dentry), rest = KR(inode, i_ino);
	u32 index = slot_index(dentry, mnt);
	struct obj_slot *k = bpf_map_lookup_elem(&obj_slots, &index);
	struct obj_scratch *s;

	if (addr)
		rest = mix(addr, rest);
	if (!k)
		return 0;
	if (slot_holds(k, dentry, mnt, inode, name, rest))
		return k->id;
	s = bpf_map_lookup_elem(&obj_scratches, &user);
	if (!s)
		return 0;
	slot_begin(k, dentry, mnt, inode, name, rest);
	s->sk = (u64)sk;
	return object_learn(index, user, mode);
}

/* A directory: cwd, root. */
static __always_inline u64 object_of_path(struct vfsmount *mnt, struct dentry *dentry, u32 user)
{
	struct inode *inode;

	if (!dentry || !mnt)
		return 0;
	inode = KR(dentry, d_inode);
	return inode ? object_find(mnt, dentry, inode, KR(inode, i_mode), NULL, 0, user) : 0;
}

static __always_inline u64 object_of_file(struct file *file, u32 user)
{
	struct sock *sk = NULL;
	struct inode *inode;
	u64 addr;
	u32 mode;

	if (!file)
		return 0;
	inode = KR(file, f_inode);
	mode = KR(inode, i_mode);
	/* anonymous inodes are all one inode, and the dentry of one is soon that of another: only
	 * the operations tell an eventfd from a timerfd; directories are one object, opened or not
	 */
	addr = (mode & S_IFMT) == S_IFDIR ? 0 : low(KR(file, f_op));
	if ((mode & S_IFMT) == S_IFSOCK) {
		sk = sock_of(file);
		addr = sk ? sock_hash(sk) : 0;
	}
	return object_find(KR(file, f_path.mnt), KR(file, f_path.dentry), inode, mode, sk, addr,
			   user);
}

/* `t`: the current task. */
static __always_inline struct file *file_of_fd(struct task_struct *t, u32 fd)
{
	struct fdtable *fdt = KR(KR(t, files), fdt);
	struct file *file = NULL;

	if (fd >= KR(fdt, max_fds))
		return NULL;
	if (HAS(has_cast)) { /* any type that begins with a pointer reads an array of pointers */
		struct list_head *slot = (void *)(KR(fdt, fd) + fd);

		return (void *)KR(slot, next);
	}
	bpf_probe_read_kernel(&file, sizeof(file), KR(fdt, fd) + fd);
	return file;
}

static __always_inline struct sock *sock_of_fd(u32 fd)
{
	struct file *file = file_of_fd(current_task(), fd);

	if (!file || (KR((struct inode *)KR(file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return sock_of(file);
}

static __always_inline u64 object_of_fd(struct task_struct *t, u32 fd, u32 user)
{
	return object_of_file(file_of_fd(t, fd), user);
}

static __always_inline u64 object_of_cwd(struct task_struct *t, u32 user)
{
	struct fs_struct *fs = KR(t, fs);

	return object_of_path(KR(fs, pwd.mnt), KR(fs, pwd.dentry), user);
}
