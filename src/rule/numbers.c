/* SPDX-License-Identifier: MIT */
#include "rule/numbers.h"
#include <errno.h>
#include <stddef.h>
#include "rule/keyed.h"
#include "rule/scan.h"

/* Spans up to this many are scanned one after the other; more of them row by row. */
#define SCANS_MAX 8u
/* A field is looked up by distinct value when it has at least one row for so many strings of the
 * batch. */
#define STRINGS_PER_ROW 16u

enum computed { STORED, SEQ, END, PENDING, TRUNCATED };

/* Where a column of every row lies, and for which rows espy_column_get says that there is none. */
struct place {
	bool is_here, is_signed;
	uint8_t computed; /* enum computed */
	uint8_t type;     /* enum espy_scan_type, of what is stored */
	uint8_t absent;   /* ESPY_F_… */
	uint16_t offset;  /* of the array's pointer in struct espy_batch */
};

#define AT(member) .is_here = true, .offset = offsetof(struct espy_batch, member)

static const struct place places[ESPY_COL__FIELDS] = {
	[ESPY_COL_seq] = {.is_here = true, .computed = SEQ},
	[ESPY_COL_time] = {AT(time), .type = ESPY_SCAN_u64},
	[ESPY_COL_end] = {.is_here = true, .computed = END},
	[ESPY_COL_duration] = {AT(duration), .type = ESPY_SCAN_u64, .absent = ESPY_F_NO_ENTRY},
	[ESPY_COL_result] = {AT(result), .type = ESPY_SCAN_u64, .is_signed = true,
			     .absent = ESPY_F_PENDING},
	[ESPY_COL_tid] = {AT(tid), .type = ESPY_SCAN_u32},
	[ESPY_COL_cpu] = {AT(cpu), .type = ESPY_SCAN_u16},
	[ESPY_COL_cpu_seq] = {AT(cpu_seq), .type = ESPY_SCAN_u32},
	[ESPY_COL_pending] = {.is_here = true, .computed = PENDING},
	[ESPY_COL_truncated] = {.is_here = true, .computed = TRUNCATED},
};

static const void *array_of(const struct espy_batch *b, const struct place *p)
{
	const void *array;

	memcpy(&array, (const char *)b + p->offset, sizeof(array));
	return array;
}

/* --- columns of every row -----------------------------------------------------------------------
 */

/* 64 values from `row` on, for columns that are worked out. */
static void compute(const struct espy_batch *b, const struct place *p, uint32_t row, uint32_t n,
		    uint64_t *ret)
{
	uint8_t flag = p->computed == PENDING ? ESPY_F_PENDING : ESPY_F_TRUNCATED;

	for (uint32_t i = 0; i < n; i++) {
		if (p->computed == SEQ)
			ret[i] = b->first_seq + row + i;
		else if (p->computed == END)
			ret[i] = b->time[row + i] + b->duration[row + i];
		else
			ret[i] = !!(b->flags[row + i] & flag);
	}
}

/* One span over all rows. The last word may be short of 64 elements: they are copied. */
static void scan_stored(const struct espy_eval *e, const struct place *p, struct espy_span span,
			const uint64_t *mask, uint64_t *out)
{
	const char *array = array_of(e->b, p);
	uint32_t whole = e->b->n / 64, rest = e->b->n % 64;
	size_t size = espy_scan_size(p->type);
	uint64_t tail[64] = {0};

	if (!espy_scan_clip(p->type, &span))
		return;
	espy_scan(p->type, array, whole, span, mask, out);
	if (rest == 0)
		return;
	memcpy(tail, array + (size_t)whole * 64 * size, rest * size);
	espy_scan(p->type, tail, 1, span, mask + whole, out + whole);
}

static void scan_computed(const struct espy_eval *e, const struct place *p, struct espy_span span,
			  const uint64_t *mask, uint64_t *out)
{
	for (uint32_t w = 0; w < e->words; w++) {
		uint32_t left = e->b->n - w * 64;
		uint64_t values[64] = {0};

		if (mask[w] == 0)
			continue;
		compute(e->b, p, w * 64, left < 64 ? left : 64, values);
		espy_scan(ESPY_SCAN_u64, values, 1, span, mask + w, out + w);
	}
}

