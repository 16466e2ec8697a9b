/* SPDX-License-Identifier: MIT */
/*
 * Where a variable that every processor has of its own lies among them: its offset in the section
 * .data..percpu, from the kernel's type information. The addresses themselves are told only by
 * kernels with CONFIG_KALLSYMS_ALL; two offsets and the address of one of the variables give that
 * of the other everywhere.
 */
#pragma once

#include <stdint.h>
#include "sense/types.h"

/* -1: there is no such variable. `kernel` is indexed. */
int64_t espy_percpu_offset(const struct espy_types *kernel, const char *name);
