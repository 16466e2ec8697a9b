/* SPDX-License-Identifier: MIT */
/* Facts about files and volumes: the structures FILE_*_INFORMATION and FILE_FS_*_INFORMATION
 * ([MS-FSCC] 2.4 and 2.5). Those asked for are completion data, those set stand behind the path. */
#include <stdio.h>
#include <stdlib.h>
#include "format/pmc-digits.h"
#include "format/pml-file-class.h"
#include "format/pml-write-file.h"
#include "format/pml-write-words.h"

/* FS_INFORMATION_CLASS */
enum { VOLUME = 1, LABEL, SIZE, DEVICE, ATTRIBUTE, CONTROL, FULL_SIZE, OBJECT_ID, VOLUME_CLASSES };

#define STREAM_HEAD 24u /* bytes before the name of a stream */

static const char *const names[] = {
	"CreationTime",
	"LastAccessTime",
	"LastWriteTime",
	"ChangeTime",
	"AllocationSize",
	"FileAttributes",
	"AllocationSize",
	"EndOfFile",
	"NumberOfLinks",
	"DeletePending",
	"Directory",
	"IndexNumber",
	"EaSize",
	"Access",
	"Position",
	"Mode",
	"AlignmentRequirement",
	"FileAttributes",
	"Attributes",
	"ReparseTag",
	"ValidDataLength",
	"Delete",
	"ReplaceIfExists",
	"FileName",
	"Name",
	NULL,
};

typedef void put_fn(struct espy_buf *out, const struct espy_pml_items *d);

static struct espy_str get(const struct espy_pml_items *d, const char *name)
{
	struct espy_str s = ESPY_STR_NONE;

	espy_pml_items_get(d, name, &s);
	return s;
}

static void put_text(struct espy_buf *out, struct espy_str s)
{
	size_t at = out->n, n;

	espy_put_u32(out, 0);
	n = espy_put_utf16(out, s, ESPY_PML_CHARS_MAX, NULL);
	espy_patch_u32(out, at, (uint32_t)(2 * n));
}

static void put_times(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, espy_pml_items_date(d, "CreationTime"));
	espy_put_u64(out, espy_pml_items_date(d, "LastAccessTime"));
	espy_put_u64(out, espy_pml_items_date(d, "LastWriteTime"));
	espy_put_u64(out, espy_pml_items_date(d, "ChangeTime"));
}

static void put_sizes(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "AllocationSize"));
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "EndOfFile"));
}

static void basic(struct espy_buf *out, const struct espy_pml_items *d)
{
	put_times(out, d);
	espy_put_u32(out, espy_pml_items_bits(d, "FileAttributes", ESPY_PML_WORDS_attributes));
}

static void standard(struct espy_buf *out, const struct espy_pml_items *d)
{
	put_sizes(out, d);
	espy_put_u32(out, (uint32_t)espy_pml_items_number(d, "NumberOfLinks"));
	espy_put_u8(out, espy_pml_items_bool(d, "DeletePending"));
	espy_put_u8(out, espy_pml_items_bool(d, "Directory"));
}

static void internal(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "IndexNumber"));
}

static void ea(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u32(out, (uint32_t)espy_pml_items_number(d, "EaSize"));
}

static void name(struct espy_buf *out, const struct espy_pml_items *d)
{
	put_text(out, get(d, "Name"));
}

static void position(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "Position"));
}

