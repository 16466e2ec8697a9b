/* SPDX-License-Identifier: MIT */
#include "engine/sieve.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "model/merged.h"

/* --- the filter ---------------------------------------------------------------------------------
 */

static bool reads_only_types(const struct espy_rule_columns *c)
{
	uint64_t others = 0;

	for (unsigned id = 0; id < ESPY_RULE_COLUMNS; id++)
		if (id != ESPY_COL_class && id != ESPY_COL_op && id != ESPY_COL_event)
			others |= espy_rule_reads(c, id);
	return !c->all && !c->stateful && !others;
}

static int make_rule(struct espy_sieve *s, const struct espy_trace *trace, const char *filter,
		     struct espy_err *err)
{
	struct espy_rule_columns c;
	int r = espy_rule_new(&s->rule, filter ? filter : "", err);

	if (r < 0)
		return r;
	espy_rule_set_start(s->rule, espy_trace_machine(trace)->started);
	espy_rule_columns(s->rule, &c);
	_Static_assert(sizeof(c.bits) == sizeof(s->need.bits), "the same ids of columns");
	memcpy(s->need.bits, c.bits, sizeof(c.bits));
	s->need.all = c.all || c.stateful;
	s->need.no_exits = !c.exits;
	s->stateful = c.stateful;
	s->by_type = reads_only_types(&c);
	return 0;
}

int espy_sieve_init(struct espy_sieve *s, const struct espy_trace *trace, const char *filter,
		    struct espy_err *err)
{
	int r;

	*s = (struct espy_sieve){.stateful = false};
	r = make_rule(s, trace, filter, err);
	if (r < 0)
		return r;
	r = espy_look_init(&s->look, trace);
	if (r == 0)
		r = espy_batch_new(&s->batch);
	if (r == 0)
		r = espy_batch_new(&s->row);
	s->bits = malloc(ESPY_RULE_WORDS(ESPY_BATCH_ROWS) * sizeof(*s->bits));
	if (r == 0 && !s->bits)
		r = -ENOMEM;
	return r < 0 ? espy_err_set(err, r, "cannot read the trace: %s", strerror(-r)) : 0;
}

void espy_sieve_done(struct espy_sieve *s)
{
	espy_look_done(&s->look);
	espy_batch_free(s->batch);
	espy_batch_free(s->row);
	if (s->rule)
		espy_rule_free(s->rule);
	free(s->bits);
	*s = (struct espy_sieve){.stateful = false};
}

int espy_sieve_type(struct espy_sieve *s, unsigned type)
{
	struct espy_proc nobody = {.parent = UINT32_MAX};
	uint64_t bits[1];
	int r = 0;

	if (s->verdict[type])
		return s->verdict[type] > 0;
	espy_batch_reset(s->row);
	if (espy_batch_add_proc(s->row, &nobody) < 0)
		return -ENOMEM;
	r = espy_batch_add(s->row, type);
	if (r >= 0)
		r = espy_rule_match(s->rule, s->row, bits);
	if (r >= 0)
		s->verdict[type] = r ? 1 : -1;
	return r;
}

/* --- what the directory tells -------------------------------------------------------------------
 */

static uint32_t rows_of(void *ctx, unsigned type)
{
	const struct espy_sieve *s = ctx;
	struct espy_look_type types[ESPY_EVENT_ID_MAX];
	unsigned n;

	if (type != ESPY_EV_system_unknown)
		return espy_look_rows(&s->look, type);
	n = espy_look_types(&s->look, types);
	return n && types[n - 1].type == type ? types[n - 1].rows : 0;
}

static bool range(void *ctx, const struct espy_column *c, unsigned type, __int128 *ret_min,
		  __int128 *ret_max)
{
	const struct espy_sieve *s = ctx;
	struct espy_look_range r;

	if (!espy_look_range(&s->look, c, type, &r))
		return false;
	*ret_min = r.is_signed ? (__int128)(int64_t)r.min : (__int128)r.min;
	*ret_max = r.is_signed ? (__int128)(int64_t)r.max : (__int128)r.max;
	return true;
}

