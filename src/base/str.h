/* SPDX-License-Identifier: MIT */
/* Byte strings by value: a view into memory that somebody else owns. Bytes, not text: no final NUL
 * is promised and nothing is assumed to be UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct espy_str {
	const char *p;
	size_t n;
};

#define ESPY_STR(lit) ((struct espy_str){(lit), sizeof(lit) - 1})
#define ESPY_STR_NONE ((struct espy_str){"", 0})

static inline struct espy_str espy_str0(const char *s)
{
	return (struct espy_str){s ? s : "", s ? strlen(s) : 0};
}

static inline bool espy_str_eq(struct espy_str a, struct espy_str b)
{
	return a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool espy_str_starts(struct espy_str s, struct espy_str head)
{
	return s.n >= head.n && (!head.n || memcmp(s.p, head.p, head.n) == 0);
}

static inline bool espy_str_ends(struct espy_str s, struct espy_str tail)
{
	return s.n >= tail.n && (!tail.n || memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0);
}

/* FNV-1a, for tables whose texts are compared afterwards. `seed`: 0, or a secret where names are
 * chosen by others. */
static inline uint64_t espy_str_hash(struct espy_str s, uint64_t seed)
{
	uint64_t h = 0xcbf29ce484222325ull ^ seed;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3ull;
	return h;
}

/* What follows the last '/', or all of it. */
struct espy_str espy_str_basename(struct espy_str path);
/* Length of the well-formed UTF-8 sequence that `s` starts with, 0 when there is none. */
size_t espy_str_utf8(struct espy_str s, uint32_t *ret_cp);
/* Is it well-formed UTF-8 (no surrogates, no overlong forms)? */
bool espy_str_is_utf8(struct espy_str s);
