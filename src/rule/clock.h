/* SPDX-License-Identifier: MIT */
/*
 * Times in a filter: absolute (RFC 3339, or local "2026-11-21 10:00:00"), of the capture's day
 * (10:00:00) and after its start (+2.5s). Columns count from boot, so that most of them mean a
 * number only together with a batch's wall-clock offset and the capture's start.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

enum espy_moment_kind {
	ESPY_MOMENT_NUMBER, /* just v */
	ESPY_MOMENT_WALL,   /* ns since 1970 */
	ESPY_MOMENT_DAY,    /* ns after local midnight of the day on which the capture started */
	ESPY_MOMENT_START,  /* ns after the capture's start */
};

struct espy_moment {
	enum espy_moment_kind kind;
	__int128 v;
};

struct espy_clock {
	uint64_t start;      /* of the capture, boot clock ns */
	int64_t wall_offset; /* ns to add to the boot clock */
};

/*
 * A time as a person writes it. What is written to the minute or second means all of it: *ret_lo is
 * its first and *ret_hi its last nanosecond. 0; -EINVAL: this is no time; -ERANGE: there is no such
 * day or hour.
 */
int espy_clock_parse(struct espy_str s, struct espy_moment *ret_lo, struct espy_moment *ret_hi);

/* The number to compare a column with, which counts from 1970 (is_wall) or from boot. */
__int128 espy_clock_resolve(const struct espy_clock *c, const struct espy_moment *m, bool is_wall);
