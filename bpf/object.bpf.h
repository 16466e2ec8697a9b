/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects: what a descriptor or directory stands for, as an id. The text behind an id crosses the
 * ring once (meta_object); events carry the id.
 *
 * An id is a hash of all that makes the object: the chain of directory entries up to the root, the
 * mounts, the inode, a socket's addresses. Finding it again is a look into a per-CPU table that is
 * checked against the dentry, its name, the inode and a generation that every rename moves; only
 * when that fails is the chain walked, and only an id not yet sent has its names read.
 */
#pragma once

#include "probe.bpf.h"

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFIFO  0010000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000

#define FMODE_LSEEK 4

#define WALK_MAX 512 /* directories that are followed up */

#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_PACKET  17
#define AF_VSOCK   40

/* The low bits of an id say what is asked most often. */
#define OBJ_KIND 3u  /* enum descriptor_kind */
#define OBJ_ROOT 4u  /* its path is "/" */
#define OBJ_MEM  8u  /* /proc/PID/mem: the memory of a process */
#define OBJ_ASKS 16u /* a socket that may have to do with a name server */
/* Stands for what there was no room to define: user space shows a partial path. */
#define OBJ_UNTOLD  64u
#define OBJ_SETTING 32u /* what is written to it sets something of the kernel: /proc/sys, /sys */
/* How it stands to the filter: */
#define OBJ_OUTSIDE   128u /* its path is none of those asked for */
#define OBJ_OTHER_EXE 256u /* nor is it one of the executables */
#define OBJ_FILTER    (OBJ_OUTSIDE | OBJ_OTHER_EXE)
#define OBJ_BITS      0x1bfull

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
	w->hash = mix(w->hash, w->mount);
	return 0;
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
	w->hash = mix(mix(w->hash, w->dentry), KR(dentry, d_name.hash_len));
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

/* Hash of the whole chain; bit 0 says that it has no names: the root. Global: verified once. */
__noinline u64 object_hash(u64 dentry, u64 mnt, u32 user)
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

/* Writes the names of the chain, last first, each with a NUL, to the scratch's text. Returns their
 * length; bit 31 is set when the top was not reached. */
__noinline u32 object_names(u64 dentry, u64 mnt, u32 user)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	struct walker c = {s};

	if (!s)
		return 1u << 31;
	walk_begin(s, dentry, mnt);
	if (HAS(has_loop))
		bpf_loop(WALK_MAX, name_step, &c, 0);
	else
		for (u64 i = 0; i < WALK_MAX / WALK_ROW; i++)
			if (name_row(user))
				break;
	return s->walk.off | (s->walk.top ? 0 : 1u << 31);
}

/* --- sockets -------------------------------------------------------------------------------- */

static __always_inline struct sock *sock_of(struct file *file)
{
	struct socket *socket = KR(file, private_data);

	return socket ? KR(socket, sk) : NULL;
}

/* An IPv6 address in our own memory. */
struct addr16 {
	u64 w[2];
};

/* The first 32 groups that a netlink socket hears. */
static __always_inline u32 netlink_groups(struct sock *sk)
{
	struct netlink_sock *nl = (void *)sk;
	u32 groups = 0;

	bpf_probe_read_kernel(&groups, sizeof(groups), BPF_CORE_READ(nl, groups));
	return groups;
}

/* Of families whose types need not be in the kernel: they may be modules. */
static __always_inline u64 rare_hash(struct sock *sk, u16 family, u64 h)
{
	struct packet_sock *p = (void *)sk;
	struct vsock_sock *v = (void *)sk;

	if (family == AF_PACKET && bpf_core_field_exists(p->ifindex))
		return mix(mix(h, BPF_CORE_READ(p, ifindex)), BPF_CORE_READ(p, num));
	if (family == AF_VSOCK && bpf_core_field_exists(v->local_addr))
		return mix(mix(mix(h, BPF_CORE_READ(v, local_addr.svm_port)),
			       BPF_CORE_READ(v, remote_addr.svm_port)),
			   BPF_CORE_READ(v, remote_addr.svm_cid));
	return h;
}

