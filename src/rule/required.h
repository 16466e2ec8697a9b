/* SPDX-License-Identifier: MIT */
/*
 * A text that every match of a regular expression has in it, so that most texts can be told apart
 * without matching. The syntax is that of pcre2pattern(3); what is rare or not understood gives no
 * such text, never a wrong one.
 */
#pragma once

#include <stdbool.h>
#include "base/str.h"

struct espy_required {
	struct espy_str text;  /* empty: nothing is known */
	bool whole;            /* the pattern is this text, and the two below, and nothing else */
	bool at_start, at_end; /* of what is matched; only with `whole` */
};

/* For a pattern that is matched with regard to case, without flags that change its syntax. `room`
 * has pattern.n bytes and is where the text will lie. */
struct espy_required espy_required_find(struct espy_str pattern, char *room);
