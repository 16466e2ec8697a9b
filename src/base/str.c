/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include <stdint.h>

struct espy_str espy_str_basename(struct espy_str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	if (!slash)
		return path;
	return (struct espy_str){slash + 1, path.n - (size_t)(slash + 1 - path.p)};
}

/*
 * Unicode 15, table 3-7: after the lead byte only the second byte has a range of its own; it is
 * what keeps out overlong forms (E0, F0), surrogates (ED) and everything above U+10FFFF (F4).
 */
size_t espy_str_utf8(struct espy_str s, uint32_t *ret_cp)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char lo = 0x80, hi = 0xbf;
	uint32_t cp;
	size_t len;

	if (s.n == 0 || p[0] < 0x80) {
		if (s.n)
			*ret_cp = p[0];
		return s.n ? 1 : 0;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.n < len)
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (p[1] < lo || p[1] > hi)
		return 0;
	cp = (p[0] & (0xffU >> (len + 1))) << 6 | (p[1] & 0x3f);
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	*ret_cp = cp;
	return len;
}

bool espy_str_is_utf8(struct espy_str s)
{
	uint32_t cp;

	while (s.n) {
		size_t len;
		uint64_t w;

		while (s.n >= sizeof(w)) { /* most of it is ASCII: eight bytes at a time */
			memcpy(&w, s.p, sizeof(w));
			if (w & 0x8080808080808080ULL)
				break;
			s.p += sizeof(w);
			s.n -= sizeof(w);
		}
		if (!s.n)
			break;
		len = espy_str_utf8(s, &cp);
		if (!len)
			return false;
		s.p += len;
		s.n -= len;
	}
	return true;
}
