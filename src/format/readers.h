/* SPDX-License-Identifier: MIT */
/* The readers, each in its own file. */
#pragma once

#include "format/reader.h"

extern const struct espy_reader_format espy_reader_espy;
extern const struct espy_reader_format espy_reader_pml;
