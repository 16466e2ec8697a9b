/* SPDX-License-Identifier: MIT */
/* The outputs, each in its own file, and the adapter that makes one of every format of lines. */
#pragma once

#include "format/output.h"

extern const struct espy_output_format espy_output_espy, espy_output_sqlite, espy_output_parquet,
	espy_output_perfetto, espy_output_chrome, espy_output_folded, espy_output_pml,
	espy_output_procmon_xml;

/* *ret is `f` as an output. */
void espy_output_lines(struct espy_output_format *ret, const struct espy_format *f);
