/* SPDX-License-Identifier: MIT */
/*
 * An object file with BPF programs, in memory of its own, so that what libbpf would have to look up
 * in all of the kernel's types can be entered before it opens the file: types' ids and the one
 * kernel function that is called. Format: elf(5); relocations: struct bpf_core_relo in linux/bpf.h,
 * as libbpf reads them (.BTF.ext, Linux Documentation/bpf/btf.rst).
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sense/types.h"

struct espy_code { /* zeroed: none */
	uint8_t *p;
	size_t n;
	struct espy_types types; /* of the object */
	struct espy_code_ext *x; /* .BTF.ext */
	size_t x_bytes;
};

/* One relocation and the name of the section that its instruction is in. */
struct espy_relo {
	const struct bpf_core_relo *core;
	const char *section;
};

/* Where a walk through all relocations is; zeroed: before the first. */
struct espy_relo_walk {
	size_t at;
	uint32_t left;
	const char *section;
};

/* Copies the file. 0, -EINVAL when it is not as our build makes it, -ENOMEM. */
int espy_code_init(struct espy_code *e, const void *file, size_t n);
void espy_code_done(struct espy_code *e);
bool espy_code_next(const struct espy_code *e, struct espy_relo_walk *w, struct espy_relo *ret);
/* Leaves out the places in the source of each instruction, which cost the kernel a third of the
 * time that it takes for a program and are for people who read its complaints. */
void espy_code_drop_lines(struct espy_code *e);
/* Leaves out all relocations: for who opens the file for its maps alone. */
void espy_code_drop_relocations(struct espy_code *e);
/* Enters the ids that `kernel` (indexed) has for the types of the relocations that ask for one, and
 * takes these relocations out. 0 or -EINVAL. */
int espy_code_enter_types(struct espy_code *e, const struct espy_types *kernel);
/* Makes calls of the helper `number` calls of the kernel's function with this id. */
void espy_code_enter_call(struct espy_code *e, int32_t number, uint32_t function);
/* Length of a type's name without what tells several forms of it apart: name___form. */
size_t espy_code_name_length(const char *name);