/* Changes whenever an address of the socket does. */
static __always_inline u64 sock_hash(struct sock *sk)
{
	u16 family = KR(sk, __sk_common.skc_family);
	struct addr16 a;
	u64 h;

	if (family == AF_UNIX) {
		struct unix_sock *u = (void *)sk;

		return mix(mix(family, low(KR(u, addr))), low(KR(u, peer)));
	}
	h = mix(mix(family, KR(sk, __sk_common.skc_num)), KR(sk, __sk_common.skc_dport));
	if (family == AF_INET)
		return mix(mix(h, KR(sk, __sk_common.skc_daddr)),
			   KR(sk, __sk_common.skc_rcv_saddr));
	if (family == AF_INET6) {
		bpf_core_read(&a, sizeof(a), &sk->__sk_common.skc_v6_daddr);
		h = mix(mix(h, a.w[0]), a.w[1]);
		bpf_core_read(&a, sizeof(a), &sk->__sk_common.skc_v6_rcv_saddr);
		return mix(mix(h, a.w[0]), a.w[1]);
	}
	if (family == AF_NETLINK) {
		struct netlink_sock *nl = (void *)sk;

		h = mix(h, netlink_groups(sk));
		return mix(mix(h, BPF_CORE_READ(nl, portid)), BPF_CORE_READ(nl, dst_portid));
	}
	return rare_hash(sk, family, h);
}

#define SOCK_STREAM 1
#define SOCK_DGRAM  2

/* DNS, multicast DNS (RFC 6762), LLMNR (RFC 4795); `port` in network order. */
static __always_inline bool is_dns_port(u16 port)
{
	return port == bpf_htons(53) || port == bpf_htons(5353) || port == bpf_htons(5355);
}

/* Its peer is a name server, or can be: datagrams to anybody. */
static __always_inline bool sock_asks(struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	u16 port = BPF_CORE_READ(sk, __sk_common.skc_dport);

	if (family != AF_INET && family != AF_INET6)
		return false;
	return is_dns_port(port) || (!port && BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM);
}

/* struct sockaddr_* as user space knows them (linux/in.h, in6.h, un.h, netlink.h). */
struct addr_in {
	u16 family, port;
	u32 addr;
	u64 zero;
};
struct addr_in6 {
	u16 family, port;
	u32 flow;
	u32 addr[4];
	u32 scope;
};
struct addr_nl {
	u16 family, pad;
	u32 pid, groups;
};
struct addr_ll {
	u16 family, protocol;
	u32 ifindex;
	u64 rest[2];
};
struct addr_vm {
	u16 family, pad;
	u32 port, cid, rest;
};

#define ADDR_MAX 128

static __always_inline u32 unix_name(char *to, struct sock *sk)
{
	struct unix_sock *u = (void *)sk;
	struct unix_address *a = sk ? BPF_CORE_READ(u, addr) : NULL;
	u32 len;

	if (!a)
		return 0;
	len = BPF_CORE_READ(a, len);
	if (len > ADDR_MAX - 1)
		len = ADDR_MAX - 1;
	len &= ADDR_MAX - 1;
	if (bpf_probe_read_kernel(to, len, &a->name))
		return 0;
	return len;
}

static __always_inline void rare_names(struct obj_scratch *s, char *local, char *remote,
				       struct sock *sk, u16 family)
{
	struct addr_vm *l = (void *)local, *r = (void *)remote;
	struct packet_sock *p = (void *)sk;
	struct vsock_sock *v = (void *)sk;
	struct addr_ll *ll = (void *)local;

	if (family == AF_PACKET && bpf_core_field_exists(p->ifindex)) {
		ll->family = family;
		ll->protocol = BPF_CORE_READ(p, num);
		ll->ifindex = BPF_CORE_READ(p, ifindex);
		ll->rest[0] = ll->rest[1] = 0;
		s->rec.local.len = 20; /* struct sockaddr_ll */
	} else if (family == AF_VSOCK && bpf_core_field_exists(v->local_addr)) {
		l->family = r->family = family;
		l->pad = r->pad = 0;
		l->rest = r->rest = 0;
		l->port = BPF_CORE_READ(v, local_addr.svm_port);
		l->cid = BPF_CORE_READ(v, local_addr.svm_cid);
		r->port = BPF_CORE_READ(v, remote_addr.svm_port);
		r->cid = BPF_CORE_READ(v, remote_addr.svm_cid);
		s->rec.local.len = s->rec.remote.len = sizeof(*l);
	}
}

/* Both ends of the socket in a scratch into its text area, at `off`; their lengths go to the record.
 * Global: the rest of a definition is not verified for each family again. */
