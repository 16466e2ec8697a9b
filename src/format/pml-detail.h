/* SPDX-License-Identifier: MIT */
/*
 * What an event of a PML file says: its path, the text of Process Monitor's column Detail word for
 * word, its category, and the facts that Espy has fields for.
 *
 * One function for each class of events, each in a file of its own. A function appends to `path`
 * and `text` and sets the rest. What is cut off by the end of the record is left out, and
 * `in.is_short` says so.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "format/pml-event.h"
#include "format/pml-table.h"
#include "model/batch.h"

#define ESPY_PML_FACTS 16

/* Bytes that are read from front to back. Behind the end everything is 0. */
struct espy_pml_in {
	const uint8_t *p;
	size_t n, at;
	bool is_64;
	bool is_short; /* something was asked for that is not there */
};

/* A value for the field `name` of the event, if it has such a field. */
struct espy_pml_fact {
	const char *name;
	bool is_text;
	uint64_t num;
	struct espy_str str;
};

struct espy_pml_detail {
	const struct espy_pml_event *event;
	struct espy_pml_tables *tables;
	struct espy_pml_in in, extra; /* extra.p is NULL when there is none */

	struct espy_buf path, text;
	uint8_t category; /* enum espy_category */
	uint16_t call;    /* number of procmon.def */
	uint16_t type;    /* enum espy_event_type */
	int64_t result;   /* of an operation that succeeded: bytes, exit code, 0 */
	uint8_t sub;      /* sub-operation of a file event, number of a protocol */
	unsigned n_facts;
	struct espy_pml_fact facts[ESPY_PML_FACTS];
	struct espy_arena arena; /* of texts among the facts */
	struct espy_buf scratch;
};

/* Forgets the event before and understands this one. 0, or -ENOMEM. */
int espy_pml_detail_read(struct espy_pml_detail *d, const struct espy_pml_event *e);
void espy_pml_detail_done(struct espy_pml_detail *d);

/* One of each class; called with path and text empty and type and call set for sub-operation 0. */
void espy_pml_detail_process(struct espy_pml_detail *d);
void espy_pml_detail_registry(struct espy_pml_detail *d);
void espy_pml_detail_file(struct espy_pml_detail *d);
void espy_pml_detail_profiling(struct espy_pml_detail *d);
void espy_pml_detail_network(struct espy_pml_detail *d);

/* --- for those functions ------------------------------------------------------------------------
 */

uint8_t espy_pml_in_u8(struct espy_pml_in *in);
uint16_t espy_pml_in_u16(struct espy_pml_in *in);
uint32_t espy_pml_in_u32(struct espy_pml_in *in);
uint64_t espy_pml_in_u64(struct espy_pml_in *in);
uint64_t espy_pml_in_pointer(struct espy_pml_in *in);
void espy_pml_in_skip(struct espy_pml_in *in, size_t n);
/* The next `n` bytes, fewer at the end. */
struct espy_pml_bytes espy_pml_in_bytes(struct espy_pml_in *in, size_t n);
static inline size_t espy_pml_in_left(const struct espy_pml_in *in)
{
	return in->n - in->at;
}
/* A string whose head (bit 15: one byte each, else UTF-16; 15 bits: characters) was read before. */
void espy_pml_in_string(struct espy_pml_in *in, uint16_t head, struct espy_buf *out);

/* Begins an item of the detail: ", " where there is one before, and "name: ". */
void espy_pml_item(struct espy_pml_detail *d, const char *name);
void espy_pml_item_text(struct espy_pml_detail *d, const char *name, const char *text);
void espy_pml_item_bool(struct espy_pml_detail *d, const char *name, bool v);      /* True, False */
void espy_pml_item_number(struct espy_pml_detail *d, const char *name, int64_t v); /* 4,096 */
void espy_pml_item_hex(struct espy_pml_detail *d, const char *name, uint64_t v);   /* 0x1f */
/* FILETIME as "7/31/2020 7:19:37 AM". */
void espy_pml_item_date(struct espy_pml_detail *d, const char *name, uint64_t filetime);
/* 100 ns as "0.0156001". */
void espy_pml_seconds(struct espy_buf *out, uint64_t hundred_ns);

void espy_pml_fact_num(struct espy_pml_detail *d, const char *name, uint64_t v);
void espy_pml_fact_text(struct espy_pml_detail *d, const char *name, const char *p, size_t n);
/* The event becomes another one: sub-operation `sub` of its operation, by procmon.def. */
void espy_pml_set_sub(struct espy_pml_detail *d, uint8_t sub);
