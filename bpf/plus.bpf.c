/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plus pack: what the kernel itself resolved for calls that take a path, noted while it acts on
 * it, so that the record at the call's end need not believe the caller's memory. fentry on the
 * security_* functions: they have the same arguments from 5.10 to 7.3, need no BPF LSM, and are
 * called when the path is resolved and before anything has changed. Lookups of what exists are seen
 * where they end, in filename_lookup. The pack adds to records of other programs and makes none,
 * but for descriptors that are closed without a call.
 *
 * A trampoline may be preempted where a tracepoint may not: another program of the pack may then
 * run on the same processor. Who finds the scratch in use does without.
 */
#include "exit.bpf.h"
#include "plus.bpf.h"

struct plus_busy {
	u32 users;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct plus_busy);
} plus_scratch SEC(".maps");

/* The call of the current task, if it is recorded and of this type. */
static __always_inline struct task_state *plus_call(u32 type)
{
	struct task_state *st = armed ? state_current(false) : NULL;

	return st && st->entry && st->type == type ? st : NULL;
}

static __noinline u64 plus_object(struct vfsmount *mnt, struct dentry *dentry)
{
	return object_of_path(mnt, dentry, SCRATCH_PLUS);
}

/* Directory and name; of the root of a mount the directory alone. */
static __always_inline void plus_fill(struct plus_name *n, struct vfsmount *mnt,
				      struct dentry *dentry)
{
	bool is_root = KR(mnt, mnt_root) == dentry;
	long len = 0;

	n->obj = plus_object(mnt, is_root ? dentry : KR(dentry, d_parent));
	if (!is_root)
		len = bpf_probe_read_kernel_str(n->name, sizeof(n->name), KR(dentry, d_name.name));
	n->len = len > 0 ? len - 1 : 0;
}

/* Keeps a path for the end of the call. The first one counts: file systems on top of others call
 * again for what lies below. */
static __noinline int plus_note(u32 type, struct vfsmount *mnt, struct dentry *dentry, bool second)
{
	struct task_state *st = plus_call(type);
	struct plus_call *c;
	struct plus_busy *b;
	u32 zero = 0;

	if (!st || !mnt || !dentry)
		return 0;
	c = plus_of(st, true);
	b = bpf_map_lookup_elem(&plus_scratch, &zero);
	if (!c || !b || (c->entry == st->entry && c->path[second].obj))
		return 0;
	if (c->entry != st->entry) {
		c->entry = st->entry;
		c->path[0].obj = c->path[1].obj = c->has_old = 0;
	}
	if (b->users)
		return 0;
	b->users = 1;
	plus_fill(&c->path[second], mnt, dentry);
	if (type == ESPY_EV_file_chmod || type == ESPY_EV_file_chown ||
	    type == ESPY_EV_file_utime) {
		note_old(st, KR(dentry, d_inode));
		c->has_old = 1;
	}
	b->users = 0;
	return 0;
}

static __always_inline int plus_path(u32 type, struct path *dir, struct dentry *dentry, bool second)
{
	return plus_note(type, KR(dir, mnt), dentry, second);
}

/* --- a name in a directory ------------------------------------------------------------------- */

SEC("fentry/security_path_unlink")
int BPF_PROG(file_unlink__plus, struct path *dir, struct dentry *dentry)
{
	return plus_path(ESPY_EV_file_unlink, dir, dentry, false);
}

/* unlinkat with AT_REMOVEDIR is told apart at the end only. */
SEC("fentry/security_path_rmdir")
int BPF_PROG(file_rmdir__plus, struct path *dir, struct dentry *dentry)
{
	plus_path(ESPY_EV_file_unlink, dir, dentry, false);
	return plus_path(ESPY_EV_file_rmdir, dir, dentry, false);
}

SEC("fentry/security_path_mkdir")
int BPF_PROG(file_mkdir__plus, struct path *dir, struct dentry *dentry)
{
	return plus_path(ESPY_EV_file_mkdir, dir, dentry, false);
}

SEC("fentry/security_path_mknod")
int BPF_PROG(file_mknod__plus, struct path *dir, struct dentry *dentry)
{
	return plus_path(ESPY_EV_file_mknod, dir, dentry, false);
}

SEC("fentry/security_path_symlink")
int BPF_PROG(file_symlink__plus, struct path *dir, struct dentry *dentry)
{
	return plus_path(ESPY_EV_file_symlink, dir, dentry, false);
}

