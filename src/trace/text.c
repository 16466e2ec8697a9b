/* SPDX-License-Identifier: MIT */
#include "trace/text.h"
#include <errno.h>
#include <stdlib.h>

/* What the table of strings consists of. */
struct parts {
	uint32_t n;
	uint32_t *shared, *more;
	const uint8_t *bytes;
	size_t n_bytes;
};

/* The total length, or -EBADMSG: beyond a limit, or not what the bytes are. */
static int64_t total_length(const struct parts *p)
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
	return total > ESPY_BATCH_TEXT_MAX || more != p->n_bytes ? -EBADMSG : (int64_t)total;
}

static void join(struct espy_dict *d, const struct parts *p, char *to)
{
	const uint8_t *from = p->bytes;
	const char *last = "";

	for (uint32_t i = 0; i < p->n; i++) {
		size_t n = (size_t)p->shared[i] + p->more[i];

		memcpy(to, last, p->shared[i]);
		if (p->more[i])
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

int espy_text_decode(struct espy_dict *d, struct espy_block *block)
{
	const struct espy_table *t = espy_block_table(block, ESPY_TABLE_STRINGS);
	struct parts p = {.n = t ? t->rows : 0, .bytes = (const uint8_t *)""};
	int64_t total;
	char *text;
	int r;

	if (p.n == 0)
		return 0;
	if (p.n >= ESPY_BATCH_STRINGS_MAX)
		return espy_block_bad(block, "it has too many strings");
	p.shared = espy_arena_alloc(&block->arena, p.n * sizeof(uint32_t));
	p.more = espy_arena_alloc(&block->arena, p.n * sizeof(uint32_t));
	if (!p.shared || !p.more)
		return -ENOMEM;
	r = load(&p, block, t);
	if (r < 0)
		return r;
	total = total_length(&p);
	if (total < 0)
		return espy_block_bad(block, "the lengths of its strings are wrong");
	text = espy_arena_alloc(&d->arena, (size_t)total + 1);
	if (!text || espy_dict_reserve(d, d->n + p.n) < 0)
		return -ENOMEM;
	join(d, &p, text);
	return 0;
}

int espy_text_ids(uint32_t *to, struct espy_block *block, const struct espy_table *t,
		  uint32_t column, const struct espy_dict *d)
{
	struct espy_target target = {to, sizeof(*to), sizeof(*to), d->n - 1};

	return espy_block_numbers(block, t, column, &target);
}
