/* SPDX-License-Identifier: MIT */
/* The reader of traces gets any bytes. Checksums are off in this build, or nothing would get past
 * them. */
#include "fuzz.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
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
	(void)sink;
	espy_batch_free(b);
	espy_trace_close(t);
	return 0;
}
