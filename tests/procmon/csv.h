/* SPDX-License-Identifier: MIT */
/* The CSV that Process Monitor writes: a byte order mark, every field in quotes, "" for a quote,
 * rows ended by CR LF; fields may hold CR and LF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CSV_FIELDS 64

struct csv {
	char *p, *end; /* is written over while it is read */
};

struct csv_row {
	struct csv_field {
		const char *p;
		size_t n;
	} fields[CSV_FIELDS];
	size_t n;
};

/* Starts at the header behind the mark. `p` must be writable and stay. */
void csv_open(struct csv *c, char *p, size_t n);
/* False at the end. */
bool csv_next(struct csv *c, struct csv_row *ret);
