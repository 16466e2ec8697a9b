/* SPDX-License-Identifier: MIT */
/* Details of events of the file system. */
#include "format/pml-write-file.h"

#include <stdio.h>
#include "format/pml-detail-file.h"
#include "format/pml-write-words.h"

#define FLAGS_AT       8u
#define ARGUMENTS_AT   16u
#define IO_FLAGS       0xe000ffu
#define PRIORITY_SHIFT 17
#define CALLER_WIDE    8u /* bytes of an argument */

enum { LOCK = 1, UNLOCK_SINGLE = 2 };
enum { QUERY_DIRECTORY = 1, NOTIFY = 2 };

#define DIRECTORY_CLASS 37u /* FileIdBothDirectoryInformation, where the detail does not say */
#define DIRECTORY_WORD  ", FileInformationClass: "

void espy_pml_file_u32(struct espy_pml_file *f, unsigned argument, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		f->head[ARGUMENTS_AT + CALLER_WIDE * argument + i] = (uint8_t)(v >> 8 * i);
}

void espy_pml_file_u64(struct espy_pml_file *f, unsigned argument, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		f->head[ARGUMENTS_AT + CALLER_WIDE * argument + i] = (uint8_t)(v >> 8 * i);
}

static void set_flags(struct espy_pml_file *f, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		f->head[FLAGS_AT + i] = (uint8_t)(v >> 8 * i);
}

/* --- opening, reading, writing ---------------------------------------------------------------- */

static void create(struct espy_pml_file *f)
{
	static const char *const names[] = {"Desired Access", "Disposition", "Options",
					    "Attributes",     "ShareMode",   "AllocationSize",
					    "Impersonating",  "OpenResult",  NULL};
	struct espy_pml_items d = {f->blob->text, names};
	uint32_t disposition = 0, result;
	struct espy_str word;

	if (espy_pml_items_get(&d, "Disposition", &word))
		espy_pml_value_of(ESPY_PML_WORDS_disposition, word, &disposition);
	espy_pml_file_u32(f, 1,
			  disposition << 24 | espy_pml_items_bits(&d, "Options",
								  ESPY_PML_WORDS_create_options));
	espy_pml_file_u32(f, 2,
			  espy_pml_items_bits(&d, "Attributes", ESPY_PML_WORDS_attributes) |
				  espy_pml_items_bits(&d, "ShareMode", ESPY_PML_WORDS_share_mode)
					  << 16);
	espy_pml_file_u64(f, 5, (uint64_t)espy_pml_items_number(&d, "AllocationSize"));
	espy_put_u32(&f->tail,
		     espy_pml_items_bits(&d, "Desired Access", ESPY_PML_WORDS_file_access));
	espy_put_u32(&f->tail, 0); /* nobody is impersonated */
	if (!espy_pml_items_get(&d, "OpenResult", &word) ||
	    !espy_pml_value_of(ESPY_PML_WORDS_open_result, word, &result))
		return;
	f->blob->has_extra = true;
	espy_put_u32(&f->blob->extra, result);
}

static void read_or_write(struct espy_pml_file *f)
{
	static const char *const names[] = {"Offset", "Length", "I/O Flags", "Priority", NULL};
	struct espy_pml_items d = {f->blob->text, names};
	int64_t length = espy_pml_items_number(&d, "Length");
	uint32_t priority = 0;
	struct espy_str word;

	if (espy_pml_items_get(&d, "Priority", &word) &&
	    !espy_pml_value_of(ESPY_PML_WORDS_priority, word, &priority))
		priority = (uint32_t)espy_pml_items_number(&d, "Priority");
	set_flags(f, (espy_pml_items_bits(&d, "I/O Flags", ESPY_PML_WORDS_io_flags) & IO_FLAGS) |
			     priority << PRIORITY_SHIFT);
	/* merged reads and writes may have more bytes than the field can say */
	espy_pml_file_u32(f, 0, length > UINT32_MAX ? UINT32_MAX : (uint32_t)length);
	espy_pml_file_u64(f, 2, (uint64_t)espy_pml_items_number(&d, "Offset"));
}

