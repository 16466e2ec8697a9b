/* SPDX-License-Identifier: MIT */
/* What the writers of Process Monitor's text formats (CSV and XML) have in common: the choice of
 * its columns and the context of their texts. */
#pragma once

#include "format/procmon-text.h"
#include "model/column.h"
#include "model/machine.h"

/* By its title in any case ("Date & Time"), its name in procmon-columns.def, or the name of the
 * column of ours that it stands for (op, time, exe); NULL when it is none. */
const struct espy_column *espy_procmon_column_find(struct espy_str name);
/* Which of its columns a column is; -1 when there is none like it. */
int espy_procmon_column_of(const struct espy_column *c);
/* The columns that it shows unless told otherwise: 7, NULL-terminated. */
const struct espy_column *const *espy_procmon_default_columns(void);

/* Zone and first event for the texts of a capture; `m` may be NULL. */
struct espy_procmon_context espy_procmon_context(const struct espy_machine *m, bool utc,
						 const struct espy_batch *first);
