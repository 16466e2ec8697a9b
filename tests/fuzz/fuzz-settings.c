/* SPDX-License-Identifier: MIT */
/* Any bytes as a path that may hold settings, as a line of /proc/kallsyms, and as the memory behind
 * a sysctl with what was written to it: a key lies in its path, and what is not known appends
 * nothing. */
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>
#include "enrich/setting.h"
#include "enrich/sysctl.h"

#define LINE_MAX 200

static void need(int ok)
{
	if (!ok)
		abort();
}

static void find(struct espy_str path)
{
	struct espy_str key = ESPY_STR_NONE;

	if (espy_setting_find(path, &key) == ESPY_SETTING_NONE)
		return;
	need(key.n > 0 && key.p >= path.p && key.p + key.n == path.p + path.n);
}

static void symbol(struct espy_sysctls *t, const uint8_t *data, size_t size)
{
	char line[LINE_MAX + 1];

	if (size > LINE_MAX)
		size = LINE_MAX;
	memcpy(line, data, size);
	line[size] = 0;
	espy_sysctl_symbol(t, line);
	need(t->n <= 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const lines[] = {"1 T proc_dostring",  "2 T proc_dointvec",
					    "3 T proc_douintvec", "4 T proc_doulongvec_minmax",
					    "5 T proc_dou8vec_x", "6 T proc_dointvec_jiffies"};
	struct espy_sysctls t = {.looked = true};
	struct espy_setting_raw raw = {0};
	struct espy_buf out = {0};
	struct espy_str written;
	size_t n = size < sizeof(raw) ? size : sizeof(raw);
	bool cut = false;

	find((struct espy_str){(const char *)data, size});
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		espy_sysctl_symbol(&t, lines[i]);
	if (n)
		memcpy(&raw, data, n);
	raw.handler = 1 + raw.handler % 7; /* the last one is not known */
	written = (struct espy_str){(const char *)data + n, size - n};
	if (!espy_sysctl_before(&t, &raw, written, raw.magic & 1, &out, &cut))
		need(out.n == 0);
	need(out.n <= 21 * ESPY_SETTING_RAW);
	symbol(&t, data, size);
	espy_buf_done(&out);
	return 0;
}
