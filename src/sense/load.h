/* SPDX-License-Identifier: MIT */
/* Loading the BPF programs: which object and which programs this kernel takes, with which settings.
 */
#pragma once

#include "sense/sense.h"

struct espy_bpf;
struct bpf_program;

/* Loads for `cpus` processors; nothing is attached. The caller destroys it. */
int espy_load(struct espy_bpf **ret, unsigned cpus, const struct espy_sense_options *o,
	      struct espy_err *err);

/* Is it of the plus pack, without which a capture knows less but misses nothing? */
bool espy_load_is_plus(const struct bpf_program *p);

/* Has the event a program of its own on sys_exit? `object` is a struct bpf_object. */
bool espy_load_has_program(void *object, const char *event);
