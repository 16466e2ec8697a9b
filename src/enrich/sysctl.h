/* SPDX-License-Identifier: MIT */
/*
 * The memory behind a sysctl as the text that reading its file would have given (kernel/sysctl.c).
 * How it is to be read is known by the kernel's function for it, whose name /proc/kallsyms tells;
 * of functions with other names, and where that file tells nothing, by what the write itself made
 * of the memory. What neither tells stays unknown.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "model/event.h"

#include <stdbool.h>

#define ESPY_SYSCTL_HANDLERS_MAX 64

/* A zeroed one is ready for use. */
struct espy_sysctls {
	struct {
		uint64_t address;
		uint8_t form;
	} handlers[ESPY_SYSCTL_HANDLERS_MAX];
	unsigned n;
	bool looked; /* at /proc/kallsyms: at the first write, since it takes a while */
};

/* Takes a line of /proc/kallsyms. */
void espy_sysctl_symbol(struct espy_sysctls *t, const char *line);

/*
 * Appends the value before; false: it cannot be known, and nothing is appended. `written` without a
 * last newline; `worked`: the write succeeded. `ret_cut`: there is more of it.
 */
bool espy_sysctl_before(struct espy_sysctls *t, const struct espy_setting_raw *raw,
			struct espy_str written, bool worked, struct espy_buf *out, bool *ret_cut);
