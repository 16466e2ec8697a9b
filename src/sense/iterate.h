/* SPDX-License-Identifier: MIT */
/* BPF iterators: programs that the kernel runs for each task, or each entry of a map, when asked.
 */
#pragma once

#include "base/buf.h"

struct bpf_map;

/* Runs the program with this descriptor, over all tasks or over `map`, and adds what it wrote to
 * `b`: of an empty map nothing. 0 or negative errno; -ENOMEM also when it is more than 256 MiB. */
int espy_iterate(int program, const struct bpf_map *map, struct espy_buf *b);