static void create_mapping(struct espy_pml_file *f)
{
	static const char *const names[] = {"SyncType", "PageProtection", NULL};
	struct espy_pml_items d = {f->blob->text, names};
	uint32_t sync = 0, page = 0;
	struct espy_str word, rest;

	if (espy_pml_items_get(&d, "SyncType", &word) &&
	    !espy_pml_value_of(ESPY_PML_WORDS_sync_type, word, &sync) &&
	    espy_str_starts(word, ESPY_STR("Unknown: ")))
		sync = espy_pml_control_of((struct espy_str){word.p + 9, word.n - 9});
	if (espy_pml_items_get(&d, "PageProtection", &rest)) {
		const char *bar = memchr(rest.p, '|', rest.n);

		word = (struct espy_str){rest.p, bar ? (size_t)(bar - rest.p) : rest.n};
		espy_pml_value_of(ESPY_PML_WORDS_page, word, &page);
		page |= memmem(rest.p, rest.n, "PAGE_NOCACHE", 12) ? 0x200 : 0;
	}
	espy_pml_file_u32(f, 0, sync);
	espy_pml_file_u32(f, 1, page);
}

/* --- control, locks, security -------------------------------------------------------------------
 */

static void control(struct espy_pml_file *f)
{
	static const char *const names[] = {"Control", "WriteLength", "ReadLength",
					    "Offset",  "Length",      NULL};
	struct espy_pml_items d = {f->blob->text, names};
	struct espy_str word = ESPY_STR_NONE;
	uint32_t code, length = (uint32_t)espy_pml_items_number(&d, "Length");
	uint32_t in = (uint32_t)espy_pml_items_number(&d, "WriteLength");
	uint32_t out = (uint32_t)espy_pml_items_number(&d, "ReadLength");

	espy_pml_items_get(&d, "Control", &word);
	code = espy_pml_control_of(word);
	if (code == ESPY_PML_PIPE_INTERNAL_WRITE)
		in = length;
	if (code == ESPY_PML_PIPE_INTERNAL_READ)
		out = length;
	espy_pml_file_u32(f, 0, out);
	espy_pml_file_u32(f, 1, in);
	espy_pml_file_u32(f, 2, code);
	if (code != ESPY_PML_OFFLOAD_READ && code != ESPY_PML_OFFLOAD_WRITE)
		return;
	espy_put_zeros(&f->tail, code == ESPY_PML_OFFLOAD_READ ? 16 : 8);
	espy_put_u64(&f->tail, (uint64_t)espy_pml_items_number(&d, "Offset"));
	espy_put_u64(&f->tail, (uint64_t)espy_pml_items_number(&d, "Length"));
}

static void lock_control(struct espy_pml_file *f)
{
	static const char *const names[] = {"Exclusive", "Offset", "Length", "Fail Immediately",
					    NULL};
	struct espy_pml_items d = {f->blob->text, names};

	espy_pml_file_u32(f, 4,
			  (uint32_t)espy_pml_items_bool(&d, "Fail Immediately") |
				  (uint32_t)espy_pml_items_bool(&d, "Exclusive") << 8);
	espy_pml_file_u64(f, 2, (uint64_t)espy_pml_items_number(&d, "Offset"));
	if (f->blob->op->sub == LOCK || f->blob->op->sub == UNLOCK_SINGLE)
		espy_put_u64(&f->tail, (uint64_t)espy_pml_items_number(&d, "Length"));
}

static void security(struct espy_pml_file *f)
{
	static const char *const names[] = {"Information", NULL};
	struct espy_pml_items d = {f->blob->text, names};

	espy_pml_file_u32(f, 0, espy_pml_items_bits(&d, "Information", ESPY_PML_WORDS_security));
}

static void ending_offset(struct espy_pml_file *f)
{
	static const char *const names[] = {"EndingOffset", NULL};
	struct espy_pml_items d = {f->blob->text, names};

	espy_put_u64(&f->tail, (uint64_t)espy_pml_items_number(&d, "EndingOffset"));
}

