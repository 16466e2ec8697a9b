/* SPDX-License-Identifier: MIT */
#include "sense/atoms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcbext.h>

struct atom {
	size_t n;
	char name[];
};

static void forget_names(struct espy_atoms *a)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&a->names, &i));)
		free(slot->value);
	espy_map_done(&a->names);
}

void espy_atoms_done(struct espy_atoms *a)
{
	for (; a->n; a->n--)
		xcb_discard_reply(a->x, a->pending[a->first++ % ESPY_ATOMS_PENDING].sequence);
	forget_names(a);
}

static bool is_pending(const struct espy_atoms *a, xcb_atom_t atom)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->pending[(a->first + i) % ESPY_ATOMS_PENDING].atom == atom)
			return true;
	return false;
}

bool espy_atoms_name(struct espy_atoms *a, xcb_atom_t atom, struct espy_str *ret)
{
	const struct atom *known = espy_map_get(&a->names, atom, 0);
	unsigned at = (a->first + a->n) % ESPY_ATOMS_PENDING;

	if (known) {
		*ret = (struct espy_str){known->name, known->n};
		return true;
	}
	if (a->n == ESPY_ATOMS_PENDING || is_pending(a, atom))
		return false;
	a->pending[at].atom = atom;
	a->pending[at].sequence = xcb_get_atom_name(a->x, atom).sequence;
	a->n++;
	return false;
}

/* Without memory it is asked for again. */
static void keep(struct espy_atoms *a, xcb_atom_t atom, struct espy_str name)
{
	struct atom *known = malloc(sizeof(*known) + name.n);

	if (!known)
		return;
	known->n = name.n;
	memcpy(known->name, name.p, name.n);
	if (espy_map_put(&a->names, atom, 0, known) < 0)
		free(known);
}

static void take(struct espy_atoms *a, xcb_atom_t atom, xcb_get_atom_name_reply_t *r)
{
	char number[16];

	if (r) {
		keep(a, atom,
		     (struct espy_str){xcb_get_atom_name_name(r),
				       (size_t)xcb_get_atom_name_name_length(r)});
	} else {
		snprintf(number, sizeof(number), "#%u", atom);
		keep(a, atom, espy_str0(number));
	}
}

bool espy_atoms_poll(struct espy_atoms *a)
{
	bool some = false;

	if (a->names.n >= ESPY_ATOMS_MAX)
		forget_names(a);
	while (a->n) {
		unsigned at = a->first % ESPY_ATOMS_PENDING;
		xcb_generic_error_t *e = NULL;
		void *r = NULL;

		if (!xcb_poll_for_reply(a->x, a->pending[at].sequence, &r, &e))
			break;
		take(a, a->pending[at].atom, r);
		free(r);
		free(e);
		a->first = (at + 1) % ESPY_ATOMS_PENDING;
		a->n--;
		some = true;
	}
	return some;
}
