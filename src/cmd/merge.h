/* SPDX-License-Identifier: MIT */
/* --merge: runs of reads and writes are told as one event each, always and not only under overload.
 * espy_cmd_getopt takes the option off for every command that has it in its table. */
#pragma once

#include <stdbool.h>

#define ESPY_MERGE_OPTION                                                                       \
	{                                                                                       \
		0, "merge", NULL,                                                               \
			"many reads, or writes, of one file in a row are one event with their " \
			"number"                                                                \
	}

int espy_merge_option(const char *none); /* 0 */
bool espy_merge_wanted(void);
