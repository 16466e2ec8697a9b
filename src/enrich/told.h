/* SPDX-License-Identifier: MIT */
/* Which files a process has done something to since it opened them, for what is told once: the last
 * few are remembered, by object. */
#pragma once

#include <stdbool.h>
#include "model/event.h"

#define ESPY_TOLD_MAX 64u

/* A zeroed one is ready for use. */
struct espy_told {
	struct {
		uint64_t start, object;
		uint32_t pid;
	} last[ESPY_TOLD_MAX];
	unsigned next, n; /* n: how many there are */
};

/* Was it noted before? It is now. Without an object: always false. */
bool espy_told_note(struct espy_told *t, const struct espy_event *rec, uint64_t object);
/* The process opened it anew. */
void espy_told_forget(struct espy_told *t, const struct espy_event *rec, uint64_t object);
