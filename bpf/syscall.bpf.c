/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every system call comes through two programs: sys_enter notes when it began and what its
 * descriptors mean (they may be gone or mean something else at the end), sys_exit makes the one
 * record. tp_btf on sys_enter and sys_exit is the cheapest hook that sees every call of every ABI,
 * and exists on 5.5 and newer; tracepoints of single calls miss 32-bit programs.
 *
 * Calls whose event is plain values of a descriptor are recorded right here; those with paths and
 * texts go through a tail call to the program `shared`, which has a function of the event's name,
 * or to its `general`.
 */
#include "target.bpf.h"
#include "ipc.bpf.h"
#include "written.bpf.h"
#include "run.bpf.h"

/* The wire form of every event that has no function of its own. */
struct general {
	struct espy_event hdr;
	struct espy_path path;
	u64 arg[3];
};
struct general0 {
	struct espy_event hdr;
	u64 arg[3];
};
struct general2 {
	struct espy_event hdr;
	struct espy_path path, path2;
	u64 arg[3];
};

/* --- entry ---------------------------------------------------------------------------------- */

static __always_inline void enter_args(struct task_state *st, struct pt_regs *regs, bool ia32)
{
	if (ia32) {
		st->args[1] = (u32)regs->bx;
		st->args[2] = (u32)regs->cx;
		st->args[3] = (u32)regs->dx;
		st->args[4] = (u32)regs->si;
		st->args[5] = (u32)regs->di;
		st->args[6] = (u32)regs->bp;
	} else {
		st->args[1] = regs->di;
		st->args[2] = regs->si;
		st->args[3] = regs->dx;
		st->args[4] = regs->r10;
		st->args[5] = regs->r8;
		st->args[6] = regs->r9;
	}
}

/* Verified once each. */
__noinline u64 enter_fd(u32 fd)
{
	return object_of_fd(current_task(), fd, SCRATCH_ENTER);
}

__noinline u64 enter_cwd(void)
{
	return object_of_cwd(current_task(), SCRATCH_ENTER);
}

static __always_inline void enter_file(struct task_state *st, const struct espy_call *c,
				       struct task_struct *t, u32 fd)
{
	struct file *file = file_of_fd(t, fd);

	if (file && press_is_hard() && !is_lifecycle(class_of(st->type)))
		st->obj = OBJ_UNTOLD | kind_of(KR((struct inode *)KR(file, f_inode), i_mode));
	else
		st->obj = object_of_file(file, SCRATCH_ENTER);
	if (!file)
		return;
	if (c->flags & ESPY_CALL_POS && KR(file, f_mode) & FMODE_LSEEK) {
		st->pos = KR(file, f_pos);
		if (st->type == ESPY_EV_file_write && KR(file, f_flags) & 02000) /* O_APPEND */
			st->pos = KR((struct inode *)KR(file, f_inode), i_size);
	}
	if (c->flags & ESPY_CALL_OLD)
		note_old(st, KR(file, f_inode));
	if (st->obj & OBJ_SETTING && st->type == ESPY_EV_file_write)
		setting_enter(fd, st->tid);
}

/* The directory that a relative path will be taken from, where the call itself moves it. */
static __always_inline void enter_dir(struct task_state *st, struct task_struct *t)
{
	if (st->type == ESPY_EV_file_chdir || st->type == ESPY_EV_file_chroot)
		st->obj2 = enter_cwd();
}

struct timex_head { /* struct timex of 64 bits, and of adjtimex's 64-bit forms for 32 */
	u32 modes, pad;
	s64 offset, freq, maxerror, esterror;
	s32 status, pad2;
	s64 constant, precision, tolerance, sec, usec;
};
struct timex_head_32 {
	u32 modes;
	s32 offset, freq, maxerror, esterror, status, constant, precision, tolerance, sec, usec;
};

#define ADJ_SETOFFSET  0x100
#define ADJ_NANO       0x2000 /* also STA_NANO */
#define ADJ_SINGLESHOT 0x8000

/* What an adjustment asks for; the kernel writes over it. Offsets are microseconds unless they are
 * said to be nanoseconds. */
