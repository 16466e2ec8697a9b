/* SPDX-License-Identifier: MIT */
#include "rule/text.h"
#include <errno.h>
#include <stdlib.h>
#include "rule/fail.h"
#include "rule/glob.h"
#include "rule/required.h"

/* From here on the linear search of the C library is worth its preparation, and safe against names
 * made to be slow. */
#define LONG_NEEDLE 64u

/* Bytes of paths and command lines, most frequent first, roughly. */
static const char frequent[] = "/esatirnolcdupm.bg-h_01y2fv3k6xw4587j9zq";

void espy_text_lower(char *to, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(from[i] + ((uint8_t)(from[i] - 'A') < 26 ? 32 : 0));
}

/* The constant as the test compares it. */
static int fold_constant(const struct espy_text_test *t, const struct espy_text_env *env,
			 struct espy_str s, struct espy_str *ret)
{
	char *p;

	if (!t->fold) {
		*ret = s;
		return 0;
	}
	p = espy_arena_alloc(env->arena, s.n + 1);
	if (!p)
		return -ENOMEM;
	espy_text_lower(p, s.p, s.n);
	*ret = (struct espy_str){p, s.n};
	return 0;
}

static int by_length_and_bytes(const void *a, const void *b)
{
	const struct espy_str *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return memcmp(x->p, y->p, x->n);
}

int espy_text_set(struct espy_text_test *t, const struct espy_text_env *env,
		  const struct espy_token *constants, uint32_t n)
{
	t->set = espy_arena_alloc(env->arena, n * sizeof(*t->set) + 1);
	if (!t->set)
		return -ENOMEM;
	for (t->n = 0; t->n < n; t->n++) {
		int r = fold_constant(t, env, constants[t->n].text, &t->set[t->n]);

		if (r < 0)
			return r;
	}
	qsort(t->set, t->n, sizeof(*t->set), by_length_and_bytes);
	return 0;
}

bool espy_text_in(const struct espy_text_test *t, struct espy_str s)
{
	if (t->n == 1)
		return espy_str_eq(t->set[0], s);
	return t->n > 0 && bsearch(&s, t->set, t->n, sizeof(*t->set), by_length_and_bytes);
}

int espy_text_needle(struct espy_text_test *t, const struct espy_text_env *env,
		     const struct espy_token *constants, uint32_t n)
{
	(void)n;
	return fold_constant(t, env, constants[0].text, &t->needle);
}

bool espy_text_starts(const struct espy_text_test *t, struct espy_str s)
{
	return espy_str_starts(s, t->needle);
}

bool espy_text_ends(const struct espy_text_test *t, struct espy_str s)
{
	return espy_str_ends(s, t->needle);
}

static size_t rank_of(char c)
{
	const char *known = c ? strchr(frequent, c) : NULL;

	return known ? (size_t)(known - frequent) : sizeof(frequent);
}

/* The two rarest bytes of the needle; the same one twice when it has only one. */
static void find_rare(struct espy_text_test *t)
{
	size_t *best = t->rare;

	best[0] = best[1] = 0;
	for (size_t i = 1; i < t->needle.n; i++) {
		size_t rank = rank_of(t->needle.p[i]);

		if (rank >= rank_of(t->needle.p[best[0]])) {
			best[1] = best[0];
			best[0] = i;
		} else if (best[1] == best[0] || rank >= rank_of(t->needle.p[best[1]])) {
			best[1] = i;
		}
	}
}

int espy_text_contains(struct espy_text_test *t, const struct espy_text_env *env,
		       const struct espy_token *constants, uint32_t n)
{
	int r = espy_text_needle(t, env, constants, n);

	find_rare(t);
	return r;
}

/* One bit for each of the 16 places behind p at which both of the needle's rare bytes stand. */
static inline unsigned candidates(const struct espy_text_test *t, const char *p)
{
	typedef uint8_t block __attribute__((vector_size(16)));
	block first, second, both;
	uint64_t half[2];
	unsigned bits = 0;

	memcpy(&first, p + t->rare[0], sizeof(first));
	memcpy(&second, p + t->rare[1], sizeof(second));
	both = (block)(first == (uint8_t)t->needle.p[t->rare[0]]) &
	       (block)(second == (uint8_t)t->needle.p[t->rare[1]]);
	memcpy(half, &both, sizeof(half));
	if (!(half[0] | half[1]))
		return 0;
	for (unsigned i = 0; i < 16; i++)
		bits |= (unsigned)(both[i] & 1) << i;
	return bits;
}

/* The text has at least 15 bytes more than the needle: blocks of 16 places, the last of which
 * overlaps the one before it. */
