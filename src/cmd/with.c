/* SPDX-License-Identifier: MIT */
#include "cmd/with.h"

#include <stdio.h>
#include <string.h>
#include "cmd/clipboard.h"
#include "model/schema.h"

static bool types[ESPY_EVENT_ID_MAX];
static bool all;

static bool is_named(const struct espy_schema *s, struct espy_str name)
{
	return espy_str_eq(name, espy_str0(s->name)) || espy_str_eq(name, espy_str0(s->op)) ||
	       espy_str_eq(name, espy_str0(espy_class_name(s->class_id)));
}

static bool add(struct espy_str name)
{
	bool found = all = all || espy_str_eq(name, ESPY_STR("all"));

	for (size_t i = 0; i < espy_n_schemas; i++)
		if (is_named(&espy_schemas[i], name))
			found = types[espy_schemas[i].type] = true;
	return found;
}

int espy_with_option(const char *list)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n && !add((struct espy_str){list, n})) {
			fprintf(stderr,
				"espy: --with %.*s: there is no such class or operation; espy "
				"schema lists them\n",
				(int)n, list);
			return 2;
		}
		list += n + (list[n] == ',');
	}
	return 0;
}

/* Most machines have no display, and all of what is there is then all but that. */
const bool *espy_with_types(void)
{
	for (size_t i = 0; i < espy_n_schemas && all; i++)
		types[espy_schemas[i].type] |= espy_schemas[i].class_id != ESPY_CLASS_desktop ||
					       espy_display_name(espy_clipboard_options().display);
	return types;
}
