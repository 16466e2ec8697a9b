/* SPDX-License-Identifier: MIT */
#include "rule/lineage.h"
#include <errno.h>
#include <stdlib.h>

enum { NO, YES, UNKNOWN, ON_THE_WAY };

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_named(const struct espy_lineage *l, const struct espy_batch *b,
		     const struct espy_proc *p)
{
	if (l->n_pids > 0 && bsearch(&p->pid, l->pids, l->n_pids, sizeof(*l->pids), by_value))
		return true;
	return l->names.n > 0 && l->names.match(&l->names, espy_dict_get(&b->dict, p->name));
}

/* UINT32_MAX when it is not in the batch. */
static uint32_t parent_of(const struct espy_batch *b, uint32_t i)
{
	return b->procs[i].parent < b->n_procs ? b->procs[i].parent : UINT32_MAX;
}

/* Up until something is known, then the same way again with the answer. A damaged file may hold a
 * circle: it ends where the way began. */
static void find_descends(struct espy_lineage *l, const struct espy_batch *b, uint32_t entry)
{
	uint8_t answer = NO;
	uint32_t i;

	for (i = entry; i != UINT32_MAX && l->is[i] == UNKNOWN; i = parent_of(b, i)) {
		l->is[i] = ON_THE_WAY;
		if (is_named(l, b, &b->procs[i])) {
			answer = YES;
			break;
		}
	}
	if (i != UINT32_MAX && l->is[i] != ON_THE_WAY)
		answer = l->is[i];
	for (i = entry; i != UINT32_MAX && l->is[i] == ON_THE_WAY; i = parent_of(b, i))
		l->is[i] = answer;
}

static void find_ancestors(struct espy_lineage *l, const struct espy_batch *b, uint32_t entry)
{
	if (!is_named(l, b, &b->procs[entry]))
		return;
	for (uint32_t i = entry; i != UINT32_MAX && l->is[i] != YES; i = parent_of(b, i))
		l->is[i] = YES;
}

int espy_lineage_begin(struct espy_lineage *l, const struct espy_batch *b)
{
	bool up = l->kind == ESPY_LINEAGE_DESCENDS;

	if (b->n_procs > l->cap) {
		uint8_t *is = realloc(l->is, b->n_procs);

		if (!is)
			return -ENOMEM;
		l->is = is;
		l->cap = b->n_procs;
	}
	if (b->n_procs > 0)
		memset(l->is, up ? UNKNOWN : NO, b->n_procs);
	for (uint32_t i = 0; i < b->n_procs; i++) {
		if (up)
			find_descends(l, b, i);
		else
			find_ancestors(l, b, i);
	}
	return 0;
}

void espy_lineage_done(struct espy_lineage *l)
{
	free(l->is);
	l->is = NULL;
	l->cap = 0;
}
