/* SPDX-License-Identifier: MIT */
/* Any bytes as a configuration of Process Monitor: an error has a sentence; what is read is written
 * as the same bytes, and its rules become a filter of limited size. */
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>
#include "format/pmc-filter.h"

static void need(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct espy_buf out = {0}, notes = {0};
	struct espy_err err = {0};
	struct espy_pmc *c;

	if (espy_pmc_read(&c, data, size, "fuzz", &err) < 0) {
		need(err.code < 0 && err.text[0]);
		return 0;
	}
	need(espy_pmc_write(c, &out) == 0);
	need(out.n == size && memcmp(out.p, data, size) == 0);
	for (unsigned i = 0; i < ESPY_PMC_LIST__MAX && size < 4096; i++) {
		espy_buf_reset(&out);
		espy_buf_reset(&notes);
		need(espy_pmc_filter(&c->rules[i], &out, &notes) == 0);
		need((out.n == 0) == (c->rules[i].n == 0));
	}
	espy_buf_done(&out);
	espy_buf_done(&notes);
	espy_pmc_free(c);
	return 0;
}
