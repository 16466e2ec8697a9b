/* SPDX-License-Identifier: MIT */
/*
 * What `espy run` says at its end, on one screen: which processes, what failed, what was changed,
 * who was talked to, what was lost, and how to ask further. It is a sink that is fed while the
 * capture runs, so that the trace need not be read again; memory grows with processes, failing and
 * changed paths and endpoints, each up to a limit.
 */
#pragma once

#include "base/buf.h"
#include "engine/sink.h"
#include "engine/table.h"

#define ESPY_REPORT_LINES      24u
#define ESPY_REPORT_GROUPS_MAX (1u << 16) /* failures, changed paths, endpoints kept, each */
#define ESPY_REPORT_PROCS_MAX  (1u << 18)

struct espy_report;

int espy_report_new(struct espy_report **ret);
void espy_report_free(struct espy_report *r);

/* The report as a sink of a capture; it belongs to the report. Its end() does nothing. */
struct espy_sink *espy_report_sink(struct espy_report *r);
/* The same by hand. bits NULL: all rows. 0 or -ENOMEM. */
int espy_report_snapshot(struct espy_report *r, const struct espy_batch *b);
int espy_report_batch(struct espy_report *r, const struct espy_batch *b, const uint64_t *bits);

struct espy_report_options {
	const struct espy_machine *machine; /* may be NULL */
	const struct espy_ending *ending;   /* may be NULL */
	const char *file;                   /* of the trace; NULL: nothing was kept */
	uint64_t file_bytes;
	unsigned lines;                /* 0: ESPY_REPORT_LINES */
	struct espy_table_style style; /* width 0: 80 */
};

/* Appends the report. 0 or -ENOMEM. More batches may follow, and another report. */
int espy_report_print(struct espy_report *r, struct espy_buf *out,
		      const struct espy_report_options *o);
