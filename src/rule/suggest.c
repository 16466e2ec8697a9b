/* SPDX-License-Identifier: MIT */
#include "rule/suggest.h"
#include <stdint.h>
#include <stdio.h>

#define WORD_MAX 63u

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment over three rows of the table. */
unsigned espy_suggest_distance(struct espy_str a, struct espy_str b)
{
	uint8_t rows[3][WORD_MAX + 1];
	uint8_t *before = rows[0], *last = rows[1], *now = rows[2];
	unsigned na = least((unsigned)a.n, WORD_MAX), nb = least((unsigned)b.n, WORD_MAX);

	for (unsigned j = 0; j <= nb; j++)
		last[j] = (uint8_t)j;
	for (unsigned i = 1; i <= na; i++) {
		uint8_t *oldest = before;

		now[0] = (uint8_t)i;
		for (unsigned j = 1; j <= nb; j++) {
			bool same = fold(a.p[i - 1]) == fold(b.p[j - 1]);
			unsigned d = least(last[j - 1] + !same, least(last[j], now[j - 1]) + 1u);

			if (i > 1 && j > 1 && fold(a.p[i - 1]) == fold(b.p[j - 2]) &&
			    fold(a.p[i - 2]) == fold(b.p[j - 1]))
				d = least(d, before[j - 2] + 1u);
			now[j] = (uint8_t)d;
		}
		before = last;
		last = now;
		now = oldest;
	}
	return last[nb];
}

void espy_suggest_init(struct espy_suggest *s, struct espy_str word)
{
	*s = (struct espy_suggest){.word = word, .distance = (unsigned)(word.n + 2) / 3 + 1};
}

void espy_suggest_offer(struct espy_suggest *s, const char *name)
{
	struct espy_str n = espy_str0(name);
	unsigned d;

	if (s->word.n == 0 || s->word.n > WORD_MAX || n.n > WORD_MAX)
		return;
	d = espy_suggest_distance(s->word, n);
	/* The beginning of a name is as good as one wrong letter. */
	if (d > 1 && s->word.n >= 3 && n.n > s->word.n &&
	    espy_suggest_distance(s->word, (struct espy_str){n.p, s->word.n}) == 0)
		d = 1;
	if (d < s->distance && d < n.n) {
		s->distance = d;
		s->best = name;
	}
}

struct espy_suggestion espy_suggest_text(const struct espy_suggest *s)
{
	struct espy_suggestion r = {""};

	if (s->best)
		snprintf(r.s, sizeof(r.s), "; did you mean %s?", s->best);
	return r;
}
