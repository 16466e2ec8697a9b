/* SPDX-License-Identifier: MIT */
/*
 * One BPF ring buffer, read in place: a head to look at and a step, so that several can be merged
 * by time without copying. Only the one record that goes over the end of the ring is copied: mapped
 * twice in a row, as libbpf has it, all of the ring would count as resident twice.
 * Layout: Linux Documentation/bpf/ringbuf.rst and kernel/bpf/ringbuf.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "model/event.h"

struct espy_ring {
	unsigned long *consumer; /* first page, ours to write */
	const unsigned long *producer;
	const uint8_t *data;
	size_t mask, size;
	unsigned long at;    /* where we are */
	unsigned long known; /* how far the producer was when we last looked */
	uint8_t *whole; /* copy of the record that begins at the end and goes on at the start */
	unsigned long whole_at;
	bool has_whole;
	int fd;
};

#define ESPY_RING_RECORD_MAX (128u << 10) /* bytes; our programs make none of more than 66 KiB */

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
