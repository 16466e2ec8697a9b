/* SPDX-License-Identifier: MIT */
#include "rule/state.h"
#include <errno.h>
#include <stdlib.h>

static int grow(uint64_t **bits, uint32_t words)
{
	uint64_t *p = realloc(*bits, words * sizeof(*p));

	if (!p)
		return -ENOMEM;
	*bits = p;
	return 0;
}

static int reserve(struct espy_state *s, uint32_t words)
{
	int r = 0;

	s->words = words;
	if (words <= s->words_cap)
		return 0;
	r = grow(&s->bits, words);
	for (unsigned i = 0; i < s->kind->n_exprs && r == 0; i++)
		r = grow(&s->expr_bits[i], words);
	if (r == 0)
		s->words_cap = words;
	return r;
}

int espy_state_begin(struct espy_state *s, const struct espy_batch *b, const uint64_t *mask)
{
	int r = reserve(s, (b->n + 63) / 64);

	for (unsigned i = 0; i < s->kind->n_exprs && r == 0; i++)
		r = espy_eval(&s->eval, s->expr[i], b, mask, s->expr_bits[i]);
	if (r < 0)
		return r;
	memset(s->bits, 0, s->words * sizeof(*s->bits));
	return s->kind->batch(s, b);
}

void espy_state_done(struct espy_state *s)
{
	if (s->memory)
		s->kind->done(s);
	s->memory = NULL;
	free(s->bits);
	for (unsigned i = 0; i < ESPY_STATE_EXPRS_MAX; i++)
		free(s->expr_bits[i]);
	espy_eval_done(&s->eval);
}

static int field_of(const struct espy_batch *b, uint32_t row, const char *field)
{
	return espy_schema_field(espy_schema_get(b->type[row]), espy_str0(field));
}

uint64_t espy_state_number(const struct espy_batch *b, uint32_t row, const char *field)
{
	int f = field_of(b, row, field);

	return f < 0 ? 0 : espy_batch_get(b, row, (unsigned)f).num;
}

struct espy_str espy_state_text(const struct espy_batch *b, uint32_t row, const char *field)
{
	int f = field_of(b, row, field);

	return f < 0 ? ESPY_STR_NONE : espy_batch_get(b, row, (unsigned)f).str;
}
