/* SPDX-License-Identifier: MIT */
/* What commands that answer a question about a trace have in common: reading it, and printing. */
#pragma once

#include "base/buf.h"
#include "cmd/cmd.h"
#include "engine/replay.h"
#include "engine/summary-view.h"

/* "text", "json", "csv"; -EINVAL for another word. */
int espy_answer_format(const char *name, enum espy_view_format *ret);
/* How text goes to `fd`: its width, colour and lines as far as it is a terminal that has them. */
struct espy_table_style espy_answer_style(int fd);
/*
 * Runs the trace through the sinks, with progress on a terminal. 0, or an exit code when an error
 * was printed. Damage that could be skipped is printed too and noted in ret->damaged.
 */
int espy_answer_read(const char *path, const char *filter, struct espy_sink *const *sinks,
		     struct espy_replay_end *ret);
/* Prints and empties `out` after `r`, the result of making it, through the pager if that is wanted,
 * and says what the trace lacks (`end`, may be NULL). The exit code of the command; a reader that
 * has seen enough (EPIPE) is no error. */
int espy_answer_print(struct espy_buf *out, int r, const struct espy_replay_end *end, bool page);
