/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose a TCP socket is. What happens to one often happens in an interrupt, in whatever task that
 * fell upon, which has nothing to do with it: so the owner is noted where the kernel is surely in
 * the task's own call (connect, listen, accept), and looked up everywhere else.
 *
 * Every birth of a socket that is connected or listens writes its entry anew, so that one for an
 * address that is used again is never believed.
 */
#pragma once

#include "exit.bpf.h"

struct sock_owner {
	u64 start; /* of the process */
	u64 since; /* when it came into its state */
	u32 pid, tid;
	u32 recorded, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* address of the struct sock */
	__type(value, struct sock_owner);
} sock_owners SEC(".maps");

/* Who listens: connections begin as copies of the listening socket. */
struct listen_key {
	u64 net; /* address of the network namespace */
	u64 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct listen_key);
	__type(value, struct sock_owner);
} listen_owners SEC(".maps");

static __always_inline void owner_fill(struct sock_owner *o, const struct task_state *st, u64 now)
{
	o->start = st->start;
	o->since = now;
	o->pid = st->pid;
	o->tid = st->tid;
	o->recorded = !!(st->verdict & V_RECORD);
	o->pad = 0;
}

/* Whoever takes a connection has it, not who listened for it. */
static __always_inline void owner_accept(struct sock *sk, const struct task_state *st)
{
	u64 key = (u64)sk;
	struct sock_owner *o, new;

	if (!sk)
		return;
	owner_fill(&new, st, bpf_ktime_get_boot_ns());
	o = bpf_map_lookup_elem(&sock_owners, &key);
	if (o)
		new.since = o->since;
	bpf_map_update_elem(&sock_owners, &key, &new, BPF_ANY);
}
