/* SPDX-License-Identifier: MIT */
#include "format/pml-write-bytes.h"

#define REPLACEMENT 0xfffdu

void espy_put_zeros(struct espy_buf *b, size_t n)
{
	if (espy_buf_reserve(b, n) < 0)
		return;
	memset(b->p + b->n, 0, n);
	b->n += n;
}

void espy_patch_u32(struct espy_buf *b, size_t at, uint32_t v)
{
	if (b->error)
		return;
	for (unsigned i = 0; i < 4; i++)
		b->p[at + i] = (char)(uint8_t)(v >> 8 * i);
}

size_t espy_put_utf16(struct espy_buf *b, struct espy_str s, size_t max, bool *cut)
{
	size_t units = 0;

	while (s.n) {
		uint32_t cp = REPLACEMENT;
		size_t n = espy_str_utf8(s, &cp), need;

		if (!n) {
			n = 1;
			cp = REPLACEMENT;
		}
		need = cp >= 0x10000 ? 2 : 1;
		if (units + need > max) {
			if (cut)
				*cut = true;
			break;
		}
		if (need == 2) {
			espy_put_u16(b, (uint16_t)(0xd800 + ((cp - 0x10000) >> 10)));
			espy_put_u16(b, (uint16_t)(0xdc00 + ((cp - 0x10000) & 0x3ff)));
		} else {
			espy_put_u16(b, (uint16_t)cp);
		}
		units += need;
		s = (struct espy_str){s.p + n, s.n - n};
	}
	return units;
}
