/* SPDX-License-Identifier: MIT */
#include "rule/number.h"
#include <errno.h>
#include <stdlib.h>

/* Up to here a look at every span is faster than a binary search. */
#define FEW_SPANS 8u

static int by_lo(const void *a, const void *b)
{
	const struct espy_range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Sorts, joins what overlaps or touches, and drops what is empty. */
static uint32_t merge(struct espy_range *r, uint32_t n)
{
	uint32_t out = 0;

	qsort(r, n, sizeof(*r), by_lo);
	for (uint32_t i = 0; i < n; i++) {
		if (r[i].lo > r[i].hi)
			continue;
		if (out > 0 && r[i].lo <= r[out - 1].hi + 1) {
			if (r[i].hi > r[out - 1].hi)
				r[out - 1].hi = r[i].hi;
		} else {
			r[out++] = r[i];
		}
	}
	return out;
}

static uint32_t make_spans(struct espy_span *s, const struct espy_range *r, uint32_t n,
			   espy_wide least, espy_wide most)
{
	uint32_t out = 0;

	for (uint32_t i = 0; i < n; i++) {
		espy_wide lo = r[i].lo < least ? least : r[i].lo;
		espy_wide hi = r[i].hi > most ? most : r[i].hi;

		if (lo <= hi)
			s[out++] = (struct espy_span){(uint64_t)lo, (uint64_t)(hi - lo)};
	}
	return out;
}

void espy_number_bind(struct espy_number_test *t, const struct espy_clock *clock)
{
	if (t->bits)
		return;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct espy_constant *c = &t->constants[i];

		t->ranges[i] = t->relation(
			(struct espy_range){espy_clock_resolve(clock, &c->lo, t->is_wall),
					    espy_clock_resolve(clock, &c->hi, t->is_wall)});
	}
	t->n_ranges = merge(t->ranges, t->n);
	t->n_spans[0] = make_spans(t->spans[0], t->ranges, t->n_ranges, 0, UINT64_MAX);
	t->n_spans[1] = make_spans(t->spans[1], t->ranges, t->n_ranges, INT64_MIN, INT64_MAX);
}

int espy_number_prepare(struct espy_number_test *t, struct espy_arena *arena)
{
	static const struct espy_clock no_clock = {0};
	uint32_t n = t->n;

	t->keep = UINT64_MAX;
	for (uint32_t i = 0; i < n; i++) {
		t->mask |= t->constants[i].mask;
		t->want |= t->constants[i].want;
		t->needs_clock |= t->constants[i].lo.kind != ESPY_MOMENT_NUMBER ||
				  t->constants[i].hi.kind != ESPY_MOMENT_NUMBER;
	}
	t->ranges = espy_arena_zalloc(arena, n * sizeof(*t->ranges) + 1);
	t->spans[0] = espy_arena_zalloc(arena, n * sizeof(*t->spans[0]) + 1);
	t->spans[1] = espy_arena_zalloc(arena, n * sizeof(*t->spans[1]) + 1);
	if (!t->ranges || !t->spans[0] || !t->spans[1])
		return -ENOMEM;
	espy_number_bind(t, &no_clock);
	return 0;
}

static bool search(const struct espy_range *r, uint32_t n, espy_wide v)
{
	uint32_t lo = 0, hi = n; /* the last range that begins at or before v is in [lo, hi) */

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (r[mid].lo <= v)
			lo = mid;
		else
			hi = mid;
	}
	return n > 0 && r[lo].lo <= v && v <= r[lo].hi;
}

bool espy_number_match(const struct espy_number_test *t, uint64_t v, bool is_signed)
{
	const struct espy_span *s = t->spans[is_signed];
	uint32_t n = t->n_spans[is_signed];

	v &= t->keep;
	if (t->bits == ESPY_BITS_ALL)
		return (v & t->mask) == t->want;
	if (t->bits == ESPY_BITS_ANY)
		return (v & t->mask) != 0;
	if (n > FEW_SPANS)
		return search(t->ranges, t->n_ranges,
			      is_signed ? (espy_wide)(int64_t)v : (espy_wide)v);
	for (uint32_t i = 0; i < n; i++)
		if (v - s[i].lo <= s[i].width)
			return true;
	return false;
}
