/* SPDX-License-Identifier: MIT */
/* The tight loops: columns of numbers against one span, 64 rows a word. */
#pragma once

#include <endian.h>
#include <string.h>
#include "rule/number.h"

/* What an element of a column is. */
enum espy_scan_type { ESPY_SCAN_u8, ESPY_SCAN_u16, ESPY_SCAN_u32, ESPY_SCAN_u64, ESPY_SCAN__MAX };

static inline size_t espy_scan_size(enum espy_scan_type type)
{
	return (size_t)1 << type;
}

/* The lowest bits of 64 bytes: the multiplication gathers those of eight bytes in the highest byte.
 */
static inline uint64_t espy_scan_pack(const uint8_t *bytes)
{
	uint64_t bits = 0, eight;

	for (unsigned i = 0; i < 8; i++) {
		memcpy(&eight, bytes + (size_t)8 * i, sizeof(eight));
		eight = le64toh(eight) & 0x0101010101010101ull;
		bits |= eight * 0x0102040810204080ull >> 56 << (8 * i);
	}
	return bits;
}

/*
 * Adds to out[0..words) the bits of the rows whose value lies in the span and which `mask` has.
 * Reads 64 elements for each word of the mask that is not 0. A span for a narrow column must lie
 * within it (espy_scan_clip).
 */
void espy_scan(enum espy_scan_type type, const void *column, uint32_t words, struct espy_span span,
	       const uint64_t *mask, uint64_t *out);

/* Cuts a span of unsigned numbers to what the type can hold; false: nothing is left. */
bool espy_scan_clip(enum espy_scan_type type, struct espy_span *span);
