/* SPDX-License-Identifier: MIT */
/*
 * floor [records]: attaches the programs of floor.bpf.c, which do nothing, or with the word make
 * the smallest records, and holds them until a signal ends it. Records are thrown away unread.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "floor.skel.h"

#define RING_BYTES (8u << 20)
#define CPUS_MAX   1024
#define PAUSE_US   1000

/* The two positions of a ring, each in a page of its own (linux/bpf.h, BPF_MAP_TYPE_RINGBUF). */
struct ring {
	unsigned long *consumer;
	const unsigned long *producer;
};

static int make_ring(struct floor_bpf *skel, unsigned cpu, struct ring *r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "floor", 0, 0, RING_BYTES, NULL);
	int into = bpf_map__fd(skel->maps.rings);
	char *p;

	if (fd < 0 || bpf_map_update_elem(into, &cpu, &fd, 0) < 0)
		return -1;
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	r->producer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	r->consumer = (unsigned long *)p;
	return p == MAP_FAILED || r->producer == MAP_FAILED ? -1 : 0;
}

static void throw_away(const struct ring *r, unsigned n)
{
	for (;;) {
		for (unsigned i = 0; i < n; i++)
			__atomic_store_n(r[i].consumer,
					 __atomic_load_n(r[i].producer, __ATOMIC_ACQUIRE),
					 __ATOMIC_RELEASE);
		usleep(PAUSE_US);
	}
}

int main(int argc, char **argv)
{
	bool records = argc > 1 && strcmp(argv[1], "records") == 0;
	int cpus = libbpf_num_possible_cpus(), r = -1;
	static struct ring rings[CPUS_MAX];
	struct floor_bpf *skel = floor_bpf__open();

	if (skel) {
		skel->rodata->records = records;
		r = floor_bpf__load(skel);
	}
	for (int i = 0; records && r == 0 && i < cpus && i < CPUS_MAX; i++)
		r = make_ring(skel, (unsigned)i, &rings[i]);
	if (r < 0 || floor_bpf__attach(skel) < 0) {
		fprintf(stderr, "floor: no programs on system calls: %s\n", strerror(errno));
		return 1;
	}
	if (records)
		throw_away(rings, (unsigned)cpus);
	pause();
	floor_bpf__destroy(skel);
	return 0;
}
