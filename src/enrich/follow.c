/* SPDX-License-Identifier: MIT */
#include "enrich/follow.h"

int espy_follow_row(const struct espy_follow *f, unsigned type, uint32_t path)
{
	struct espy_batch *b = f->b;
	int row = espy_batch_add(b, type);

	if (row < 0)
		return row;
	b->time[row] = b->time[f->row];
	b->duration[row] = b->duration[f->row];
	b->result[row] = b->result[f->row];
	b->proc[row] = b->proc[f->row];
	b->tid[row] = b->tid[f->row];
	b->path[row] = path;
	b->path_source[row] = path ? b->path_source[f->row] : ESPY_SOURCE_NONE;
	b->cpu_seq[row] = b->cpu_seq[f->row];
	b->call[row] = b->call[f->row];
	b->cpu[row] = b->cpu[f->row];
	b->abi[row] = b->abi[f->row];
	b->flags[row] = b->flags[f->row];
	return row;
}
