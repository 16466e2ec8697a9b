/* SPDX-License-Identifier: MIT */
/* Typed values as text, and text as typed values: the one place that knows what a mode, an errno, a
 * set of flags or a duration looks like. */
#pragma once

#include "base/buf.h"
#include "model/schema.h"

#define ESPY_ERRNO_MAX 4095 /* results from -4095 to -1 are errors (linux/err.h) */

/* Values of ESPY_FMT_WALL that are not times. */
#define ESPY_WALL_NOW     (-1)
#define ESPY_WALL_KEEP    (-2)
#define ESPY_WALL_UNKNOWN (-3)

/* "ENOENT" for 2 or -2; NULL when unknown. */
const char *espy_errno_name(int64_t e);
/* 2 for "ENOENT"; 0 when unknown. */
int espy_errno_value(struct espy_str name);

/*
 * Appends number `v` (sign-extended for signed kinds) as `fmt` says: 0644, O_RDONLY|O_CLOEXEC,
 * SIGKILL, 4 KiB stays 4096 (sizes are plain numbers), 1.5ms. Never escapes and never needs
 * escaping. ESPY_FMT_TIME and _WALL give RFC 3339 UTC with nanoseconds; `wall_offset` is added to a
 * TIME.
 */
void espy_value_num(struct espy_buf *b, unsigned fmt, bool is_signed, uint64_t v,
		    int64_t wall_offset);

/* Is it a "none" of its format, which a line for a person leaves out: no flags, no user, an unknown
 * time? `is_narrow`: of 32 bits, which event tables use for what is often not there. */
bool espy_value_says_nothing(unsigned fmt, bool is_signed, bool is_narrow, uint64_t v);

/* RFC 3339 with nanoseconds, UTC ("2026-11-21T08:00:00.123456789Z"); or local HH:MM:SS.uuuuuu. */
void espy_value_time(struct espy_buf *b, int64_t wall_ns);
void espy_value_clock(struct espy_buf *b, int64_t wall_ns);
void espy_value_clock_utc(struct espy_buf *b, int64_t wall_ns); /* the same, in UTC */
/* 17ns, 2.31us, 45.1ms, 1.204s: at most four digits. */
void espy_value_duration(struct espy_buf *b, uint64_t ns);
/* 512 B, 1.2 KiB, 3.4 MiB, for summaries. */
void espy_value_bytes(struct espy_buf *b, uint64_t n);

/* A named value of a set: "SIGKILL" of ENUM_signal, "O_CREAT" of FLAGS_open. 0, or -ENOENT. */
int espy_value_parse_name(unsigned fmt, struct espy_str name, uint64_t *ret);
/* Names of the set in order, for completion and errors: NULL after the last. */
const char *espy_value_name(unsigned fmt, unsigned index);
