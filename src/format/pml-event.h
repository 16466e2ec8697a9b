/* SPDX-License-Identifier: MIT */
/* One event record of a PML file, taken apart but not yet understood. */
#pragma once

#include "format/pml-file.h"

/* Classes of events. */
enum espy_pml_class {
	ESPY_PML_PROCESS = 1,
	ESPY_PML_REGISTRY = 2,
	ESPY_PML_FILE = 3,
	ESPY_PML_PROFILING = 4,
	ESPY_PML_NETWORK = 5,
};

#define ESPY_PML_DETAIL_MAX (1u << 20) /* bytes; the driver's messages have at most 128 KiB */

#define ESPY_PML_PENDING 0x103u /* STATUS_PENDING: it had not ended; the duration is junk */

struct espy_pml_bytes {
	const uint8_t *p;
	size_t n;
};

struct espy_pml_event {
	uint64_t at;      /* offset in the file */
	uint64_t next;    /* the first offset behind all of it */
	uint32_t process; /* index */
	uint32_t tid;
	uint16_t class_id; /* enum espy_pml_class */
	uint16_t operation;
	uint32_t sequence;
	uint64_t duration; /* 100 ns */
	uint64_t time;     /* FILETIME */
	uint32_t status;
	uint16_t depth; /* frames of the stack */
	const uint8_t *stack;
	struct espy_pml_bytes detail, extra; /* extra.p is NULL when there is none */
};

/* Offset of event `i` by the file's array of them. */
uint64_t espy_pml_event_offset(const struct espy_pml *f, uint32_t i);
/* 0, or -EBADMSG when it leads out of the file or its detail is too long. */
int espy_pml_event_read(const struct espy_pml *f, uint64_t at, struct espy_pml_event *ret);
