/* SPDX-License-Identifier: MIT */
/*
 * The plain pack: the life of processes and threads without BPF. The process connector
 * (connector.h) says what happens, /proc at once who and what it is (plain-proc.h), a tracing
 * instance what was executed where the process is gone by then (exec-names.h). What it cannot know
 * is missing: model/plain.def.
 *
 * A thread of its own receives, so that /proc is read within microseconds; records wait for
 * espy_sense_drain. Needs what connector.h says; to see into other users' processes CAP_SYS_PTRACE.
 */
#pragma once

#include "sense/pack.h"

extern const struct espy_sense_ops espy_plain_ops;

/* Does it work here? 0 and whether names come from tracefs, or why not. */
int espy_plain_probe(bool *ret_names, struct espy_err *err);
