/* SPDX-License-Identifier: MIT */
/* The rings of all processors: one for each, so that none waits for another. */
#pragma once

#include <stddef.h>
#include "base/err.h"
#include "sense/ring.h"

/* Bytes of one ring where nobody says otherwise: 16 MiB in all, 2 to 8 each. */
size_t espy_rings_bytes(unsigned cpus);
/* Makes `cpus` rings of `bytes` bytes, a power of two, and enters them into `map`, an array of
 * maps. What was made is in *rings (zeroed before) also after an error. 0, or negative errno and a
 * sentence. */
int espy_rings_make(struct espy_ring *rings, unsigned cpus, size_t bytes, int map,
		    struct espy_err *err);
/* Bytes that wait in the one that has most. From any thread. */
size_t espy_rings_fullest(const struct espy_ring *rings, unsigned cpus);
void espy_rings_close(struct espy_ring *rings, unsigned cpus);
