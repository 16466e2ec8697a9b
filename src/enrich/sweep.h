/* SPDX-License-Identifier: MIT */
/* Processes that the kernel's iterator did not show. A hardened system can hide some from BPF (and
 * the link to their executable from root); /proc still has them. */
#pragma once

#include "enrich/process.h"

/* Takes a process_running record, valid only during the call. 0 or negative errno. */
typedef int (*espy_sweep_fn)(void *ctx, const struct espy_event *rec);

/* Calls `fn` for every process of /proc whose pid the table does not know. */
int espy_sweep(const struct espy_processes *t, uint64_t now, espy_sweep_fn fn, void *ctx);
