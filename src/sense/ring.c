/* SPDX-License-Identifier: MIT */
#include "sense/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CACHE_LINE  64
#define AHEAD_BYTES 640 /* some six records */

int espy_ring_map(struct espy_ring *r, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;

	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	r->consumer = p;
	p = mmap(NULL, page + size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	r->whole = malloc(size < ESPY_RING_RECORD_MAX ? size : ESPY_RING_RECORD_MAX);
	if (p == MAP_FAILED || !r->whole) {
		int e = errno;

		if (p != MAP_FAILED)
			munmap(p, page + size);
		munmap(r->consumer, page);
		free(r->whole);
		*r = (struct espy_ring){.fd = r->fd};
		return -e;
	}
	r->producer = p;
	r->data = (const uint8_t *)p + page;
	r->mask = size - 1;
	r->size = size;
	r->fd = fd;
	r->at = r->known = *r->consumer;
	return 0;
}

void espy_ring_unmap(struct espy_ring *r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!r->consumer)
		return;
	munmap(r->consumer, page);
	munmap((void *)r->producer, page + r->size);
	free(r->whole);
	r->consumer = NULL;
}

static size_t record_bytes(uint32_t header)
{
	return header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
}

static size_t record_room(uint32_t header)
{
	return (record_bytes(header) + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;
}

static uint32_t header_at(const struct espy_ring *r, unsigned long at)
{
	return __atomic_load_n((const uint32_t *)(r->data + (at & r->mask)), __ATOMIC_ACQUIRE);
}

/* Of all that is in the ring one record at the most goes over its end. */
static const struct espy_event *copy_whole(struct espy_ring *r, unsigned long at, size_t n)
{
	size_t from = (at + BPF_RINGBUF_HDR_SZ) & r->mask, first = r->size - from;

	if (r->has_whole && r->whole_at == at)
		return (const struct espy_event *)r->whole;
	memcpy(r->whole, r->data + from, first);
	memcpy(r->whole + first, r->data, n - first);
	r->whole_at = at;
	r->has_whole = true;
	return (const struct espy_event *)r->whole;
}

/* The finished record whose header stands at `at`; NULL: longer than any of ours. */
static const struct espy_event *record_at(struct espy_ring *r, unsigned long at, uint32_t header)
{
	size_t from = (at + BPF_RINGBUF_HDR_SZ) & r->mask, n = record_bytes(header);

	if (n <= r->size - from)
		return (const struct espy_event *)(r->data + from);
	return r->whole && n <= ESPY_RING_RECORD_MAX && n <= r->size ? copy_whole(r, at, n) : NULL;
}

const struct espy_event *espy_ring_peek(struct espy_ring *r)
{
	for (;;) {
		const struct espy_event *rec = NULL;
		uint32_t header;

		if (r->at == r->known) {
			r->known = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
			if (r->at == r->known)
				return NULL;
		}
		header = header_at(r, r->at);
		if (header & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (!(header & BPF_RINGBUF_DISCARD_BIT))
			rec = record_at(r, r->at, header);
		if (rec)
			return rec;
		espy_ring_next(r);
	}
}

const struct espy_event *espy_ring_ahead(struct espy_ring *r, unsigned n)
{
	unsigned long at = r->at;
	uint32_t header = 0;

	for (unsigned i = 0; i <= n; i++) {
		if (i)
			at += record_room(header);
		if (at == r->known)
			r->known = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
		if (at == r->known)
			return NULL;
		header = header_at(r, at);
		if (header & (BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))
			return NULL;
	}
	return record_at(r, at, header);
}

void espy_ring_next(struct espy_ring *r)
{
	r->at += record_room(header_at(r, r->at));
	__atomic_store_n(r->consumer, r->at, __ATOMIC_RELEASE);
	/* another processor wrote it: on its way here while the next few are dealt with */
	__builtin_prefetch(r->data + ((r->at + AHEAD_BYTES) & r->mask));
	__builtin_prefetch(r->data + ((r->at + AHEAD_BYTES + CACHE_LINE) & r->mask));
}

size_t espy_ring_waiting(const struct espy_ring *r)
{
	unsigned long from = __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);

	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - from;
}
