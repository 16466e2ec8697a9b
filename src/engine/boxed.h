/* SPDX-License-Identifier: MIT */
/* Numbers as values of an espy_map, whose values are pointers that are not NULL. */
#pragma once

#include <stdint.h>

static inline void *espy_boxed(uintptr_t n)
{
	return (void *)(n + 1); /* NOLINT(performance-no-int-to-ptr): never followed */
}

/* The number of a value, or `none` of NULL. */
static inline uintptr_t espy_unboxed(const void *value, uintptr_t none)
{
	return value ? (uintptr_t)value - 1 : none;
}
