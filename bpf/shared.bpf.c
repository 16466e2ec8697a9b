/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two programs behind sys_exit that make records with paths and texts: a function for each
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
#define SHARED_BY(program, event) SHARED_CASE_##program(event)
#define SHARED_CASE(event)    \
	case ESPY_EV_##event: \
		return wanted[ESPY_EV_##event] ? event(ret) : 0;
#define SHARED_CASE_ipc_pass(event)

static __always_inline int shared_event(u32 type, long ret)
{
	switch (type) {
	case REFUSED:
		return call_refused();
#define SHARED_CASE_shared(event) SHARED_CASE(event)
#define SHARED_CASE_rare(event)
#include "model/shared.def"
#undef SHARED_CASE_shared
#undef SHARED_CASE_rare
	}
	return shared_general(type, ret);
}

static __always_inline int rare_event(u32 type, long ret)
{
	switch (type) {
#define SHARED_BY(program, event) SHARED_CASE_##program(event)
#define SHARED_CASE_shared(event)
#define SHARED_CASE_rare(event) SHARED_CASE(event)
#include "model/shared.def"
	}
	return 0;
}

static __always_inline int shared_go_on(u64 *ctx, struct task_state *st, u32 next)
{
	if (next) {
		st->next = next;
		bpf_tail_call(ctx, &exits, next);
		st->entry = 0;
	}
	return 0;
}

AT_EXIT(shared)
{
	struct task_state *st = state_current(false);

	return st ? shared_go_on(ctx, st, shared_event(st->next, ret)) : 0;
}

AT_EXIT(rare)
{
	struct task_state *st = state_current(false);

	return st ? shared_go_on(ctx, st, rare_event(st->next, ret)) : 0;
}
