/* SPDX-License-Identifier: MIT */
#include "cmd/pack.h"

#include <stdio.h>
#include <string.h>

static enum espy_pack wanted = ESPY_PACK_AUTO;

static const struct {
	const char *name;
	enum espy_pack pack;
} names[] = {
	{"auto", ESPY_PACK_AUTO},
	{"base", ESPY_PACK_BASE},
	{"plus", ESPY_PACK_PLUS},
	{"plain", ESPY_PACK_PLAIN},
};

int espy_pack_option(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, name) == 0) {
			wanted = names[i].pack;
			return 0;
		}
	}
	fprintf(stderr, "espy: --pack %s: there are auto, base, plus and plain\n", name);
	return 2;
}

enum espy_pack espy_pack_wanted(void)
{
	return wanted;
}

void espy_pack_tell(const struct espy_capture *c, struct espy_machine *m)
{
	const char *note = espy_capture_note(c);

	if (m)
		snprintf(m->packs, sizeof(m->packs), "%s", espy_capture_packs(c));
	if (note[0])
		fprintf(stderr, "espy: %s\n", note);
}
