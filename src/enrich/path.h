/* SPDX-License-Identifier: MIT */
/*
 * Paths out of what the kernel side sends: the names of a chain of directory entries, or a
 * directory and a text relative to it. Results are absolute and lexically tidy: no empty component,
 * no ".", and
 * ".." taken back by one component. Symbolic links make the last of these a guess; such a path
 * comes from the caller's memory and says so by its source.
 *
 * A path whose head is missing begins with ".../". An absolute path never does.
 */
#pragma once

#include <stdbool.h>
#include "base/buf.h"

#define ESPY_PATH_UNKNOWN "..."
#define ESPY_PATH_DELETED " (deleted)"

/* Appends the path whose components, last first and each ended by a NUL, are `names`; "/" when
 * there are none. `is_partial`: the head is missing. */
void espy_path_names(struct espy_buf *out, struct espy_str names, bool is_partial);

/*
 * Appends `text` as seen from the directory `base`, itself a result of this file, or empty when it
 * is not known. A text that begins with "/" means that `base` is a root: nothing leads above it.
 */
void espy_path_join(struct espy_buf *out, struct espy_str base, struct espy_str text);

/* Is its head missing? */
bool espy_path_is_partial(struct espy_str path);
