/* SPDX-License-Identifier: MIT */
/* -p, --uid and --cgroup of record and live: which processes are meant. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define ESPY_TARGETS_UIDS 64

struct espy_targets {
	uint32_t *pids; /* with the descendants that live already */
	size_t n_pids, cap_pids;
	uint32_t uids[ESPY_TARGETS_UIDS];
	size_t n_uids;
};

/* "1234" or "1234,5678" with all their present descendants; -ESRCH when one is not there. */
int espy_targets_add_pids(struct espy_targets *t, const char *list, struct espy_err *err);
/* A user by name or number. */
int espy_targets_add_user(struct espy_targets *t, const char *name, struct espy_err *err);
void espy_targets_done(struct espy_targets *t);
