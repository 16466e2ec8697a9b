/* SPDX-License-Identifier: MIT */
#include "sense/percpu.h"

#include <string.h>

#define SECTION ".data..percpu"

int64_t espy_percpu_offset(const struct espy_types *kernel, const char *name)
{
	uint32_t id = espy_types_find(kernel, SECTION, strlen(SECTION), BTF_KIND_DATASEC);
	const struct btf_type *section = espy_types_get(kernel, id);

	for (int i = 0; section && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *v = btf_var_secinfos(section) + i;
		const struct btf_type *t = espy_types_get(kernel, v->type);

		if (t && !strcmp(espy_types_name(kernel, t->name_off), name))
			return v->offset;
	}
	return -1;
}
