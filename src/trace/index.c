/* SPDX-License-Identifier: MIT */
#include "trace/index.h"
#include <errno.h>

/* Members of struct espy_index_block and their columns. */
static const struct {
	uint16_t column, at, size;
} columns[] = {
#define MEMBER(column, name)                                         \
	{                                                            \
		column, offsetof(struct espy_index_block, name),     \
			sizeof(((struct espy_index_block *)0)->name) \
	}
	MEMBER(ESPY_BLOCKS_OFFSET, offset),
	MEMBER(ESPY_BLOCKS_LENGTH, length),
	MEMBER(ESPY_BLOCKS_TYPE, type),
	MEMBER(ESPY_BLOCKS_ROWS, rows),
	MEMBER(ESPY_BLOCKS_FIRST, first_seq),
	MEMBER(ESPY_BLOCKS_START, start),
	MEMBER(ESPY_BLOCKS_END, end),
	MEMBER(ESPY_BLOCKS_TYPES + 0, types[0]),
	MEMBER(ESPY_BLOCKS_TYPES + 1, types[1]),
	MEMBER(ESPY_BLOCKS_TYPES + 2, types[2]),
	MEMBER(ESPY_BLOCKS_TYPES + 3, types[3]),
	MEMBER(ESPY_BLOCKS_TYPES + 4, types[4]),
	MEMBER(ESPY_BLOCKS_TYPES + 5, types[5]),
	MEMBER(ESPY_BLOCKS_TYPES + 6, types[6]),
	MEMBER(ESPY_BLOCKS_TYPES + 7, types[7]),
#undef MEMBER
};
_Static_assert(ESPY_INDEX_TYPES * 64 >= ESPY_EVENT_ID_MAX, "every type has a bit");

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

void espy_index_done(struct espy_index *x)
{
	espy_vec_done(&x->blocks);
}

int espy_index_add(struct espy_index *x, const struct espy_trace_block *h, uint64_t offset,
		   const struct espy_batch *b)
{
	struct espy_index_block e = {
		.offset = offset,
		.length = le32toh(h->head_length) + le32toh(h->payload_length),
		.type = le16toh(h->type),
		.rows = le32toh(h->rows),
		.first_seq = le64toh(h->first_seq),
		.start = le64toh(h->start),
		.end = le64toh(h->end),
	};

	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++)
		if (b->group[t] && b->group[t]->n)
			e.types[t / 64] |= 1ull << t % 64;
	return espy_vec_push(&x->blocks, e);
}

static uint64_t load(const void *p, unsigned size)
{
	if (size == 8)
		return *(const uint64_t *)p;
	return size == 4 ? *(const uint32_t *)p : *(const uint16_t *)p;
}

void espy_index_encode(struct espy_encode *e, const struct espy_index *x)
{
	uint64_t *v = espy_encode_room(e, x->blocks.n);

	if (!v)
		return;
	espy_build_table(&e->build, ESPY_TABLE_BLOCKS, (uint32_t)x->blocks.n);
	for (size_t c = 0; c < N_COLUMNS; c++) {
		for (size_t i = 0; i < x->blocks.n; i++)
			v[i] = load((const char *)&x->blocks.v[i] + columns[c].at, columns[c].size);
		espy_build_numbers(&e->build, columns[c].column, v, false);
	}
	espy_build_table(&e->build, ESPY_TABLE_CHAIN, 1);
	espy_build_constant(&e->build, ESPY_CHAIN_PREVIOUS, x->previous, false);
}

static int read_columns(struct espy_index_block *to, struct espy_block *b,
			const struct espy_table *t)
{
	int r = 0;

	for (size_t c = 0; r == 0 && c < N_COLUMNS; c++) {
		struct espy_target target = {
			.p = (char *)to + columns[c].at,
			.stride = sizeof(*to),
			.size = columns[c].size,
			.max = columns[c].size == 8 ? UINT64_MAX
						    : (1ull << 8 * columns[c].size) - 1,
		};

		r = espy_block_numbers(b, t, columns[c].column, &target);
	}
	return r;
}

int espy_index_decode(struct espy_index *x, struct espy_block *block)
{
	const struct espy_table *t = espy_block_table(block, ESPY_TABLE_BLOCKS);
	const struct espy_table *chain = espy_block_table(block, ESPY_TABLE_CHAIN);
	const struct espy_pack *previous = espy_block_column(block, chain, ESPY_CHAIN_PREVIOUS);
	int r;

	if (!t || t->rows > ESPY_TRACE_INDEX_MAX)
		return espy_block_bad(block, "it lists no blocks, or too many");
	if (espy_vec_reserve(&x->blocks, x->blocks.n + t->rows) < 0)
		return -ENOMEM;
	if (x->blocks.n)
		memmove(x->blocks.v + t->rows, x->blocks.v, x->blocks.n * sizeof(*x->blocks.v));
	r = read_columns(x->blocks.v, block, t);
	if (r < 0) {
		if (x->blocks.n)
			memmove(x->blocks.v, x->blocks.v + t->rows,
				x->blocks.n * sizeof(*x->blocks.v));
		return r;
	}
	x->blocks.n += t->rows;
	x->previous = previous ? previous->min : 0;
	return 0;
}
