/* SPDX-License-Identifier: MIT */
/* How large a trace may become, how much of it is kept, and which events begin and end it: what run
 * and record have in common. */
#pragma once

#include "cmd/cmd.h"
#include "engine/window.h"
#include "trace/trace.h"

struct espy_bounds {
	uint64_t max_bytes;          /* 0 none */
	struct espy_trace_keep keep; /* zeros: all */
	const char *keep_text;       /* as it was typed */
	struct espy_window_options window;
};

/* Rows of a command's table of options. */
#define ESPY_BOUNDS_OPTIONS                                                                       \
	{0, "max-size", "SIZE", "end when the trace has this size: 500M, 2G"},                    \
		{0, "keep", "HOW-MUCH",                                                           \
		 "keep only the newest: 10m (minutes), 2G, or 10m,2G; the trace is a directory"}, \
		{0, "from", "EXPR", "throw away what comes before the first event that matches"}, \
		{0, "until", "EXPR", "end after the first event that matches"},                   \
	{                                                                                         \
		0, "after", "TIME", "with --until: go on for so long after that event"            \
	}

/* Takes an option as espy_cmd_getopt returned it. 0; -ENOENT: it is none of these; 2: it is wrong,
 * which was printed. */
int espy_bounds_option(struct espy_bounds *b, const struct espy_command *c, int letter,
		       const char *arg);
/* Do they fit together, and with the output? 0, or 2 after an error was printed. */
int espy_bounds_check(const struct espy_bounds *b, const struct espy_command *c,
		      const char *output);

/* How large a batch may be, so that a trace with these bounds has many: struct
 * espy_capture_options. */
size_t espy_bounds_batch(const struct espy_bounds *b);

/* Ends of the lines that commands print: "espy: 900 of its events, up to 10:22:03.120, were dropped
 * by --keep 10m". Nothing when none were. */
void espy_bounds_tell(const struct espy_machine *m, uint64_t dropped, uint64_t until);
