/* SPDX-License-Identifier: MIT */
#include "trace/unknown.h"
#include <errno.h>
#include <inttypes.h>

enum { FIELD_EVENT, FIELD_VALUES }; /* of system_unknown */

/* The columns of a group that we have no schema for. */
struct columns {
	const struct espy_name *name;
	uint64_t **v; /* by field; NULL: none */
};

static int load(struct columns *c, struct espy_decode *d, const struct espy_decode_group *in,
		const struct espy_batch *b)
{
	uint32_t n = in->name ? in->name->n_fields : 0;

	c->name = in->name;
	c->v = espy_arena_zalloc(&d->block.arena, (n + 1) * sizeof(*c->v));
	if (!c->v)
		return -ENOMEM;
	for (uint32_t f = 0; f < n; f++) {
		bool is_text = espy_kind_is_string(in->name->fields[f].kind);
		struct espy_target to = {.stride = 8, .size = 8, .max = UINT64_MAX};
		int r;

		if (!espy_block_column(&d->block, in->table, f + 1))
			continue;
		c->v[f] = to.p =
			espy_arena_alloc(&d->block.arena, in->table->rows * sizeof(uint64_t));
		if (!to.p)
			return -ENOMEM;
		if (is_text)
			to.max = b->dict.n - 1;
		r = espy_block_numbers(&d->block, in->table, f + 1, &to);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "flags=3, target=/x": what is 0 or empty is left out. */
static void show(struct espy_buf *out, const struct columns *c, uint32_t place,
		 const struct espy_dict *d)
{
	for (uint32_t f = 0; c->name && f < c->name->n_fields; f++) {
		const struct espy_name_field *field = &c->name->fields[f];
		uint64_t v = c->v[f] ? c->v[f][place] : 0;

		if (v == 0)
			continue;
		if (out->n)
			espy_buf_puts(out, ", ");
		espy_buf_str(out, field->name);
		espy_buf_putc(out, '=');
		if (espy_kind_is_string(field->kind))
			espy_buf_str(out, espy_dict_get(d, (uint32_t)v));
		else if (espy_kind_is_signed(field->kind))
			espy_buf_s64(out, (int64_t)v);
		else
			espy_buf_u64(out, v);
	}
}

/* A string that finds no room any more is left out, and the row marked. */
static uint32_t add_text(struct espy_batch *b, uint32_t row, struct espy_str s)
{
	uint32_t id = espy_dict_add(&b->dict, s);

	if (id != UINT32_MAX)
		return id;
	b->flags[row] |= ESPY_F_TRUNCATED;
	return 0;
}

static void add_row(struct espy_batch *b, const struct espy_decode_unknown *u,
		    const struct espy_decode_group *in, const struct columns *c,
		    struct espy_buf *text)
{
	struct espy_group *g = b->group[ESPY_EV_system_unknown];
	uint32_t slot = g->n++;

	g->row[slot] = u->row;
	b->slot[u->row] = slot;
	b->type[u->row] = ESPY_EV_system_unknown;
	espy_buf_reset(text);
	if (in->name)
		espy_buf_str(text, in->name->name);
	else
		espy_buf_printf(text, "#%" PRIu32, in->type);
	((uint32_t *)g->cols[FIELD_EVENT])[slot] =
		add_text(b, u->row, (struct espy_str){text->p, text->n});
	espy_buf_reset(text);
	show(text, c, u->place, &b->dict);
	((uint32_t *)g->cols[FIELD_VALUES])[slot] =
		add_text(b, u->row, (struct espy_str){text->p, text->n});
}

int espy_unknown_decode(struct espy_decode *d, struct espy_batch *b)
{
	struct columns *c = espy_arena_zalloc(&d->block.arena, d->groups.n * sizeof(*c));
	struct espy_group *g = b->group[ESPY_EV_system_unknown];
	struct espy_buf text = {0};
	int r = c ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < d->groups.n; i++)
		if (!d->groups.v[i].group)
			r = load(&c[i], d, &d->groups.v[i], b);
	if (r == 0)
		r = espy_batch_reserve_group(b, ESPY_EV_system_unknown,
					     (uint32_t)d->unknown.n + (g ? g->n : 0));
	for (size_t i = 0; r == 0 && i < d->unknown.n; i++) {
		const struct espy_decode_unknown *u = &d->unknown.v[i];

		add_row(b, u, &d->groups.v[u->group], &c[u->group], &text);
	}
	if (text.error)
		r = text.error;
	espy_buf_done(&text);
	return r;
}
