/* SPDX-License-Identifier: MIT */
/*
 * What a filter bounds, in the form in which the kernel side compares it (bpf/only.bpf.h). It may
 * bound less than the filter, never more: what is longer or deeper than there is room for is cut,
 * and so is a last name at its first space, since " (deleted)" may stand behind a path.
 */
#pragma once

#include "rule/rule.h"
#include "sense/wire.h"

/* How many of `ret`, which has room for ESPY_ONLY_MAX, are set; 0: any path, as one of the bounds
 * does not begin with '/'. */
uint32_t espy_only_paths(struct espy_only_path *ret, const struct espy_text_bounds *b);
/* The same of texts in names of cgroups. */
uint32_t espy_only_words(struct espy_only_word *ret, const struct espy_text_bounds *b);
