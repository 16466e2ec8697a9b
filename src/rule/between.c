/* SPDX-License-Identifier: MIT */
/* between(A, B): from a row that matches A to the next one that matches B, both included; then from
 * the next A on again. */
#include <errno.h>
#include <stdlib.h>
#include "rule/state.h"

struct between {
	bool open;
};

/* One word in which something begins or ends. */
static uint64_t walk(struct between *m, uint64_t begins, uint64_t ends, unsigned rows)
{
	uint64_t hit = 0;

	for (unsigned i = 0; i < rows; i++) {
		bool was = m->open;

		if (was)
			m->open = !(ends >> i & 1);
		else
			m->open = begins >> i & 1;
		hit |= (uint64_t)(was || m->open) << i;
	}
	return hit;
}

static int batch(struct espy_state *s, const struct espy_batch *b)
{
	struct between *m = s->memory;

	if (!m)
		m = s->memory = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	for (uint32_t w = 0; w < s->words; w++) {
		uint64_t begins = s->expr_bits[0][w], ends = s->expr_bits[1][w];
		unsigned rows = b->n - w * 64 < 64 ? b->n - w * 64 : 64;
		uint64_t all = ~0ull >> (64 - rows);

		if (m->open ? ends : begins)
			s->bits[w] = walk(m, begins, ends, rows);
		else
			s->bits[w] = m->open ? all : 0;
	}
	return 0;
}

static void done(struct espy_state *s)
{
	free(s->memory);
}

static const uint16_t types[] = {0};
static const char *const columns[] = {NULL};

const struct espy_state_kind espy_state_between = {
	.n_exprs = 2,
	.what = "a filter for the first event",
	.types = types,
	.columns = columns,
	.batch = batch,
	.done = done,
};
