/* SPDX-License-Identifier: MIT */
/*
 * The binary detail of an event of a PML file, made from Process Monitor's own words for it: what
 * pml-detail.h reads, the other way round. One function for each class, each in a file of its own.
 *
 * A detail has no other source, so that events of this machine (procmon-map.h) and those of its own
 * captures go the same way. What the words do not say is 0.
 */
#pragma once

#include "format/pml-write-bytes.h"
#include "format/procmon-op.h"

#define ESPY_PML_CHARS_MAX 0x7fffu /* characters of one string: 15 bits */
#define ESPY_PML_EXTRA_MAX 0xffffu /* bytes of the part behind the record */

/* One end of a connection. */
struct espy_pml_end {
	uint8_t ip[16];
	bool is_v4;
	uint16_t port;
};

struct espy_pml_blob {
	/* What it is about. */
	const struct espy_procmon_op *op;
	struct espy_str path, text;        /* the columns Path and Detail */
	uint32_t ppid, session, tid;       /* of the process, of the event */
	struct espy_pml_end local, remote; /* network */

	struct espy_buf detail, extra;
	bool has_extra;
	bool is_cut;          /* some string was longer than the format can hold */
	struct espy_buf tail; /* strings that follow the fixed part */
};

/* Fills detail and extra, which were reset. 0, or -ENOMEM. */
int espy_pml_blob_make(struct espy_pml_blob *b);
void espy_pml_blob_done(struct espy_pml_blob *b);

void espy_pml_blob_process(struct espy_pml_blob *b);
void espy_pml_blob_profiling(struct espy_pml_blob *b);
void espy_pml_blob_network(struct espy_pml_blob *b);
void espy_pml_blob_registry(struct espy_pml_blob *b);
void espy_pml_blob_file(struct espy_pml_blob *b);

/* --- for those functions ------------------------------------------------------------------------
 */

/* Keeps a string for behind the fixed part; returns its head: characters, and bit 15 when they are
 * one byte each. */
uint16_t espy_pml_blob_string(struct espy_pml_blob *b, struct espy_str s);
/* Puts those strings there. */
void espy_pml_blob_tail(struct espy_pml_blob *b);
/* UTF-16 with a final NUL; returns the bytes. */
uint32_t espy_pml_blob_utf16z(struct espy_buf *out, struct espy_str s);
