/* SPDX-License-Identifier: MIT */
/*
 * What the programs in the kernel cost, as the kernel itself counts: how often each ran, how long,
 * and how often it could not run. See bpf(2), BPF_ENABLE_STATS and struct bpf_prog_info. What a
 * program does that was reached by a tail call counts for the program that made the call.
 */
#pragma once

#include "sense/sense.h"

struct espy_load;
struct bpf_program;
struct bpf_prog_info;

typedef void (*espy_cost_fn)(void *ctx, const struct bpf_program *p,
			     const struct bpf_prog_info *info);

/* Calls `fn` for each program that is loaded. */
void espy_cost_each(const struct espy_load *load, espy_cost_fn fn, void *ctx);

/* Has the kernel count runs and time of all BPF programs, whoever's they are, until the descriptor
 * is closed, which is returned; or negative errno (-EPERM without CAP_SYS_ADMIN). The counting adds
 * two looks at the clock to every run. */
int espy_cost_measure(void);

/* The programs that ran, those first that took most; how many, at most `max`. */
size_t espy_cost_programs(const struct espy_load *load, struct espy_sense_program *ret, size_t max);

/* Runs that did not come about, because the program was running already on that processor. */
uint64_t espy_cost_misses(const struct espy_load *load);
