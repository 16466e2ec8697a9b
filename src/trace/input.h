/* SPDX-License-Identifier: MIT */
/* Bytes of a file or a pipe by their offset. Read, not mapped: a writer may cut the file short
 * while it is looked at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "trace/parts.h"

struct espy_input {
	int fd;                   /* -1: parts */
	struct espy_parts *parts; /* NULL: one file or pipe */
	bool seekable;
	bool ended; /* a pipe: nothing will come */
	uint8_t *buf;
	size_t n, cap;
	uint64_t base; /* offset of buf[0] */
};

/* The descriptor is owned by the input afterwards. A regular file that stands at its beginning and
 * a directory of parts can be read anywhere, anything else only forwards. 0, or negative errno as
 * espy_parts_open gives it. */
int espy_input_init(struct espy_input *in, int fd);
void espy_input_done(struct espy_input *in);

/*
 * Up to `want` bytes from offset `at`; as many as there are now, which may be none. They are valid
 * until the next call. A pipe is waited for, and must not be asked for what lies before the `at` of
 * an earlier call (-ESPIPE). Negative errno on failure.
 */
ssize_t espy_input_get(struct espy_input *in, uint64_t at, size_t want, const uint8_t **ret);
/* Up to n bytes from offset `at` of what can be read anywhere, straight into `to`: fewer only where
 * there are no more, or negative errno. */
ssize_t espy_input_read(struct espy_input *in, uint64_t at, void *to, size_t n);
/* What lay at `at` was dropped: the part that held it is gone. */
bool espy_input_is_hole(struct espy_input *in, uint64_t at);
/* Forgets what was read of a file, which may have changed since. */
void espy_input_drop(struct espy_input *in);
/* Fewer than `want` bytes are at `at`: where does it go on? 0: they may still come; `at`: they have
 * come meanwhile; else they never will, and the next part begins there. */
uint64_t espy_input_next(struct espy_input *in, uint64_t at, size_t want);
/* Size of the file now, 0 for a pipe. */
uint64_t espy_input_size(const struct espy_input *in);