static uint32_t alignment(struct espy_str word)
{
	static const char *const words[] = {"Byte",     "Word",    "Long",    "Quad",
					    "Octa",     "32 byte", "64 byte", "128 byte",
					    "256 byte", "512 byte"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (espy_str_eq(word, espy_str0(words[i])))
			return (1u << i) - 1;
	return 0;
}

static void all(struct espy_buf *out, const struct espy_pml_items *d)
{
	basic(out, d);
	espy_put_u32(out, 0);
	standard(out, d);
	espy_put_u16(out, 0);
	internal(out, d);
	ea(out, d);
	espy_put_u32(out, espy_pml_items_bits(d, "Access", ESPY_PML_WORDS_file_access));
	position(out, d);
	espy_put_u32(out, espy_pml_items_bits(d, "Mode", ESPY_PML_WORDS_create_options));
	espy_put_u32(out, alignment(get(d, "AlignmentRequirement")));
}

/* "0: ::$DATA, 1: :Zone.Identifier:$DATA": each entry says where the next one begins. */
static void streams(struct espy_buf *out, const struct espy_pml_items *d)
{
	struct espy_str s = d->text;
	unsigned i = 0;

	while (s.n) {
		char next_head[16];
		size_t at = out->n, head = 0, n;
		const char *end;

		snprintf(next_head, sizeof(next_head), ", %u: ", ++i);
		end = memmem(s.p, s.n, next_head, strlen(next_head));
		n = end ? (size_t)(end - s.p) : s.n;
		while (head < n && s.p[head] != ' ')
			head++;
		head += head < n;
		espy_put_u32(out, 0);
		espy_put_u32(out, 0);
		espy_put_zeros(out, STREAM_HEAD - 8);
		espy_patch_u32(
			out, at + 4,
			(uint32_t)(2 * espy_put_utf16(out, (struct espy_str){s.p + head, n - head},
						      ESPY_PML_CHARS_MAX, NULL)));
		if (!end)
			return;
		espy_patch_u32(out, at, (uint32_t)(out->n - at));
		s = (struct espy_str){s.p + n + 2, s.n - n - 2};
	}
}

static void network_open(struct espy_buf *out, const struct espy_pml_items *d)
{
	put_times(out, d);
	put_sizes(out, d);
	espy_put_u32(out, espy_pml_items_bits(d, "FileAttributes", ESPY_PML_WORDS_attributes));
}

static void attribute_tag(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u32(out, espy_pml_items_bits(d, "Attributes", ESPY_PML_WORDS_attributes));
	espy_put_u32(out, (uint32_t)espy_pml_items_number(d, "ReparseTag"));
}

static void put_extra(struct espy_pml_file *f, put_fn *put)
{
	struct espy_pml_items d = {f->blob->text, names};

	if (!put || !f->blob->text.n)
		return;
	f->blob->has_extra = true;
	put(&f->blob->extra, &d);
}

void espy_pml_file_query(struct espy_pml_file *f)
{
	static put_fn *const by_class[ESPY_PML_FILE_CLASSES] = {
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
	int sub = f->blob->op->sub;

	espy_pml_file_u32(f, 1, sub > 0 ? (uint32_t)sub : 0);
	put_extra(f, sub >= 0 && sub < ESPY_PML_FILE_CLASSES ? by_class[sub] : NULL);
}

void espy_pml_file_query_open(struct espy_pml_file *f)
{
	put_extra(f, network_open);
}

/* --- set -------------------------------------------------------------------------------------- */

static void set_name(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, espy_pml_items_bool(d, "ReplaceIfExists"));
	espy_put_u64(out, 0);
	put_text(out, get(d, "FileName"));
}

static void set_disposition(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u8(out, espy_pml_items_bool(d, "Delete"));
}

static void set_allocation(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "AllocationSize"));
}

static void set_end(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "EndOfFile"));
}

static void set_valid(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "ValidDataLength"));
}

void espy_pml_file_set(struct espy_pml_file *f)
{
	static put_fn *const by_class[ESPY_PML_FILE_CLASSES] = {
		[ESPY_PML_FILE_BASIC] = basic,
		[ESPY_PML_FILE_RENAME] = set_name,
		[ESPY_PML_FILE_LINK] = set_name,
		[ESPY_PML_FILE_DISPOSITION] = set_disposition,
		[ESPY_PML_FILE_POSITION] = position,
		[ESPY_PML_FILE_ALLOCATION] = set_allocation,
		[ESPY_PML_FILE_END_OF_FILE] = set_end,
		[ESPY_PML_FILE_VALID_DATA_LENGTH] = set_valid,
		[ESPY_PML_FILE_DISPOSITION_EX] = set_disposition,
		[ESPY_PML_FILE_RENAME_EX] = set_name,
	};
	struct espy_pml_items d = {f->blob->text, names};
	int sub = f->blob->op->sub;

	espy_pml_file_u32(f, 1, sub > 0 ? (uint32_t)sub & 0xff : 0);
	if (sub > 0 && sub < ESPY_PML_FILE_CLASSES && by_class[sub])
		by_class[sub](&f->tail, &d);
}

