/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks. Like objects they cross the ring once: an event carries an id, a hash of the addresses
 * and of the memory that they are addresses of; what it means is sent before its first use
 * (meta_stack). bpf_get_stackid is not used: two stacks may want one slot of its map, and user
 * space would have to ask for each by a call, and to guess when a slot may be used again.
 *
 * Stacks of calls are taken by sys_enter and sys_exit, which have the context that bpf_get_stack
 * wants; any other event takes the current task's by bpf_get_task_stack. That needs a task pointer
 * that kernels before 5.11 do not give: there only events of system calls have stacks.
 * User stacks are walked by frame pointers, by the kernel, without waiting for a page.
 */
#pragma once

#define STACK_MIX 0x9e3779b97f4a7c15ull

static __noinline u64 stack_hash(struct stack_scratch *s, u64 h, u32 n)
{
	for (u32 i = 0; i < 2 * ESPY_STACK_FRAMES; i++) {
		if (i >= n)
			break;
		h = (h ^ *(u64 *)(s->frames + i * 8)) * STACK_MIX;
		h ^= h >> 29;
	}
	return h;
}

/* What the addresses are addresses of: another program, or other code in it, is another stack. */
static __always_inline u64 stack_memory(struct stack_scratch *s, const struct task_state *st,
					struct task_struct *t)
{
	struct mm_struct *mm = KR(t, mm);
	u64 h = st->start ^ st->pid;

	s->mm = (u64)mm;
	if (mm)
		h = (h * STACK_MIX ^ s->mm) + KR(mm, arg_start) * 3 + KR(mm, exec_vm);
	return h * STACK_MIX;
}

static __always_inline void stack_header(struct espy_event *e, const struct task_state *st)
{
	e->time = bpf_ktime_get_boot_ns();
	e->duration = e->result = e->stack = 0;
	e->start = st->start;
	e->pid = st->pid;
	e->tid = st->tid;
	e->type = ESPY_EV_meta_stack;
	e->call = 0;
	e->cpu = bpf_get_smp_processor_id();
	e->abi = ESPY_ABI_NONE;
	e->flags = 0;
}

/* The id of the frames in `s`; defines it first where user space does not know it. */
static __always_inline u64 stack_id(struct stack_scratch *s, const struct task_state *st,
				    struct task_struct *t, u32 user, u32 kernel, bool apart)
{
	u64 id = stack_hash(s, stack_memory(s, st, t) + user, (user + kernel) / 8);
	u32 *sent, size = sizeof(s->rec) + ((user + kernel) & 2047), now = epoch;

	if (id <= ESPY_STACK_LOST)
		id = ESPY_STACK_LOST + 1;
	sent = bpf_map_lookup_elem(&stack_sent, &id);
	if (sent && *sent == now)
		return id;
	stack_header(&s->rec.hdr, st);
	s->rec.id = id;
	s->rec.user.off = sizeof(s->rec);
	s->rec.user.len = user;
	s->rec.kernel.off = sizeof(s->rec) + user;
	s->rec.kernel.len = kernel;
	if (apart ? record_apart(&s->rec.hdr, size)
		  : record_output(&s->rec.hdr, size, ESPY_CLASS_meta))
		return ESPY_STACK_LOST;
	bpf_map_update_elem(&stack_sent, &id, &now, BPF_ANY);
	return id;
}

/* The helper for the current task is not even mentioned where it is not known: a constant decides,
 * not a look at the pointer. */
static __always_inline u32 stack_frames(void *ctx, bool by_task, char *to, u64 flags)
{
	long n;

#ifndef ESPY_OLD
	if (by_task)
		n = bpf_get_task_stack((void *)bpf_get_current_task_btf(), to, STACK_BYTES, flags);
	else
#endif
		n = bpf_get_stack(ctx, to, STACK_BYTES, flags);
	return n > 0 ? (u32)n & 0x3f8 : 0;
}

/* `by_task`: there is no context. `apart`: see record_apart. */
static __always_inline u64 stack_take(void *ctx, bool by_task, const struct task_state *st, u32 who,
				      u32 parts, bool apart)
{
	struct stack_scratch *s = bpf_map_lookup_elem(&stack_scratches, &who);
	u32 user = 0, kernel = 0;
	u64 id = 0;

	if (!s || s->busy)
		return ESPY_STACK_LOST;
	s->busy = 1;
	if (parts & ESPY_STACK_USER)
		user = stack_frames(ctx, by_task, s->frames, BPF_F_USER_STACK);
	if (parts & ESPY_STACK_KERNEL)
		kernel = stack_frames(ctx, by_task, s->frames + user, 0);
	if (user || kernel)
		id = stack_id(s, st, current_task(), user, kernel, apart);
	s->busy = 0;
	return id;
}

static __noinline u64 stack_of_call(void *ctx, struct task_state *st, u32 who)
{
	return stack_take(ctx, false, st, who, stacks, false);
}

#ifdef ESPY_OLD
#define stack_current(st) 0
#else
static __noinline u64 stack_current(const struct task_state *st)
{
	return stack_take(NULL, true, st, SCRATCH_SCHED, stacks, false);
}
#endif

/* Of an event that no call tells. Some are made on behalf of another task than runs here. */
static __always_inline u64 stack_now(const struct task_state *st)
{
	if (!stacks || !HAS(has_task_btf) || (u32)bpf_get_current_pid_tgid() != st->tid)
		return 0;
	return stack_current(st);
}
