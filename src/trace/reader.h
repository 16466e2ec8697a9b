/* SPDX-License-Identifier: MIT */
/* What of an open trace other readers of its blocks need. */
#pragma once

#include "trace/input.h"
#include "trace/names.h"
#include "trace/trace.h"

const struct espy_names *espy_trace_names(const struct espy_trace *t);
const char *espy_trace_name(const struct espy_trace *t); /* for errors */
uint64_t espy_trace_seed(const struct espy_trace *t);    /* of block header hashes */
/* Opens the same bytes once more: 0, -ESPIPE, -ENOMEM or another negative errno. */
int espy_trace_reopen(const struct espy_trace *t, struct espy_input *ret);