static void mdl(struct espy_pml_file *f)
{
	static const char *const names[] = {"MDL", NULL};
	struct espy_pml_items d = {f->blob->text, names};

	espy_pml_file_u64(f, 0, (uint64_t)espy_pml_items_number(&d, "MDL"));
}

/* --- directories ------------------------------------------------------------------------------ */

/* An entry of FILE_ID_BOTH_DIR_INFORMATION and its kin: all but the name is not known. */
static void put_entry(struct espy_buf *out, uint32_t info, struct espy_str name)
{
	static const struct {
		uint32_t info;
		uint8_t length_at, name_at;
	} layouts[] = {
		{1, 60, 64}, {2, 60, 68}, {3, 60, 94}, {12, 8, 12}, {37, 60, 104}, {38, 60, 80},
	};
	size_t at = out->n, i = 0;

	while (i < 5 && layouts[i].info != info)
		i++;
	espy_put_zeros(out, layouts[i].name_at);
	espy_patch_u32(out, at + layouts[i].length_at,
		       (uint32_t)(2 * espy_put_utf16(out, name, ESPY_PML_CHARS_MAX, NULL)));
}

/* The class is named behind the entry with number 1. */
static struct espy_str without_class(struct espy_str name)
{
	const char *p = memmem(name.p, name.n, DIRECTORY_WORD, sizeof(DIRECTORY_WORD) - 1);

	return p ? (struct espy_str){name.p, (size_t)(p - name.p)} : name;
}

static uint32_t directory_class(struct espy_str text)
{
	const char *p = memmem(text.p, text.n, DIRECTORY_WORD, sizeof(DIRECTORY_WORD) - 1), *end;
	uint32_t info = DIRECTORY_CLASS;
	struct espy_str word;

	if (!p)
		return info;
	p += sizeof(DIRECTORY_WORD) - 1;
	word = (struct espy_str){p, text.n - (size_t)(p - text.p)};
	end = memmem(word.p, word.n, ", ", 2);
	word.n = end ? (size_t)(end - word.p) : word.n;
	espy_pml_value_of(ESPY_PML_WORDS_directory_class, word, &info);
	return info;
}

static bool has_class(struct espy_str s)
{
	return memmem(s.p, s.n, DIRECTORY_WORD, sizeof(DIRECTORY_WORD) - 1);
}

/* "1: a, FileInformationClass: …, 3: b" from number `i` on. */
static void put_entries(struct espy_pml_file *f, struct espy_str s, unsigned i, uint32_t info)
{
	struct espy_buf *out = &f->blob->extra;
	char head[16];

	snprintf(head, sizeof(head), "%u: ", i);
	f->blob->has_extra = espy_str_starts(s, espy_str0(head));
	while (espy_str_starts(s, espy_str0(head)) && out->n < ESPY_PML_EXTRA_MAX / 2) {
		struct espy_str name = {s.p + strlen(head), s.n - strlen(head)};
		size_t at = out->n;
		bool takes_place; /* the class stands instead of number 2, whose name is lost */
		const char *end;
		char next[20];

		takes_place = i == 1 && has_class(name);
		i += takes_place ? 2 : 1;
		snprintf(head, sizeof(head), "%u: ", i);
		snprintf(next, sizeof(next), ", %s", head);
		end = memmem(name.p, name.n, next, strlen(next));
		s = ESPY_STR_NONE;
		if (end) {
			s = (struct espy_str){end + 2, name.n - (size_t)(end - name.p) - 2};
			name.n = (size_t)(end - name.p);
		}
		put_entry(out, info, without_class(name));
		if (end && takes_place) {
			espy_patch_u32(out, at, (uint32_t)(out->n - at));
			at = out->n;
			put_entry(out, info, ESPY_STR_NONE);
		}
		if (end)
			espy_patch_u32(out, at, (uint32_t)(out->n - at));
	}
}

/* What is listed shows in the path too, behind the directory. */
static void cut_filter(struct espy_pml_file *f, struct espy_str filter)
{
	if (!filter.n || !espy_str_ends(f->path, filter))
		return;
	f->path.n -= filter.n;
	if (f->path.n > 3 && f->path.p[f->path.n - 1] == '\\')
		f->path.n--;
}

