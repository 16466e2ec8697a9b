/* SPDX-License-Identifier: MIT */
#include "sense/only.h"

#define NAME_BYTES (ESPY_ONLY_WORDS * sizeof(uint64_t))
#define WORD_BYTES 16u

_Static_assert(ESPY_BOUNDS_MAX <= ESPY_ONLY_MAX, "bounds of a filter");

/* A name, the bytes that count, with the NUL behind it when it is whole. False: it was cut. */
static bool put_name(struct espy_only_name *to, struct espy_str name, bool is_whole)
{
	bool fits = name.n < NAME_BYTES;
	size_t n = fits ? name.n : NAME_BYTES;

	*to = (struct espy_only_name){0};
	memcpy(to->word, name.p, n);
	memset(to->mask, 0xff, n + (is_whole && fits));
	return fits;
}

static bool is_last(struct espy_str rest)
{
	return !memchr(rest.p, '/', rest.n);
}

/* The next name of a path; what is behind its slash is left. */
static struct espy_str next_name(struct espy_str *rest)
{
	const char *slash = rest->n ? memchr(rest->p, '/', rest->n) : NULL;
	struct espy_str name = {rest->p, slash ? (size_t)(slash - rest->p) : rest->n};
	size_t n = name.n + (slash != NULL);

	*rest = (struct espy_str){rest->p + n, rest->n - n};
	return name;
}

static void put_path(struct espy_only_path *to, const struct espy_text_bound *b)
{
	struct espy_str rest = {b->text.p + 1, b->text.n - 1};
	bool is_whole = true;

	*to = (struct espy_only_path){0};
	while (b->kind == ESPY_BOUND_UNDER && rest.n > 0 && rest.p[rest.n - 1] == '/')
		rest.n--;
	while (is_whole && (rest.n > 0 || (to->n > 0 && b->kind == ESPY_BOUND_STARTS &&
					   b->text.p[b->text.n - 1] == '/'))) {
		bool last = rest.n == 0 || is_last(rest);
		struct espy_str name = next_name(&rest);
		const char *space = last && name.n ? memchr(name.p, ' ', name.n) : NULL;

		if (to->n == ESPY_ONLY_NAMES)
			return;
		if (space)
			name.n = (size_t)(space - name.p);
		is_whole = !(last && (space || b->kind == ESPY_BOUND_STARTS));
		is_whole &= put_name(&to->name[to->n++], name, is_whole);
	}
	to->is_exact = is_whole && b->kind == ESPY_BOUND_IS;
}

uint32_t espy_only_paths(struct espy_only_path *ret, const struct espy_text_bounds *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->v[i].text.n == 0 || b->v[i].text.p[0] != '/')
			return 0;
	for (uint32_t i = 0; i < b->n; i++)
		put_path(&ret[i], &b->v[i]);
	return b->n;
}

uint32_t espy_only_words(struct espy_only_word *ret, const struct espy_text_bounds *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		size_t n = b->v[i].text.n < WORD_BYTES ? b->v[i].text.n : WORD_BYTES;

		ret[i] = (struct espy_only_word){0};
		memcpy(ret[i].word, b->v[i].text.p, n);
		memset(ret[i].mask, 0xff, n);
	}
	return b->n;
}
