/* SPDX-License-Identifier: MIT */
/* Events of the registry. */
#include <string.h>
#include "format/pml-detail.h"
#include "format/pml-words.h"

/* Operations; the others have no detail. */
enum {
	OPEN_KEY = 0,
	CREATE_KEY = 1,
	CLOSE_KEY = 2,
	QUERY_KEY = 3,
	SET_VALUE = 4,
	QUERY_VALUE = 5,
	ENUM_VALUE = 6,
	ENUM_KEY = 7,
	SET_INFO_KEY = 8,
	DELETE_KEY = 9,
	DELETE_VALUE = 10,
	FLUSH_KEY = 11,
	LOAD_KEY = 12,
	UNLOAD_KEY = 13,
	RENAME_KEY = 14,
	QUERY_MULTIPLE = 15,
	SET_SECURITY = 16,
	QUERY_SECURITY = 17,
	OPERATIONS
};

/* Information classes of keys (KEY_INFORMATION_CLASS) and values (KEY_VALUE_INFORMATION_CLASS). */
enum { KEY_BASIC, KEY_NODE, KEY_FULL, KEY_NAME, KEY_CACHED, KEY_FLAGS, KEY_HANDLE_TAGS = 7 };
enum { VALUE_BASIC, VALUE_FULL, VALUE_PARTIAL };

enum { REG_SZ = 1, REG_EXPAND_SZ = 2, REG_BINARY = 3, REG_DWORD = 4, REG_MULTI_SZ = 7 };

#define CREATED_NEW    1
#define BEHIND_MAX     512u
#define FULL_HEAD      24u /* size of KEY_VALUE_FULL_INFORMATION */
#define MAXIMUM_ACCESS 0x2000000

static void add_binary(struct espy_pml_detail *d, struct espy_pml_bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		espy_buf_printf(&d->text, i ? " %02X" : "%02X", b.p[i]);
}

/* Up to the first NUL. */
static void add_string(struct espy_buf *out, struct espy_pml_bytes b)
{
	size_t n = 0;

	while (n + 2 <= b.n && (b.p[n] || b.p[n + 1]))
		n += 2;
	espy_pml_utf16(out, b.p, n);
}

/* Process Monitor looks for the end of a string also behind the data, where other parts of the file
 * lie; up to BEHIND_MAX bytes of them, so does this. */
static struct espy_pml_bytes and_behind(const struct espy_pml_detail *d, struct espy_pml_bytes b)
{
	const struct espy_pml *f = d->tables->file;
	uint64_t behind = f->size - (uint64_t)(b.p + b.n - f->p);

	b.n += behind < BEHIND_MAX ? behind : BEHIND_MAX;
	return b;
}

/* As long as one begins within the data. */
static void add_strings(struct espy_pml_detail *d, struct espy_pml_bytes b)
{
	struct espy_pml_bytes all = and_behind(d, b);

	for (size_t i = 0; i < b.n;) {
		size_t n = 0;

		while (i + n + 2 <= all.n && (b.p[i + n] || b.p[i + n + 1]))
			n += 2;
		if (!n)
			break;
		if (i)
			espy_buf_add(&d->text, ", ", 2);
		espy_pml_utf16(&d->text, b.p + i, n);
		i += n + 2;
	}
}

/* The data of a value, as far as the driver kept it; `length` is what it was. */
static void data(struct espy_pml_detail *d, uint32_t type, uint32_t length, struct espy_pml_bytes b)
{
	const char *name = espy_pml_value(ESPY_PML_WORDS_registry_type, type);
	size_t start;

	espy_pml_item(d, "Type");
	if (name)
		espy_buf_puts(&d->text, name);
	else
		espy_buf_printf(&d->text, "<Unknown: %u>", type);
	espy_pml_fact_text(d, "value_type", name ? name : "", name ? strlen(name) : 0);
	espy_pml_item_number(d, "Length", length);
	espy_pml_fact_num(d, "bytes", length);
	if (!length)
		return;
	espy_pml_item(d, "Data");
	start = d->text.n;
	if (type == REG_DWORD && b.n >= 4)
		espy_buf_u64(&d->text, espy_pml_u32(b.p));
	else if (type == REG_SZ || type == REG_EXPAND_SZ)
		add_string(&d->text, and_behind(d, b));
	else if (type == REG_BINARY)
		add_binary(d, b);
	else if (type == REG_MULTI_SZ)
		add_strings(d, b);
	if (!d->text.error)
		espy_pml_fact_text(d, "data", d->text.p + start, d->text.n - start);
}

