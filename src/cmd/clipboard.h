/* SPDX-License-Identifier: MIT */
/* --clipboard and --display, for every command that captures. espy_cmd_getopt takes them off for
 * every command that has them in its table. */
#pragma once

#include "sense/clipboard.h"

/* clang-format off */
#define ESPY_CLIPBOARD_OPTIONS \
	{0, "clipboard", "[=WHAT]", "who takes the clipboard of an X server, and of what is in it: owner, " \
	 "formats, hash, content; default hash"}, \
	{0, "display", "NAME", "that X server; default DISPLAY"}
/* clang-format on */

/* 0, or an exit code after an error was printed. */
int espy_clipboard_option(const char *what);
int espy_display_option(const char *name);
struct espy_clipboard_options espy_clipboard_options(void);
