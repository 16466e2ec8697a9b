/* SPDX-License-Identifier: MIT */
#include "format/pml-detail-file.h"
#include "format/pml-words.h"

#define FLAGS_AT     8
#define ARGUMENTS_AT 16

/* Flags of a read or write: bits of the request that Process Monitor shows, and the priority. */
#define IO_FLAGS       0xe000ffu
#define PRIORITY_SHIFT 17
#define PRIORITY_MASK  7u

enum { LOCK = 1, UNLOCK_SINGLE = 2, UNLOCK_ALL = 3, UNLOCK_BY_KEY = 4 };

static const uint8_t *argument(const struct espy_pml_detail *d, unsigned i, size_t n)
{
	size_t at = ARGUMENTS_AT + (size_t)i * (d->in.is_64 ? 8 : 4);

	return at + n <= d->in.n ? d->in.p + at : NULL;
}

uint32_t espy_pml_argument(const struct espy_pml_detail *d, unsigned i)
{
	const uint8_t *p = argument(d, i, 4);

	return p ? espy_pml_u32(p) : 0;
}

uint64_t espy_pml_argument_64(const struct espy_pml_detail *d, unsigned i)
{
	const uint8_t *p = argument(d, i, 8);

	return p ? espy_pml_u64(p) : 0;
}

uint32_t espy_pml_request_flags(const struct espy_pml_detail *d)
{
	return d->in.n >= FLAGS_AT + 4 ? espy_pml_u32(d->in.p + FLAGS_AT) : 0;
}

/* --- small ones ----------------------------------------------------------------------------------
 */

static void read_or_write(struct espy_pml_detail *d)
{
	bool is_read = d->event->operation == ESPY_PML_READ_FILE;
	uint32_t flags = espy_pml_request_flags(d), length = espy_pml_argument(d, 0);
	uint64_t offset = espy_pml_argument_64(d, 2);
	uint32_t priority = flags >> PRIORITY_SHIFT & PRIORITY_MASK;
	const char *word = espy_pml_value(ESPY_PML_WORDS_priority, priority);

	espy_pml_fact_num(d, "requested", length);
	espy_pml_fact_num(d, "offset", offset);
	d->category = is_read ? ESPY_CATEGORY_READ : ESPY_CATEGORY_WRITE;
	if (d->extra.p)
		length = espy_pml_in_u32(&d->extra);
	d->result = length;
	espy_pml_item_number(d, "Offset", (int64_t)offset);
	espy_pml_item_number(d, "Length", length);
	if (flags & IO_FLAGS) {
		espy_pml_item(d, "I/O Flags");
		espy_pml_bits(&d->text, ESPY_PML_WORDS_io_flags, flags & IO_FLAGS);
	}
	if (priority && word)
		espy_pml_item_text(d, "Priority", word);
	else if (priority)
		espy_pml_item_hex(d, "Priority", priority);
}

/* The 64-bit Process Monitor looks for the page protection one field too far, at the place of the
 * second argument of full width; the text follows it. */
static void create_mapping(struct espy_pml_detail *d)
{
	uint32_t sync = espy_pml_argument(d, 0), page = espy_pml_argument(d, 1);
	const char *word = espy_pml_value(ESPY_PML_WORDS_sync_type, sync);

	espy_pml_item(d, "SyncType");
	if (word)
		espy_buf_puts(&d->text, word);
	else
		espy_buf_printf(&d->text, "Unknown: 0x%x", sync);
	if (!sync)
		return;
	espy_pml_item(d, "PageProtection");
	for (uint32_t bit = 2; bit <= 0x40; bit <<= 1)
		if (page & bit) {
			espy_buf_puts(&d->text, espy_pml_value(ESPY_PML_WORDS_page, bit));
			break;
		}
	if (page & 0x200)
		espy_buf_puts(&d->text, "|PAGE_NOCACHE");
}

static void control(struct espy_pml_detail *d)
{
	uint32_t out = espy_pml_argument(d, 0), in = espy_pml_argument(d, 1);
	uint32_t code = espy_pml_argument(d, 2);

	espy_pml_item(d, "Control");
	espy_pml_control(&d->text, code, &d->category);
	espy_pml_fact_num(d, "request", code);
	if (d->event->operation != ESPY_PML_FS_CONTROL)
		return;
	if (code == ESPY_PML_PIPE_INTERNAL_WRITE) {
		espy_pml_item_number(d, "Length", in);
	} else if (code == ESPY_PML_PIPE_INTERNAL_READ) {
		espy_pml_item_number(d, "Length", out);
	} else if (code == ESPY_PML_PIPE_TRANSCEIVE || code == ESPY_PML_PIPE_INTERNAL_TRANSCEIVE) {
		espy_pml_item_number(d, "WriteLength", in);
		espy_pml_item_number(d, "ReadLength", out);
	} else if (code == ESPY_PML_OFFLOAD_READ || code == ESPY_PML_OFFLOAD_WRITE) {
		/* STORAGE_OFFLOAD_READ/FSCTL_OFFLOAD_WRITE_INPUT: size, flags, then */
		espy_pml_in_skip(&d->in, code == ESPY_PML_OFFLOAD_READ ? 16 : 8);
		espy_pml_item_number(d, "Offset", (int64_t)espy_pml_in_u64(&d->in));
		espy_pml_item_number(d, "Length", (int64_t)espy_pml_in_u64(&d->in));
	}
}

