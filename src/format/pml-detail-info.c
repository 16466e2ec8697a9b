/* SPDX-License-Identifier: MIT */
/* Facts about files, asked for and set: the structures FILE_*_INFORMATION ([MS-FSCC] 2.4), which an
 * event brings behind its path when it sets them and as completion data when it asks. */
#include "format/pml-detail-file.h"
#include "format/pml-file-class.h"
#include "format/pml-words.h"

#define NS_PER_UNIT 100
#define KEEP        ((uint64_t)-2) /* of file_utime: a time that stays */

static void attributes(struct espy_pml_detail *d, const char *name, uint32_t v)
{
	espy_pml_item(d, name);
	if (!v)
		espy_buf_puts(&d->text, "n/a");
	espy_pml_bits(&d->text, ESPY_PML_WORDS_attributes, v);
}

static void times(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	espy_pml_item_date(d, "CreationTime", espy_pml_in_u64(in));
	espy_pml_item_date(d, "LastAccessTime", espy_pml_in_u64(in));
	espy_pml_item_date(d, "LastWriteTime", espy_pml_in_u64(in));
	espy_pml_item_date(d, "ChangeTime", espy_pml_in_u64(in));
}

static void sizes(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	espy_pml_item_number(d, "AllocationSize", (int64_t)espy_pml_in_u64(in));
	espy_pml_item_number(d, "EndOfFile", (int64_t)espy_pml_in_u64(in));
}

static void basic(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	times(d, in);
	attributes(d, "FileAttributes", espy_pml_in_u32(in));
}

static void standard(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	sizes(d, in);
	espy_pml_item_number(d, "NumberOfLinks", espy_pml_in_u32(in));
	espy_pml_item_bool(d, "DeletePending", espy_pml_in_u8(in));
	espy_pml_item_bool(d, "Directory", espy_pml_in_u8(in));
}

static void internal(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	espy_pml_item_hex(d, "IndexNumber", espy_pml_in_u64(in));
}

static void ea(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	espy_pml_item_number(d, "EaSize", espy_pml_in_u32(in));
}

static void name(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	uint32_t bytes = espy_pml_in_u32(in);
	struct espy_pml_bytes b = espy_pml_in_bytes(in, bytes);

	espy_pml_item(d, "Name");
	espy_pml_utf16(&d->text, b.p, b.n);
}

static void position(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	espy_pml_item_number(d, "Position", (int64_t)espy_pml_in_u64(in));
}

static void alignment(struct espy_pml_detail *d, uint32_t v)
{
	static const struct {
		uint32_t mask;
		const char *word;
	} words[] = {
		{0, "Byte"},       {1, "Word"},       {3, "Long"},     {7, "Quad"},
		{15, "Octa"},      {31, "32 byte"},   {63, "64 byte"}, {127, "128 byte"},
		{255, "256 byte"}, {511, "512 byte"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].mask == v) {
			espy_pml_item_text(d, "AlignmentRequirement", words[i].word);
			return;
		}
	espy_pml_item_hex(d, "AlignmentRequirement", v);
}

static void all(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	basic(d, in);
	espy_pml_in_skip(in, 4);
	standard(d, in);
	espy_pml_in_skip(in, 2);
	internal(d, in);
	ea(d, in);
	espy_pml_item(d, "Access");
	espy_pml_access(&d->text, ESPY_PML_WORDS_file_access, espy_pml_in_u32(in));
	position(d, in);
	espy_pml_item(d, "Mode");
	espy_pml_bits(&d->text, ESPY_PML_WORDS_create_options, espy_pml_in_u32(in));
	alignment(d, espy_pml_in_u32(in));
}

static void streams(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	for (unsigned i = 0;; i++) {
		size_t start = in->at;
		uint32_t next, bytes;
		struct espy_pml_bytes b;

		if (espy_pml_in_left(in) < 24)
			return;
		next = espy_pml_in_u32(in);
		bytes = espy_pml_in_u32(in);
		espy_pml_in_skip(in, 16);
		b = espy_pml_in_bytes(in, bytes);
		if (d->text.n)
			espy_buf_add(&d->text, ", ", 2);
		espy_buf_u64(&d->text, i);
		espy_buf_puts(&d->text, ": ");
		espy_pml_utf16(&d->text, b.p, b.n);
		if (!next || next > in->n - start)
			return;
		in->at = start + next;
	}
}

static void network_open(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	times(d, in);
	sizes(d, in);
	attributes(d, "FileAttributes", espy_pml_in_u32(in));
}

static void attribute_tag(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	attributes(d, "Attributes", espy_pml_in_u32(in));
	espy_pml_item_hex(d, "ReparseTag", espy_pml_in_u32(in));
}

