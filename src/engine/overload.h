/* SPDX-License-Identifier: MIT */
/* What merging and overload did to a capture, in words: docs/adr/0031. */
#pragma once

#include "base/buf.h"
#include "model/machine.h"

/* "12 steps up to isolating, threads left out 3 times"; nothing when there was no overload. */
void espy_overload_steps(struct espy_buf *out, const struct espy_ending *e);
/* "2,000,312 reads and writes are told as 18,700 events"; nothing when none were merged. */
void espy_overload_merged(struct espy_buf *out, const struct espy_ending *e);
/* Both, when there was overload: "12 steps up to isolating; 2,000,312 reads and writes …". */
void espy_overload_text(struct espy_buf *out, const struct espy_ending *e);