__noinline int sock_names(u32 user, u32 off)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	char *local, *remote;
	struct sock *sk;
	u16 family;

	if (!s)
		return 0;
	off &= OBJ_TEXT - 1;
	local = s->text + off;
	remote = local + ADDR_MAX;
	sk = (void *)s->sk;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	s->rec.family = family;
	s->rec.protocol = BPF_CORE_READ(sk, sk_type) | (u32)BPF_CORE_READ(sk, sk_protocol) << 8;
	if (family == AF_INET) {
		struct addr_in *l = (void *)local, *r = (void *)remote;

		l->family = r->family = family;
		l->zero = r->zero = 0;
		l->port = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
		l->addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		r->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		r->addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		s->rec.local.len = s->rec.remote.len = sizeof(*l);
	} else if (family == AF_INET6) {
		struct addr_in6 *l = (void *)local, *r = (void *)remote;

		l->family = r->family = family;
		l->flow = r->flow = l->scope = r->scope = 0;
		l->port = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
		bpf_core_read(l->addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		r->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		bpf_core_read(r->addr, 16, &sk->__sk_common.skc_v6_daddr);
		s->rec.local.len = s->rec.remote.len = sizeof(*l);
	} else if (family == AF_UNIX) {
		struct unix_sock *u = (void *)sk;

		s->rec.local.len = unix_name(local, sk);
		s->rec.remote.len = unix_name(remote, BPF_CORE_READ(u, peer));
	} else if (family == AF_NETLINK) {
		struct netlink_sock *nl = (void *)sk;
		struct addr_nl *l = (void *)local, *r = (void *)remote;

		l->family = r->family = family;
		l->pad = r->pad = 0;
		l->groups = netlink_groups(sk);
		r->groups = 0;
		l->pid = BPF_CORE_READ(nl, portid);
		r->pid = BPF_CORE_READ(nl, dst_portid);
		s->rec.local.len = s->rec.remote.len = sizeof(*l);
	} else {
		rare_names(s, local, remote, sk, family);
	}
	return 0;
}

/* --- defining ------------------------------------------------------------------------------- */

static __always_inline void object_header(struct obj_scratch *s, u64 id, const struct obj_slot *k)
{
	struct espy_ev_meta_object *rec = &s->rec;
	struct inode *inode = (void *)k->inode;

	rec->hdr.time = bpf_ktime_get_boot_ns();
	rec->hdr.duration = rec->hdr.start = 0;
	rec->hdr.result = 0;
	rec->hdr.pid = rec->hdr.tid = 0;
	rec->hdr.type = ESPY_EV_meta_object;
	rec->hdr.call = 0;
	rec->hdr.cpu = bpf_get_smp_processor_id();
	rec->hdr.abi = rec->hdr.flags = 0;
	rec->id = id;
	rec->inode = k->ino;
	rec->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	rec->mode = s->mode;
	rec->flags = 0;
	rec->family = rec->protocol = 0;
	rec->path.off = sizeof(*rec);
	rec->local.len = rec->remote.len = 0;
}

#define ANON_INODE_FS_MAGIC 0x09041934
#define NSFS_MAGIC          0x6e736673
#define PIDFS_MAGIC         0x50494446
#define PROC_SUPER_MAGIC    0x9fa0

