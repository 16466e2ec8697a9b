/* SPDX-License-Identifier: MIT */
/* Files of the test data, which lie there as they came: plain, or as raw zlib streams (.zlib). */
#pragma once

#include <stddef.h>

/* All bytes of it, inflated when its name ends in .zlib; to be freed. Ends the program with a
 * sentence when it cannot be read. */
char *file_read(const char *path, size_t *ret_n);
/* The same as a nameless file; returns its path, which is valid until the program ends. */
const char *file_inflate(const char *path);
