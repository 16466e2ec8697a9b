/* SPDX-License-Identifier: MIT */
/* The formats of this folder, one file each, and what they share. */
#pragma once

#include "format/format.h"

extern const struct espy_format espy_format_text, espy_format_json, espy_format_csv,
	espy_format_ecs, espy_format_tsv, espy_format_procmon_csv;

/* The columns of `list` when the caller chose none. */
void espy_format_default(struct espy_writer *w, const char *list);
