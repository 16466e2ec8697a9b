/* SPDX-License-Identifier: MIT */
#include "trace/text.h"
#include <errno.h>
#include <stdlib.h>

/* Bytes that are copied at once: the pieces of strings are too short for memcpy. */
#define COPIED 16u

/* What the table of strings consists of. */
struct parts {
	uint32_t n;
	uint32_t *shared, *more;
	const uint8_t *bytes;
	size_t n_bytes;
};

/* The total length, or -EBADMSG: with the `before` bytes beyond a limit, or not what the bytes are.
 */
static int64_t total_length(const struct parts *p, uint64_t before)
{
	uint64_t total = 0, more = 0, last = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		uint64_t length = (uint64_t)p->shared[i] + p->more[i];

		if (p->shared[i] > last || length > ESPY_BATCH_STRING_MAX)
			return -EBADMSG;
		last = length;
		total += length;
		more += p->more[i];
	}
	return before + total > ESPY_BATCH_TEXT_MAX || more != p->n_bytes ? -EBADMSG
									  : (int64_t)total;
}

/* Reads and writes up to COPIED - 1 bytes more, which may be the same ones. */
static inline void copy(char *to, const char *from, size_t n)
{
	char piece[COPIED];

	for (size_t i = 0; i < n; i += COPIED) {
		memcpy(piece, from + i, COPIED);
		memcpy(to + i, piece, COPIED);
	}
}

/* The text has COPIED bytes more than the strings; what a copy leaves behind a string the next one
 * overwrites. */
static void join(struct espy_dict *d, const struct parts *p, char *to)
{
	const char *from = (const char *)p->bytes, *end = from + p->n_bytes;
	const char *last = "";

	for (uint32_t i = 0; i < p->n; i++) {
		size_t n = (size_t)p->shared[i] + p->more[i];

		copy(to, last, p->shared[i]);
		if ((size_t)(end - from) >= p->more[i] + COPIED)
			copy(to + p->shared[i], from, p->more[i]);
		else if (p->more[i])
			memcpy(to + p->shared[i], from, p->more[i]);
		from += p->more[i];
		espy_dict_append(d, (struct espy_str){to, n});
		last = to;
		to += n;
	}
}

static int load(struct parts *p, struct espy_block *block, const struct espy_table *t)
{
	struct espy_target shared = {p->shared, 4, 4, ESPY_BATCH_STRING_MAX};
	struct espy_target more = {p->more, 4, 4, ESPY_BATCH_STRING_MAX};
	int r = espy_block_numbers(block, t, ESPY_STRINGS_SHARED, &shared);

	if (r == 0)
		r = espy_block_numbers(block, t, ESPY_STRINGS_MORE, &more);
	if (r == 0)
		r = espy_block_bytes(block, t, ESPY_STRINGS_BYTES, &p->bytes, &p->n_bytes);
	return r;
}

/* `t` may be NULL. */
static int decode_table(struct espy_dict *d, struct espy_block *block, const struct espy_table *t)
{
	struct parts p = {.n = t ? t->rows : 0, .bytes = (const uint8_t *)""};
	int64_t total;
	char *text;
	int r;

	if (p.n == 0)
		return 0;
	if (p.n >= ESPY_BATCH_STRINGS_MAX || d->n + p.n > ESPY_BATCH_STRINGS_MAX)
		return espy_block_bad(block, "it has too many strings");
	p.shared = espy_arena_alloc(&block->arena, p.n * sizeof(uint32_t));
	p.more = espy_arena_alloc(&block->arena, p.n * sizeof(uint32_t));
	if (!p.shared || !p.more)
		return -ENOMEM;
	r = load(&p, block, t);
	if (r < 0)
		return r;
	total = total_length(&p, d->bytes);
	if (total < 0)
		return espy_block_bad(block, "the lengths of its strings are wrong");
	text = espy_arena_alloc(&d->arena, (size_t)total + COPIED);
	if (!text || espy_dict_reserve(d, d->n + p.n) < 0)
		return -ENOMEM;
	join(d, &p, text);
	return 0;
}

int espy_text_decode(struct espy_dict *d, struct espy_block *block)
{
	int r = decode_table(d, block, espy_block_table(block, ESPY_TABLE_PROC_STRINGS));

	return r < 0 ? r : decode_table(d, block, espy_block_table(block, ESPY_TABLE_STRINGS));
}

int espy_text_decode_procs(struct espy_dict *d, struct espy_block *block)
{
	const struct espy_table *t = espy_block_table(block, ESPY_TABLE_PROC_STRINGS);

	return t ? decode_table(d, block, t) : espy_text_decode(d, block);
}

int espy_text_ids(uint32_t *to, struct espy_block *block, const struct espy_table *t,
		  uint32_t column, const struct espy_dict *d)
{
	struct espy_target target = {to, sizeof(*to), sizeof(*to), d->n - 1};

	return espy_block_numbers(block, t, column, &target);
}
