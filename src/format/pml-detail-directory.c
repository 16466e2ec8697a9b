/* SPDX-License-Identifier: MIT */
/* Listing a directory, and waiting for changes of one. */
#include "format/pml-detail-file.h"
#include "format/pml-words.h"

enum { QUERY = 1, NOTIFY = 2 };

#define INFORMATION_CLASS 2 /* number of the item that takes its place */

/* Where the name's length and the name itself stand in an entry (FILE_DIRECTORY_INFORMATION and its
 * kin, [MS-FSCC] 2.4). */
static const struct layout {
	uint32_t info;
	uint8_t length_at, name_at;
} layouts[] = {
	{1, 60, 64}, {2, 60, 68}, {3, 60, 94}, {12, 8, 12}, {37, 60, 104}, {38, 60, 80},
};

static const struct layout *layout_of(uint32_t info)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].info == info)
			return &layouts[i];
	return NULL;
}

static void add_number(struct espy_pml_detail *d, unsigned i)
{
	if (d->text.n)
		espy_buf_add(&d->text, ", ", 2);
	espy_buf_u64(&d->text, i);
	espy_buf_add(&d->text, ": ", 2);
}

/* The names, numbered from 0, or from 1 behind the filter. In captures of 64-bit systems Process
 * Monitor puts the information class in the place of number 2, whose name is lost. */
static void entries(struct espy_pml_detail *d, const struct layout *l, unsigned i)
{
	const char *word = espy_pml_value(ESPY_PML_WORDS_directory_class, l->info);
	size_t at = 0;

	for (;; i++) {
		struct espy_pml_in e = d->extra;
		struct espy_pml_bytes name;
		uint32_t next, length;

		if (at + l->name_at > e.n)
			return;
		next = espy_pml_u32(e.p + at);
		length = espy_pml_u32(e.p + at + l->length_at);
		e.at = at + l->name_at;
		name = espy_pml_in_bytes(&e, length);
		if (i != INFORMATION_CLASS || !d->in.is_64) {
			add_number(d, i);
			espy_pml_utf16(&d->text, name.p, name.n);
		}
		if (i == INFORMATION_CLASS - 1 && word && d->in.is_64)
			espy_pml_item_text(d, "FileInformationClass", word);
		if (!next || next > e.n - at)
			return;
		at += next;
	}
}

static void query(struct espy_pml_detail *d)
{
	uint32_t info = espy_pml_argument(d, 2);
	const struct layout *l = layout_of(info);
	uint16_t head = espy_pml_in_u16(&d->in);
	bool has_filter = head & 0x7fff;

	d->category = ESPY_CATEGORY_READ_METADATA;
	espy_pml_fact_num(d, "requested", espy_pml_argument(d, 0));
	if (has_filter) {
		espy_pml_in_string(&d->in, head, &d->scratch);
		if (d->path.n && d->path.p[d->path.n - 1] != '\\')
			espy_buf_putc(&d->path, '\\');
		espy_buf_add(&d->path, d->scratch.p, d->scratch.n);
		espy_pml_item(d, "Filter");
		espy_buf_add(&d->text, d->scratch.p, d->scratch.n);
	}
	if (d->extra.p && l)
		entries(d, l, has_filter);
}

void espy_pml_directory_control(struct espy_pml_detail *d)
{
	uint32_t filter = espy_pml_argument(d, 1);

	if (d->sub == QUERY)
		query(d);
	if (d->sub != NOTIFY)
		return;
	d->category = ESPY_CATEGORY_READ_METADATA;
	espy_pml_item(d, "Filter");
	espy_pml_bits(&d->text, ESPY_PML_WORDS_notify, filter);
	espy_pml_fact_num(d, "mask", filter);
}
