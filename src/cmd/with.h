/* SPDX-License-Identifier: MIT */
/* --with LIST: classes and operations to record although they are optional (model/optional.def).
 * espy_cmd_getopt takes the option off for every command that has it in its table. */
#pragma once

#include <stdbool.h>

#define ESPY_WITH_OPTION                                                                           \
	{                                                                                          \
		0, "with", "LIST",                                                                 \
			"record these classes or operations too, which are not unless asked for; " \
			"all for all"                                                              \
	}

/* Adds the names of a list by commas. 0, or an exit code after an error was printed. */
int espy_with_option(const char *list);
/* By event id: what was asked for. */
const bool *espy_with_types(void);