static void open_or_create(struct espy_pml_detail *d)
{
	uint16_t path = espy_pml_in_u16(&d->in);
	uint32_t access, granted, disposition;
	const char *word;

	espy_pml_in_skip(&d->in, 2);
	access = espy_pml_in_u32(&d->in);
	espy_pml_in_string(&d->in, path, &d->path);
	d->category = ESPY_CATEGORY_READ;
	espy_pml_fact_num(d, "access", access);
	if (!access)
		return;
	espy_pml_item(d, "Desired Access");
	espy_pml_access(&d->text, ESPY_PML_WORDS_registry_access, access);
	if (!d->extra.p)
		return;
	granted = espy_pml_in_u32(&d->extra);
	disposition = espy_pml_in_u32(&d->extra);
	if (access == MAXIMUM_ACCESS) {
		espy_pml_item(d, "Granted Access");
		espy_pml_access(&d->text, ESPY_PML_WORDS_registry_access, granted);
	}
	word = espy_pml_value(ESPY_PML_WORDS_key_disposition, disposition);
	if (word)
		espy_pml_item_text(d, "Disposition", word);
	if (disposition == CREATED_NEW) {
		d->category = ESPY_CATEGORY_WRITE;
		espy_pml_fact_num(d, "fresh", 1);
	}
}

/* An item with a string whose length in bytes stands before it. */
static void name_item(struct espy_pml_detail *d)
{
	uint32_t bytes = espy_pml_in_u32(&d->extra);
	struct espy_pml_bytes b;
	size_t start;

	b = espy_pml_in_bytes(&d->extra, bytes);
	espy_pml_item(d, "Name");
	start = d->text.n;
	add_string(&d->text, b);
	if (!d->text.error)
		espy_pml_fact_text(d, "name", d->text.p + start, d->text.n - start);
}

/* LastWriteTime and TitleIndex lead; Process Monitor shows neither. */
static void key_information(struct espy_pml_detail *d, uint32_t info)
{
	struct espy_pml_in *x = &d->extra;
	bool is_counted = info == KEY_FULL || info == KEY_CACHED;

	if (info == KEY_HANDLE_TAGS)
		espy_pml_item_hex(d, "HandleTags", espy_pml_in_u32(x));
	else if (info == KEY_FLAGS)
		espy_pml_item_hex(d, "UserFlags", espy_pml_in_u32(x));
	if (info == KEY_BASIC || info == KEY_NODE || is_counted)
		espy_pml_in_skip(x, 12);
	if (info == KEY_NODE || info == KEY_FULL)
		espy_pml_in_skip(x, 8); /* class */
	if (info == KEY_BASIC || info == KEY_NODE)
		name_item(d);
	if (!is_counted)
		return;
	espy_pml_item_number(d, "SubKeys", espy_pml_in_u32(x));
	espy_pml_in_skip(x, info == KEY_FULL ? 8 : 4);
	espy_pml_item_number(d, "Values", espy_pml_in_u32(x));
}

