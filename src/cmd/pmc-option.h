/* SPDX-License-Identifier: MIT */
/* --pmc FILE: the filter of a configuration of Process Monitor, together with the one that was
 * typed. espy_cmd_getopt takes the option off for every command that has it in its table. */
#pragma once

#define ESPY_PMC_OPTION                                                                           \
	{                                                                                         \
		0, "pmc", "FILE",                                                                 \
			"only what the filter of this Process Monitor configuration lets through" \
	}

struct espy_pmc;
struct espy_err;

/* Reads a configuration ("-" is stdin); the caller frees it. 0 or a negative errno. */
int espy_pmc_load(struct espy_pmc **ret, const char *path, struct espy_err *err);

/* Notes the file of the option, the last one counts. 0, or an exit code after an error was printed.
 */
int espy_pmc_option(const char *path);
/* Both filters, malloc'd; `filter` is malloc'd or NULL and is freed. NULL when there is neither. */
char *espy_pmc_with(char *filter);
