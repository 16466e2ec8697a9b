/* SPDX-License-Identifier: MIT */
/* Process Monitor's words for numbers: access masks, flags, information classes, control codes.
 * The tables are in pml-words.def and pml-control.def. */
#pragma once

#include <stdint.h>
#include "base/buf.h"
#include "model/batch.h"

/* Sets of bits and of values; the words are Process Monitor's. */
enum espy_pml_words {
#define WORDS(set, ...) ESPY_PML_WORDS_##set,
#define WORD(...)
#include "format/pml-words.def"
	ESPY_PML_WORDS__MAX
};

/* The words of the bits in `mask`, largest meanings first; what has no word is left out, or given
 * as a hexadecimal number at the end where the set says so. */
void espy_pml_bits(struct espy_buf *out, enum espy_pml_words set, uint32_t mask);
/* The word of a value; NULL when it has none. */
const char *espy_pml_value(enum espy_pml_words set, uint32_t value);
/* An access mask, generic rights resolved: of files or of registry keys. */
void espy_pml_access(struct espy_buf *out, enum espy_pml_words set, uint32_t mask);

/* A control code of FileSystemControl or DeviceIoControl and what it does; a code without a name is
 * taken apart. */
void espy_pml_control(struct espy_buf *out, uint32_t code, uint8_t *ret_category);
/* Numbers of codes that have details of their own. */
enum {
	ESPY_PML_PIPE_TRANSCEIVE = 0x11c017,
	ESPY_PML_PIPE_INTERNAL_READ = 0x116000,
	ESPY_PML_PIPE_INTERNAL_WRITE = 0x119ff8,
	ESPY_PML_PIPE_INTERNAL_TRANSCEIVE = 0x11dfff,
	ESPY_PML_OFFLOAD_READ = 0x94264,
	ESPY_PML_OFFLOAD_WRITE = 0x98268,
};
