/* SPDX-License-Identifier: MIT */
/*
 * One BPF ring buffer, read in place: a head to look at and a step, so that several can be merged
 * by time without copying. Layout: Linux Documentation/bpf/ringbuf.rst and kernel/bpf/ringbuf.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "model/event.h"

struct espy_ring {
	unsigned long *consumer; /* first page, ours to write */
	const unsigned long *producer;
	const uint8_t *data; /* mapped twice in a row, so that no record wraps */
	size_t mask, size;
	unsigned long at;    /* where we are */
	unsigned long known; /* how far the producer was when we last looked */
	int fd;
};

/* Maps the ring of `size` bytes; the fd is borrowed. 0 or negative errno. */
int espy_ring_map(struct espy_ring *r, int fd, size_t size);
void espy_ring_unmap(struct espy_ring *r);
/* The oldest record that is finished, or NULL. Stays valid until espy_ring_next. */
const struct espy_event *espy_ring_peek(struct espy_ring *r);
/* The n-th record behind the oldest one; NULL when it, or one before it, is not there or not
 * finished.
 */
const struct espy_event *espy_ring_ahead(struct espy_ring *r, unsigned n);
/* Gives its space back. */
void espy_ring_next(struct espy_ring *r);
/* Bytes that are not given back yet. From any thread. */
size_t espy_ring_waiting(const struct espy_ring *r);
