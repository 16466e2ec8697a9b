/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who a task is beyond its numbers: its cgroup by name, its namespaces, the audit session, and
 * which version of which file it runs. Read at the event, from the task itself: nothing here can be
 * missed because a process, its cgroup or its file was gone when somebody asked.
 */
#pragma once

#include "only.bpf.h"

/* kernfs_node.parent became __parent in 6.15 (633488947ef6). */
struct kernfs_node___old {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn)
{
	struct kernfs_node___old *old = (void *)kn;

	if (bpf_core_field_exists(kn->__parent))
		return BPF_CORE_READ(kn, __parent);
	return BPF_CORE_READ(old, parent);
}

/* --- cgroups -------------------------------------------------------------------------------- */

#define CGROUP_DEPTH 24u  /* levels that are told, from the leaf up */
#define CGROUP_NAME  256u /* NAME_MAX and a NUL */

/* Cgroups whose path user space was told: 1, and 2 when nothing in it is asked for. User space
 * remembers more of them than this. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u32);
} cgroups_told SEC(".maps");

/* A cgroup of version 1's memory hierarchy, where everything is in the root of version 2's. */
static __always_inline struct cgroup *memory_cgroup(struct css_set *set)
{
	struct cgroup_subsys_state *css = NULL;
	u32 at;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	at = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) * sizeof(css);
	at += __builtin_preserve_field_info(set->subsys, BPF_FIELD_BYTE_OFFSET);
	bpf_probe_read_kernel(&css, sizeof(css), (void *)set + at);
	return css ? BPF_CORE_READ(css, cgroup) : NULL;
}

static __always_inline struct kernfs_node *cgroup_node(struct css_set *set, u64 *ret_key)
{
	struct kernfs_node *kn = BPF_CORE_READ(set, dfl_cgrp, kn), *old = NULL;
	struct cgroup *memory;

	*ret_key = BPF_CORE_READ(kn, id);
	if (kernfs_parent(kn))
		return kn;
	memory = memory_cgroup(set);
	if (memory)
		old = BPF_CORE_READ(memory, kn);
	if (!old || !kernfs_parent(old))
		return kn;
	*ret_key = BPF_CORE_READ(old, id) | ESPY_CGROUP_V1;
	return old;
}

/* One level of a path: its name behind those there are; the level above, 0: it was the root, which
 * has no name. Global, as what calls it: verified once. */
__noinline u64 cgroup_name(u64 node, u32 level)
{
	struct kernfs_node *kn = (void *)node, *parent = kernfs_parent(kn);
	u32 user = SCRATCH_SCHED;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct espy_ev_meta_cgroup *rec;
	long n;

	if (!s || !parent)
		return 0;
	rec = (void *)s->text;
	/* "" where it cannot be read */
	n = bpf_probe_read_kernel_str((char *)(rec + 1) + (level & 31) * CGROUP_NAME, CGROUP_NAME,
				      BPF_CORE_READ(kn, name));
	rec->partial |= (u64)n >> 63;
	rec->names.len += CGROUP_NAME;
	return (u64)parent;
}

/* Can one of its names have the `nth` text that is asked for in it? With a backslash it is written
 * otherwise than it will be shown. */
__noinline int cgroup_has(u32 level, u32 nth)
{
	u32 user = SCRATCH_SCHED;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	const struct espy_only_word *w = &only_cgroups[nth & (ESPY_ONLY_MAX - 1)];
	const char *name;

	if (!s)
		return true;
	name = s->text + sizeof(struct espy_ev_meta_cgroup) + (level & 31) * CGROUP_NAME;
	for (u32 i = 0; i < CGROUP_NAME; i++) {
		const u64 *at = (void *)name + i;

		if (!name[i])
			break;
		if (name[i] == '\\' ||
		    !(((at[0] ^ w->word[0]) & w->mask[0]) | ((at[1] ^ w->word[1]) & w->mask[1])))
			return true;
	}
	return false;
}

/* Can a cgroup of so many levels, whose names were just written, be one that is asked for? */
static __always_inline bool cgroup_asked(u32 levels)
{
	for (u32 i = 0; i < CGROUP_DEPTH * ESPY_ONLY_MAX; i++) {
		u32 level = i / ESPY_ONLY_MAX, nth = i % ESPY_ONLY_MAX;

		if (level >= levels)
			break;
		if (nth < n_only_cgroups && cgroup_has(level, nth))
			return true;
	}
	return false;
}

#define CGROUP_TOLD    1u
#define CGROUP_UNASKED 2u

/* Tells user space what a task's cgroup is called, once per cgroup; the key to find it by. `set` is
 * its task_struct.cgroups. */
__noinline u64 cgroup_tell(u64 set)
{
	u32 user = SCRATCH_SCHED, told = CGROUP_TOLD;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct espy_ev_meta_cgroup *rec;
	u64 key, kn;

	kn = (u64)cgroup_node((void *)set, &key);
	if (!s || bpf_map_lookup_elem(&cgroups_told, &key))
		return key;
	rec = (void *)s->text;
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->hdr.time = bpf_ktime_get_boot_ns();
	rec->hdr.type = ESPY_EV_meta_cgroup;
	rec->hdr.cpu = bpf_get_smp_processor_id();
	rec->id = key;
	rec->name_bytes = CGROUP_NAME;
	rec->names.off = sizeof(*rec);
	for (u64 i = 0; i < CGROUP_DEPTH && kn; i++)
		kn = cgroup_name(kn, i);
	if (kn && kernfs_parent((void *)kn))
		rec->partial = 1;
	if (n_only_cgroups && !rec->partial && !cgroup_asked(rec->names.len / CGROUP_NAME))
		told |= CGROUP_UNASKED;
	if (record_output(&rec->hdr, sizeof(*rec) + CGROUP_DEPTH * CGROUP_NAME, ESPY_CLASS_meta) ==
	    0)
		bpf_map_update_elem(&cgroups_told, &key, &told, BPF_ANY);
	return key;
}

