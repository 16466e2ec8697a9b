/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one program behind sys_exit that makes records with paths and texts: a function for each
 * event (model/shared.def), and three general ones. What is not wanted is read-only data, so that
 * the verifier removes it unseen.
 */
#include "exit.bpf.h"

/* By the number of its paths. */
static __always_inline int shared_general(u32 type, long ret)
{
	u32 paths = layouts[type & (ESPY_EVENT_ID_MAX - 1)].paths;

	if (paths == 1)
		return general(ret);
	return paths ? general2(ret) : general0(ret);
}

/* The event that is to follow, 0: none. */
static __always_inline int shared_event(u32 type, long ret)
{
	switch (type) {
#define SHARED_BY(program, event) SHARED_CASE_##program(event)
#define SHARED_CASE_shared(event) \
	case ESPY_EV_##event:     \
		return wanted[ESPY_EV_##event] ? event(ret) : 0;
#define SHARED_CASE_ipc_pass(event)
#include "model/shared.def"
#undef SHARED_CASE_shared
#undef SHARED_CASE_ipc_pass
	}
	return shared_general(type, ret);
}

AT_EXIT(shared)
{
	struct task_state *st = state_current(false);
	u32 next;

	if (!st)
		return 0;
	next = shared_event(st->next, ret);
	if (next) {
		st->next = next;
		bpf_tail_call(ctx, &exits, next);
		st->entry = 0;
	}
	return 0;
}
