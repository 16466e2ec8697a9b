/* SPDX-License-Identifier: MIT */
/* Any text as the detail of any operation of Process Monitor: what a log file gets of it stays
 * within its limits. The first byte is the operation, the second the length of the path. */
#include "fuzz.h"
#include <stdlib.h>
#include "format/pml-write-detail.h"

static void need(int ok)
{
	if (!ok)
		abort();
}

static unsigned operations(void)
{
	unsigned n = 0;

	while (espy_procmon_op_get(n))
		n++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct espy_pml_blob b = {.local = {.is_v4 = true}};
	const char *text = (const char *)data + 2;
	size_t path;

	if (size < 2)
		return 0;
	size -= 2;
	path = data[1] < size ? data[1] : size;
	b.op = espy_procmon_op_get(data[0] % operations());
	b.path = (struct espy_str){text, path};
	b.text = (struct espy_str){text + path, size - path};
	need(espy_pml_blob_make(&b) == 0);
	need(b.extra.n <= ESPY_PML_EXTRA_MAX);
	need(b.has_extra || !b.extra.n);
	espy_pml_blob_done(&b);
	return 0;
}