/* Is it certain that a task with these cgroups is in none that a filter asks for? */
static __always_inline bool cgroup_unasked(u64 set)
{
	u64 key = cgroup_tell(set);
	u32 *told = bpf_map_lookup_elem(&cgroups_told, &key);

	return told && *told & CGROUP_UNASKED;
}

/* --- namespaces ----------------------------------------------------------------------------- */

/* The process's own pid namespace and its number there; 0 in the machine's own. */
static __always_inline void own_pid(struct task_struct *leader, u32 *ret_pid, u32 *ret_ns)
{
	struct pid *pid = KR(leader, thread_pid);
	u32 level = KR(pid, level);
	struct upid *last = NULL;
	struct pid_namespace *ns = NULL;
	int nr = 0;

	*ret_pid = *ret_ns = 0;
	if (level > 32)
		return;
	last = (void *)&pid->numbers + level * bpf_core_type_size(struct upid);
	bpf_probe_read_kernel(
		&nr, sizeof(nr),
		(void *)last + __builtin_preserve_field_info(last->nr, BPF_FIELD_BYTE_OFFSET));
	bpf_probe_read_kernel(
		&ns, sizeof(ns),
		(void *)last + __builtin_preserve_field_info(last->ns, BPF_FIELD_BYTE_OFFSET));
	*ret_pid = level ? nr : 0;
	*ret_ns = BPF_CORE_READ(ns, ns.inum);
}

/* What meta_task and process_running have in common by name. */
#define FILL_WHO(rec, t, leader)                                           \
	do {                                                               \
		struct nsproxy *__ns = KR(t, nsproxy);                     \
		u32 __pid, __pid_ns;                                       \
                                                                           \
		own_pid(leader, &__pid, &__pid_ns);                        \
		(rec)->audit_session = KR(t, sessionid);                   \
		(rec)->ns_pid = __pid;                                     \
		(rec)->pid_ns = __pid_ns;                                  \
		(rec)->mnt_ns = BPF_CORE_READ(__ns, mnt_ns, ns.inum);      \
		(rec)->net_ns = BPF_CORE_READ(__ns, net_ns, ns.inum);      \
		(rec)->uts_ns = BPF_CORE_READ(__ns, uts_ns, ns.inum);      \
		(rec)->ipc_ns = BPF_CORE_READ(__ns, ipc_ns, ns.inum);      \
		(rec)->user_ns = BPF_CORE_READ(t, cred, user_ns, ns.inum); \
	} while (0)

/* --- files that are run --------------------------------------------------------------------- */

struct inode___c1 {
	struct timespec64___k i_ctime;
} __attribute__((preserve_access_index));
struct inode___c2 {
	struct timespec64___k __i_ctime;
} __attribute__((preserve_access_index));
struct inode___c3 {
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
} __attribute__((preserve_access_index));

/* Since 6.13 (4e40eff0b573) a bit of the nanoseconds says that somebody asked for the time. */
#define CTIME_NSEC_MASK 0x3fffffffu

static __always_inline s64 inode_ctime(struct inode *inode)
{
	struct inode___c1 *c1 = (void *)inode;
	struct inode___c2 *c2 = (void *)inode;
	struct inode___c3 *c3 = (void *)inode;

	if (bpf_core_field_exists(c3->i_ctime_sec))
		return BPF_CORE_READ(c3, i_ctime_sec) * NSEC_PER_SEC +
		       (BPF_CORE_READ(c3, i_ctime_nsec) & CTIME_NSEC_MASK);
	if (bpf_core_field_exists(c2->__i_ctime))
		return BPF_CORE_READ(c2, __i_ctime.tv_sec) * NSEC_PER_SEC +
		       BPF_CORE_READ(c2, __i_ctime.tv_nsec);
	return BPF_CORE_READ(c1, i_ctime.tv_sec) * NSEC_PER_SEC +
	       BPF_CORE_READ(c1, i_ctime.tv_nsec);
}

/* Which file, in which state: what a hash that is made later must be the hash of. */
#define FILL_IMAGE(rec, from)                                           \
	do {                                                            \
		struct inode *__i = KR((struct file *)(from), f_inode); \
		s64 __atime, __mtime;                                   \
                                                                        \
		inode_times(__i, &__atime, &__mtime);                   \
		(rec)->image_inode = KR(__i, i_ino);                    \
		(rec)->image_size = KR(__i, i_size);                    \
		(rec)->image_mtime = __mtime;                           \
		(rec)->image_ctime = inode_ctime(__i);                  \
		(rec)->image_dev = KR(KR(__i, i_sb), s_dev);            \
	} while (0)

#define NO_IMAGE(rec)                                                        \
	((rec)->image_inode = (rec)->image_size = 0, (rec)->image_mtime = 0, \
	 (rec)->image_ctime = 0, (rec)->image_dev = 0)
