/* SPDX-License-Identifier: MIT */
/*
 * Which package of the distribution a file belongs to, by dpkg's lists of installed files
 * (/var/lib/dpkg/info/PACKAGE.list, one path per line; see dpkg-query(1)). They are read once;
 * kept is a hash of each path, and a hit is looked up in the list itself.
 * Other databases (rpm's) are not read.
 */
#pragma once

#include <stdint.h>
#include "base/str.h"
#include "base/vec.h"

#define ESPY_PACKAGES_MAX      65536u
#define ESPY_PACKAGE_PATHS_MAX (1u << 20)  /* files of all packages that are remembered */
#define ESPY_PACKAGE_LIST_MAX  (16u << 20) /* bytes of one list that are read */
#define ESPY_PACKAGE_NAME_MAX  127u

struct espy_package_slot {
	uint64_t hash; /* 0: empty */
	uint32_t package;
	uint32_t next; /* 1 when another package has a path of this hash: go on looking */
};

struct espy_packages {
	const char *dir; /* of the lists */
	bool is_read;
	uint64_t seed;
	struct espy_package_slot *slots;
	size_t cap, n;
	ESPY_VEC(char *) names; /* of the lists, without ".list" */
};

void espy_packages_init(struct espy_packages *t, const char *dir); /* NULL: dpkg's own */
void espy_packages_done(struct espy_packages *t);

/* Reads the lists, if that was not done yet. */
void espy_packages_read(struct espy_packages *t);
/* The name in `ret`, "coreutils" or "libc6:amd64"; empty when no package has the path. `path` is
 * absolute, as it is on this system without the links of a merged /usr or with them. */
void espy_package_of(struct espy_packages *t, struct espy_str path,
		     char ret[ESPY_PACKAGE_NAME_MAX + 1]);
