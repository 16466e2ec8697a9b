/* SPDX-License-Identifier: MIT */
/* Numbers with units on the command line. All return 0 or -EINVAL. */
#pragma once

#include <stdint.h>

int espy_parse_duration(const char *text, uint64_t *ret_ns); /* 30s, 1.5m, 200ms; plain: seconds */
int espy_parse_size(const char *text, uint64_t *ret_bytes);  /* 4096, 64k, 8M, 1G */
int espy_parse_ring(const char *text, uint64_t *ret_bytes);  /* a size, a power of two, 4k to 1G */
int espy_parse_u32(const char *text, uint32_t *ret);
