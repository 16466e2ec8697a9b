/* SPDX-License-Identifier: MIT */
/*
 * Counters of tasks, as bpf/profile.bpf.c lists them: so far, and of each thread by itself. What
 * goes out is what a thread used since the last time, and the sums of processes of which some
 * thread ran.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/map.h"

#define ESPY_COUNTERS_THREADS_MAX (1u << 20) /* more are not told apart: they are left out */

struct espy_counters {             /* zeroed: ready */
	struct espy_map threads;   /* tid, start → struct known */
	struct espy_map processes; /* pid, start → struct sum */
	struct espy_buf out;       /* records to hand out, as the rings have them */
	uint64_t time;             /* of these; boot clock ns */
	uint32_t round;            /* 0: nothing was taken yet */
};

/* Takes the iterator's output and adds to `out` the records of the events that are `on` (by event
 * id). 0, -ENOMEM, -EBADMSG. */
int espy_counters_take(struct espy_counters *c, const struct espy_buf *in, const uint8_t *on);
void espy_counters_done(struct espy_counters *c);
