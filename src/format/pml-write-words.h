/* SPDX-License-Identifier: MIT */
/* Process Monitor's texts back into what they were made of: the items of a detail, its numbers,
 * dates and words. The counterpart of pml-words.h and of the items of pml-detail.h. */
#pragma once

#include <stdbool.h>
#include "base/str.h"
#include "format/pml-words.h"

/* A detail, taken apart by the names that its items can have, in their order; values may hold
 * commas. */
struct espy_pml_items {
	struct espy_str text;
	const char *const *names; /* NULL-terminated */
};

/* The value of an item; false when the detail has no such item. */
bool espy_pml_items_get(const struct espy_pml_items *d, const char *name, struct espy_str *ret);

/* 0 where an item is not there or its value is of another kind. */
int64_t espy_pml_items_number(const struct espy_pml_items *d, const char *name); /* -4,096; 0x1f */
bool espy_pml_items_bool(const struct espy_pml_items *d, const char *name);
uint64_t espy_pml_items_ticks(const struct espy_pml_items *d, const char *name); /* 0.0156001 */
uint64_t espy_pml_items_date(const struct espy_pml_items *d, const char *name);  /* FILETIME */
uint32_t espy_pml_items_bits(const struct espy_pml_items *d, const char *name,
			     enum espy_pml_words set);

/* All bits of the words of a set, and of a hexadecimal number among them. */
uint32_t espy_pml_bits_of(enum espy_pml_words set, struct espy_str text);
/* The value of one word; false when the set has no such word. */
bool espy_pml_value_of(enum espy_pml_words set, struct espy_str word, uint32_t *ret);
/* Number of a control code by its name or by the hexadecimal number that it begins with. */
uint32_t espy_pml_control_of(struct espy_str text);
