/* SPDX-License-Identifier: MIT */
#include "model/call.h"
#include <stdio.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define X32_FIRST 512 /* x32's own numbers begin here; below them it uses the native ones */

/* Number plus one to name, so that calls which a table lacks (-1) all end up in slot 0, unused. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const char *const native_names[] = {
#define SYSCALL(name, x86_64, i386, ...) [(x86_64) + 1] = #name,
#include "model/syscalls.def"
};

static const char *const ia32_names[] = {
#define SYSCALL(name, x86_64, i386, ...) [(i386) + 1] = #name,
#include "model/syscalls.def"
};
#pragma GCC diagnostic pop

static const char *const x32_names[] = {
#define SYSCALL(...)
#define SYSCALL_X32(name, nr) [(nr)-X32_FIRST] = #name,
#include "model/syscalls.def"
};

static const char *const procmon_names[] = {
#define OPERATION(nr, class, code, sub, name, ev) [(nr) + 1] = (name),
#include "model/procmon.def"
};

static const char *const uring_names[] = {
#define URING(name, opcode, ...) [(opcode) + 1] = #name,
#include "model/uring.def"
};

/* One row per table that a number can be an index of. */
static const struct call_table {
	const char *prefix;
	const char *const *names; /* [number + 1] */
	unsigned n;
	const char *const *own; /* [number - X32_FIRST] */
	unsigned n_own;
} tables[ESPY_ABI__MAX] = {
	[ESPY_ABI_NONE] = {"", NULL, 0, NULL, 0},
	[ESPY_ABI_NATIVE] = {"", native_names, ARRAY_SIZE(native_names), NULL, 0},
	[ESPY_ABI_IA32] = {"ia32:", ia32_names, ARRAY_SIZE(ia32_names), NULL, 0},
	[ESPY_ABI_X32] = {"x32:", native_names, ARRAY_SIZE(native_names), x32_names,
			  ARRAY_SIZE(x32_names)},
	[ESPY_ABI_PROCMON] = {"", procmon_names, ARRAY_SIZE(procmon_names), NULL, 0},
	[ESPY_ABI_URING] = {"io_uring:", uring_names, ARRAY_SIZE(uring_names), NULL, 0},
};

const char *espy_call_name(unsigned abi, unsigned nr)
{
	const struct call_table *t;

	if (abi >= ESPY_ABI__MAX)
		return NULL;
	t = &tables[abi];
	if (nr >= X32_FIRST && nr - X32_FIRST < t->n_own)
		return t->own[nr - X32_FIRST];
	return nr < t->n && nr + 1 < t->n ? t->names[nr + 1] : NULL;
}

static int find(const char *const *names, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

int espy_call_nr(unsigned abi, const char *name)
{
	const struct call_table *t;
	int i;

	if (abi >= ESPY_ABI__MAX || abi == ESPY_ABI_NONE)
		return -1;
	t = &tables[abi];
	i = find(t->own, t->n_own, name);
	if (i >= 0)
		return i + X32_FIRST;
	return find(t->names + 1, t->n - 1, name);
}

const char *espy_call_show(char *buf, size_t size, unsigned abi, unsigned nr)
{
	const char *name = espy_call_name(abi, nr);
	const char *prefix = abi < ESPY_ABI__MAX ? tables[abi].prefix : "?:";

	if (abi == ESPY_ABI_NONE)
		snprintf(buf, size, "%s", "");
	else if (name)
		snprintf(buf, size, "%s%s", prefix, name);
	else
		snprintf(buf, size, "%s#%u", prefix, nr);
	return buf;
}
