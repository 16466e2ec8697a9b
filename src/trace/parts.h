/* SPDX-License-Identifier: MIT */
/*
 * A trace that is a directory of parts: files that hold one stretch of its bytes each, named after
 * the place of their first byte. Parts that were dropped are holes. docs/format/trace.md, "A trace
 * in parts".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/vec.h"

#define ESPY_PARTS_MAX      65536u /* of one trace, as a reader takes it */
#define ESPY_PART_NAME_SIZE 22     /* "0123456789abcdef.part" and a NUL */

void espy_part_name(char name[static ESPY_PART_NAME_SIZE], uint64_t start);

struct espy_parts {
	ESPY_VEC(uint64_t) starts; /* ascending, as of the last look */
	int dir;
	int fd;         /* of the part that was read last, -1 none */
	uint64_t start; /* of that part */
	uint64_t size;  /* of it, when it was last looked at */
};

/* The directory is owned from then on, also on failure. 0, or negative errno: -EISDIR is a
 * directory without a first part, -E2BIG one with too many. */
int espy_parts_open(struct espy_parts *p, int dir);
void espy_parts_done(struct espy_parts *p);

/* Up to n bytes from `at`, all of one part; 0: none there (now), or negative errno. A part that was
 * dropped while it is read stays readable to its end. */
ssize_t espy_parts_read(struct espy_parts *p, uint64_t at, void *buf, size_t n);
/* Where the part that holds `at` ends now; 0 when none does. */
uint64_t espy_parts_end(struct espy_parts *p, uint64_t at);
/* Where the next part behind the one (or the hole) at `at` begins; 0 when there is none yet. After
 * this the size of the part at `at` is known to be final if there is one. */
uint64_t espy_parts_after(struct espy_parts *p, uint64_t at);
/* Bytes of the whole, holes included. */
uint64_t espy_parts_size(struct espy_parts *p);

/* Removes a trace in parts. 0, or negative errno: -ENOTEMPTY when anything else is in there, which
 * then stays. */
int espy_parts_remove(const char *path);
