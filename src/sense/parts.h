/* SPDX-License-Identifier: MIT */
/*
 * The programs of one object file, loaded by several threads at a time. libbpf loads an object's
 * programs one after the other, and the kernel's verifier takes a fifth of a second for all of
 * them: so each thread has an object of its own made of the same file, which takes the maps of the
 * first one and loads a share of the programs. The cheaper half is nobody's share: who comes to one
 * first loads it, so that all end together however fast each of the processors is.
 */
#pragma once

#include "sense/code.h"

struct bpf_object_skeleton;
struct espy_parts;

/*
 * Starts as many threads as there are processors to run on, up to four. `file`, with types and
 * calls entered, `kernel` and `excerpt`, a descriptor of a file with type information for the
 * relocations, are borrowed until espy_parts_join or _free. 0 or negative errno.
 */
int espy_parts_start(struct espy_parts **ret, const struct espy_code *file,
		     const struct espy_types *kernel, int excerpt);
/* The maps of `skel`, which is loaded without a program, are there: load those of its programs for
 * which the array, in the order of the skeleton, is true. `skel` stays borrowed. */
void espy_parts_go(struct espy_parts *p, const struct bpf_object_skeleton *skel,
		   const bool *wanted);
/* Waits until all are loaded. 0, or the first negative errno. */
int espy_parts_wait(struct espy_parts *p);
/* The same, and until the threads are gone and nothing that was borrowed is used any more. */
void espy_parts_join(struct espy_parts *p);
/* The i-th program of the skeleton, when all are loaded; -ENOENT: it is not. Closed with the parts.
 */
int espy_parts_fd(const struct espy_parts *p, unsigned i);
/* Whatever goes on is waited for. */
void espy_parts_free(struct espy_parts *p);