/* The name of what is in no directory tree. pidfs (6.9, cb12fd8e0dab) and nsfs make theirs up. */
static __always_inline u32 object_pseudo(struct obj_scratch *s, const struct obj_slot *k)
{
	struct dentry *dentry = (void *)k->dentry;
	struct inode *inode = (void *)k->inode;
	u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);
	const void *name = KR(dentry, d_name.name);
	struct ns_common *ns;
	long len;

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
static __always_inline u32 object_path(struct obj_scratch *s, const struct obj_slot *k, u32 user)
{
	struct dentry *dentry = (void *)k->dentry;
	struct vfsmount *mnt = (void *)k->mnt;
	bool top = KR(dentry, d_parent) == dentry;
	u32 n;

	if (top && KR(mnt, mnt_root) != dentry)
		return object_pseudo(s, k);
	n = object_names(k->dentry, k->mnt, user);
	if (n >> 31)
		s->rec.flags |= ESPY_OBJ_PARTIAL;
	if (!top && !KR(dentry, d_hash.pprev))
		s->rec.flags |= ESPY_OBJ_UNLINKED;
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

/* Sends what `id` means, which gets its bits of the filter: those, or negative. */
static __always_inline int object_define(struct obj_scratch *s, u64 id, const struct obj_slot *k,
					 u32 user)
{
	u32 n, off, bits;

	object_header(s, id, k);
	off = object_path(s, k, user) & (OBJ_TEXT - 1);
	s->rec.path.len = off;
	s->rec.local.off = sizeof(s->rec) + off;
	s->rec.remote.off = s->rec.local.off + ADDR_MAX;
	n = sizeof(s->rec) + off;
	if (s->sk) {
		sock_names(user, off);
		n += 2 * ADDR_MAX;
	}
	bits = object_filter(s, user);
	s->rec.id |= bits;
	return record_output(&s->rec.hdr, n, ESPY_CLASS_meta) ? -1 : bits;
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
static __always_inline bool is_proc_mem(const struct obj_slot *k, u32 mode)
{
	struct inode *inode = (void *)k->inode;
	struct dentry *dentry = (void *)k->dentry;
	u32 name = 0;

	if ((mode & S_IFMT) != S_IFREG ||
	    BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
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

static __always_inline u64 setting_bit(const struct obj_slot *k, u32 mode)
{
	struct inode *inode = (void *)k->inode;

	if ((mode & S_IFMT) != S_IFREG)
		return 0;
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

/*
 * The slow way, for what was put into the slot and the scratch: walk, tell user space if it does
 * not know. Global, so that it is verified once and not for each place that calls it; its argument
 * is an index because in the slot's memory the addresses are numbers.
 */
__noinline u64 object_learn(u32 index, u32 user)
{
	struct obj_slot *k = bpf_map_lookup_elem(&obj_slots, &index);
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	u32 gen = path_gen, now = epoch, place;
	u64 chain, id, key, known, *told;
	int bits;

	if (!k || !s)
		return 0;
	this_cpu()->learned++;
	chain = object_hash(k->dentry, k->mnt, user);
	id = mix(mix(mix(chain, k->ino), k->inode), mix(k->addr, k->name & 1));
	id = mix(id, s->mode & S_IFMT) & ~OBJ_BITS;
	id |= kind_of(s->mode) | (chain & 1 ? OBJ_ROOT : 0) |
	      (is_proc_mem(k, s->mode) ? OBJ_MEM : 0) | setting_bit(k, s->mode);
	if (s->sk && sock_asks((void *)s->sk))
		id |= OBJ_ASKS;
	key = told_key(id, now);
	place = id >> 32 & (OBJ_TOLD - 1);
	told = bpf_map_lookup_elem(&obj_told, &place);
	if (!told)
		return 0;
	known = *told;
	if ((known & ~(u64)OBJ_FILTER) != key) {
		bits = object_define(s, id, k, user);
		if (bits < 0)
			return OBJ_UNTOLD;
		*told = known = key | (u32)bits;
	}
	id |= known & OBJ_FILTER;
	k->gen = gen;
	k->epoch = now;
	k->id = id;
	return id;
}

static __always_inline u64 object_find(struct vfsmount *mnt, struct dentry *dentry,
				       struct inode *inode, u32 mode, struct sock *sk, u64 addr,
				       u32 user)
{
	u64 name = (KR(dentry, d_name.hash_len) << 1) | !KR(dentry, d_hash.pprev);
	u64 ino = KR(inode, i_ino);
	u32 index = ((u32)(mix(low(dentry), low(mnt)) >> 20) & (ESPY_OBJ_SLOTS - 1)) +
		    bpf_get_smp_processor_id() * ESPY_OBJ_SLOTS;
	struct obj_slot *k = bpf_map_lookup_elem(&obj_slots, &index);
	struct obj_scratch *s;

	if (!k)
		return 0;
	if (k->dentry == (u64)dentry && k->inode == (u64)inode && k->mnt == (u64)mnt &&
	    k->name == name && k->ino == ino && k->addr == addr && k->gen == path_gen &&
	    k->epoch == epoch && k->id)
		return k->id;
	s = bpf_map_lookup_elem(&obj_scratches, &user);
	if (!s)
		return 0;
	k->id = 0;
	k->dentry = (u64)dentry;
	k->mnt = (u64)mnt;
	k->inode = (u64)inode;
	k->name = name;
	k->ino = ino;
	k->addr = addr;
	s->sk = (u64)sk;
	s->mode = mode;
	return object_learn(index, user);
}

/* A directory: cwd, root. */
static __always_inline u64 object_of_path(struct vfsmount *mnt, struct dentry *dentry, u32 user)
{
	struct inode *inode;

	if (!dentry || !mnt)
		return 0;
	inode = KR(dentry, d_inode);
	return inode ? object_find(mnt, dentry, inode, S_IFDIR, NULL, 0, user) : 0;
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
	 * the operations tell an eventfd from a timerfd */
	addr = low(KR(file, f_op));
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