static enum espy_rule_chance chance_of(struct espy_sieve *s)
{
	const struct espy_block *b = &s->look.decode.block;
	const struct espy_table *rows = espy_block_table(b, ESPY_TABLE_ROWS);
	const struct espy_pack *wall = espy_block_column(b, rows, ESPY_ROWS_WALL_OFFSET);
	struct espy_rule_facts f = {
		.wall_offset = wall ? (int64_t)wall->min : 0,
		.is_plain = rows && !espy_block_column(b, rows, ESPY_ROWS_FLAGS),
		.rows_of = rows_of,
		.range = range,
		.ctx = s,
	};

	return espy_rule_chance(s->rule, &f);
}

/* How many rows match, by the types in the directory alone. */
static int count_by_type(struct espy_sieve *s)
{
	struct espy_look_type types[ESPY_EVENT_ID_MAX];
	unsigned n = espy_look_types(&s->look, types);

	s->matched = 0;
	for (unsigned i = 0; i < n; i++) {
		int r = espy_sieve_type(s, types[i].type);

		if (r < 0)
			return r;
		s->matched += r ? types[i].rows : 0;
	}
	return 0;
}

bool espy_sieve_has_merged(const struct espy_sieve *s)
{
	return espy_look_rows(&s->look, ESPY_EV_file_reads) ||
	       espy_look_rows(&s->look, ESPY_EV_file_writes);
}

void espy_sieve_need_merged(struct espy_need *need)
{
	espy_need_add(need, espy_column_find(ESPY_STR("times"))->id);
}

/* --- the rows -----------------------------------------------------------------------------------
 */

static void set_all(struct espy_sieve *s, uint32_t n)
{
	memset(s->bits, 0xff, ESPY_RULE_WORDS(n) * sizeof(*s->bits));
	if (n % 64)
		s->bits[n / 64] = ~0ull >> (64 - n % 64);
	s->matched = n;
}

static int decode_and_match(struct espy_sieve *s, const struct espy_need *extra,
			    struct espy_err *err)
{
	struct espy_need need = s->need;
	int r;

	for (size_t w = 0; extra && w < sizeof(need.bits) / sizeof(need.bits[0]); w++)
		need.bits[w] |= extra->bits[w];
	need.all |= extra && extra->all;
	need.no_exits &= !extra || extra->no_exits || !espy_need_has(extra, ESPY_COL_result);
	if (s->chance == ESPY_RULE_ALL)
		need = *extra;
	if (extra && s->weighs && espy_sieve_has_merged(s))
		espy_sieve_need_merged(&need);
	r = espy_look_decode(&s->look, &need, s->batch, err);
	if (r < 0)
		return r;
	s->is_decoded = extra != NULL;
	if (s->chance == ESPY_RULE_ALL) {
		set_all(s, s->batch->n);
		return 0;
	}
	r = espy_rule_match(s->rule, s->batch, s->bits);
	s->matched = r < 0 ? 0 : (uint32_t)r;
	return r < 0 ? espy_err_set(err, r, "no memory left for the filter") : 0;
}

int espy_sieve_block(struct espy_sieve *s, const struct espy_index_block *e,
		     const struct espy_need *extra, struct espy_err *err)
{
	int r;

	espy_batch_reset(s->batch);
	s->matched = 0;
	s->is_decoded = false;
	r = espy_look_open(&s->look, e, err);
	if (r < 0)
		return r;
	s->chance = chance_of(s);
	if (s->chance == ESPY_RULE_NONE)
		return 0;
	if (s->chance == ESPY_RULE_ALL && !extra) {
		s->matched = e->rows;
		return 0;
	}
	if (s->by_type && !extra) {
		r = count_by_type(s);
		return r < 0 ? espy_err_set(err, r, "no memory left for the filter") : 0;
	}
	return decode_and_match(s, extra, err);
}

int espy_sieve_whole(struct espy_sieve *s, struct espy_err *err)
{
	return espy_look_decode(&s->look, NULL, s->batch, err);
}
