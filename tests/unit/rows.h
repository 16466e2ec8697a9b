/* SPDX-License-Identifier: MIT */
/* Batches built by hand, for tests of what consumes them. */
#pragma once

#include <assert.h>
#include <stdarg.h>
#include "model/batch.h"

/* A process entry; `parent` is the index of another one, or -1. Its start is pid * 1000. */
static inline uint32_t rows_proc(struct espy_batch *b, uint32_t pid, int parent, const char *name,
				 const char *cmdline, size_t cmdline_n)
{
	struct espy_proc p = {
		.pid = pid,
		.start = pid * 1000ull,
		.parent = parent < 0 ? UINT32_MAX : (uint32_t)parent,
		.ppid = parent < 0 ? 0 : b->procs[parent].pid,
		.parent_start = parent < 0 ? 0 : b->procs[parent].start,
		.uid = 1000,
		.name = espy_dict_add(&b->dict, espy_str0(name)),
		.user = espy_dict_add(&b->dict, ESPY_STR("ann")),
		.cmdline = espy_dict_add(&b->dict, (struct espy_str){cmdline, cmdline_n}),
	};
	int i = espy_batch_add_proc(b, &p);

	assert(i >= 0);
	return (uint32_t)i;
}

#define ROWS_PROC(b, pid, parent, name, cmdline) \
	rows_proc(b, pid, parent, name, cmdline, sizeof(cmdline))

/* A row of 10 ns at `time`, with a path or NULL. */
static inline uint32_t rows_add(struct espy_batch *b, unsigned type, uint32_t proc, uint64_t time,
				const char *path, int64_t result)
{
	int row = espy_batch_add(b, type);

	assert(row >= 0);
	b->proc[row] = proc;
	b->tid[row] = proc < b->n_procs ? b->procs[proc].pid : 0;
	b->time[row] = time;
	b->duration[row] = 10;
	b->result[row] = result;
	if (path)
		b->path[row] = espy_dict_add(&b->dict, espy_str0(path));
	return (uint32_t)row;
}

static inline unsigned rows_field(const struct espy_batch *b, uint32_t row, const char *name)
{
	int f = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(name));

	assert(f >= 0);
	return (unsigned)f;
}

static inline void rows_num(struct espy_batch *b, uint32_t row, const char *field, uint64_t v)
{
	espy_batch_set_num(b, row, rows_field(b, row, field), v);
}

static inline void rows_str(struct espy_batch *b, uint32_t row, const char *field, const char *v,
			    size_t n)
{
	int r = espy_batch_set_str(b, row, rows_field(b, row, field), (struct espy_str){v, n});

	assert(r == 0);
	(void)r;
}
