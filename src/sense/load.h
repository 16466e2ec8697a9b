/* SPDX-License-Identifier: MIT */
/* Loading the BPF programs: which object and which programs this kernel takes, with which settings.
 */
#pragma once

#include "sense/sense.h"

struct espy_bpf;
struct bpf_program;

struct espy_load;

/* Makes the maps for `cpus` processors and begins to load the programs, in other threads; nothing
 * is attached. 0, or negative errno and a sentence. */
int espy_load_start(struct espy_load **ret, unsigned cpus, const struct espy_sense_options *o,
		    struct espy_err *err);
/* Maps and data are there at once, the programs when they were waited for. For as long as the load
 * is. */
struct espy_bpf *espy_load_skeleton(const struct espy_load *l);
/* Waits until the programs are loaded. */
int espy_load_wait(struct espy_load *l, struct espy_err *err);
/* Waits until what loaded them is gone, too, and gives back all that it needed. */
void espy_load_settle(struct espy_load *l);
void espy_load_free(struct espy_load *l);

/* A program of the skeleton, as it was loaded; -ENOENT: it was not. */
int espy_load_fd(const struct espy_load *l, const struct bpf_program *p);

/* Is it of the plus pack, without which a capture knows less but misses nothing? */
bool espy_load_is_plus(const struct bpf_program *p);

/* Does it run at the end of system calls? All but sys_exit itself are reached by a tail call. */
bool espy_load_is_exit(const struct bpf_program *p);

/* The program with a function for the end of the event's calls; NULL: a general one does. */
const char *espy_load_program(const char *event);
/* Has it such a function? */
bool espy_load_has_program(const char *event);
