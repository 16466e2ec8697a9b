/* SPDX-License-Identifier: MIT */
#include "rule/keyed.h"
#include <errno.h>
#include <stdlib.h>
#include "rule/scan.h"

/* Words with fewer rows than this are not worth a look at all 64. */
#define FEW_ROWS 12

#define CALLS   1024u /* numbers of system calls below this are remembered */
#define SOURCES 256u

uint8_t *espy_keyed_memory(struct espy_eval *e, size_t n)
{
	if (n + 1 > e->known_cap) {
		uint8_t *p = realloc(e->known, n + 1);

		if (!p)
			return NULL;
		e->known = p;
		e->known_cap = n + 1;
	}
	memset(e->known, ESPY_UNKNOWN, n + 1);
	return e->known;
}

/* All keys of the kind are below this; what is not is looked at each time. */
static uint32_t key_end(const struct espy_batch *b, enum espy_key key)
{
	switch (key) {
	case ESPY_KEY_TYPE:
		return ESPY_EVENT_ID_MAX;
	case ESPY_KEY_SOURCE:
		return SOURCES;
	case ESPY_KEY_CALL:
		return ESPY_ABI__MAX * CALLS;
	case ESPY_KEY_PROC:
		return b->n_procs;
	default:
		return b->dict.n;
	}
}

/* Keys of n rows from `row` on; inlined, so that the usual 64 is a constant to the compiler. */
static inline __attribute__((always_inline)) void
copy_keys(const struct espy_batch *b, enum espy_key key, uint32_t row, uint32_t n, uint32_t *ret)
{
	switch (key) {
	case ESPY_KEY_TYPE:
		for (uint32_t i = 0; i < n; i++)
			ret[i] = b->type[row + i];
		break;
	case ESPY_KEY_SOURCE:
		for (uint32_t i = 0; i < n; i++)
			ret[i] = b->path_source[row + i];
		break;
	case ESPY_KEY_CALL:
		for (uint32_t i = 0; i < n; i++)
			ret[i] = b->call[row + i] < CALLS
					 ? b->abi[row + i] * CALLS + b->call[row + i]
					 : UINT32_MAX;
		break;
	case ESPY_KEY_PROC:
		memcpy(ret, b->proc + row, n * sizeof(*ret));
		break;
	default:
		memcpy(ret, b->path + row, n * sizeof(*ret));
		break;
	}
}

/* Keys of the 64 rows from `row` on; `end` for what is not below it, and behind the last row. */
static void get_keys(const struct espy_batch *b, enum espy_key key, uint32_t row, uint32_t end,
		     uint32_t *ret)
{
	uint32_t n = b->n - row;

	if (n >= 64) {
		copy_keys(b, key, row, 64, ret);
	} else {
		copy_keys(b, key, row, n, ret);
		for (uint32_t i = n; i < 64; i++)
			ret[i] = end;
	}
	for (uint32_t i = 0; i < 64; i++)
		ret[i] = ret[i] < end ? ret[i] : end;
}

static bool test_leaf(struct espy_eval *e, const struct espy_expr *expr, uint32_t row)
{
	const struct espy_leaf *l = expr->leaf;
	uint32_t id;

	if (expr->key != ESPY_KEY_PATH)
		return espy_leaf_test(l, e->b, row, &e->scratch);
	/* What is asked most need not go through the column. */
	id = e->b->path[row];
	return id && espy_leaf_test_text(l, espy_dict_get(&e->b->dict, id), l->operand.column->fmt,
					 &e->scratch);
}

/* The whole expression for one row. As deep as the parser let it be. */
static bool test_row(struct espy_eval *e, const struct espy_expr *expr, uint32_t row)
{
	if (expr->kind == ESPY_EXPR_LEAF)
		return test_leaf(e, expr, row) != expr->complement;
	for (const struct espy_expr *c = expr->first; c; c = c->next)
		if (test_row(e, c, row) != (expr->kind == ESPY_EXPR_AND))
			return expr->kind == ESPY_EXPR_OR;
	return expr->kind == ESPY_EXPR_AND;
}

