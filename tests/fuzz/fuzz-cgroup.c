/* SPDX-License-Identifier: MIT */
/* Any bytes as the path of a cgroup: what it says is part of it, ends, and never changes. */
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>
#include "enrich/cgroup.h"

static void need(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct espy_str path = {(const char *)data, size};
	struct espy_where a, b;
	struct espy_buf longer = {0};

	espy_cgroup_parse(&a, path);
	espy_cgroup_parse(&b, path);
	need(strcmp(a.container, b.container) == 0 && strcmp(a.runtime, b.runtime) == 0);
	need(strlen(a.container) <= ESPY_CGROUP_NAME_MAX && strlen(a.container) <= size);
	need(strlen(a.unit) <= size && strlen(a.slice) <= size && strlen(a.pod) <= size);
	need(strlen(a.session) <= size);
	/* A level more that says nothing changes nothing. */
	need(espy_buf_reserve(&longer, size + 8) == 0);
	espy_buf_str(&longer, path);
	espy_buf_puts(&longer, "/x");
	espy_cgroup_parse(&b, (struct espy_str){longer.p, longer.n});
	need(strcmp(a.unit, b.unit) == 0 && strcmp(a.slice, b.slice) == 0);
	need(strcmp(a.pod, b.pod) == 0);
	espy_buf_done(&longer);
	return 0;
}
