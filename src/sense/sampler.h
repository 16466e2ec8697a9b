/* SPDX-License-Identifier: MIT */
/*
 * A program that runs so and so often on every processor while it is busy: perf_event_open(2) with
 * the kernel's cpu-clock. Needs CAP_PERFMON.
 */
#pragma once

#include "base/err.h"

struct espy_sampler { /* zeroed: none */
	int *clocks;
	unsigned n;
};

/* `hz` times a second; processors that are off are left out. 0, or negative errno with everything
 * taken back. */
int espy_sampler_start(struct espy_sampler *s, int program, unsigned cpus, unsigned hz,
		       struct espy_err *err);
void espy_sampler_stop(struct espy_sampler *s);
