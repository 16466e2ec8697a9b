/* SPDX-License-Identifier: MIT */
/*
 * Arguments that change while the kernel is at work: what it took at the beginning of a call is not
 * there any more at its end.
 */
#pragma once

#include "../probe/probe.h"

/* Two arguments, each in a page that is filled when the kernel asks for it. When it asks for the
 * second one it has taken the first, which then becomes its lie. */
struct stall {
	char *page[2];
	const char *text[2], *lie[2];
	size_t size; /* bytes of each; 0: strings */
	int fd, filled;
};
/* The texts and lies are to be set before. Skips the probe where there is no userfaultfd. */
void stall_begin(struct stall *s);
/* Did both faults happen, and is the one that was taken first a lie now? */
bool stall_lied(const struct stall *s);

/* Memory that a child shares, and in which it writes one thing after the other until it is killed.
 */
struct flip {
	char *at;
	const void *one, *other;
	size_t size;
	pid_t pid;
};
void flip_begin(struct flip *f, const void *one, const void *other, size_t size);
void flip_end(struct flip *f);

/* A child that waits until this process sleeps in a call, then writes `lie` over shared memory and
 * lets `then` end that call. */
struct late {
	char *at;
	const void *lie;
	size_t size;
	void (*then)(void *);
	void *arg;
};
/* Shared memory of a page with these bytes in it. */
char *shared_bytes(const void *bytes, size_t size);
pid_t late_begin(struct late *l);
