/* SPDX-License-Identifier: MIT */
/*
 * The texts of Process Monitor's columns for a row of any batch: exactly its own wording for rows
 * of its captures (abi ESPY_ABI_PROCMON), the nearest counterpart for rows of this machine
 * (procmon-map.h).
 *
 * Texts are UTF-8, not quoted and not escaped: that is the writer's task.
 */
#pragma once

#include "base/buf.h"
#include "model/batch.h"

enum espy_procmon_column {
#define COLUMN(name, ...) ESPY_PROCMON_##name,
#include "format/procmon-columns.def"
	ESPY_PROCMON__MAX
};

struct espy_procmon_column_def {
	const char *title; /* "Time of Day" */
	unsigned pmc;      /* id in configuration files, 0 not known */
};

extern const struct espy_procmon_column_def espy_procmon_columns[ESPY_PROCMON__MAX];

/* What a text depends on beside the row. */
struct espy_procmon_context {
	uint64_t first; /* time of the capture's first event, boot clock ns: Relative Time counts
			 * from it */
	int32_t utc_offset; /* seconds east of UTC in which times of day are shown */
};

/* Appends the text of one column. 0, or a negative errno of the buffer (-ENOMEM). An unknown value
 * is an empty text. */
int espy_procmon_text(struct espy_buf *out, const struct espy_batch *b, uint32_t row,
		      enum espy_procmon_column column, const struct espy_procmon_context *ctx);

/* Pieces of it that others word the same way. */

/* "1:18:10.7752429 AM" of ns since 1970 that already count the UTC offset. */
void espy_procmon_clock(struct espy_buf *out, int64_t wall_ns);
/* "7/31/2020 7:19:37 AM", likewise. */
void espy_procmon_date(struct espy_buf *out, int64_t wall_ns);
/* The same of a FILETIME (100 ns since 1601), from which Process Monitor words dates in details. */
void espy_procmon_filetime(struct espy_buf *out, uint64_t filetime);
/* "4,096" */
void espy_procmon_thousands(struct espy_buf *out, int64_t v);
/* "NAME NOT FOUND"; "0xC0000999" where there is no name. */
void espy_procmon_status(struct espy_buf *out, uint32_t status);