static __always_inline void keep_timex(struct task_state *st, const struct espy_call *c)
{
	void *at = (void *)call_arg(st, c->arg[0] ? 2 : 1);
	struct timex_head_32 s = {};
	struct timex_head t = {};
	bool nano;

	if (c->flags & ESPY_CALL_NARROW) {
		bpf_probe_read_user(&s, sizeof(s), at);
		t.modes = s.modes;
		t.offset = s.offset;
		t.freq = s.freq;
		t.status = s.status;
		t.sec = s.sec;
		t.usec = s.usec;
	} else {
		bpf_probe_read_user(&t, sizeof(t), at);
	}
	nano = (t.modes | t.status) & ADJ_NANO && !(t.modes & ADJ_SINGLESHOT);
	st->args[TIMEX_MODES] = t.modes;
	st->args[TIMEX_FREQUENCY] = t.modes & 2 ? t.freq : 0;
	st->args[TIMEX_SHIFT] = 0;
	if (t.modes & ADJ_SETOFFSET)
		st->args[TIMEX_SHIFT] =
			t.sec * NSEC_PER_SEC + (t.modes & ADJ_NANO ? t.usec : t.usec * 1000);
	else if (t.modes & 1) /* ADJ_OFFSET */
		st->args[TIMEX_SHIFT] = nano ? t.offset : t.offset * 1000;
}

/* What a call overwrites, or what was before it and the kernel forgets: kept behind the arguments
 * that it has. */
__noinline int enter_keep(void)
{
	struct task_state *st = state_current(false);
	struct ns_ids ids;

	if (!st)
		return 0;
	if (call_of(st)->form == ESPY_FORM_TIMEX) {
		keep_timex(st, call_of(st));
		return 0;
	}
	ns_read(&ids, current_task());
	__builtin_memcpy(&st->args[NS_ARGS], &ids, sizeof(ids));
	return 0;
}

/* ia32 socketcall: one call for all of sockets, its arguments in memory. The index of the direct
 * call in the ia32 table, which is what it is recorded as; 0 when it is none of ours. */
#define IA32_SOCKETCALL 102

static __always_inline u32 socketcall_index(u32 call)
{
	switch (call) {
	case 1:
		return 359; /* socket */
	case 2:
		return 361; /* bind */
	case 3:
		return 362; /* connect */
	case 4:
		return 363; /* listen */
	case 5:
	case 18:
		return 364; /* accept4 */
	case 8:
		return 360; /* socketpair */
	case 9:
	case 11:
		return 369; /* sendto */
	case 10:
	case 12:
		return 371; /* recvfrom */
	case 13:
		return 373; /* shutdown */
	case 16:
		return 370; /* sendmsg */
	case 17:
		return 372; /* recvmsg */
	case 19:
		return 337; /* recvmmsg */
	case 20:
		return 345; /* sendmmsg */
	}
	return 0;
}

/* Global, as enter_ipc(): their ways end in them. */
__noinline int enter_socketcall(void)
{
	struct task_state *st = state_current(false);
	u32 args[6] = {}, call;

	if (!st)
		return 0;
	call = st->args[1];
	bpf_probe_read_user(args, sizeof(args), (void *)st->args[2]);
	st->args[1] = args[0];
	st->args[2] = args[1];
	st->args[3] = args[2];
	st->args[4] = call == 5 ? 0 : args[3];
	st->args[5] = call == 9 || call == 10 ? 0 : args[4];
	st->args[6] = call == 9 || call == 10 ? 0 : args[5];
	st->call = socketcall_index(call);
	return 0;
}

/* mmap as 32-bit programs first had it. Where its page is not there yet, the end of the call looks
 * again: args[7]. */
__noinline int enter_map_struct(void)
{
	struct task_state *st = state_current(false);
	u32 args[6] = {};
	u64 at;

	if (!st)
		return 0;
	at = st->args[1];
	st->args[7] = bpf_probe_read_user(args, sizeof(args), (void *)at) ? at : 0;
	for (u32 i = 0; i < 6; i++)
		st->args[i + 1] = args[i];
	if (st->args[7])
		st->args[5] = -1; /* no descriptor */
	return 0;
}

