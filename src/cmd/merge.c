/* SPDX-License-Identifier: MIT */
#include "cmd/merge.h"

#include <stddef.h>

static bool wanted;

int espy_merge_option(const char *none)
{
	(void)none;
	wanted = true;
	return 0;
}

bool espy_merge_wanted(void)
{
	return wanted;
}
