/* SPDX-License-Identifier: GPL-2.0-only */
/* What a task may do and what it sees: its credentials and namespaces, copied out of the kernel. */
#pragma once

#include "maps.bpf.h"

/* A capability set is two words before 6.3 (f122a08b197d), in the order of a little-endian one. */
#define READ_CAPS(to, cred, set) bpf_probe_read_kernel(&(to), sizeof(to), &(cred)->set)

static __noinline int creds_read(struct cred_ids *ids, struct cred *c)
{
	READ_CAPS(ids->effective, c, cap_effective);
	READ_CAPS(ids->permitted, c, cap_permitted);
	READ_CAPS(ids->inheritable, c, cap_inheritable);
	READ_CAPS(ids->ambient, c, cap_ambient);
	READ_CAPS(ids->bounding, c, cap_bset);
	ids->groups = (u64)KR(c, group_info);
	ids->uid = KR(c, uid.val);
	ids->euid = KR(c, euid.val);
	ids->suid = KR(c, suid.val);
	ids->fsuid = KR(c, fsuid.val);
	ids->gid = KR(c, gid.val);
	ids->egid = KR(c, egid.val);
	ids->sgid = KR(c, sgid.val);
	ids->fsgid = KR(c, fsgid.val);
	ids->securebits = KR(c, securebits);
	ids->user_ns = KR(KR(c, user_ns), ns.inum);
	ids->session_key = KR(KR(c, session_keyring), serial);
	ids->pad = 0;
	return 0;
}

/* From where the current task's credentials are looked at. */
enum seen_at {
	SEEN_ENTRY,  /* a call begins: nothing is overridden */
	SEEN_INSIDE, /* anywhere in the kernel */
	SEEN_EXEC,   /* an exec is done: it gave them */
};

/*
 * The credentials that a task has. Inside a call the kernel may override them for a while
 * (access(2), overlayfs, a core dump): those are not its own.
 */
static __always_inline u64 creds_of(const struct task_state *st, struct task_struct *t,
				    enum seen_at at)
{
	u64 cred = (u64)KR(t, cred);

	if (at == SEEN_ENTRY || cred == st->cred)
		return cred;
	return (u64)KR(t, real_cred);
}

static __always_inline void state_take_creds(struct task_state *st, u64 cred)
{
	st->cred = cred;
	creds_read(&st->ids, (struct cred *)cred);
}

/* --- namespaces ----------------------------------------------------------------------------- */

/* Inode numbers of the namespaces that a task is in; of pid and time those that its children will
 * be in. At entry they are kept where the arguments of setns and unshare end. */
struct ns_ids {
	u32 mnt, pid, net, user, uts, ipc, cgroup, time;
};
#define NS_ARGS 3

static __always_inline void ns_read(struct ns_ids *ids, struct task_struct *t)
{
	struct nsproxy *ns = KR(t, nsproxy);

	ids->mnt = KR(KR(ns, mnt_ns), ns.inum);
	ids->pid = KR(KR(ns, pid_ns_for_children), ns.inum);
	ids->net = KR(KR(ns, net_ns), ns.inum);
	ids->user = KR(KR(KR(t, cred), user_ns), ns.inum);
	ids->uts = KR(KR(ns, uts_ns), ns.inum);
	ids->ipc = KR(KR(ns, ipc_ns), ns.inum);
	ids->cgroup = KR(KR(ns, cgroup_ns), ns.inum);
	ids->time = KR(KR(ns, time_ns_for_children), ns.inum);
}