static void query_or_enum_key(struct espy_pml_detail *d)
{
	bool is_enum = d->event->operation == ENUM_KEY;
	uint16_t path = espy_pml_in_u16(&d->in);
	uint32_t length, index = 0, info;
	const char *word;

	espy_pml_in_skip(&d->in, 2);
	length = espy_pml_in_u32(&d->in);
	if (is_enum)
		index = espy_pml_in_u32(&d->in);
	info = espy_pml_in_u32(&d->in);
	espy_pml_in_string(&d->in, path, &d->path);
	d->category = ESPY_CATEGORY_READ;
	espy_pml_fact_num(d, "index", index);
	word = espy_pml_value(ESPY_PML_WORDS_key_information, info);
	if (is_enum)
		espy_pml_item_number(d, "Index", index);
	else if (word)
		espy_pml_item_text(d, "Query", word);
	else
		espy_pml_item_number(d, "Query", info);
	if (d->extra.p)
		key_information(d, info);
	else
		espy_pml_item_number(d, "Length", length);
}

/* The name of the value is an item when values are listed; else the path has it. */
static void full_name(struct espy_pml_detail *d)
{
	if (d->event->operation == ENUM_VALUE)
		name_item(d);
	else
		espy_pml_in_skip(&d->extra, 4);
}

/* Process Monitor counts from the length of the whole how much of the data it has, as if there were
 * no name, and so shows some bytes too many; they lie behind in the file. */
static struct espy_pml_bytes full_data(struct espy_pml_detail *d, uint32_t offset, uint32_t length)
{
	const struct espy_pml *f = d->tables->file;
	uint64_t at = (uint64_t)(d->extra.p - f->p) + offset;
	size_t n = d->extra.n > FULL_HEAD ? d->extra.n - FULL_HEAD : 0;
	struct espy_pml_bytes b = {NULL, n < length ? n : length};

	b.p = espy_pml_bytes(f, at, b.n);
	if (b.p)
		return b;
	d->extra.is_short = true;
	return (struct espy_pml_bytes){d->extra.p, 0};
}

static void value_information(struct espy_pml_detail *d, uint32_t info)
{
	struct espy_pml_in *x = &d->extra;
	uint32_t type, offset, length;

	espy_pml_in_skip(x, 4); /* title index */
	type = espy_pml_in_u32(x);
	if (info == VALUE_FULL) {
		offset = espy_pml_in_u32(x);
		length = espy_pml_in_u32(x);
		full_name(d);
		data(d, type, length, full_data(d, offset, length));
	} else if (info == VALUE_PARTIAL) {
		length = espy_pml_in_u32(x);
		data(d, type, length, espy_pml_in_bytes(x, length));
	} else {
		const char *word = espy_pml_value(ESPY_PML_WORDS_registry_type, type);

		espy_pml_item_text(d, "Type", word ? word : "");
	}
}

static void query_or_enum_value(struct espy_pml_detail *d)
{
	bool is_enum = d->event->operation == ENUM_VALUE;
	uint16_t path = espy_pml_in_u16(&d->in);
	uint32_t length, index = 0, info;

	espy_pml_in_skip(&d->in, 2);
	length = espy_pml_in_u32(&d->in);
	if (is_enum)
		index = espy_pml_in_u32(&d->in);
	info = espy_pml_in_u32(&d->in);
	espy_pml_in_string(&d->in, path, &d->path);
	d->category = ESPY_CATEGORY_READ;
	espy_pml_fact_num(d, "index", index);
	if (is_enum)
		espy_pml_item_number(d, "Index", index);
	if (d->extra.p)
		value_information(d, info);
	else
		espy_pml_item_number(d, "Length", length);
}

static void set_value(struct espy_pml_detail *d)
{
	uint16_t path = espy_pml_in_u16(&d->in), kept;
	uint32_t type, length;

	espy_pml_in_skip(&d->in, 2);
	type = espy_pml_in_u32(&d->in);
	length = espy_pml_in_u32(&d->in);
	kept = espy_pml_in_u16(&d->in);
	espy_pml_in_skip(&d->in, 2);
	espy_pml_in_string(&d->in, path, &d->path);
	d->category = ESPY_CATEGORY_WRITE;
	data(d, type, length, espy_pml_in_bytes(&d->in, kept));
}

