/* SPDX-License-Identifier: MIT */
/* What is known of a process beyond the members of struct espy_proc, as the words of its `more`:
 * "name NUL value NUL" each, by the names of columns.def. What is not known, and what another
 * member says already (an effective user who is the real one), is left out. */
#pragma once

#include "base/buf.h"
#include "enrich/process.h"
#include "enrich/user.h"

void espy_more_word(struct espy_buf *to, const char *name, struct espy_str value);
/* `now`: boot clock ns. */
void espy_more_add(struct espy_buf *to, const struct espy_process *p, struct espy_users *users,
		   uint64_t now);
