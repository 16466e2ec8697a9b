/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another process that an event is about: who it is, from the kernel's own objects, so that its
 * identity (pid and start) holds however soon it ends.
 */
#pragma once

#include "exit.bpf.h"

#define NAME_SIZE 16

struct target {
	u64 start; /* of the process, 0 not known */
	u32 pid, tid;
	char name[NAME_SIZE]; /* of the process */
	u32 name_len;
};

static __always_inline void target_of_task(struct target *ret, struct task_struct *t)
{
	struct task_struct *leader = KR(t, group_leader);
	long n;

	ret->pid = KR(t, tgid);
	ret->tid = KR(t, pid);
	ret->start = KR(leader, start_boottime);
	n = bpf_core_read_str(ret->name, NAME_SIZE, &leader->comm);
	ret->name_len = n > 0 ? n - 1 : 0;
}

#define PIDTYPE_TGID 1

/* The process of a struct pid, which may be a former one: then only its number is left. */
static __always_inline void target_of_pid(struct target *ret, struct pid *pid)
{
	struct task_struct *t = NULL;
	struct hlist_node *node = NULL;

	if (!pid)
		return;
	bpf_core_read(&node, sizeof(node), &pid->tasks[PIDTYPE_TGID].first);
	if (!node) {
		ret->pid = KR(pid, numbers[0].nr);
		return;
	}
	t = (void *)node -
	    __builtin_preserve_field_info(t->pid_links[PIDTYPE_TGID], BPF_FIELD_BYTE_OFFSET);
	target_of_task(ret, t);
}

/* Since 6.9 a pidfd is a file of pidfs (cb12fd8e0dab), before it is an anonymous inode. */
static __always_inline struct pid *pid_of_pidfd(u32 fd)
{
	struct file *file = file_of_fd(current_task(), fd);
	struct inode *inode;

	if (!file)
		return NULL;
	inode = KR(file, f_inode);
	if (BPF_CORE_READ(inode, i_sb, s_magic) == PIDFS_MAGIC)
		return KR(inode, i_private);
	return KR(file, private_data);
}

/* Its name into a record. */
static __always_inline void exit_name(struct call_exit *x, struct espy_text *t, u32 fixed,
				      const struct target *who)
{
	char *to = x->s->text + (x->off & (TEXT_AREA - 1));

	__builtin_memcpy(to, who->name, NAME_SIZE);
	t->off = fixed + x->off;
	t->len = who->name_len & (NAME_SIZE - 1);
	x->off += NAME_SIZE;
}