/* What is known of 64 keys: bits of those that are true. *ret_unknown: of those not known yet. */
static inline uint64_t look(const uint8_t *known, const uint32_t *keys, uint64_t *ret_unknown)
{
	uint8_t state[64], all = 0;
	uint64_t hit;

	for (unsigned i = 0; i < 64; i++) {
		state[i] = known[keys[i]];
		all |= state[i];
	}
	hit = espy_scan_pack(state);
	*ret_unknown = 0;
	if (all & ESPY_UNKNOWN) {
		for (unsigned i = 0; i < 64; i++)
			state[i] >>= 1;
		*ret_unknown = espy_scan_pack(state);
	}
	return hit;
}

/* Strings that are about to be tested lie anywhere in memory: both ends of all of them are sent for
 * at once, instead of waiting for one after the other. */
static void send_for(const struct espy_dict *d, const uint32_t *keys, uint64_t which)
{
	for (; which; which &= which - 1) {
		struct espy_str s = espy_dict_get(d, keys[__builtin_ctzll(which)]);

		__builtin_prefetch(s.p);
		__builtin_prefetch(s.p + (s.n ? s.n - 1 : 0));
	}
}

/* One run over a batch. */
struct run {
	struct espy_eval *e;
	const struct espy_expr *expr;
	uint8_t *known; /* by key */
	uint32_t end;   /* all keys are below it; known[end] never is */
};

/* Rows of one word whose keys are not known yet. Returns those that are true. */
static uint64_t test_unknown(const struct run *r, uint32_t row, const uint32_t *keys,
			     uint64_t unknown)
{
	uint64_t hit = 0;

	if (r->expr->key == ESPY_KEY_PATH)
		send_for(&r->e->b->dict, keys, unknown);
	for (; unknown; unknown &= unknown - 1) {
		unsigned i = (unsigned)__builtin_ctzll(unknown);
		uint8_t is = r->known[keys[i]];

		if (is == ESPY_UNKNOWN) { /* not by a row of this word */
			is = test_row(r->e, r->expr, row + i);
			if (keys[i] < r->end)
				r->known[keys[i]] = is;
		}
		hit |= (uint64_t)is << i;
	}
	return hit;
}

/* One word of which few rows are asked for. */
static uint64_t look_up_few(const struct run *r, uint32_t row, uint64_t mask)
{
	uint64_t hit = 0, unknown = 0;
	uint32_t keys[64];

	for (uint64_t left = mask; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);

		copy_keys(r->e->b, r->expr->key, row + i, 1, &keys[i]);
		keys[i] = keys[i] < r->end ? keys[i] : r->end;
		hit |= (uint64_t)(r->known[keys[i]] & 1) << i;
		unknown |= (uint64_t)(r->known[keys[i]] >> 1) << i;
	}
	return unknown ? hit | test_unknown(r, row, keys, unknown) : hit;
}

/* One word. */
static uint64_t look_up(const struct run *r, uint32_t row, uint64_t mask)
{
	uint64_t hit, unknown;
	uint32_t keys[64];

	get_keys(r->e->b, r->expr->key, row, r->end, keys);
	hit = look(r->known, keys, &unknown) & mask;
	unknown &= mask;
	return unknown ? hit | test_unknown(r, row, keys, unknown) : hit;
}

int espy_keyed(struct espy_eval *e, const struct espy_expr *expr, const uint64_t *mask,
	       uint64_t *out)
{
	struct run r = {.e = e, .expr = expr, .end = key_end(e->b, expr->key)};

	r.known = espy_keyed_memory(e, r.end);
	if (!r.known)
		return -ENOMEM;
	for (uint32_t w = 0; w < e->words; w++) {
		bool few = __builtin_popcountll(mask[w]) < FEW_ROWS;

		out[w] = few ? look_up_few(&r, w * 64, mask[w]) : look_up(&r, w * 64, mask[w]);
	}
	return 0;
}
