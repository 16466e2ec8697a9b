/* SPDX-License-Identifier: MIT */
/* Security identifiers (SID) in PML files, and the names of the accounts that they stand for. */
#pragma once

#include "base/buf.h"
#include "format/pml-event.h"
#include "format/pml-table.h"

/* Remembers that the process's user has this SID. Nothing when either is not known. */
void espy_pml_sid_learn(struct espy_pml_tables *t, struct espy_pml_bytes sid,
			const struct espy_pml_process *p);
/* All that the file's events of new processes tell; once, when an unknown one turns up. */
void espy_pml_sid_learn_all(struct espy_pml_tables *t);
/* Appends the account as Process Monitor shows it: the name when it is a well-known one or that of
 * a process of this file, else S-1-5-21-… */
void espy_pml_sid_name(struct espy_pml_tables *t, struct espy_pml_bytes sid, struct espy_buf *out);
