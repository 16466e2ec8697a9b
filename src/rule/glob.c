/* SPDX-License-Identifier: MIT */
#include "rule/glob.h"

/* The set at pattern.p[*at] = '['; moves *at behind it. False in *ret_closed when it has no end. */
static bool match_set(struct espy_str p, size_t *at, unsigned char c, bool *ret_closed)
{
	size_t i = *at + 1;
	bool negated = i < p.n && (p.p[i] == '!' || p.p[i] == '^'), found = false, first = true;

	if (negated)
		i++;
	for (; i < p.n && (first || p.p[i] != ']'); first = false) {
		unsigned char lo, hi;

		if (p.p[i] == '\\' && i + 1 < p.n)
			i++;
		lo = hi = (unsigned char)p.p[i++];
		if (i + 1 < p.n && p.p[i] == '-' && p.p[i + 1] != ']') {
			i++;
			if (p.p[i] == '\\' && i + 1 < p.n)
				i++;
			hi = (unsigned char)p.p[i++];
		}
		found |= lo <= c && c <= hi;
	}
	*ret_closed = i < p.n;
	*at = i + 1;
	return found != negated;
}

/* One element of the pattern other than '*' against one byte; moves *at behind it. */
static bool match_one(struct espy_str p, size_t *at, unsigned char c)
{
	size_t after = *at;
	bool closed, fits;

	switch (p.p[*at]) {
	case '?':
		++*at;
		return true;
	case '[':
		fits = match_set(p, &after, c, &closed);
		if (closed) {
			*at = after;
			return fits;
		}
		break;
	case '\\':
		if (*at + 1 < p.n)
			++*at;
		break;
	}
	return (unsigned char)p.p[(*at)++] == c;
}

/* Where a text that begins with the pattern's element `pi` can begin, at or after `si`; s.n when
 * nowhere. */
static size_t next_start(struct espy_str p, size_t pi, struct espy_str s, size_t si)
{
	const char *found;

	if (pi == p.n || si >= s.n || strchr("*?[\\", p.p[pi]))
		return si;
	found = memchr(s.p + si, p.p[pi], s.n - si);
	return found ? (size_t)(found - s.p) : s.n;
}

/* After a mismatch only the last star needs to take one byte more: what stood before it has matched
 * as early as it could. */
bool espy_glob_match(struct espy_str p, struct espy_str s)
{
	size_t pi = 0, si = 0, star_p = 0, star_s = 0;
	bool star = false;

	while (si < s.n) {
		if (pi < p.n && p.p[pi] == '*') {
			star = true;
			star_p = ++pi;
			if (pi == p.n)
				return true;
			star_s = si = next_start(p, pi, s, si);
		} else if (pi < p.n && match_one(p, &pi, (unsigned char)s.p[si])) {
			si++;
		} else if (star) {
			pi = star_p;
			star_s = si = next_start(p, pi, s, star_s + 1);
		} else {
			return false;
		}
	}
	while (pi < p.n && p.p[pi] == '*')
		pi++;
	return pi == p.n;
}
