/* SPDX-License-Identifier: MIT */
#include "rule/scan.h"

/*
 * The compiler makes the comparison of 64 rows into vector instructions; a second copy of each loop
 * is for processors with AVX2, chosen when the program starts. Sanitizers and clang 14 do not get
 * along with that choice.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WITH_AVX2 __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define WITH_AVX2
#endif

#define SCAN(type)                                                                               \
	WITH_AVX2 static void scan_##type(const uint##type##_t *v, uint32_t words,               \
					  struct espy_span span, const uint64_t *mask,           \
					  uint64_t *out)                                         \
	{                                                                                        \
		uint##type##_t lo = (uint##type##_t)span.lo, width = (uint##type##_t)span.width; \
                                                                                                 \
		for (uint32_t w = 0; w < words; w++, v += 64) {                                  \
			uint8_t hit[64];                                                         \
                                                                                                 \
			if (mask[w] == 0)                                                        \
				continue;                                                        \
			for (unsigned i = 0; i < 64; i++)                                        \
				hit[i] = (uint##type##_t)(v[i] - lo) <= width;                   \
			out[w] |= espy_scan_pack(hit) & mask[w];                                 \
		}                                                                                \
	}

SCAN(8)
SCAN(16)
SCAN(32)
SCAN(64)

void espy_scan(enum espy_scan_type type, const void *column, uint32_t words, struct espy_span span,
	       const uint64_t *mask, uint64_t *out)
{
	switch (type) {
	case ESPY_SCAN_u8:
		scan_8(column, words, span, mask, out);
		break;
	case ESPY_SCAN_u16:
		scan_16(column, words, span, mask, out);
		break;
	case ESPY_SCAN_u32:
		scan_32(column, words, span, mask, out);
		break;
	default:
		scan_64(column, words, span, mask, out);
		break;
	}
}

bool espy_scan_clip(enum espy_scan_type type, struct espy_span *span)
{
	uint64_t most = UINT64_MAX >> (64 - 8 * espy_scan_size(type));

	if (type == ESPY_SCAN_u64) /* may be one of signed numbers, which wraps around */
		return true;
	if (span->lo > most)
		return false;
	if (span->width > most - span->lo)
		span->width = most - span->lo;
	return true;
}
