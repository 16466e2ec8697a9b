/* SPDX-License-Identifier: MIT */
/*
 * Functions in the place of addresses: "U 0x7f12a0 /usr/lib/libc.so.6+0x12a0 <build-id>" becomes
 * "U 0x7f12a0 /usr/lib/libc.so.6!malloc+0x20". The symbols come from the first of these that has
 * the frame's build-id: /usr/lib/debug/.build-id, where distributions put debugging symbols; the
 * file itself, if it is still the same; the local cache of debuginfod(8) ($DEBUGINFOD_CACHE_PATH,
 * $XDG_CACHE_HOME or ~/.cache). Nothing is fetched from a network. A frame that has no build-id, or
 * is not found, stays as it is, without the build-id. C++ and Rust names stay mangled.
 */
#pragma once

#include "base/buf.h"
#include "model/batch.h"

#define ESPY_SYMBOLS_FILES_MAX 4096u        /* files remembered */
#define ESPY_SYMBOLS_BYTES_MAX (512u << 20) /* of their symbols; then all are forgotten */
#define ESPY_SYMBOLS_NAME_MAX  512u         /* bytes of a name that are shown */

struct espy_symbols;

int espy_symbols_new(struct espy_symbols **ret); /* 0 or -ENOMEM */
void espy_symbols_free(struct espy_symbols *s);

/* The column `stack` of a batch, with names. What finds no room stays as it is. Threads take turns.
 */
void espy_symbols_batch(struct espy_symbols *s, struct espy_batch *b);
/* The same for one stack, to the end of `out`. */
void espy_symbols_stack(struct espy_symbols *s, struct espy_str stack, struct espy_buf *out);
