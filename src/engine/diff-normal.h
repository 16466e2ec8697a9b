/* SPDX-License-Identifier: MIT */
/*
 * Names as far as two runs of one program have them in common. `steady` takes out what is never the
 * same: process ids under /proc, numbers of pipes and terminals, ports that the kernel chose.
 * `loose` also takes out what merely looks random or counted; it is for pairing what is left over,
 * because it makes names equal that may well differ for a reason.
 */
#pragma once

#include "base/buf.h"

/* Each appends to `out`. A path, or what stands for one: pipe:[4711]. */
void espy_diff_normal_path(struct espy_buf *out, struct espy_str path);
/* A socket's address as Espy shows it. */
void espy_diff_normal_endpoint(struct espy_buf *out, struct espy_str endpoint);
/* A program and its arguments, each ended by a NUL, as words of a shell. The first word is taken
 * from `program`. */
void espy_diff_normal_command(struct espy_buf *out, struct espy_str program, struct espy_str argv);
/* Any of the above, once more. */
void espy_diff_normal_loose(struct espy_buf *out, struct espy_str s);
