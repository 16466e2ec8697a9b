/* SPDX-License-Identifier: MIT */
/* The base pack, with the programs of the plus pack where they load: BPF programs on tracepoints,
 * their rings, and what the rings have lost. */
#pragma once

#include "sense/pack.h"

extern const struct espy_sense_ops espy_base_ops;

/* As in sense.h. */
int espy_base_probe(struct espy_sense_plus *ret, struct espy_err *err);
int espy_base_probe_profile(struct espy_err *err);