/* --- volumes ---------------------------------------------------------------------------------- */

static const char *const volume_names[] = {
	"VolumeCreationTime",
	"VolumeSerialNumber",
	"SupportsObjects",
	"TotalAllocationUnits",
	"AvailableAllocationUnits",
	"CallerAvailableAllocationUnits",
	"ActualAvailableAllocationUnits",
	"SectorsPerAllocationUnit",
	"BytesPerSector",
	"FileSystemAttributes",
	"MaximumComponentNameLength",
	"FileSystemName",
	"ObjectId",
	"VolumeLabel",
	NULL,
};

static void volume(struct espy_buf *out, const struct espy_pml_items *d)
{
	struct espy_str serial = get(d, "VolumeSerialNumber");
	char text[16] = "";
	const char *word = text;
	uint64_t high = 0, low = 0;
	size_t at, n;

	if (serial.n < sizeof(text))
		memcpy(text, serial.p, serial.n);
	espy_take_digits(&word, 16, 4, &high);
	if (*word == '-' && *++word)
		espy_take_digits(&word, 16, 4, &low);
	espy_put_u64(out, espy_pml_items_date(d, "VolumeCreationTime"));
	espy_put_u32(out, (uint32_t)(high << 16 | low));
	at = out->n;
	espy_put_u32(out, 0);
	espy_put_u16(out, espy_pml_items_bool(d, "SupportsObjects"));
	n = espy_put_utf16(out, get(d, "VolumeLabel"), ESPY_PML_CHARS_MAX, NULL);
	espy_patch_u32(out, at, (uint32_t)(2 * n));
}

static void label(struct espy_buf *out, const struct espy_pml_items *d)
{
	put_text(out, get(d, "VolumeLabel"));
}

static void size(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "TotalAllocationUnits"));
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "AvailableAllocationUnits"));
	espy_put_u32(out, (uint32_t)espy_pml_items_number(d, "SectorsPerAllocationUnit"));
	espy_put_u32(out, (uint32_t)espy_pml_items_number(d, "BytesPerSector"));
}

static void full_size(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "TotalAllocationUnits"));
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "CallerAvailableAllocationUnits"));
	espy_put_u64(out, (uint64_t)espy_pml_items_number(d, "ActualAvailableAllocationUnits"));
	espy_put_u32(out, (uint32_t)espy_pml_items_number(d, "SectorsPerAllocationUnit"));
	espy_put_u32(out, (uint32_t)espy_pml_items_number(d, "BytesPerSector"));
}

static void attribute(struct espy_buf *out, const struct espy_pml_items *d)
{
	espy_put_u32(out,
		     espy_pml_items_bits(d, "FileSystemAttributes", ESPY_PML_WORDS_file_system));
	espy_put_u32(out, (uint32_t)espy_pml_items_number(d, "MaximumComponentNameLength"));
	put_text(out, get(d, "FileSystemName"));
}

static void object_id(struct espy_buf *out, const struct espy_pml_items *d)
{
	struct espy_str s = get(d, "ObjectId");

	for (size_t i = 0; i + 2 <= s.n; i += 2) {
		char byte[3] = {s.p[i], s.p[i + 1], '\0'};

		espy_put_u8(out, (uint8_t)strtoul(byte, NULL, 16));
	}
}

void espy_pml_file_volume(struct espy_pml_file *f)
{
	static put_fn *const by_class[VOLUME_CLASSES] = {
		[VOLUME] = volume,       [LABEL] = label,         [SIZE] = size,
		[ATTRIBUTE] = attribute, [FULL_SIZE] = full_size, [OBJECT_ID] = object_id,
	};
	struct espy_pml_items d = {f->blob->text, volume_names};
	int sub = f->blob->op->sub;

	espy_pml_file_u32(f, 1, sub > 0 ? (uint32_t)sub : 0);
	if (sub <= 0 || sub >= VOLUME_CLASSES || !by_class[sub] || !f->blob->text.n)
		return;
	f->blob->has_extra = true;
	by_class[sub](&f->blob->extra, &d);
}

void espy_pml_file_set_volume(struct espy_pml_file *f)
{
	struct espy_pml_items d = {f->blob->text, volume_names};

	if (f->blob->op->sub == LABEL)
		label(&f->tail, &d);
}
