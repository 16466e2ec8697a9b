/* SPDX-License-Identifier: MIT */
/* The reader of Process Monitor's files gets any bytes, and its rows are worded. */
#include "fuzz.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "format/procmon-text.h"
#include "format/readers.h"

#define BATCHES_MAX 64 /* of one input */

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

/* Looks at all that a batch refers to, and at every column of it in words. */
static uint64_t touch(const struct espy_batch *b)
{
	struct espy_procmon_context ctx = {0};
	struct espy_buf text = {0};
	uint64_t sum = 0;

	for (uint32_t row = 0; row < b->n; row++) {
		const struct espy_proc *p = espy_batch_proc(b, row);
		const struct espy_group *g = b->group[b->type[row]];

		if (g->row[b->slot[row]] != row || b->path[row] >= b->dict.n ||
		    b->detail[row] >= b->dict.n || b->stack[row] >= b->dict.n)
			abort();
		if (p->parent != UINT32_MAX)
			sum += b->procs[p->parent].pid;
		for (unsigned f = 0; f < g->schema->n_fields; f++)
			sum += espy_batch_get(b, row, f).num;
		for (unsigned c = 0; b->abi[row] == ESPY_ABI_PROCMON && c < ESPY_PROCMON__MAX; c++)
			espy_procmon_text(&text, b, row, c, &ctx);
		sum += text.n;
		espy_buf_reset(&text);
	}
	espy_buf_done(&text);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct espy_reader_format *f = &espy_reader_pml;
	static volatile uint64_t sink;
	struct espy_err err;
	struct espy_batch *b;
	unsigned batches = 0;
	void *state;

	if (f->open(&state, open_bytes(data, size), "fuzz", &err) < 0)
		return 0;
	if (espy_batch_new(&b) < 0)
		abort();
	while (batches++ < BATCHES_MAX && f->snapshot(state, b, &err) != 0)
		sink += touch(b);
	while (batches++ < BATCHES_MAX && f->next(state, b, &err) != 0)
		sink += touch(b);
	sink += f->machine(state)->cpus + (f->ending(state) != NULL);
	(void)sink;
	espy_batch_free(b);
	f->close(state);
	return 0;
}