/* Calls of ia32 that stand for many: which it is, in the ia32 table. Global, as what is rare in
 * sys_enter is: verified once and not on every way through it. */
__noinline u32 enter_many(u32 nr)
{
	struct task_state *st = state_current(false);
	const struct espy_call *c;

	if (!st)
		return 0;
	if (nr == IA32_IPC)
		enter_ipc();
	else
		enter_socketcall();
	c = call_of(st);
	st->type = c->type;
	return c->on ? st->call : 0;
}

/* Notes the call: what it is, its arguments, what its descriptors mean. False: not recorded. */
static __always_inline bool enter_call(struct task_state *st, const struct espy_call *c,
				       struct task_struct *t, struct pt_regs *regs, bool ia32,
				       u32 id, bool late)
{
	u32 nr = id & ~X32_BIT & (ESPY_CALLS - 1);
	u8 at;

	st->call = nr;
	st->nr = nr;
	st->type = c->type;
	st->abi = ia32 ? ESPY_ABI_IA32 : id & X32_BIT ? ESPY_ABI_X32 : ESPY_ABI_NATIVE;
	st->verdict &= ~V_DONE;
	enter_args(st, regs, ia32);
	if (ia32 && (nr == IA32_SOCKETCALL || nr == IA32_IPC)) {
		nr = enter_many(nr);
		if (!nr)
			return false;
		c = &calls[1][nr & (ESPY_CALLS - 1)];
	}
	st->obj = st->obj2 = 0;
	st->stack = 0;
	st->pos = -1;
	if (c->form == ESPY_FORM_MAP_STRUCT)
		enter_map_struct();
	at = c->fd;
	if (!at && c->flags & ESPY_CALL_OLD && !call_arg(st, c->path))
		at = c->dir; /* futimens */
	if (at && late)      /* what was before is not known any more */
		st->obj = enter_fd(call_arg(st, at));
	else if (at)
		enter_file(st, c, t, call_arg(st, at));
	if (c->dir2 && !c->path2)
		st->obj2 = enter_fd(call_arg(st, c->dir2));
	if (c->path)
		enter_dir(st, t);
	if (c->form >= ESPY_FORM__NOTED && c->form < ESPY_FORM__NOTED_END) {
		regs_offset = low(regs) - low(KR(t, stack));
		enter_note(c->form, late);
		st->obj = enter_object(st->obj);
		st->obj2 = enter_object(st->obj2);
	}
	if (c->form >= ESPY_FORM_KEEP)
		enter_keep();
	return true;
}

/* A mapping that can be executed, by what the call asks for and by what the task is:
 * READ_IMPLIES_EXEC makes every readable one so. Argument 3 is dx for 64 and for 32 bits, and still
 * there at the end. */
static __always_inline bool asks_for_exec(struct task_struct *t, struct pt_regs *regs)
{
	return effective_prot(t, regs->dx) & PROT_EXEC;
}

/* Of mmap: stores to the mapping will be writes to a file. MAP_SHARED, which argument 4 has. */
static __always_inline bool asks_to_share(struct pt_regs *regs, const struct espy_call *c,
					  bool ia32)
{
	return c->type == ESPY_EV_image_load && event_on[ESPY_EV_file_map_shared] && regs->dx & 2 &&
	       (ia32 ? regs->si : regs->r10) & 1;
}

/* Index of a call in its table; numbers that no table has are no call, whatever is left of them
 * when they are cut. */
#define CALL_INDEX(id) ((u32)(id) & ~X32_BIT & (ESPY_CALLS - 1))
#define IS_NO_CALL(id) ((u32)(id) & ~X32_BIT & ~(ESPY_CALLS - 1))

