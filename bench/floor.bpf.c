/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The least that seeing every system call costs: two programs that do nothing. And the least that
 * recording it costs: the same with begin, end and result of each call in a ring, and nothing of
 * who did it, or to what.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef __u64 u64;
typedef __u32 u32;

#define RING_BYTES (8 << 20)
#define CPUS_MAX   1024

const volatile unsigned char records = 0;

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} begins SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, CPUS_MAX);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* 64 bytes, as the header of a record has. */
struct record {
	u64 begin, end, result, call, rest[4];
};

SEC("tp_btf/sys_enter")
int floor_enter(u64 *ctx)
{
	u64 *begin;

	if (!records)
		return 0;
	begin = bpf_task_storage_get(&begins, (void *)bpf_get_current_task_btf(), 0,
				     BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (begin)
		*begin = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int floor_exit(u64 *ctx)
{
	struct record *r;
	void *ring;
	u64 *begin;
	u32 cpu;

	if (!records)
		return 0;
	begin = bpf_task_storage_get(&begins, (void *)bpf_get_current_task_btf(), 0, 0);
	cpu = bpf_get_smp_processor_id();
	ring = bpf_map_lookup_elem(&rings, &cpu);
	r = begin && ring ? bpf_ringbuf_reserve(ring, sizeof(*r), 0) : 0;
	if (!r)
		return 0;
	r->begin = *begin;
	r->end = bpf_ktime_get_boot_ns();
	r->result = ctx[1];
	r->call = cpu;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