/* Both names are on one mount, or it would be EXDEV. */
SEC("fentry/security_path_link")
int BPF_PROG(file_link__plus, struct dentry *old, struct path *dir, struct dentry *dentry)
{
	plus_path(ESPY_EV_file_link, dir, old, false);
	return plus_path(ESPY_EV_file_link, dir, dentry, true);
}

SEC("fentry/security_path_rename")
int BPF_PROG(file_rename__plus, struct path *old_dir, struct dentry *old, struct path *new_dir,
	     struct dentry *new)
{
	plus_path(ESPY_EV_file_rename, old_dir, old, false);
	return plus_path(ESPY_EV_file_rename, new_dir, new, true);
}

/* --- what exists ----------------------------------------------------------------------------- */

/* Calls whose path, if they have one, is looked up once. */
static __always_inline bool plus_is_lookup(u32 type)
{
	switch (type) {
	case ESPY_EV_file_stat:
	case ESPY_EV_file_statfs:
	case ESPY_EV_file_access:
	case ESPY_EV_file_readlink:
	case ESPY_EV_file_truncate:
	case ESPY_EV_file_chmod:
	case ESPY_EV_file_chown:
	case ESPY_EV_file_utime:
	case ESPY_EV_file_getxattr:
	case ESPY_EV_file_setxattr:
	case ESPY_EV_file_listxattr:
	case ESPY_EV_file_removexattr:
	case ESPY_EV_file_umount:
	case ESPY_EV_file_watch:
		return true;
	}
	return false;
}

SEC("fexit/filename_lookup")
int BPF_PROG(lookup__plus, int dfd, void *name, u32 flags, struct path *path, struct path *root,
	     int ret)
{
	struct task_state *st;
	struct vfsmount *mnt;
	struct dentry *dentry;

	if (ret || !armed)
		return 0;
	st = state_current(false);
	if (!st || !st->entry || !plus_is_lookup(st->type))
		return 0;
	mnt = KR(path, mnt);
	dentry = KR(path, dentry);
	if (KR(dentry, d_parent) == dentry && KR(mnt, mnt_root) != dentry)
		return 0; /* a pipe or socket by its descriptor: that is known */
	return plus_note(st->type, mnt, dentry, false);
}

/* --- closed without a call ------------------------------------------------------------------- */

static __always_inline int plus_file_close(struct task_state *st, u64 obj)
{
	struct espy_ev_file_close *rec;
	u32 seq;

	if (!event_on[ESPY_EV_file_close])
		return 0;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_file, &seq);
	if (!rec)
		return 0;
	header_in_call(&rec->hdr, st, ESPY_EV_file_close);
	rec->hdr.duration = 0;
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	path_of_object(&rec->path, obj);
	rec->fd = NO_FD;
	rec->last = 0;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* The same of a socket; its addresses come with the object. */
static __always_inline int plus_net_close(struct task_state *st, u64 obj)
{
	struct espy_ev_net_close *rec;
	u32 seq;

	if (!event_on[ESPY_EV_net_close])
		return 0;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_network, &seq);
	if (!rec)
		return 0;
	header_in_call(&rec->hdr, st, ESPY_EV_net_close);
	rec->hdr.duration = 0;
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	path_of_object(&rec->path, obj);
	rec->fd = NO_FD;
	rec->local.off = rec->remote.off = rec->protocol.off = 0;
	rec->local.len = rec->remote.len = rec->protocol.len = 0;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* By the end of a process, by exec, by dup2 over it. close itself is recorded as the call. */
SEC("fentry/filp_close")
int BPF_PROG(file_close__plus, struct file *file)
{
	struct task_state *st;
	struct plus_busy *b;
	u32 zero = 0;
	u64 obj;

	if (!armed || failed_only)
		return 0;
	st = state_recorded(current_task());
	b = bpf_map_lookup_elem(&plus_scratch, &zero);
	if (!st || !b || (st->entry && st->type == ESPY_EV_file_close))
		return 0;
	obj = OBJ_UNTOLD; /* it closes all the same, whoever uses the scratch */
	if (!b->users) {
		b->users = 1;
		obj = object_of_file(file, SCRATCH_PLUS);
		b->users = 0;
	}
	if ((obj & OBJ_KIND) == KIND_SOCKET)
		return plus_net_close(st, obj);
	return plus_file_close(st, obj);
}