SEC(ENTRY_HOOK)
int sys_enter(u64 *ctx)
{
	struct pt_regs *regs = call_regs(ctx);
	long id = ENTRY_ID(ctx);
	u32 nr = CALL_INDEX(id);
	struct task_struct *t = current_task();
	const struct espy_call *c;
	struct task_state *st;
	bool ia32;

	if (!(numbers[nr] & ESPY_NUMBER_ON) || is_other(t) || IS_NO_CALL(id) || !armed)
		return 0;
	ia32 = is_ia32(t);
	c = &calls[ia32][nr];
	if (!c->on ||
	    (c->flags & ESPY_CALL_EXEC && !asks_for_exec(t, regs) && !asks_to_share(regs, c, ia32)))
		return 0;
	st = state_recorded_at(t, SEEN_ENTRY, c->on & ESPY_ON_QUIET);
	if (!st || !enter_call(st, c, t, regs, ia32, id, false))
		return 0;
	/* these are told of by other hooks, and after an exec its caller is gone */
	if (stacks && (c->type == ESPY_EV_process_fork || c->type == ESPY_EV_process_exec))
		st->stack = stack_of_call(ctx, st, SCRATCH_ENTER);
	st->entry = bpf_ktime_get_boot_ns();
	return 0;
}

/* --- exit ----------------------------------------------------------------------------------- */

#define ENOSYS  38
#define REFUSED 0 /* in task_state.next: no event has this number */

