/* SPDX-License-Identifier: MIT */
#include "format/ntstatus.h"
#include <errno.h>
#include <stddef.h>

#define IS_FAILURE(status) ((status) >> 31) /* a warning or an error */

/* By code, to be searched in halves. */
static const struct row {
	uint32_t code;
	int errno_value;
	const char *name;
} rows[] = {
#define STATUS(code, name, errno_value) {(code), (errno_value), (name)},
#include "format/ntstatus.def"
};

static const struct row *find(uint32_t status)
{
	size_t low = 0, high = sizeof(rows) / sizeof(rows[0]);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].code < status)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof(rows) / sizeof(rows[0]) && rows[low].code == status ? &rows[low] : NULL;
}

const char *espy_ntstatus_name(uint32_t status)
{
	const struct row *r = find(status);

	return r ? r->name : NULL;
}

int espy_ntstatus_errno(uint32_t status)
{
	const struct row *r = find(status);

	if (r)
		return r->errno_value;
	return IS_FAILURE(status) ? EIO : 0;
}
