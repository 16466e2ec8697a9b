/* SPDX-License-Identifier: MIT */
/* Names of an X server's atoms, asked for without waiting. An atom never changes its name. */
#pragma once

#include <stdbool.h>
#include <xcb/xcb.h>
#include "base/map.h"
#include "base/str.h"

#define ESPY_ATOMS_MAX     4096u /* remembered */
#define ESPY_ATOMS_PENDING 256u  /* asked for at once */

struct espy_atoms { /* zeroed, with x: ready */
	xcb_connection_t *x;
	struct espy_map names; /* atom → struct atom */
	struct {
		xcb_atom_t atom;
		unsigned sequence;
	} pending[ESPY_ATOMS_PENDING]; /* a ring, in the order of asking */
	unsigned first, n;
};

void espy_atoms_done(struct espy_atoms *a);
/* True with its name, which stays until the next espy_atoms_poll; "#number" for one that does not
 * exist. False: it is asked for now or was before, come again. */
bool espy_atoms_name(struct espy_atoms *a, xcb_atom_t atom, struct espy_str *ret);
/* Takes answers that are there: were there any? */
bool espy_atoms_poll(struct espy_atoms *a);