/* A call on a descriptor with plain values: read, write, close, lseek, fsync… */
static __always_inline int exit_inline(struct task_state *st, const struct espy_call *c, long ret,
				       u64 now)
{
	struct general *rec;
	u32 seq;

	if (!event_on[st->type & (ESPY_EVENT_ID_MAX - 1)])
		return 0;
	rec = record_reserve_at(sizeof(*rec), class_of(st->type), &seq, now);
	if (!rec)
		return 0;
	header_call(&rec->hdr, st, st->type, now, now, ret);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	path_of_object(&rec->path, st->obj);
	io_args(st, c, &rec->arg[0], &rec->arg[1]);
	rec->arg[2] = plain_arg(st, c, 2);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Events of sockets: read and write are recv and send there. */
static __always_inline u32 type_of(const struct task_state *st)
{
	if ((st->obj & OBJ_KIND) != KIND_SOCKET)
		return st->type;
	switch (st->type) {
	case ESPY_EV_file_read:
		return ESPY_EV_net_recv;
	case ESPY_EV_file_write:
		return ESPY_EV_net_send;
	case ESPY_EV_file_close:
		return ESPY_EV_net_close;
	}
	return st->type;
}

/* What a read or write of /proc/PID/mem does besides; 0: nothing. */
static __always_inline u32 type_in_process(const struct task_state *st)
{
	if (!(st->obj & OBJ_MEM))
		return 0;
	if (st->type == ESPY_EV_file_read)
		return ESPY_EV_process_vm_read;
	return st->type == ESPY_EV_file_write ? ESPY_EV_process_vm_write : 0;
}

/* The event that a call with plain values is as well; 0: none. */
static __always_inline u32 type_besides(const struct task_state *st, const struct espy_call *c,
					long ret)
{
	u32 type = type_in_process(st);

	return !type && st->type == ESPY_EV_file_write ? written_also(st, c, ret) : type;
}

/* A call that is taken away by a seccomp filter has no event but this. */
static __always_inline void exit_refused(u64 *ctx, struct task_state *st)
{
	st->next = REFUSED;
	this_cpu()->learned_before = this_cpu()->learned;
	if (!min_duration)
		bpf_tail_call(ctx, &exits, ESPY_TAIL_SHARED);
}

/*
 * A call whose entry was not seen: it was in flight when the capture started, or seccomp refused it
 * before the entry is traced. Its arguments are still in the registers.
 */
static __noinline int exit_without_entry(struct task_state *st, struct task_struct *t,
					 struct pt_regs *regs)
{
	bool ia32 = is_ia32(t);
	u32 id = regs->orig_ax;
	const struct espy_call *c = &calls[ia32][id & ~X32_BIT & (ESPY_CALLS - 1)];

	return enter_call(st, c, t, regs, ia32, id, true);
}

/*
 * Whoever made the call, recorded or not: paths that were learned before may have changed. unlink
 * only counts with AT_REMOVEDIR, in its third argument, which is dx for 64 and for 32 bits.
 */
static __always_inline void exit_moves(const struct espy_call *c, struct pt_regs *regs, long ret)
{
	if (ret >= 0 && (c->type != ESPY_EV_file_unlink || (c->dir && regs->dx & 0x200)))
		path_gen++;
}

static __always_inline void exit_creds(const struct espy_call *c)
{
	if (c->flags & ESPY_CALL_CREDS)
		creds_settle();
}

/*
 * Is the call whose end comes without its beginning one that was told of already: the fork that
 * this task came out of, or the exec whose number may be another call's in the table of the new
 * program? Only the first end after it can be.
 */
static __always_inline bool exit_told(struct task_state *st, const struct espy_call *c)
{
	if (!(st->verdict & V_DONE))
		return false;
	st->verdict &= ~V_DONE;
	return c->type == ESPY_EV_process_fork || c->type == ESPY_EV_process_exec ||
	       st->type == ESPY_EV_process_exec;
}

/* The end of a call of a task of which nothing is recorded. Whatever told of it, the next end is
 * another's. */
static __always_inline bool exit_ignored(struct task_state *st, struct task_struct *t,
					 const struct espy_call *c)
{
	if (!state_ignored(st, t, c->on & ESPY_ON_QUIET))
		return false;
	note_other(st, t);
	if (st->verdict & V_DONE)
		st->verdict &= ~V_DONE;
	return true;
}

/* The state of a task whose call has no beginning; NULL: not recorded. A call that was taken back
 * has its own number as its result; not so of a task seen for the first time, where a read that
 * waited since before the capture may return just that, and of one that was not recorded when the
 * call began. */
static __always_inline struct task_state *state_late(struct task_state *st, struct task_struct *t,
						     const struct espy_call *c,
						     struct pt_regs *regs, bool *ret_taken_back)
{
	if (st && (exit_ignored(st, t, c) || exit_told(st, c)))
		return NULL;
	*ret_taken_back =
		st && st->end != END_UNSEEN && !state_is_quiet(st) && regs->ax == regs->orig_ax;
	st = state_recorded(t);
	return st && exit_without_entry(st, t, regs) ? st : NULL;
}

/* Nothing is recorded of it, or nothing more. */
static __always_inline int exit_left_out(struct task_state *st)
{
	st->entry = 0;
	return 0;
}

/* There was no program to go on with: none is loaded, or too many tail calls were made. */
static __always_inline void exit_lost(struct task_state *st, const struct espy_call *c, u32 type)
{
	st->entry = 0;
	exit_creds(c);
	if (!event_on[type & (ESPY_EVENT_ID_MAX - 1)])
		return;
	count_lost(class_of(type));
	this_cpu()->seq++;
}

/* The record of a call that ends, or the program that makes it. */
static __always_inline int exit_record(u64 *ctx, struct task_state *st, long ret, bool taken_back)
{
	const struct espy_call *c = call_of(st);
	bool is_inline, merged;
	u64 now;
	u32 type;

	if (c->on & ESPY_ON_INSIDE && st->obj & OBJ_OUTSIDE)
		return exit_left_out(st);
	if (runs_any(st) && !runs_go_on(st, ret))
		runs_break(st); /* before the time of what ended it */
	now = bpf_ktime_get_boot_ns();
	st->end = now;
	if (taken_back) {
		exit_refused(ctx, st);
		return 0;
	}
	st->next = type_of(st);
	/* from memory it is a number like any other, not one way to verify for each type */
	type = *(volatile u16 *)&st->next;
	if (c->form != ESPY_FORM_EACH && !exit_wanted(st, ret, now) && !may_carry_dns(type)) {
		st->entry = 0;
		exit_creds(c);
		return 0;
	}
	if (type != st->type && !wanted[type & (ESPY_EVENT_ID_MAX - 1)])
		return exit_left_out(st);
	if (stacks)
		st->stack =
			this_cpu()->level ? ESPY_STACK_LOST : stack_of_call(ctx, st, SCRATCH_EXIT);
	is_inline = c->flags & ESPY_CALL_INLINE && type == st->type;
	merged = is_inline && runs_take_call(st, ret, now);
	if (!merged && this_cpu()->level && press_leaves_out(type, now)) {
		exit_lost(st, c, type);
		return 0;
	}
	if (is_inline) {
		if (!merged)
			exit_inline(st, c, ret, now);
		type = type_besides(st, c, ret);
		if (!type)
			return exit_left_out(st);
	}
	st->next = type;
	this_cpu()->learned_before = this_cpu()->learned;
	if (layouts[type & (ESPY_EVENT_ID_MAX - 1)].shared)
		bpf_tail_call_static(ctx, &exits, ESPY_TAIL_SHARED);
	else
		bpf_tail_call(ctx, &exits, type);
	exit_lost(st, c, type);
	return 0;
}

AT_EXIT(sys_exit)
{
	struct pt_regs *regs = call_regs(ctx);
	u32 nr = CALL_INDEX(regs->orig_ax);
	const struct espy_call *c;
	struct task_struct *t;
	struct task_state *st;
	bool taken_back = false;
	u8 number = numbers[nr];

	if (!number || IS_NO_CALL(regs->orig_ax))
		return 0;
	t = current_task();
	if (!(number & ESPY_NUMBER_MOVES) && is_other(t))
		return 0;
	c = &calls[is_ia32(t)][nr];
	if (c->flags & ESPY_CALL_MOVES)
		exit_moves(c, regs, ret);
	if (!c->on || (c->flags & ESPY_CALL_EXEC && !asks_for_exec(t, regs) &&
		       !asks_to_share(regs, c, is_ia32(t))))
		return 0;
	st = state_of(t, false);
	if (!st || !st->entry)
		st = armed ? state_late(st, t, c, regs, &taken_back) : NULL;
	return st ? exit_record(ctx, st, ret, taken_back) : 0;
}

/* --- the general programs ------------------------------------------------------------------- */

static __always_inline void general_args(u64 *arg, struct call_exit *x)
{
	arg[0] = plain_arg(x->st, x->c, 0);
	arg[1] = plain_arg(x->st, x->c, 1);
	arg[2] = plain_arg(x->st, x->c, 2);
}

/* What a successful call moved to is better known than what it was asked for; 0: it moved nothing.
 * Global, as is_mark(): its ways end in it. */
__noinline u64 general_moved(void)
{
	struct task_state *st = state_current(false);
	const struct espy_call *c;

	if (!st)
		return 0;
	c = call_of(st);
	if (st->type == ESPY_EV_file_chdir)
		return exit_cwd();
	return st->type == ESPY_EV_file_chroot && !c->arg[0] && c->form != ESPY_FORM_PIVOT
		       ? exit_root()
		       : 0;
}

static __always_inline bool may_move(u32 type)
{
	return type == ESPY_EV_file_chdir || type == ESPY_EV_file_chroot;
}

/*
 * A mark: a program looks, by access(2) or stat(2) or their kin, for a file whose name begins so.
 * There is none, so that the call does nothing and fails; and it needs no library and works in a
 * shell. Looked at where the name of a failed call was read already, so that it costs nothing.
 */
#define MARK_FIRST  0x616d2d797073652full /* "/espy-ma" */
#define MARK_SECOND 0x3a6b72u             /* "rk:" */
#define MARK_BYTES  11

__noinline int is_mark(u32 off)
{
	struct call_exit x;

	if (!exit_begin(&x) || !x.c->path || off <= MARK_BYTES)
		return false;
	return *(const u64 *)x.s->text == MARK_FIRST &&
	       (*(const u32 *)(x.s->text + 8) & 0xffffff) == MARK_SECOND;
}

static __always_inline bool may_mark(u32 type, long ret)
{
	return ret < 0 && (type == ESPY_EV_file_access || type == ESPY_EV_file_stat) &&
	       event_on[ESPY_EV_profile_mark];
}

SHARED(profile_mark)
{
	struct espy_ev_profile_mark *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_text(&x, &rec->text, sizeof(*rec), call_arg(x.st, x.c->path) + MARK_BYTES);
	if (rec->text.len >= TEXT_MAX - 1)
		x.flags |= ESPY_F_TRUNCATED;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_profile_mark, ESPY_CLASS_profile, 0);
}

