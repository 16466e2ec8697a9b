/* SPDX-License-Identifier: MIT */
#include "sense/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

int espy_ring_map(struct espy_ring *r, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;

	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	r->consumer = p;
	p = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (p == MAP_FAILED) {
		int e = errno;

		munmap(r->consumer, page);
		r->consumer = NULL;
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
	munmap((void *)r->producer, page + 2 * r->size);
	r->consumer = NULL;
}

static size_t record_room(uint32_t header)
{
	size_t len = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return (len + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;
}

const struct espy_event *espy_ring_peek(struct espy_ring *r)
{
	for (;;) {
		const uint8_t *p;
		uint32_t header;

		if (r->at == r->known) {
			r->known = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
			if (r->at == r->known)
				return NULL;
		}
		p = r->data + (r->at & r->mask);
		header = __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
		if (header & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (!(header & BPF_RINGBUF_DISCARD_BIT))
			return (const struct espy_event *)(p + BPF_RINGBUF_HDR_SZ);
		espy_ring_next(r);
	}
}

const struct espy_event *espy_ring_ahead(struct espy_ring *r, unsigned n)
{
	size_t at = r->at;
	const uint8_t *p = NULL;

	for (unsigned i = 0; i <= n; i++) {
		uint32_t header;

		if (i)
			at += record_room(*(const uint32_t *)p);
		if (at == r->known)
			r->known = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
		if (at == r->known)
			return NULL;
		p = r->data + (at & r->mask);
		header = __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
		if (header & (BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))
			return NULL;
	}
	return (const struct espy_event *)(p + BPF_RINGBUF_HDR_SZ);
}

void espy_ring_next(struct espy_ring *r)
{
	const uint8_t *p = r->data + (r->at & r->mask);

	r->at += record_room(*(const uint32_t *)p);
	__atomic_store_n(r->consumer, r->at, __ATOMIC_RELEASE);
}

size_t espy_ring_waiting(const struct espy_ring *r)
{
	unsigned long from = __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);

	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - from;
}
