/* SPDX-License-Identifier: MIT */
/* The trace file that run and record write. */
#pragma once

#include "base/err.h"
#include "cmd/bounds.h"
#include "model/machine.h"
#include "trace/trace.h"

/*
 * Creates `path` for a trace, readable by its owner only; under sudo that is the user who called
 * it. An existing file is kept as `path.old`. "-" is the standard output.
 * With bounds on what is kept it is a directory of parts.
 */
int espy_output_create(struct espy_trace_writer **ret, const char *path,
		       const struct espy_bounds *b, const struct espy_machine *m,
		       struct espy_err *err);

/* Under sudo a file belongs to the person, not to root. */
void espy_output_give(int fd);

/* Machine, Espy's own command line, filter and bounds. */
void espy_output_machine(struct espy_machine *m, int argc, char **argv, const char *filter,
			 const struct espy_bounds *b);
