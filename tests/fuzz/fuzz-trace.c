/* SPDX-License-Identifier: MIT */
/* The reader of traces gets any bytes. Checksums are off in this build, or nothing would get past
 * them. */
#include "fuzz.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "trace/look.h"
#include "trace/trace.h"

#define BLOCKS_MAX 64 /* of one input */

/* The bytes as a file; another description of it for the reader to own. */
static int open_bytes(const uint8_t *data, size_t size)
{
	static int file = -1;
	char path[64];

	if (file < 0)
		file = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(file, 0) < 0 || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Looks at every byte that a batch refers to. */
static uint64_t touch(const struct espy_batch *b)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < b->dict.n; i++)
		for (size_t k = 0; k < b->dict.strs[i].n; k++)
			sum += (uint8_t)b->dict.strs[i].p[k];
	for (uint32_t row = 0; row < b->n; row++) {
		const struct espy_proc *p = espy_batch_proc(b, row);
		const struct espy_group *g = b->group[b->type[row]];

		if (g->row[b->slot[row]] != row || b->path[row] >= b->dict.n)
			abort();
		sum += p->pid + b->time[row] + b->tid[row];
		if (p->parent != UINT32_MAX)
			sum += b->procs[p->parent].pid;
		for (unsigned f = 0; f < g->schema->n_fields; f++) {
			struct espy_value v = espy_batch_get(b, row, f);

			if (v.is_string && v.id >= b->dict.n)
				abort();
			sum += v.num + v.str.n;
		}
	}
	return sum;
}

/* Parts of a row that are asked for, as they would be for a filter. */
static uint64_t touch_parts(const struct espy_batch *b)
{
	uint64_t sum = 0;

	for (uint32_t row = 0; row < b->n; row++) {
		if (!b->group[b->type[row]] || (b->proc[row] && b->proc[row] >= b->n_procs) ||
		    b->path[row] >= b->dict.n)
			abort();
		sum += b->time[row] + b->duration[row] + (uint64_t)b->result[row] + b->tid[row] +
		       espy_dict_get(&b->dict, b->path[row]).n;
	}
	for (unsigned type = 0; type < ESPY_EVENT_ID_MAX; type++)
		for (uint32_t i = 0; b->group[type] && i < b->group[type]->n; i++)
			if (b->group[type]->row[i] >= b->n)
				abort();
	return sum;
}

/* What the directory of the open block says of every column. */
static uint64_t touch_ranges(const struct espy_look *l)
{
	struct espy_look_type types[ESPY_EVENT_ID_MAX];
	struct espy_look_range range;
	unsigned n = espy_look_types(l, types);
	const struct espy_column *c;
	uint64_t sum = 0;

	for (unsigned t = 0; t < n; t++) {
		sum += espy_look_rows(l, types[t].type);
		for (unsigned i = 0; (c = espy_column_at(i)); i++)
			if (espy_look_range(l, c, types[t].type, &range))
				sum += range.min + range.max;
	}
	return sum;
}

/* The same bytes through the index, block by block and in part. */
static uint64_t look(struct espy_trace *t, struct espy_batch *b)
{
	struct espy_list list;
	struct espy_look l;
	struct espy_err err;
	uint64_t sum = 0;

	if (espy_list_blocks(&list, t, &err) == 0 && espy_look_init(&l, t) == 0) {
		for (size_t i = 0; i < list.index.blocks.n && i < BLOCKS_MAX; i++) {
			struct espy_need need = {.bits = {(uint64_t)1 << (i * 7 % 44)}};

			if (espy_look_open(&l, &list.index.blocks.v[i], &err) < 0)
				continue;
			sum += touch_ranges(&l);
			if (espy_look_decode(&l, &need, b, &err) == 0)
				sum += touch_parts(b);
			need.bits[0] |= (uint64_t)1 << (i * 13 % 64);
			need.bits[1] = (uint64_t)1 << (i * 5 % 64);
			if (espy_look_decode(&l, &need, b, &err) == 0)
				sum += touch_parts(b);
			if (espy_look_decode(&l, NULL, b, &err) == 0)
				sum += touch(b);
		}
		espy_look_done(&l);
	}
	espy_list_done(&list);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static volatile uint64_t sink;
	struct espy_err err;
	struct espy_trace *t;
	struct espy_batch *b;
	unsigned blocks = 0;

	if (espy_trace_open_fd(&t, open_bytes(data, size), "fuzz", &err) < 0)
		return 0;
	if (espy_batch_new(&b) < 0)
		abort();
	while (blocks++ < BLOCKS_MAX && espy_trace_snapshot(t, b, &err) != 0)
		sink += touch(b);
	while (blocks++ < BLOCKS_MAX && espy_trace_next(t, b, &err) != 0)
		sink += touch(b);
	sink += espy_trace_machine(t)->cpus + (espy_trace_ending(t) != NULL);
	sink += look(t, b);
	(void)sink;
	espy_batch_free(b);
	espy_trace_close(t);
	return 0;
}
