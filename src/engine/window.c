/* SPDX-License-Identifier: MIT */
#include "engine/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "model/event.h"

#define WORDS ESPY_RULE_WORDS(ESPY_BATCH_ROWS)

struct espy_window {
	struct espy_rule *from, *until; /* NULL: not looked for, or found */
	uint64_t after_ns;
	uint64_t
		last; /* boot clock ns: what ended later is outside; UINT64_MAX nothing found yet */
	bool begun;
	uint64_t bits[WORDS];
};

static int compile(struct espy_rule **ret, const char *text, struct espy_err *err)
{
	return text && *text ? espy_rule_new(ret, text, err) : 0;
}

int espy_window_new(struct espy_window **ret, const struct espy_window_options *o,
		    struct espy_err *err)
{
	struct espy_window *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->after_ns = o->after_ns;
	w->last = UINT64_MAX;
	r = compile(&w->from, o->from, err);
	if (r == 0)
		r = compile(&w->until, o->until, err);
	w->begun = !w->from;
	if (r < 0 || (!w->from && !w->until)) {
		espy_window_free(w);
		w = NULL;
	}
	if (r == 0)
		*ret = w;
	return r;
}

void espy_window_free(struct espy_window *w)
{
	if (!w)
		return;
	espy_rule_free(w->from);
	espy_rule_free(w->until);
	free(w);
}

void espy_window_set_start(struct espy_window *w, uint64_t start)
{
	if (w && w->from)
		espy_rule_set_start(w->from, start);
	if (w && w->until)
		espy_rule_set_start(w->until, start);
}

/* --- needs ------------------------------------------------------------------------------------ */

void espy_window_needs(const struct espy_window *w, struct espy_rule_needs *needs)
{
	if (!w)
		return;
	if (w->from)
		espy_rule_needs_add(needs, w->from);
	if (w->until)
		espy_rule_needs_add(needs, w->until);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The first row from `row` on whose bit is set; b->n when there is none. */
static uint32_t first_bit(const struct espy_batch *b, const uint64_t *bits, uint32_t row)
{
	while (row < b->n && !espy_rule_bit(bits, row))
		row++;
	return row;
}

static void clear(uint64_t *bits, uint32_t row)
{
	bits[row / 64] &= ~(1ull << row % 64);
}

static uint64_t row_end(const struct espy_batch *b, uint32_t row)
{
	return b->time[row] + b->duration[row];
}

/* What still went on when the capture stopped belongs to it when it had begun before the end. */
static bool is_inside(const struct espy_window *w, const struct espy_batch *b, uint32_t row)
{
	return row_end(b, row) <= w->last ||
	       (b->flags[row] & ESPY_F_PENDING && b->time[row] <= w->last);
}

/* The first row that is kept; b->n: none of this batch. A found rule is not asked again. */
static int look_from(struct espy_window *w, const struct espy_batch *b, uint32_t *ret_row)
{
	int r;

	*ret_row = 0;
	if (w->begun)
		return 0;
	r = espy_rule_match(w->from, b, w->bits);
	if (r < 0)
		return r;
	*ret_row = first_bit(b, w->bits, 0);
	w->begun = *ret_row < b->n;
	return 0;
}

/* Looks for the end, from `row` on. The event itself is the last one of those that ended with it.
 */
static int look_until(struct espy_window *w, const struct espy_batch *b, uint32_t row,
		      uint32_t *ret_row)
{
	int r;

	*ret_row = b->n;
	if (!w->until || w->last != UINT64_MAX)
		return 0;
	r = espy_rule_match(w->until, b, w->bits);
	if (r < 0)
		return r;
	row = first_bit(b, w->bits, row);
	if (row == b->n)
		return 0;
	w->last = row_end(b, row) + w->after_ns;
	*ret_row = w->after_ns ? b->n : row;
	return 0;
}

int espy_window_cut(struct espy_window *w, const struct espy_batch *b, uint64_t *bits)
{
	uint32_t first, last;
	int r = look_from(w, b, &first);

	if (r == 0)
		r = look_until(w, b, first, &last);
	if (r < 0)
		return r;
	for (uint32_t row = 0; row < b->n; row++)
		if (row < first || (row > last && !(b->flags[row] & ESPY_F_PENDING)) ||
		    !is_inside(w, b, row))
			clear(bits, row);
	return 0;
}

bool espy_window_over(const struct espy_window *w, uint64_t now)
{
	return w && w->last != UINT64_MAX && now >= w->last;
}

bool espy_window_waits(const struct espy_window *w)
{
	return w && !w->begun;
}
