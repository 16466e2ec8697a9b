/* SPDX-License-Identifier: MIT */
/*
 * Which paths hold settings of the machine or of a user: settings.def as a table that is asked.
 * Patterns are matched by name alone, without a look at any file.
 */
#pragma once

#include "base/str.h"

#define ESPY_SETTING_NONE (-1)

struct espy_setting_row {
	const char *pattern; /* see settings.def */
	const char *kind;    /* sudoers */
	const char *doc;
};

extern const struct espy_setting_row espy_setting_rows[];
extern const int espy_n_setting_rows;

/* The first row whose pattern fits the path, or ESPY_SETTING_NONE; then `ret_key` is untouched. The
 * key is what is below the directory of a pattern that ends with '/', else the path; it points into
 * `path`. Of sysctl it is not yet spelled as sysctl(8) does. */
int espy_setting_find(struct espy_str path, struct espy_str *ret_key);

/* Is it a setting of the running kernel, whose value is what is written? */
int espy_setting_is_live(int row);
