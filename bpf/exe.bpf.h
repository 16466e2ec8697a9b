/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does a task run one of the files that a filter asks for? Decided where user space learns what it
 * runs: by the look at what exists, at an exec, by inheritance. A task whose beginning nobody saw
 * may run anything.
 */
#pragma once

#include "object.bpf.h"

/* Which file a task runs, as far as the filter asks for it. */
static __always_inline void task_exe(struct task_state *st, struct task_struct *t, u32 user)
{
	struct mm_struct *mm = KR(t, mm);
	u64 obj = mm ? object_of_file(KR(mm, exe_file), user) : 0;

	st->verdict = (st->verdict & ~V_OTHER_EXE) | (obj & OBJ_OTHER_EXE ? V_OTHER_EXE : 0);
}

static __always_inline void exec_exe(struct task_state *st, struct task_struct *t)
{
	task_exe(st, t, SCRATCH_SCHED);
	st->verdict &= ~V_QUIET;
	if (st->verdict & V_RECORD)
		st->verdict |= state_quiet(st, t, st->verdict);
}

/* Between the look at what exists and the start: what was found out does not hold any more. */
static __always_inline int exec_unseen(void)
{
	struct task_state *st = n_only_exes ? state_current(false) : NULL;

	if (st)
		st->verdict &= ~V_OTHER_EXE;
	return 0;
}

/* What each thread runs is decided by the same look that user space is told of. */
static __always_inline void running_exe(struct task_struct *t)
{
	struct task_state *st = n_only_exes ? state_of(t, true) : NULL;

	if (!st)
		return;
	st->end = END_UNSEEN;
	task_exe(st, t, SCRATCH_ITER);
}
