/* SPDX-License-Identifier: MIT */
/* CreateFile: what was asked for and what came of it. */
#include <fcntl.h>
#include "format/pml-detail-file.h"
#include "format/pml-sid.h"
#include "format/pml-words.h"

enum { SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF };
enum { SUPERSEDED, OPENED, CREATED, OVERWRITTEN, EXISTS, DOES_NOT_EXIST };

/* The value of 8 bytes behind the arguments. In captures of 32-bit systems Process Monitor looks
 * for it where it would be aligned, and so shows its upper half. */
#define ALLOCATION_ARGUMENT(d) ((d)->in.is_64 ? 5 : 6)

#define OPTION_DIRECTORY 0x1u
#define READ_BITS        0x80000001u /* GENERIC_READ, FILE_READ_DATA */
#define WRITE_BITS       0x40000006u /* GENERIC_WRITE, FILE_WRITE_DATA, FILE_APPEND_DATA */
#define ALL_BITS         0x10000000u /* GENERIC_ALL */

static const char *or_unknown(const char *word)
{
	return word ? word : "<unknown>";
}

/* The nearest flags of open(2). */
static uint64_t open_flags(uint32_t access, uint32_t disposition, uint32_t options)
{
	bool reads = access & (READ_BITS | ALL_BITS), writes = access & (WRITE_BITS | ALL_BITS);
	uint64_t flags = reads && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY;

	if (!reads && !writes)
		flags = O_PATH;
	if (disposition != OPEN && disposition != OVERWRITE)
		flags |= O_CREAT;
	if (disposition == CREATE)
		flags |= O_EXCL;
	if (disposition == SUPERSEDE || disposition == OVERWRITE || disposition == OVERWRITE_IF)
		flags |= O_TRUNC;
	return options & OPTION_DIRECTORY ? flags | O_DIRECTORY : flags;
}

static bool is_writing(bool is_done, uint32_t result, uint32_t disposition)
{
	if (is_done && result <= DOES_NOT_EXIST)
		return result == SUPERSEDED || result == CREATED || result == OVERWRITTEN;
	return disposition != OPEN && disposition <= OVERWRITE_IF;
}

static void asked_for(struct espy_pml_detail *d, uint32_t access)
{
	uint32_t packed = espy_pml_argument(d, 1), attributes = espy_pml_argument(d, 2);
	uint32_t disposition = packed >> 24, options = packed & 0xffffff;
	uint32_t share = attributes >> 16;

	attributes &= 0xffff;
	espy_pml_item(d, "Desired Access");
	espy_pml_access(&d->text, ESPY_PML_WORDS_file_access, access);
	espy_pml_item_text(d, "Disposition",
			   or_unknown(espy_pml_value(ESPY_PML_WORDS_disposition, disposition)));
	espy_pml_item(d, "Options");
	espy_pml_bits(&d->text, ESPY_PML_WORDS_create_options, options);
	espy_pml_item(d, "Attributes");
	if (!attributes)
		espy_buf_puts(&d->text, "n/a");
	espy_pml_bits(&d->text, ESPY_PML_WORDS_attributes, attributes);
	espy_pml_item(d, "ShareMode");
	if (!share)
		espy_buf_puts(&d->text, "None");
	espy_pml_bits(&d->text, ESPY_PML_WORDS_share_mode, share);
	if (disposition == OPEN || disposition == OVERWRITE || disposition > OVERWRITE_IF)
		espy_pml_item_text(d, "AllocationSize", "n/a");
	else
		espy_pml_item_number(d, "AllocationSize",
				     espy_pml_argument(d, ALLOCATION_ARGUMENT(d)));
	espy_pml_fact_num(d, "flags", open_flags(access, disposition, options));
}

void espy_pml_create_file(struct espy_pml_detail *d)
{
	uint32_t access = espy_pml_in_u32(&d->in), result = UINT32_MAX;
	uint8_t sid_n = espy_pml_in_u8(&d->in);

	espy_pml_in_skip(&d->in, 3);
	asked_for(d, access);
	if (sid_n) {
		espy_pml_item(d, "Impersonating");
		espy_pml_sid_name(d->tables, espy_pml_in_bytes(&d->in, sid_n), &d->text);
	}
	if (d->extra.p) {
		result = espy_pml_in_u32(&d->extra);
		espy_pml_item_text(d, "OpenResult",
				   or_unknown(espy_pml_value(ESPY_PML_WORDS_open_result, result)));
		espy_pml_fact_num(d, "created", result == CREATED);
	}
	if (is_writing(d->extra.p, result, espy_pml_argument(d, 1) >> 24))
		d->category = ESPY_CATEGORY_WRITE;
}
