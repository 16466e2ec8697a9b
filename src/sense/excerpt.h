/* SPDX-License-Identifier: MIT */
/*
 * Of the kernel's 130,000 types those that an object's relocations are about, as type information
 * of its own, small enough that libbpf's search through all of it for every name costs nothing.
 * Layouts stay as they are; of a structure's members those are kept that have a name which any of
 * the object's types has, and what lies behind a pointer is left out, as no relocation follows one.
 * The ids are not the kernel's.
 */
#pragma once

#include "base/buf.h"
#include "sense/code.h"
#include "sense/types.h"

/* Appends it to `ret`. `kernel` is indexed. 0 or -ENOMEM. */
int espy_excerpt(struct espy_buf *ret, const struct espy_types *kernel, const struct espy_code *e);
