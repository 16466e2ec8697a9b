/* SPDX-License-Identifier: MIT */
#include "sense/rings.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RINGS_BYTES    (16u << 20) /* all of them together */
#define RING_BYTES_MIN (2u << 20)
#define RING_BYTES_MAX (8u << 20)

/* One thread empties them all, so that more processors do not need more room in all. */
size_t espy_rings_bytes(unsigned cpus)
{
	size_t n = RING_BYTES_MAX;

	while (n > RING_BYTES_MIN && n * cpus > RINGS_BYTES)
		n /= 2;
	return n;
}

static int make_ring(struct espy_ring *ring, size_t bytes)
{
	ring->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "espy_ring", 0, 0, (uint32_t)bytes, NULL);
	return ring->fd < 0 ? ring->fd : espy_ring_map(ring, ring->fd, bytes);
}

/* The kernel waits until no program can see a slot as it was, some 20 ms: once for all of them
 * where it takes them all at once (5.19), else for each. */
static int enter_rings(const struct espy_ring *rings, unsigned cpus, int map)
{
	uint32_t *keys = cpus ? calloc(2 * (size_t)cpus, sizeof(*keys)) : NULL, *fds, n = cpus;
	int r;

	if (!keys)
		return -ENOMEM;
	fds = keys + cpus;
	for (unsigned i = 0; i < cpus; i++) {
		keys[i] = i;
		fds[i] = (uint32_t)rings[i].fd;
	}
	r = bpf_map_update_batch(map, keys, fds, &n, NULL);
	if (r < 0) {
		r = 0;
		for (unsigned i = 0; i < cpus && r == 0; i++)
			r = bpf_map_update_elem(map, &keys[i], &fds[i], BPF_ANY);
	}
	free(keys);
	return r;
}

int espy_rings_make(struct espy_ring *rings, unsigned cpus, size_t bytes, int map,
		    struct espy_err *err)
{
	int r;

	for (unsigned i = 0; i < cpus; i++) {
		r = make_ring(&rings[i], bytes);
		if (r < 0)
			return espy_err_set(err, r, "no ring of %zu bytes for CPU %u: %s", bytes, i,
					    strerror(-r));
	}
	r = enter_rings(rings, cpus, map);
	return r < 0 ? espy_err_set(err, r, "cannot enter the rings: %s", strerror(-r)) : 0;
}

size_t espy_rings_fullest(const struct espy_ring *rings, unsigned cpus)
{
	size_t most = 0;

	for (unsigned i = 0; i < cpus; i++) {
		size_t n = espy_ring_waiting(&rings[i]);

		most = n > most ? n : most;
	}
	return most;
}

void espy_rings_close(struct espy_ring *rings, unsigned cpus)
{
	for (unsigned i = 0; rings && i < cpus; i++) {
		espy_ring_unmap(&rings[i]);
		if (rings[i].fd > 0)
			close(rings[i].fd);
	}
}