/* Any event of one path and plain values. */
static __noinline int general(long ret)
{
	struct call_exit x;
	struct general *rec;
	u64 moved;
	u32 type;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	type = x.st->type;
	general_args(rec->arg, &x); /* before the ways of a path part, for the verifier */
	exit_path(&x, &rec->path, sizeof(*rec));
	if (may_mark(type, ret) && is_mark(x.off))
		return ESPY_EV_profile_mark;
	if (type == ESPY_EV_file_unlink && rec->arg[0] & 0x200) { /* AT_REMOVEDIR */
		type = ESPY_EV_file_rmdir;
		x.st->type = type;
	}
	moved = ret >= 0 && may_move(type) ? general_moved() : 0;
	if (moved)
		path_of_object(&rec->path, moved);
	return exit_send_here(&x, &rec->hdr, sizeof(*rec), type, class_of(type), ret);
}

/* Any event of plain values alone. */
static __noinline int general0(long ret)
{
	struct call_exit x;
	struct general0 *rec;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	general_args(rec->arg, &x);
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), x.st->type, class_of(x.st->type), ret);
}

/* Any event of two paths and plain values: rename, link, copy. */
static __noinline int general2(long ret)
{
	struct call_exit x;
	struct general2 *rec;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	general_args(rec->arg, &x);
	exit_path(&x, &rec->path, sizeof(*rec));
	if (x.c->path2)
		exit_user_path(&x, &rec->path2, sizeof(*rec), true);
	else
		path_of_object(&rec->path2, x.st->obj2);
	return exit_send(&x, &rec->hdr, sizeof(*rec), x.st->type, class_of(x.st->type), ret);
}

