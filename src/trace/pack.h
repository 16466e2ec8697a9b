/* SPDX-License-Identifier: MIT */
/* A column of numbers, packed: the encodings of docs/format/trace.md. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESPY_PALETTE_MAX 256u

/* An entry of a block's directory. */
struct espy_pack {
	uint64_t min, range;  /* smallest value; largest minus smallest */
	uint64_t first, step; /* delta */
	uint32_t id;
	uint32_t segment; /* of the block */
	uint32_t at;      /* where it lies in the raw segment */
	uint32_t length;  /* bytes there */
	uint8_t encoding; /* enum espy_encoding */
	uint8_t width;
	bool is_signed;
};

/* Bytes that n packed numbers take at most. */
static inline size_t espy_pack_bound(size_t n)
{
	return n * sizeof(uint64_t) + ESPY_PALETTE_MAX * sizeof(uint64_t);
}

/*
 * Packs v[n] into `out` by the encoding that suits them. Takes ret->is_signed; fills encoding,
 * width, min, range, first, step, length.
 */
void espy_pack_numbers(struct espy_pack *ret, const uint64_t *v, size_t n, uint8_t *out);

/* Reads n numbers from packed bytes, piece by piece. */
struct espy_unpack {
	const struct espy_pack *pack;
	const uint8_t *raw;
	size_t n, at;
	uint64_t last;
	uint64_t palette[ESPY_PALETTE_MAX];
};

/* `raw` holds pack->length bytes. 0, or -EBADMSG: that is not what n numbers take, or not numbers.
 */
int espy_unpack_init(struct espy_unpack *u, const struct espy_pack *pack, const uint8_t *raw,
		     size_t n);
/* The next `count` of them, which must be there. */
void espy_unpack_next(struct espy_unpack *u, uint64_t *out, size_t count);
