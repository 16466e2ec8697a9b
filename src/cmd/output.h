/* SPDX-License-Identifier: MIT */
/* The trace file that run and record write. */
#pragma once

#include "base/err.h"
#include "model/machine.h"
#include "trace/trace.h"

/*
 * Creates `path` for a trace, readable by its owner only; under sudo that is the user who called
 * it. An existing file is kept as `path.old`. "-" is the standard output.
 */
int espy_output_create(struct espy_trace_writer **ret, const char *path,
		       const struct espy_machine *m, struct espy_err *err);

/* Machine, Espy's own command line and filter. */
void espy_output_machine(struct espy_machine *m, int argc, char **argv, const char *filter);
