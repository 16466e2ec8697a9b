/* SPDX-License-Identifier: MIT */
/*
 * Records of the rings, doubted once: after espy_wire_check every text of a record lies inside it
 * and may be read without another look. The kernel side is ours, but rings are memory, and a
 * replayed or fuzzed stream comes through the same door.
 */
#pragma once

#include "base/str.h"
#include "model/schema.h"

#define ESPY_WIRE_FIELDS_MAX 32u /* of one event */

/* What of the records of one type is to be doubted, worked out once. */
struct espy_wire_plan {
	uint32_t size;
	uint8_t n_texts, n_paths;
	uint16_t text[ESPY_WIRE_FIELDS_MAX], path[ESPY_WIRE_FIELDS_MAX]; /* where they stand */
};

void espy_wire_plan(struct espy_wire_plan *ret, const struct espy_schema *s);
/* 0, or -EBADMSG: too short for its type, a text outside, a time before the boot, an unknown table
 * or source. The caller vouches for rec->size bytes at `rec`, aligned to 8. */
int espy_wire_check(const struct espy_wire_plan *plan, const struct espy_event *rec);

/* A text of a checked record, as it lies there. */
static inline struct espy_str espy_wire_bytes(const struct espy_event *rec, struct espy_text t)
{
	return (struct espy_str){(const char *)rec + t.off, t.len};
}

/* The same without the NULs that a copied C string brings along. */
static inline struct espy_str espy_wire_text(const struct espy_event *rec, struct espy_text t)
{
	struct espy_str s = espy_wire_bytes(rec, t);

	while (s.n > 0 && s.p[s.n - 1] == '\0')
		s.n--;
	return s;
}
