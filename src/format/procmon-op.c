/* SPDX-License-Identifier: MIT */
#include "format/procmon-op.h"
#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define CLASSES 6

/* Numbers have no gaps, so a row stands at its number. */
static const struct espy_procmon_op ops[] = {
#define OPERATION(nr, class, code, sub, name, ev) \
	[(nr)] = {(name), (nr), ESPY_EV_##ev, (code), (sub), (class)},
#include "model/procmon.def"
};

const struct espy_procmon_op *espy_procmon_op_find(unsigned class_id, unsigned code, int sub)
{
	const struct espy_procmon_op *any = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (ops[i].class_id != class_id || ops[i].code != code)
			continue;
		if (ops[i].sub == sub)
			return &ops[i];
		if (ops[i].sub < 0)
			any = &ops[i];
	}
	return any;
}

const struct espy_procmon_op *espy_procmon_op_get(unsigned nr)
{
	return nr < ARRAY_SIZE(ops) ? &ops[nr] : NULL;
}

const char *espy_procmon_class_name(unsigned class_id)
{
	static const char *const names[CLASSES] = {
		"", "Process", "Registry", "File System", "Profiling", "Network",
	};

	return class_id < CLASSES ? names[class_id] : "";
}