static uint64_t value_at(const struct espy_batch *b, const struct place *p, uint32_t row)
{
	const void *array;
	uint64_t v = 0;

	if (p->computed != STORED) {
		compute(b, p, row, 1, &v);
		return v;
	}
	array = array_of(b, p);
	switch (p->type) {
	case ESPY_SCAN_u16:
		return ((const uint16_t *)array)[row];
	case ESPY_SCAN_u32:
		return ((const uint32_t *)array)[row];
	default:
		return ((const uint64_t *)array)[row];
	}
}

/* Bits and long lists. */
static void match_rows(const struct espy_eval *e, const struct place *p,
		       const struct espy_number_test *t, const uint64_t *mask, uint64_t *out)
{
	for (uint32_t w = 0; w < e->words; w++) {
		for (uint64_t left = mask[w]; left; left &= left - 1) {
			unsigned i = (unsigned)__builtin_ctzll(left);
			uint64_t v = value_at(e->b, p, w * 64 + i);

			out[w] |= (uint64_t)espy_number_match(t, v, p->is_signed) << i;
		}
	}
}

static void match_column(const struct espy_eval *e, const struct place *p,
			 const struct espy_number_test *t, const uint64_t *mask, uint64_t *out)
{
	uint32_t n = t->n_spans[p->is_signed];

	memset(out, 0, e->words * sizeof(*out));
	if (t->bits || n > SCANS_MAX) {
		match_rows(e, p, t, mask, out);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (p->computed == STORED)
			scan_stored(e, p, t->spans[p->is_signed][i], mask, out);
		else
			scan_computed(e, p, t->spans[p->is_signed][i], mask, out);
	}
}

/* Takes out the rows that have no value. */
static void clear_absent(const struct espy_eval *e, const struct place *p, uint64_t *out)
{
	for (uint32_t w = 0; w < e->words && p->absent; w++) {
		for (uint64_t left = out[w]; left; left &= left - 1) {
			unsigned i = (unsigned)__builtin_ctzll(left);

			if (e->b->flags[w * 64 + i] & p->absent)
				out[w] &= ~(1ull << i);
		}
	}
}

static void set_bit(uint64_t *bits, uint32_t row, bool on)
{
	bits[row / 64] &= ~(1ull << row % 64);
	bits[row / 64] |= (uint64_t)on << row % 64;
}

/* The result of process_exit is no errno (espy_column_fmt): its rows are tested again as what they
 * are. */
static void match_exits(const struct espy_eval *e, const struct espy_leaf *l, const uint64_t *mask,
			uint64_t *out)
{
	const struct espy_group *g = e->b->group[ESPY_EV_process_exit];
	const struct espy_number_test *t = espy_leaf_number(l, ESPY_FMT_EXIT);

	for (uint32_t i = 0; g && i < g->n; i++) {
		uint32_t row = g->row[i];
		uint64_t v = (uint64_t)e->b->result[row];
		bool is = mask[row / 64] >> row % 64 & 1;

		set_bit(out, row, is && t && espy_number_match(t, v, true) != l->negate);
	}
}

bool espy_numbers_column(struct espy_eval *e, const struct espy_leaf *l, const uint64_t *mask,
			 uint64_t *out)
{
	const struct espy_column *c = l->operand.column;
	const struct place *p = &places[c->id];
	const struct espy_number_test *t;

	if (!p->is_here)
		return false;
	t = l->kind == ESPY_LEAF_NUMBER ? espy_leaf_number(l, c->fmt) : NULL;
	if (l->kind != ESPY_LEAF_NUMBER)
		memcpy(out, mask, e->words * sizeof(*out));
	else if (t)
		match_column(e, p, t, mask, out);
	else
		memset(out, 0, e->words * sizeof(*out));
	for (uint32_t w = 0; w < e->words && l->negate && t; w++)
		out[w] = mask[w] & ~out[w];
	if (c->id == ESPY_COL_result && l->kind == ESPY_LEAF_NUMBER)
		match_exits(e, l, mask, out);
	clear_absent(e, p, out);
	return true;
}

/* --- fields of events ---------------------------------------------------------------------------
 */

/* Collects bits in a register while they go into the same word. */
struct sink {
	uint64_t *out;
	uint32_t word;
	uint64_t bits;
};

