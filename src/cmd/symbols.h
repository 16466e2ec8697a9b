/* SPDX-License-Identifier: MIT */
/* Stacks of traces that are read get the names of functions, unless --no-symbols is given. */
#pragma once

#define ESPY_SYMBOLS_OPTION                                                                       \
	{                                                                                         \
		0, "no-symbols", NULL, "stacks as they were recorded, without names of functions" \
	}

/* For this command and from now on. */
void espy_symbols_use(void);
int espy_symbols_option(const char *none);
