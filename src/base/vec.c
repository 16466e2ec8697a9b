/* SPDX-License-Identifier: MIT */
#include "base/vec.h"

#include <stdint.h>
#include <string.h>

#define VEC_CAP_MIN 8U

int espy_vec_grow(void *p, size_t *cap, size_t want, size_t item_size)
{
	size_t n = *cap ? *cap : VEC_CAP_MIN;
	void *old, *items;

	if (want <= *cap)
		return 0;
	if (want > SIZE_MAX / 4 / item_size)
		return -ENOMEM;
	while (n < want)
		n *= 2;
	/* `p` is the address of a T *, not of a void *: copy the pointer, do not alias it. */
	memcpy(&old, p, sizeof(old));
	items = realloc(old, n * item_size);
	if (!items)
		return -ENOMEM;
	memcpy(p, &items, sizeof(items)); /* NOLINT(bugprone-sizeof-expression) */
	*cap = n;
	return 0;
}