static void query_directory(struct espy_pml_file *f)
{
	static const char filter_word[] = "Filter: ";
	struct espy_str s = f->blob->text, filter = ESPY_STR_NONE;
	uint32_t info = directory_class(s);
	struct espy_buf name = {0};
	size_t units;

	if (espy_str_starts(s, espy_str0(filter_word))) {
		const char *end = memmem(s.p, s.n, ", 1: ", 5);

		filter = (struct espy_str){s.p + 8, (end ? (size_t)(end - s.p) : s.n) - 8};
		s = end ? (struct espy_str){end + 2, s.n - (size_t)(end - s.p) - 2} : ESPY_STR_NONE;
	}
	cut_filter(f, filter);
	units = espy_put_utf16(&name, filter, ESPY_PML_CHARS_MAX, &f->blob->is_cut);
	espy_put_u16(&f->tail, (uint16_t)units);
	espy_buf_add(&f->tail, name.p, name.n);
	espy_buf_done(&name);
	espy_pml_file_u32(f, 2, info);
	put_entries(f, s, filter.n > 0, info);
}

static void directory(struct espy_pml_file *f)
{
	static const char *const names[] = {"Filter", NULL};
	struct espy_pml_items d = {f->blob->text, names};

	if (f->blob->op->sub == QUERY_DIRECTORY)
		query_directory(f);
	else if (f->blob->op->sub == NOTIFY)
		espy_pml_file_u32(f, 1, espy_pml_items_bits(&d, "Filter", ESPY_PML_WORDS_notify));
}

/* --- all of them ------------------------------------------------------------------------------ */

static void put_file(struct espy_pml_file *f)
{
	struct espy_pml_blob *b = f->blob;

	espy_buf_add(&b->detail, f->head, sizeof(f->head));
	espy_put_u16(&b->detail, espy_pml_blob_string(b, f->path));
	espy_put_u16(&b->detail, 0);
	espy_pml_blob_tail(b);
	espy_buf_add(&b->detail, f->tail.p, f->tail.n);
	if (f->tail.error)
		b->detail.error = f->tail.error;
	espy_buf_done(&f->tail);
}

void espy_pml_blob_file(struct espy_pml_blob *b)
{
	static void (*const by_code[ESPY_PML_FILE_OPERATIONS])(struct espy_pml_file *) = {
		[ESPY_PML_MDL_READ_COMPLETE] = mdl,
		[ESPY_PML_QUERY_OPEN] = espy_pml_file_query_open,
		[ESPY_PML_ACQUIRE_FOR_MOD_WRITE] = ending_offset,
		[ESPY_PML_CREATE_MAPPING] = create_mapping,
		[ESPY_PML_CREATE_FILE] = create,
		[ESPY_PML_CREATE_PIPE] = create,
		[ESPY_PML_READ_FILE] = read_or_write,
		[ESPY_PML_WRITE_FILE] = read_or_write,
		[ESPY_PML_QUERY_INFORMATION] = espy_pml_file_query,
		[ESPY_PML_SET_INFORMATION] = espy_pml_file_set,
		[ESPY_PML_QUERY_VOLUME] = espy_pml_file_volume,
		[ESPY_PML_SET_VOLUME] = espy_pml_file_set_volume,
		[ESPY_PML_DIRECTORY_CONTROL] = directory,
		[ESPY_PML_FS_CONTROL] = control,
		[ESPY_PML_DEVICE_CONTROL] = control,
		[ESPY_PML_INTERNAL_CONTROL] = control,
		[ESPY_PML_LOCK_CONTROL] = lock_control,
		[ESPY_PML_CREATE_MAILSLOT] = create,
		[ESPY_PML_QUERY_SECURITY] = security,
		[ESPY_PML_SET_SECURITY] = security,
	};
	struct espy_pml_file f = {.blob = b, .path = b->path};

	f.head[0] = (uint8_t)(b->op->sub > 0 ? b->op->sub : 0);
	if (b->op->code < ESPY_PML_FILE_OPERATIONS && by_code[b->op->code])
		by_code[b->op->code](&f);
	put_file(&f);
}
