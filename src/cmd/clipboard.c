/* SPDX-License-Identifier: MIT */
#include "cmd/clipboard.h"

#include <stdio.h>
#include <string.h>
#include "cmd/with.h"

static struct espy_clipboard_options asked = {.level = ESPY_CLIP_HASH};

int espy_clipboard_option(const char *what)
{
	static const char *const names[] = {
		[ESPY_CLIP_OWNER] = "owner",
		[ESPY_CLIP_FORMATS] = "formats",
		[ESPY_CLIP_HASH] = "hash",
		[ESPY_CLIP_CONTENT] = "content",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(what ? what : "hash", names[i]) == 0) {
			asked.level = (enum espy_clip_level)i;
			return espy_with_option("clipboard");
		}
	fprintf(stderr, "espy: --clipboard=%s: there are owner, formats, hash and content\n", what);
	return 2;
}

int espy_display_option(const char *name)
{
	asked.display = name;
	return 0;
}

struct espy_clipboard_options espy_clipboard_options(void)
{
	return asked;
}
