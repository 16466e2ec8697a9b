/* SPDX-License-Identifier: MIT */
/* Loading the BPF programs: which object and which programs this kernel takes, with which settings.
 */
#pragma once

#include "sense/pieces.h"
#include "sense/sense.h"

struct espy_bpf;
struct bpf_program;

/* Loads for `cpus` processors; nothing is attached. The skeleton has maps and data, the parts have
 * the programs; the caller ends both. */
int espy_load(struct espy_bpf **ret, struct espy_pieces *ret_parts, unsigned cpus,
	      const struct espy_sense_options *o, struct espy_err *err);

/* Is it of the plus pack, without which a capture knows less but misses nothing? */
bool espy_load_is_plus(const struct bpf_program *p);

/* Does it run at the end of system calls? All but sys_exit itself are reached by a tail call. */
bool espy_load_is_exit(const struct bpf_program *p);

/* The program on sys_exit that records the event, of its own name or shared with others; NULL: one
 * of the general ones. `object` is a struct bpf_object. */
const char *espy_load_program(void *object, const char *event);
/* Has it such a program? */
bool espy_load_has_program(void *object, const char *event);