void espy_pml_query_information(struct espy_pml_detail *d)
{
	static void (*const by_class[ESPY_PML_FILE_CLASSES])(struct espy_pml_detail *,
							     struct espy_pml_in *) = {
		[ESPY_PML_FILE_BASIC] = basic,
		[ESPY_PML_FILE_STANDARD] = standard,
		[ESPY_PML_FILE_INTERNAL] = internal,
		[ESPY_PML_FILE_EA] = ea,
		[ESPY_PML_FILE_NAME] = name,
		[ESPY_PML_FILE_POSITION] = position,
		[ESPY_PML_FILE_ALL] = all,
		[ESPY_PML_FILE_STREAM] = streams,
		[ESPY_PML_FILE_NETWORK_OPEN] = network_open,
		[ESPY_PML_FILE_ATTRIBUTE_TAG] = attribute_tag,
	};

	d->category = ESPY_CATEGORY_READ_METADATA;
	if (d->extra.p && d->sub < ESPY_PML_FILE_CLASSES && by_class[d->sub])
		by_class[d->sub](d, &d->extra);
}

void espy_pml_query_open(struct espy_pml_detail *d)
{
	if (d->extra.p)
		network_open(d, &d->extra);
}

/* --- set -----------------------------------------------------------------------------------------
 */

static uint64_t time_or_keep(const uint8_t *p)
{
	uint64_t v = espy_pml_u64(p);

	return v ? espy_pml_time(v) : KEEP;
}

static void set_basic(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	const uint8_t *p = in->p + in->at;

	if (espy_pml_in_left(in) >= 24) {
		espy_pml_fact_num(d, "atime", time_or_keep(p + 8));
		espy_pml_fact_num(d, "mtime", time_or_keep(p + 16));
	}
	basic(d, in);
}

/* ReplaceIfExists or flags, the directory it counts from, length and name. */
static void set_name(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	uint8_t replaces = espy_pml_in_u8(in);
	struct espy_pml_bytes b;
	uint32_t bytes;

	espy_pml_in_skip(in, in->is_64 ? 7 : 3);
	espy_pml_in_pointer(in);
	bytes = espy_pml_in_u32(in);
	b = espy_pml_in_bytes(in, bytes);
	espy_pml_item_bool(d, "ReplaceIfExists", replaces & 1);
	espy_pml_item(d, "FileName");
	espy_pml_utf16(&d->scratch, b.p, b.n);
	espy_buf_add(&d->text, d->scratch.p, d->scratch.n);
	espy_pml_fact_text(d, "path2", d->scratch.p, d->scratch.n);
}

/* Asking for deletion deletes; taking it back is only a fact that was set. */
static void set_disposition(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	bool is_deleted = espy_pml_in_u8(in) & 1;

	espy_pml_item_bool(d, "Delete", is_deleted);
	d->category = is_deleted ? ESPY_CATEGORY_WRITE : ESPY_CATEGORY_NONE;
	if (!is_deleted)
		d->type = ESPY_EV_file_set;
}

static void set_position(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	uint64_t v = espy_pml_in_u64(in);

	espy_pml_item_number(d, "Position", (int64_t)v);
	espy_pml_fact_num(d, "offset", v);
}

static void set_size(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	static const char *const names[ESPY_PML_FILE_CLASSES] = {
		[ESPY_PML_FILE_ALLOCATION] = "AllocationSize",
		[ESPY_PML_FILE_END_OF_FILE] = "EndOfFile",
		[ESPY_PML_FILE_VALID_DATA_LENGTH] = "ValidDataLength",
	};
	uint64_t v = espy_pml_in_u64(in);

	espy_pml_item_number(d, names[d->sub], (int64_t)v);
	espy_pml_fact_num(d, "length", v);
}

void espy_pml_set_information(struct espy_pml_detail *d)
{
	static void (*const by_class[ESPY_PML_FILE_CLASSES])(struct espy_pml_detail *,
							     struct espy_pml_in *) = {
		[ESPY_PML_FILE_BASIC] = set_basic,
		[ESPY_PML_FILE_RENAME] = set_name,
		[ESPY_PML_FILE_LINK] = set_name,
		[ESPY_PML_FILE_DISPOSITION] = set_disposition,
		[ESPY_PML_FILE_POSITION] = set_position,
		[ESPY_PML_FILE_ALLOCATION] = set_size,
		[ESPY_PML_FILE_END_OF_FILE] = set_size,
		[ESPY_PML_FILE_VALID_DATA_LENGTH] = set_size,
		[ESPY_PML_FILE_DISPOSITION_EX] = set_disposition,
		[ESPY_PML_FILE_RENAME_EX] = set_name,
	};

	d->category = ESPY_CATEGORY_WRITE_METADATA;
	if (d->sub < ESPY_PML_FILE_CLASSES && by_class[d->sub])
		by_class[d->sub](d, &d->in);
}
