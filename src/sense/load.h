/* SPDX-License-Identifier: MIT */
/* Loading the BPF programs: which object and which programs this kernel takes, with which settings.
 */
#pragma once

#include "sense/sense.h"

struct espy_bpf;
struct bpf_program;

/* Loads for `cpus` processors; nothing is attached. espy_bpf__destroy ends it. */
int espy_load(struct espy_bpf **ret, unsigned cpus, const struct espy_sense_options *o,
	      struct espy_err *err);

/* Is it of the plus pack, without which a capture knows less but misses nothing? */
bool espy_load_is_plus(const struct bpf_program *p);

/* Does it run at the end of system calls? All but sys_exit itself are reached by a tail call. */
bool espy_load_is_exit(const struct bpf_program *p);

/* The program with a function for the end of the event's calls; NULL: a general one does. */
const char *espy_load_program(const char *event);
/* Has it such a function? */
bool espy_load_has_program(const char *event);
