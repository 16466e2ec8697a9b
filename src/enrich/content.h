/* SPDX-License-Identifier: MIT */
/*
 * Files that get the beginning of an executable without a write whose bytes could be seen: copies
 * inside the kernel (copy_file_range, sendfile, splice) and clones (FICLONE). Their first bytes are
 * read from the file soon afterwards, once for each time that a process opens it, and only if the
 * path still leads to the file that was meant.
 */
#pragma once

#include "enrich/follow.h"
#include "enrich/told.h"

/* A zeroed one is ready for use. */
struct espy_content {
	struct espy_told told;
	bool off; /* file_executable is not wanted */
};

/* Can such a row follow an event of this type? */
bool espy_content_concerns(unsigned type);
/* Adds a row file_executable where there is cause: 0 or negative errno. */
int espy_content_follow(struct espy_content *c, const struct espy_follow *f);
/* Adds the events that file_executable is made of, where it is wanted. */
void espy_content_sources(bool *type);
/* enum espy_executable by the first bytes of a file, 0 none. */
unsigned espy_content_format(const unsigned char *p, size_t n);
