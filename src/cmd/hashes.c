/* SPDX-License-Identifier: MIT */
#include "cmd/hashes.h"

#include <stdio.h>
#include <string.h>

static struct espy_identify_options wanted;

static unsigned kind_of(struct espy_str name)
{
	if (espy_str_eq(name, ESPY_STR("all")))
		return (1u << ESPY_HASH__MAX) - 1;
	for (unsigned k = 0; k < ESPY_HASH__MAX; k++)
		if (espy_str_eq(name, espy_str0(espy_hash_names[k])))
			return 1u << k;
	return 0;
}

int espy_hashes_option(const char *list)
{
	list = list ? list : "sha256";
	while (*list) {
		size_t n = strcspn(list, ",");
		unsigned kind = kind_of((struct espy_str){list, n});

		if (n && !kind) {
			fprintf(stderr,
				"espy: --hashes=%.*s: not known; there are sha256, sha1, md5 and "
				"all\n",
				(int)n, list);
			return 2;
		}
		wanted.kinds |= kind;
		list += n + (list[n] == ',');
	}
	return 0;
}

int espy_packages_option(const char *unused)
{
	(void)unused;
	wanted.packages = true;
	return 0;
}

struct espy_identify_options espy_hashes_wanted(void)
{
	return wanted;
}