static bool has_in_blocks(const struct espy_text_test *t, struct espy_str s)
{
	size_t last = s.n - t->needle.n - 15, i = 0;

	for (;;) {
		unsigned bits = candidates(t, s.p + i);

		for (; bits; bits &= bits - 1)
			if (memcmp(s.p + i + (unsigned)__builtin_ctz(bits), t->needle.p,
				   t->needle.n) == 0)
				return true;
		if (i == last)
			return false;
		i = i + 16 < last ? i + 16 : last;
	}
}

bool espy_text_has(const struct espy_text_test *t, struct espy_str s)
{
	const char *p, *end, *needle = t->needle.p;
	size_t n = t->needle.n, rare = t->rare[0];

	if (n == 0 || s.n < n)
		return n == 0;
	if (n >= LONG_NEEDLE)
		return memmem(s.p, s.n, needle, n) != NULL;
	if (s.n - n >= 15)
		return has_in_blocks(t, s);
	p = s.p + rare;
	end = s.p + s.n - (n - 1 - rare);
	while ((p = memchr(p, needle[rare], (size_t)(end - p)))) {
		if (memcmp(p - rare, needle, n) == 0)
			return true;
		p++;
	}
	return false;
}

int espy_text_under(struct espy_text_test *t, const struct espy_text_env *env,
		    const struct espy_token *constants, uint32_t n)
{
	t->set = espy_arena_alloc(env->arena, n * sizeof(*t->set) + 1);
	if (!t->set)
		return -ENOMEM;
	for (t->n = 0; t->n < n; t->n++) {
		int r = fold_constant(t, env, constants[t->n].text, &t->set[t->n]);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool lies_under(struct espy_str s, struct espy_str dir)
{
	while (dir.n > 0 && dir.p[dir.n - 1] == '/')
		dir.n--;
	return espy_str_starts(s, dir) && (s.n == dir.n ? dir.n > 0 : s.p[dir.n] == '/');
}

bool espy_text_lies_under(const struct espy_text_test *t, struct espy_str s)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (lies_under(s, t->set[i]))
			return true;
	return false;
}

int espy_text_glob(struct espy_text_test *t, const struct espy_text_env *env,
		   const struct espy_token *constants, uint32_t n)
{
	struct espy_str *p = &t->needle;
	int r = espy_text_needle(t, env, constants, n);
	bool head, tail;

	if (r < 0)
		return r;
	if (p->n > ESPY_RULE_GLOB_MAX)
		return espy_fail_at(env->err, -EOVERFLOW, constants[0].at,
				    "this pattern has %zu bytes, at most %u are allowed", p->n,
				    ESPY_RULE_GLOB_MAX);
	/* *text*, *text and text* are faster tests by other names. */
	head = p->n > 1 && p->p[0] == '*';
	tail = p->n > 1 && p->p[p->n - 1] == '*';
	if (!head && !tail)
		return 0;
	for (size_t i = head; i < p->n - tail; i++)
		if (strchr("*?[\\", p->p[i]))
			return 0;
	*p = (struct espy_str){p->p + head, p->n - head - tail};
	find_rare(t);
	t->match = head && tail ? espy_text_has : head ? espy_text_ends : espy_text_starts;
	return 0;
}

bool espy_text_like(const struct espy_text_test *t, struct espy_str s)
{
	return espy_glob_match(t->needle, s);
}

/* What must be there in any case is looked for first, and when it is all there is, only that. */
static int require(struct espy_text_test *t, const struct espy_text_env *env,
		   struct espy_str pattern)
{
	char *room = espy_arena_alloc(env->arena, pattern.n + 1);
	struct espy_required required;

	t->set = espy_arena_alloc(env->arena, sizeof(*t->set));
	if (!room || !t->set)
		return -ENOMEM;
	required = espy_required_find(pattern, room);
	if (required.text.n == 1 && !required.whole) /* nearly as much work as matching */
		required.text.n = 0;
	t->needle = t->set[0] = required.text;
	t->n = 1;
	find_rare(t);
	if (required.whole)
		t->match = required.at_start && required.at_end ? espy_text_in
			   : required.at_start                  ? espy_text_starts
			   : required.at_end                    ? espy_text_ends
								: espy_text_has;
	return 0;
}

int espy_text_regex(struct espy_text_test *t, const struct espy_text_env *env,
		    const struct espy_token *constants, uint32_t n)
{
	int r = espy_regex_new(env->regexes, &constants[0], t->fold, env->err, &t->regex);

	(void)n;
	return r < 0 || t->fold ? r : require(t, env, constants[0].text);
}

bool espy_text_matches(const struct espy_text_test *t, struct espy_str s)
{
	return espy_text_has(t, s) && espy_regex_match(t->regex, s);
}
