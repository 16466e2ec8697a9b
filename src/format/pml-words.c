/* SPDX-License-Identifier: MIT */
#include "format/pml-words.h"
#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A set's rows stand behind its head, up to the next head. */
static const struct {
	uint32_t value;
	const char *word;
	const char *separator; /* head of a set */
	bool shows_rest;
} rows[] = {
#define WORDS(set, separator, rest) {0, NULL, separator, rest},
#define WORD(value, word)           {(value), (word), NULL, false},
#include "format/pml-words.def"
};

static size_t head_of(enum espy_pml_words set)
{
	size_t i = 0;

	for (unsigned n = 0;; i++)
		if (rows[i].separator && n++ == (unsigned)set)
			return i;
}

static void add_word(struct espy_buf *out, bool *is_first, const char *separator, const char *word)
{
	if (!*is_first)
		espy_buf_puts(out, separator);
	*is_first = false;
	espy_buf_puts(out, word);
}

void espy_pml_bits(struct espy_buf *out, enum espy_pml_words set, uint32_t mask)
{
	size_t head = head_of(set);
	bool is_first = true;

	for (size_t i = head + 1; i < ARRAY_SIZE(rows) && !rows[i].separator; i++) {
		if ((mask & rows[i].value) != rows[i].value)
			continue;
		add_word(out, &is_first, rows[head].separator, rows[i].word);
		mask &= ~rows[i].value;
	}
	if (mask && rows[head].shows_rest) {
		add_word(out, &is_first, rows[head].separator, "");
		espy_buf_printf(out, "0x%x", mask);
	}
}

const char *espy_pml_value(enum espy_pml_words set, uint32_t value)
{
	for (size_t i = head_of(set) + 1; i < ARRAY_SIZE(rows) && !rows[i].separator; i++)
		if (rows[i].value == value)
			return rows[i].word;
	return NULL;
}

void espy_pml_access(struct espy_buf *out, enum espy_pml_words set, uint32_t mask)
{
	/* What GENERIC_READ, _WRITE, _EXECUTE and _ALL stand for. */
	static const uint32_t of_key[4] = {0x20019, 0x20006, 0x20019, 0xf003f};
	static const uint32_t of_file[4] = {0x120089, 0x120116, 0x1200a0, 0x1f01ff};
	const uint32_t *generic = set == ESPY_PML_WORDS_registry_access ? of_key : of_file;
	size_t start = out->n;

	for (unsigned i = 0; i < 4; i++)
		if (mask & 0x80000000u >> i)
			mask |= generic[i];
	espy_pml_bits(out, set, mask);
	if (out->n == start && !out->error)
		espy_buf_printf(out, "None 0x%x", mask);
}

/* By code, to be searched in halves. */
static const struct control {
	uint32_t code;
	uint8_t category;
	const char *name;
} controls[] = {
#define CONTROL(code, category, name) {(code), ESPY_CATEGORY_##category, (name)},
#include "format/pml-control.def"
};

void espy_pml_control(struct espy_buf *out, uint32_t code, uint8_t *ret_category)
{
	size_t low = 0, high = ARRAY_SIZE(controls);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (controls[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < ARRAY_SIZE(controls) && controls[low].code == code) {
		*ret_category = controls[low].category;
		espy_buf_puts(out, controls[low].name);
		return;
	}
	espy_buf_printf(out, "0x%x (Device:0x%x Function:%u Method: %u)", code, code >> 16,
			code >> 2 & 0xfff, code & 3);
}