static void lock_control(struct espy_pml_detail *d)
{
	bool is_lock = d->sub == LOCK;
	const uint8_t *f = argument(d, d->in.is_64 ? 4 : 5, 2); /* FailImmediately, ExclusiveLock */
	uint64_t offset = espy_pml_argument_64(d, 2), length;

	if (d->sub != LOCK && d->sub != UNLOCK_SINGLE)
		return;
	length = espy_pml_in_u64(&d->in);
	if (is_lock)
		espy_pml_item_bool(d, "Exclusive", f && f[1]);
	espy_pml_item_number(d, "Offset", (int64_t)offset);
	espy_pml_item_number(d, "Length", (int64_t)length);
	if (is_lock)
		espy_pml_item_bool(d, "Fail Immediately", f && f[0]);
	espy_pml_fact_num(d, "offset", offset);
	espy_pml_fact_num(d, "length", length);
}

static void security(struct espy_pml_detail *d)
{
	bool is_query = d->event->operation == ESPY_PML_QUERY_SECURITY;

	d->category = is_query ? ESPY_CATEGORY_READ_METADATA : ESPY_CATEGORY_WRITE_METADATA;
	espy_pml_item(d, "Information");
	espy_pml_bits(&d->text, ESPY_PML_WORDS_security, espy_pml_argument(d, 0));
}

static void ending_offset(struct espy_pml_detail *d)
{
	espy_pml_item_number(d, "EndingOffset", (int64_t)espy_pml_in_u64(&d->in));
}

static void mdl(struct espy_pml_detail *d)
{
	espy_pml_item(d, "MDL");
	espy_buf_printf(&d->text, "0x%llx",
			(unsigned long long)(d->in.is_64 ? espy_pml_argument_64(d, 0)
							 : espy_pml_argument(d, 0)));
}

static void query_ea(struct espy_pml_detail *d)
{
	d->category = ESPY_CATEGORY_READ_METADATA;
	espy_pml_fact_num(d, "size", espy_pml_argument(d, 0));
}

static void set_ea(struct espy_pml_detail *d)
{
	d->category = ESPY_CATEGORY_WRITE_METADATA;
	espy_pml_fact_num(d, "size", espy_pml_argument(d, 0));
}

void espy_pml_detail_file(struct espy_pml_detail *d)
{
	static void (*const by_operation[ESPY_PML_FILE_OPERATIONS])(struct espy_pml_detail *) = {
		[ESPY_PML_MDL_READ_COMPLETE] = mdl,
		[ESPY_PML_QUERY_OPEN] = espy_pml_query_open,
		[ESPY_PML_ACQUIRE_FOR_MOD_WRITE] = ending_offset,
		[ESPY_PML_CREATE_MAPPING] = create_mapping,
		[ESPY_PML_CREATE_FILE] = espy_pml_create_file,
		[ESPY_PML_CREATE_PIPE] = espy_pml_create_file,
		[ESPY_PML_READ_FILE] = read_or_write,
		[ESPY_PML_WRITE_FILE] = read_or_write,
		[ESPY_PML_QUERY_INFORMATION] = espy_pml_query_information,
		[ESPY_PML_SET_INFORMATION] = espy_pml_set_information,
		[ESPY_PML_QUERY_EA] = query_ea,
		[ESPY_PML_SET_EA] = set_ea,
		[ESPY_PML_QUERY_VOLUME] = espy_pml_query_volume,
		[ESPY_PML_SET_VOLUME] = espy_pml_set_volume,
		[ESPY_PML_DIRECTORY_CONTROL] = espy_pml_directory_control,
		[ESPY_PML_FS_CONTROL] = control,
		[ESPY_PML_DEVICE_CONTROL] = control,
		[ESPY_PML_INTERNAL_CONTROL] = control,
		[ESPY_PML_LOCK_CONTROL] = lock_control,
		[ESPY_PML_CREATE_MAILSLOT] = espy_pml_create_file,
		[ESPY_PML_QUERY_SECURITY] = security,
		[ESPY_PML_SET_SECURITY] = security,
	};
	uint16_t op = d->event->operation, path;
	uint8_t sub = espy_pml_in_u8(&d->in);

	espy_pml_in_skip(&d->in, ARGUMENTS_AT - 1 + 5 * (d->in.is_64 ? 8u : 4u) + 8);
	path = espy_pml_in_u16(&d->in);
	espy_pml_in_skip(&d->in, 2);
	espy_pml_in_string(&d->in, path, &d->path);
	if (sub)
		espy_pml_set_sub(d, sub);
	if (op < ESPY_PML_FILE_OPERATIONS && by_operation[op])
		by_operation[op](d);
}