/* --- calls that have not ended, and that have not begun --------------------------------------- */

/* Room for the fixed part of every event: what is not known of a pending one is zero. */
#define PENDING_SIZE   256
#define EVENT(ev, ...) _Static_assert(sizeof(struct espy_ev_##ev) <= PENDING_SIZE, "pending " #ev);
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"

/*
 * A call that a seccomp filter took back (SECCOMP_RET_TRAP, _KILL): nothing was done, a signal
 * comes instead, and where the result would be stands the number of the call (syscall_rollback).
 * What was asked for, as far as a path or a descriptor tells it.
 */
static __noinline int call_refused(void)
{
	struct call_exit x;
	struct general *rec;
	u32 type;

	if (!exit_begin(&x))
		return 0;
	rec = (void *)x.s->text - PENDING_SIZE;
	__builtin_memset(rec, 0, PENDING_SIZE);
	type = type_of(x.st);
	exit_path(&x, &rec->path, PENDING_SIZE);
	x.flags |= ESPY_F_TRUNCATED;
	return exit_send(&x, &rec->hdr, PENDING_SIZE, type, class_of(type), -ENOSYS);
}

/* At the end of a capture, for every thread: the call it is in, which is then taken as recorded. */
SEC("iter/task")
int pending(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	u32 user = SCRATCH_ITER;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct task_state *st;
	struct general *rec;
	u64 now = bpf_ktime_get_boot_ns();
	u32 type;

	if (!t || !s)
		return 0;
	st = state_of(t, false);
	if (!st || !st->entry || !(st->verdict & V_RECORD))
		return 0;
	type = type_of(st);
	if (!event_on[type & (ESPY_EVENT_ID_MAX - 1)] || failed_only) {
		st->entry = 0;
		return 0;
	}
	rec = (void *)s->text;
	__builtin_memset(rec, 0, PENDING_SIZE);
	header_call(&rec->hdr, st, type, now, now, 0);
	rec->hdr.flags = ESPY_F_PENDING;
	rec->hdr.size = PENDING_SIZE;
	path_of_object(&rec->path, st->obj);
	st->entry = 0;
	bpf_seq_write(seq, rec, PENDING_SIZE);
	return 0;
}
