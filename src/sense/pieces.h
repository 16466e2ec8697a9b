/* SPDX-License-Identifier: MIT */
/*
 * The programs of one object, loaded by several threads. The kernel looks at every program for
 * milliseconds, at all of them for a second; it lets the privileged do that at the same time. Each
 * part is an object of its own from the same ELF file with some of the programs, and uses the maps
 * of the whole.
 */
#pragma once

#include <stddef.h>

#define ESPY_PIECES_MAX 8u

struct bpf_object;
struct bpf_object_skeleton;
struct bpf_program;

struct espy_pieces {
	struct bpf_object *objects[ESPY_PIECES_MAX];
	unsigned n;
};

/*
 * Loads those programs of the skeleton that are to be loaded (bpf_program__set_autoload) into `n`
 * parts, one per thread; the skeleton itself is then loaded without any program. 0, or the negative
 * errno of a program that was refused. espy_pieces_done in any case.
 */
int espy_pieces_load(struct espy_pieces *ret, struct bpf_object_skeleton *whole, unsigned n);
void espy_pieces_done(struct espy_pieces *p);

/* The loaded program of that name; NULL: there is none. */
struct bpf_program *espy_pieces_find(const struct espy_pieces *p, const char *name);
/* All loaded programs, from NULL until NULL; *at belongs to the walk and begins as 0. */
struct bpf_program *espy_pieces_next(const struct espy_pieces *p, struct bpf_program *last,
				     unsigned *at);