static inline void put(struct sink *s, uint32_t row, bool on)
{
	if (row / 64 != s->word) {
		s->out[s->word] |= s->bits;
		s->word = row / 64;
		s->bits = 0;
	}
	s->bits |= (uint64_t)on << row % 64;
}

static void field_numbers(const struct espy_leaf *l, const struct espy_group *g,
			  const struct espy_field *f, const uint64_t *v, struct sink *s)
{
	const struct espy_number_test *t = espy_leaf_number(l, f->fmt);
	bool is_signed = espy_kind_is_signed(f->kind);
	struct espy_span one;

	if (l->kind != ESPY_LEAF_NUMBER) {
		for (uint32_t i = 0; i < g->n; i++)
			put(s, g->row[i], true);
	} else if (t && !t->bits && t->n_spans[is_signed] == 1) {
		one = t->spans[is_signed][0];
		for (uint32_t i = 0; i < g->n; i++)
			put(s, g->row[i], ((v[i] & t->keep) - one.lo <= one.width) != l->negate);
	} else if (t) {
		for (uint32_t i = 0; i < g->n; i++)
			put(s, g->row[i], espy_number_match(t, v[i], is_signed) != l->negate);
	}
}

static bool test_string(struct espy_eval *e, const struct espy_leaf *l, const struct espy_field *f,
			uint32_t id)
{
	return id && espy_leaf_test_text(l, espy_dict_get(&e->b->dict, id), f->fmt, &e->scratch);
}

static int field_strings(struct espy_eval *e, const struct espy_leaf *l, const struct espy_group *g,
			 unsigned at, const uint64_t *mask, struct sink *s)
{
	bool remember = (uint64_t)g->n * STRINGS_PER_ROW >= e->b->dict.n;
	const struct espy_field *f = &g->schema->fields[at];
	const uint32_t *ids = g->cols[at];
	uint8_t *known = NULL;

	if (remember) {
		known = espy_keyed_memory(e, e->b->dict.n);
		if (!known)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t row = g->row[i], id = ids[i];
		bool yes;

		if (!(mask[row / 64] >> row % 64 & 1) || id >= e->b->dict.n)
			continue;
		if (known && known[id] != ESPY_UNKNOWN)
			yes = known[id];
		else
			yes = test_string(e, l, f, id);
		if (known)
			known[id] = yes;
		put(s, row, yes);
	}
	return 0;
}

/* A row of the plain pack has no value of a field that it never knows. */
static void clear_unknown(const struct espy_eval *e, const struct espy_group *g, unsigned at,
			  uint64_t *out)
{
	uint64_t lacks;

	if (!espy_schema_plain(g->schema->type, &lacks) || !(lacks >> at & 1))
		return;
	for (uint32_t i = 0; i < g->n; i++)
		if (e->b->flags[g->row[i]] & ESPY_F_PLAIN)
			set_bit(out, g->row[i], false);
}

int espy_numbers_field(struct espy_eval *e, const struct espy_leaf *l, const uint64_t *mask,
		       uint64_t *out)
{
	bool is_text = l->operand.column->type == ESPY_TYPE_STR;
	struct sink s = {.out = out};
	int r = 0;

	memset(out, 0, e->words * sizeof(*out));
	for (size_t i = 0; i < espy_n_schemas && r == 0; i++) {
		const struct espy_group *g = e->b->group[espy_schemas[i].type];
		int at = g && g->n ? espy_column_field(l->operand.column, g->schema) : -1;
		const struct espy_field *f = at < 0 ? NULL : &g->schema->fields[at];

		if (!f || espy_kind_is_string(f->kind) != is_text)
			continue;
		if (is_text)
			r = field_strings(e, l, g, (unsigned)at, mask, &s);
		else
			field_numbers(l, g, f, g->cols[at], &s);
	}
	if (e->words > 0)
		out[s.word] |= s.bits;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_group *g = e->b->group[espy_schemas[i].type];
		int at = g && g->n ? espy_column_field(l->operand.column, g->schema) : -1;

		if (at >= 0)
			clear_unknown(e, g, (unsigned)at, out);
	}
	for (uint32_t w = 0; w < e->words; w++)
		out[w] &= mask[w];
	return r;
}