static void set_info(struct espy_pml_detail *d)
{
	uint16_t path = espy_pml_in_u16(&d->in), kept;
	uint32_t info, length;
	const char *word;

	espy_pml_in_skip(&d->in, 2);
	info = espy_pml_in_u32(&d->in);
	length = espy_pml_in_u32(&d->in);
	kept = espy_pml_in_u16(&d->in);
	espy_pml_in_skip(&d->in, 2);
	espy_pml_in_string(&d->in, path, &d->path);
	d->category = ESPY_CATEGORY_WRITE_METADATA;
	word = espy_pml_value(ESPY_PML_WORDS_key_set_information, info);
	espy_pml_item(d, "KeySetInformationClass");
	if (word)
		espy_buf_puts(&d->text, word);
	else
		espy_buf_printf(&d->text, "<Unknown: %u>", info);
	espy_pml_item_number(d, "Length", kept);
	espy_pml_fact_num(d, "bytes", length);
	if (!kept)
		return;
	if (info == 0)
		espy_pml_item_date(d, "LastWriteTime", espy_pml_in_u64(&d->in));
	else if (info == 1)
		espy_pml_item_hex(d, "Wow64Flags", espy_pml_in_u32(&d->in));
	else if (info == 5)
		espy_pml_item_hex(d, "HandleTags", espy_pml_in_u32(&d->in));
}

static void load_or_rename(struct espy_pml_detail *d)
{
	bool is_rename = d->event->operation == RENAME_KEY;
	uint16_t path = espy_pml_in_u16(&d->in), other = espy_pml_in_u16(&d->in);
	size_t start;

	espy_pml_in_string(&d->in, path, &d->path);
	espy_pml_item(d, is_rename ? "New Name" : "Hive Path");
	start = d->text.n;
	espy_pml_in_string(&d->in, other, &d->text);
	if (is_rename)
		d->category = ESPY_CATEGORY_WRITE;
	if (!d->text.error)
		espy_pml_fact_text(d, "name", d->text.p + start, d->text.n - start);
}

/* Only a path. */
static void plain(struct espy_pml_detail *d)
{
	static const uint8_t categories[OPERATIONS] = {
		[DELETE_KEY] = ESPY_CATEGORY_WRITE,
		[DELETE_VALUE] = ESPY_CATEGORY_WRITE,
		[QUERY_MULTIPLE] = ESPY_CATEGORY_READ,
		[SET_SECURITY] = ESPY_CATEGORY_WRITE_METADATA,
		[QUERY_SECURITY] = ESPY_CATEGORY_READ_METADATA,
	};
	uint16_t path = espy_pml_in_u16(&d->in);

	espy_pml_in_string(&d->in, path, &d->path);
	d->category = categories[d->event->operation];
}

void espy_pml_detail_registry(struct espy_pml_detail *d)
{
	static void (*const by_operation[OPERATIONS])(struct espy_pml_detail *) = {
		[OPEN_KEY] = open_or_create,
		[CREATE_KEY] = open_or_create,
		[CLOSE_KEY] = plain,
		[QUERY_KEY] = query_or_enum_key,
		[SET_VALUE] = set_value,
		[QUERY_VALUE] = query_or_enum_value,
		[ENUM_VALUE] = query_or_enum_value,
		[ENUM_KEY] = query_or_enum_key,
		[SET_INFO_KEY] = set_info,
		[DELETE_KEY] = plain,
		[DELETE_VALUE] = plain,
		[FLUSH_KEY] = plain,
		[LOAD_KEY] = load_or_rename,
		[UNLOAD_KEY] = plain,
		[RENAME_KEY] = load_or_rename,
		[QUERY_MULTIPLE] = plain,
		[SET_SECURITY] = plain,
		[QUERY_SECURITY] = plain,
	};

	if (d->event->operation < OPERATIONS)
		by_operation[d->event->operation](d);
}
