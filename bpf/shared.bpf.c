/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs that several events share: model/shared.def. */
#include "exit.bpf.h"

SEC(EXIT_HOOK)
int shared_process(u64 *ctx)
{
	struct task_state *st = state_current(false);

	switch (st ? st->type : 0) {
#define SHARED_BY(family, event) SHARED_CASE_##family(event)
#define SHARED_CASE_process(event) \
	case ESPY_EV_##event:      \
		return event(ctx);
#define SHARED_CASE_system(event)
#define SHARED_CASE_ipc(event)
#define SHARED_CASE_file(event)
#define SHARED_CASE_access(event)
#define SHARED_CASE_network(event)
#include "model/shared.def"
#undef SHARED_CASE_process
#undef SHARED_CASE_system
#undef SHARED_CASE_ipc
#undef SHARED_CASE_file
#undef SHARED_CASE_access
#undef SHARED_CASE_network
	}
	return 0;
}

SEC(EXIT_HOOK)
int shared_system(u64 *ctx)
{
	struct task_state *st = state_current(false);

	switch (st ? st->type : 0) {
#define SHARED_BY(family, event) SHARED_CASE_##family(event)
#define SHARED_CASE_system(event) \
	case ESPY_EV_##event:     \
		return event(ctx);
#define SHARED_CASE_process(event)
#define SHARED_CASE_ipc(event)
#define SHARED_CASE_file(event)
#define SHARED_CASE_access(event)
#define SHARED_CASE_network(event)
#include "model/shared.def"
#undef SHARED_CASE_process
#undef SHARED_CASE_system
#undef SHARED_CASE_ipc
#undef SHARED_CASE_file
#undef SHARED_CASE_access
#undef SHARED_CASE_network
	}
	return 0;
}

SEC(EXIT_HOOK)
int shared_ipc(u64 *ctx)
{
	struct task_state *st = state_current(false);

	switch (st ? st->type : 0) {
#define SHARED_BY(family, event) SHARED_CASE_##family(event)
#define SHARED_CASE_ipc(event) \
	case ESPY_EV_##event:  \
		return event(ctx);
#define SHARED_CASE_process(event)
#define SHARED_CASE_system(event)
#define SHARED_CASE_file(event)
#define SHARED_CASE_access(event)
#define SHARED_CASE_network(event)
#include "model/shared.def"
#undef SHARED_CASE_process
#undef SHARED_CASE_system
#undef SHARED_CASE_ipc
#undef SHARED_CASE_file
#undef SHARED_CASE_access
#undef SHARED_CASE_network
	}
	return 0;
}

SEC(EXIT_HOOK)
int shared_file(u64 *ctx)
{
	struct task_state *st = state_current(false);

	switch (st ? st->type : 0) {
#define SHARED_BY(family, event) SHARED_CASE_##family(event)
#define SHARED_CASE_file(event) \
	case ESPY_EV_##event:   \
		return event(ctx);
#define SHARED_CASE_process(event)
#define SHARED_CASE_system(event)
#define SHARED_CASE_ipc(event)
#define SHARED_CASE_access(event)
#define SHARED_CASE_network(event)
#include "model/shared.def"
#undef SHARED_CASE_process
#undef SHARED_CASE_system
#undef SHARED_CASE_ipc
#undef SHARED_CASE_file
#undef SHARED_CASE_access
#undef SHARED_CASE_network
	}
	return 0;
}

SEC(EXIT_HOOK)
int shared_access(u64 *ctx)
{
	struct task_state *st = state_current(false);

	switch (st ? st->type : 0) {
#define SHARED_BY(family, event) SHARED_CASE_##family(event)
#define SHARED_CASE_access(event) \
	case ESPY_EV_##event:     \
		return event(ctx);
#define SHARED_CASE_process(event)
#define SHARED_CASE_system(event)
#define SHARED_CASE_ipc(event)
#define SHARED_CASE_file(event)
#define SHARED_CASE_network(event)
#include "model/shared.def"
#undef SHARED_CASE_process
#undef SHARED_CASE_system
#undef SHARED_CASE_ipc
#undef SHARED_CASE_file
#undef SHARED_CASE_access
#undef SHARED_CASE_network
	}
	return 0;
}

SEC(EXIT_HOOK)
int shared_network(u64 *ctx)
{
	struct task_state *st = state_current(false);

	switch (st ? st->type : 0) {
#define SHARED_BY(family, event) SHARED_CASE_##family(event)
#define SHARED_CASE_network(event) \
	case ESPY_EV_##event:      \
		return event(ctx);
#define SHARED_CASE_process(event)
#define SHARED_CASE_system(event)
#define SHARED_CASE_ipc(event)
#define SHARED_CASE_file(event)
#define SHARED_CASE_access(event)
#include "model/shared.def"
#undef SHARED_CASE_process
#undef SHARED_CASE_system
#undef SHARED_CASE_ipc
#undef SHARED_CASE_file
#undef SHARED_CASE_access
#undef SHARED_CASE_network
	}
	return 0;
}
