/* SPDX-License-Identifier: MIT */
/* --hashes and --packages: what is to be found out about files that are run. espy_cmd_getopt takes
 * the options off for every command that has them in its table. */
#pragma once

#include "enrich/identify.h"

/* clang-format off */
#define ESPY_HASHES_OPTIONS \
	{0, "hashes", "[=LIST]", "hash executables and libraries that are run, beside the recording: " \
	 "sha256, sha1, md5 or all, by commas; without a list sha256"}, \
	{0, "packages", NULL, "say which package of the distribution they belong to (dpkg)"}
/* clang-format on */

/* 0, or an exit code after an error was printed. */
int espy_hashes_option(const char *list);
int espy_packages_option(const char *unused);
struct espy_identify_options espy_hashes_wanted(void);
