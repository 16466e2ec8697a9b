/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a trace go: one file or pipe, which only grows, or a ring of parts, of which
 * the oldest are removed. Blocks are written whole or not at all.
 */
#pragma once

#include <stdbool.h>
#include <sys/uio.h>
#include "trace/parts.h"
#include "trace/trace.h"

struct espy_store_part {
	uint64_t start, bytes;        /* in the trace */
	uint64_t rows;                /* of its events */
	uint64_t first_end, last_end; /* of its events: latest end in the first block, in all */
};

struct espy_store {
	uint64_t offset; /* where the next block goes */
	uint64_t max;    /* bytes, 0 no limit */
	int fd;          /* the file, or the part that is being written; -1 none */
	bool cuttable;   /* a file, so that a half block can be cut off */
	bool broken;     /* a half block stands at the end and cannot be cut off */

	/* A ring. */
	int dir; /* -1: it is none */
	struct espy_trace_keep keep;
	ESPY_VEC(struct espy_store_part) parts; /* the first one is always kept */
	uint64_t newest;                        /* latest end of all rows */
	uint64_t dropped, dropped_to;           /* rows, and when the last of them ended */
};

/* What a block of events says of itself. */
struct espy_store_block {
	uint64_t bytes, rows, end;
};

/* Descriptors are owned from then on. */
void espy_store_init_file(struct espy_store *s, int fd);
void espy_store_init_ring(struct espy_store *s, int dir, const struct espy_trace_keep *keep);
/* 0, or the errno of a file system that says only now that there is no room. */
int espy_store_done(struct espy_store *s);

/* Makes room for a block of events, of which `reserve` bytes must be left for the end. 0: put it
 * now; 1: it does not fit, and in a ring counts as dropped; or negative errno. */
int espy_store_room(struct espy_store *s, const struct espy_store_block *b, uint64_t reserve);
/* May n more bytes be put that are not events? */
bool espy_store_fits(const struct espy_store *s, uint64_t n);
/* Writes all parts, nearly always with one call; 0 or negative errno. */
int espy_store_put(struct espy_store *s, struct iovec *part, int n_parts);
/* Drops what is too old at that time. 0 or negative errno. */
int espy_store_age(struct espy_store *s, uint64_t now);
/* Bytes that are there. */
uint64_t espy_store_size(const struct espy_store *s);
