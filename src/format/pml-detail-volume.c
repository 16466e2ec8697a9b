/* SPDX-License-Identifier: MIT */
/* Facts about volumes: the structures FILE_FS_*_INFORMATION ([MS-FSCC] 2.5). */
#include "format/pml-detail-file.h"
#include "format/pml-words.h"

/* FS_INFORMATION_CLASS */
enum { VOLUME = 1, LABEL, SIZE, DEVICE, ATTRIBUTE, CONTROL, FULL_SIZE, OBJECT_ID, CLASSES };

static void text(struct espy_pml_detail *d, struct espy_pml_in *in, const char *name,
		 uint32_t bytes)
{
	struct espy_pml_bytes b = espy_pml_in_bytes(in, bytes);

	espy_pml_item(d, name);
	espy_pml_utf16(&d->text, b.p, b.n);
}

static void volume(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	uint64_t created = espy_pml_in_u64(in);
	uint32_t serial = espy_pml_in_u32(in), bytes = espy_pml_in_u32(in);
	bool has_objects = espy_pml_in_u8(in);

	espy_pml_in_skip(in, 1);
	espy_pml_item_date(d, "VolumeCreationTime", created);
	espy_pml_item(d, "VolumeSerialNumber");
	espy_buf_printf(&d->text, "%04X-%04X", serial >> 16, serial & 0xffff);
	espy_pml_item_bool(d, "SupportsObjects", has_objects);
	text(d, in, "VolumeLabel", bytes);
}

static void label(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	uint32_t bytes = espy_pml_in_u32(in);

	text(d, in, "VolumeLabel", bytes);
}

static void size(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	espy_pml_item_number(d, "TotalAllocationUnits", (int64_t)espy_pml_in_u64(in));
	espy_pml_item_number(d, "AvailableAllocationUnits", (int64_t)espy_pml_in_u64(in));
	espy_pml_item_number(d, "SectorsPerAllocationUnit", espy_pml_in_u32(in));
	espy_pml_item_number(d, "BytesPerSector", espy_pml_in_u32(in));
}

static void full_size(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	espy_pml_item_number(d, "TotalAllocationUnits", (int64_t)espy_pml_in_u64(in));
	espy_pml_item_number(d, "CallerAvailableAllocationUnits", (int64_t)espy_pml_in_u64(in));
	espy_pml_item_number(d, "ActualAvailableAllocationUnits", (int64_t)espy_pml_in_u64(in));
	espy_pml_item_number(d, "SectorsPerAllocationUnit", espy_pml_in_u32(in));
	espy_pml_item_number(d, "BytesPerSector", espy_pml_in_u32(in));
}

static void attribute(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	uint32_t bytes;

	espy_pml_item(d, "FileSystemAttributes");
	espy_pml_bits(&d->text, ESPY_PML_WORDS_file_system, espy_pml_in_u32(in));
	espy_pml_item_number(d, "MaximumComponentNameLength", espy_pml_in_u32(in));
	bytes = espy_pml_in_u32(in);
	text(d, in, "FileSystemName", bytes);
}

static void object_id(struct espy_pml_detail *d, struct espy_pml_in *in)
{
	struct espy_pml_bytes b = espy_pml_in_bytes(in, 16);

	espy_pml_item(d, "ObjectId");
	for (size_t i = 0; i < b.n; i++)
		espy_buf_printf(&d->text, "%02X", b.p[i]);
}

void espy_pml_query_volume(struct espy_pml_detail *d)
{
	static void (*const by_class[CLASSES])(struct espy_pml_detail *, struct espy_pml_in *) = {
		[VOLUME] = volume,       [LABEL] = label,         [SIZE] = size,
		[ATTRIBUTE] = attribute, [FULL_SIZE] = full_size, [OBJECT_ID] = object_id,
	};

	if (d->extra.p && d->sub < CLASSES && by_class[d->sub])
		by_class[d->sub](d, &d->extra);
}

void espy_pml_set_volume(struct espy_pml_detail *d)
{
	d->category = ESPY_CATEGORY_WRITE_METADATA;
	if (d->sub == LABEL)
		label(d, &d->in);
}
