/* SPDX-License-Identifier: MIT */
/* "did you mean …": the nearest of the names offered. */
#pragma once

#include "base/str.h"

struct espy_suggest {
	struct espy_str word;
	const char *best; /* NULL: nothing was near enough */
	unsigned distance;
};

void espy_suggest_init(struct espy_suggest *s, struct espy_str word);
/* `name` must live as long as the result is used. */
void espy_suggest_offer(struct espy_suggest *s, const char *name);
/* "; did you mean <best>?", or "". */
struct espy_suggestion {
	char s[96];
};
struct espy_suggestion espy_suggest_text(const struct espy_suggest *s);

/* Single changes, insertions, deletions and swaps of neighbours that make b of a, without regard to
 * case; long words are cut at 63 bytes. */
unsigned espy_suggest_distance(struct espy_str a, struct espy_str b);
