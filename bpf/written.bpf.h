/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a write is besides: a setting of the kernel, or the beginning of a file that can be run.
 * Asked at the end of every write(2), so both are found out by what is at hand: a bit of the
 * object's id, and the first four bytes of what goes to offset 0 of a file.
 */
#pragma once

#include "exit.bpf.h"

/* --- settings ------------------------------------------------------------------------------- */

/* By thread: at most one write of it is under way. An LRU, as a thread may die in it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, struct espy_setting_raw);
} settings_before SEC(".maps");

/* A bound that the verifier sees in the register that is then used, also on 5.10. */
static __always_inline u32 setting_bytes(u32 n)
{
	if (n > ESPY_SETTING_RAW)
		n = ESPY_SETTING_RAW;
	asm volatile("" : "+r"(n));
	return n > ESPY_SETTING_RAW ? ESPY_SETTING_RAW : n;
}

/* The memory behind a sysctl, where it has any of its own. */
static __always_inline void setting_sysctl(struct espy_setting_raw *raw, struct inode *inode)
{
	struct ctl_table *table = sysctl_of(inode);
	u32 n = BPF_CORE_READ(table, maxlen);

	raw->handler = (u64)BPF_CORE_READ(table, proc_handler);
	raw->data = (u64)BPF_CORE_READ(table, data);
	raw->maxlen = n;
	n = setting_bytes(n);
	if (raw->data && n && !bpf_probe_read_kernel(raw->old, n, (void *)raw->data))
		raw->n = n;
}

/* At the beginning of a write: what was before. Global: verified once. */
__noinline int setting_enter(u32 fd, u32 tid)
{
	struct file *file = file_of_fd(current_task(), fd);
	u32 user = SCRATCH_ENTER;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct espy_setting_raw *raw;
	struct inode *inode;

	if (!s || !file || !event_on[ESPY_EV_settings_set])
		return 0;
	raw = (void *)s->text;
	__builtin_memset(raw, 0, sizeof(*raw));
	inode = KR(file, f_inode);
	raw->magic = BPF_CORE_READ(inode, i_sb, s_magic);
	if (raw->magic == PROC_SUPER_MAGIC)
		setting_sysctl(raw, inode);
	bpf_map_update_elem(&settings_before, &tid, raw, BPF_ANY);
	return 0;
}

/* --- executables ---------------------------------------------------------------------------- */

#define MAGIC_ELF    0x464c457fu
#define MAGIC_SCRIPT 0x2123u
#define MAGIC_PE     0x5a4du

/* Where the bytes of a write are; of a vector its first part, and how long that is. */
static __always_inline u64 written_from(const struct task_state *st, const struct espy_call *c,
					u64 *ret_size)
{
	u64 at = call_arg(st, 2), iov[2] = {};
	u32 narrow[2] = {};

	*ret_size = call_arg(st, 3);
	if (st->abi == ESPY_ABI_IA32)
		*ret_size = (u32)*ret_size;
	if (!(c->flags & ESPY_CALL_VECTOR))
		return at;
	if (st->abi == ESPY_ABI_NATIVE) {
		bpf_probe_read_user(iov, sizeof(iov), (void *)at);
	} else {
		bpf_probe_read_user(narrow, sizeof(narrow), (void *)at);
		iov[0] = narrow[0];
		iov[1] = narrow[1];
	}
	*ret_size = iov[1];
	return iov[0];
}

static __always_inline u32 executable_format(u32 head)
{
	if (head == MAGIC_ELF)
		return ESPY_EXECUTABLE_ELF;
	if ((head & 0xffff) == MAGIC_SCRIPT)
		return ESPY_EXECUTABLE_SCRIPT;
	return (head & 0xffff) == MAGIC_PE ? ESPY_EXECUTABLE_PE : 0;
}

static __always_inline u32 written_format(const struct task_state *st, const struct espy_call *c)
{
	u64 size, at = written_from(st, c, &size);
	u32 head = 0;

	if (size < 4 || bpf_probe_read_user(&head, 4, (void *)at))
		return 0;
	return executable_format(head);
}

/* The event that this write is as well; 0: none. */
static __always_inline u32 written_also(const struct task_state *st, const struct espy_call *c,
					long ret)
{
	u64 offset;

	if (st->obj & OBJ_SETTING)
		return event_on[ESPY_EV_settings_set] ? ESPY_EV_settings_set : 0;
	if (ret < 4 || (st->obj & OBJ_KIND) != KIND_FILE || !event_on[ESPY_EV_file_executable])
		return 0;
	offset = c->arg[1] ? plain_arg(st, c, 1) : ~0ull;
	if (offset == ~0ull)
		offset = st->pos;
	return !offset && written_format(st, c) ? ESPY_EV_file_executable : 0;
}
