/* SPDX-License-Identifier: MIT */
/*
 * How many operations a row stands for: one, but for the runs of reads and writes that the kernel
 * side tells as one record (file_reads, file_writes; docs/adr/0031). Listings have rows; whatever
 * counts, adds up or averages operations asks here.
 */
#pragma once

#include "model/batch.h"
#include "model/field.h"

/* A trace may say anything of a run; the kernel side never says more than 2^20. With this limit
 * sums of a whole batch, and of any number of batches, stay within 64 bits. */
#define ESPY_MERGED_TIMES_MAX UINT32_MAX

_Static_assert((int)ESPY_FIELD_file_reads_times == (int)ESPY_FIELD_file_writes_times,
	       "one place for both");

static inline bool espy_merged_is(unsigned type)
{
	return type == ESPY_EV_file_reads || type == ESPY_EV_file_writes;
}

/* Of entry i of the group of such a type. */
static inline uint64_t espy_merged_times_at(const struct espy_group *g, uint32_t i)
{
	uint64_t n = ((const uint64_t *)g->cols[ESPY_FIELD_file_reads_times])[i];

	if (n == 0)
		return 1;
	return n < ESPY_MERGED_TIMES_MAX ? n : ESPY_MERGED_TIMES_MAX;
}

/* Of any row. */
static inline uint64_t espy_merged_times(const struct espy_batch *b, uint32_t row)
{
	unsigned type = b->type[row];

	return espy_merged_is(type) ? espy_merged_times_at(b->group[type], b->slot[row]) : 1;
}

/* What the rows whose bit is set (NULL: all) of these types stand for beyond themselves: 0 for a
 * batch without any. Costs nothing where there are none. */
static inline uint64_t espy_merged_more(const struct espy_batch *b, const uint64_t *bits)
{
	static const uint16_t types[] = {ESPY_EV_file_reads, ESPY_EV_file_writes};
	uint64_t n = 0;

	for (unsigned t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		const struct espy_group *g = b->group[types[t]];

		for (uint32_t i = 0; g && i < g->n; i++)
			if (!bits || bits[g->row[i] / 64] >> g->row[i] % 64 & 1)
				n += espy_merged_times_at(g, i) - 1;
	}
	return n;
}
