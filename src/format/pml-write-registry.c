/* SPDX-License-Identifier: MIT */
/* Details of events of the registry. */
#include <stdlib.h>
#include "format/pml-write-detail.h"
#include "format/pml-write-words.h"

/* Operations; the others have only a path. */
enum {
	OPEN_KEY = 0,
	CREATE_KEY = 1,
	QUERY_KEY = 3,
	SET_VALUE = 4,
	QUERY_VALUE = 5,
	ENUM_VALUE = 6,
	ENUM_KEY = 7,
	SET_INFO_KEY = 8,
	LOAD_KEY = 12,
	RENAME_KEY = 14,
	OPERATIONS = 18
};

enum { KEY_BASIC, KEY_NODE, KEY_FULL, KEY_NAME, KEY_CACHED, KEY_FLAGS, KEY_HANDLE_TAGS = 7 };
enum { VALUE_BASIC, VALUE_FULL, VALUE_PARTIAL };
enum { REG_SZ = 1, REG_EXPAND_SZ = 2, REG_BINARY = 3, REG_DWORD = 4, REG_MULTI_SZ = 7 };

/* Its decimal digits, behind `skip` bytes. */
static uint32_t number(struct espy_str s, size_t skip)
{
	uint32_t v = 0;

	for (size_t i = skip; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	return v;
}

static void begin_extra(struct espy_pml_blob *b)
{
	b->has_extra = true;
}

static void open_or_create(struct espy_pml_blob *b)
{
	static const char *const names[] = {"Desired Access", "Granted Access", "Disposition",
					    NULL};
	struct espy_pml_items d = {b->text, names};
	uint32_t disposition = 0;
	struct espy_str word;

	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_put_u16(&b->detail, 0);
	espy_put_u32(&b->detail,
		     espy_pml_items_bits(&d, "Desired Access", ESPY_PML_WORDS_registry_access));
	espy_pml_blob_tail(b);
	if (espy_pml_items_get(&d, "Disposition", &word))
		espy_pml_value_of(ESPY_PML_WORDS_key_disposition, word, &disposition);
	if (!disposition && !espy_pml_items_get(&d, "Granted Access", &word))
		return;
	begin_extra(b);
	espy_put_u32(&b->extra,
		     espy_pml_items_bits(&d, "Granted Access", ESPY_PML_WORDS_registry_access));
	espy_put_u32(&b->extra, disposition);
}

/* --- keys ------------------------------------------------------------------------------------- */

static const char *const key_names[] = {"Index",   "Query",  "HandleTags", "UserFlags", "Name",
					"SubKeys", "Values", "Length",     NULL};

static void put_name(struct espy_pml_blob *b, struct espy_str name)
{
	size_t at = b->extra.n, n;

	espy_put_u32(&b->extra, 0);
	n = espy_put_utf16(&b->extra, name, ESPY_PML_CHARS_MAX, &b->is_cut);
	espy_patch_u32(&b->extra, at, (uint32_t)(2 * n));
}

static void put_key_information(struct espy_pml_blob *b, const struct espy_pml_items *d,
				uint32_t info)
{
	struct espy_str name = ESPY_STR_NONE;
	bool is_counted = info == KEY_FULL || info == KEY_CACHED;

	begin_extra(b);
	espy_pml_items_get(d, "Name", &name);
	if (info == KEY_HANDLE_TAGS)
		espy_put_u32(&b->extra, (uint32_t)espy_pml_items_number(d, "HandleTags"));
	else if (info == KEY_FLAGS)
		espy_put_u32(&b->extra, (uint32_t)espy_pml_items_number(d, "UserFlags"));
	if (info == KEY_BASIC || info == KEY_NODE || is_counted)
		espy_put_zeros(&b->extra, 12);
	if (info == KEY_NODE || info == KEY_FULL)
		espy_put_zeros(&b->extra, 8);
	if (info == KEY_BASIC || info == KEY_NODE)
		put_name(b, name);
	if (!is_counted)
		return;
	espy_put_u32(&b->extra, (uint32_t)espy_pml_items_number(d, "SubKeys"));
	espy_put_zeros(&b->extra, info == KEY_FULL ? 8 : 4);
	espy_put_u32(&b->extra, (uint32_t)espy_pml_items_number(d, "Values"));
}

/* An enumeration does not say which information it asked for: what it found does. */
static uint32_t key_info(const struct espy_pml_items *d)
{
	struct espy_str s;
	uint32_t info;

	if (espy_pml_items_get(d, "Query", &s)) {
		if (espy_pml_value_of(ESPY_PML_WORDS_key_information, s, &info))
			return info;
		return (uint32_t)espy_pml_items_number(d, "Query");
	}
	if (espy_pml_items_get(d, "SubKeys", &s))
		return KEY_FULL;
	if (espy_pml_items_get(d, "HandleTags", &s))
		return KEY_HANDLE_TAGS;
	return espy_pml_items_get(d, "Name", &s) ? KEY_BASIC : KEY_NAME;
}

static void query_or_enum_key(struct espy_pml_blob *b)
{
	struct espy_pml_items d = {b->text, key_names};
	uint32_t info = key_info(&d);
	struct espy_str s;

	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_put_u16(&b->detail, 0);
	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Length"));
	if (b->op->code == ENUM_KEY)
		espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Index"));
	espy_put_u32(&b->detail, info);
	espy_pml_blob_tail(b);
	if (b->text.n && !espy_pml_items_get(&d, "Length", &s))
		put_key_information(b, &d, info);
}

/* --- values ----------------------------------------------------------------------------------- */

static const char *const value_names[] = {"Index", "Name", "Type", "Length", "Data", NULL};

static uint32_t type_of(const struct espy_pml_items *d)
{
	struct espy_str s;
	uint32_t type = 0;

	if (!espy_pml_items_get(d, "Type", &s) ||
	    espy_pml_value_of(ESPY_PML_WORDS_registry_type, s, &type))
		return type;
	if (espy_str_starts(s, ESPY_STR("<Unknown: ")))
		type = number(s, sizeof("<Unknown: ") - 1);
	return type;
}

static void put_binary(struct espy_buf *out, struct espy_str s)
{
	for (size_t i = 0; i + 2 <= s.n; i += 3) {
		char byte[3] = {s.p[i], s.p[i + 1], '\0'};

		espy_put_u8(out, (uint8_t)strtoul(byte, NULL, 16));
	}
}

static void put_strings(struct espy_buf *out, struct espy_str s)
{
	while (s.n) {
		const char *comma = memmem(s.p, s.n, ", ", 2);
		size_t n = comma ? (size_t)(comma - s.p) : s.n;

		espy_pml_blob_utf16z(out, (struct espy_str){s.p, n});
		n += comma ? 2 : 0;
		s = (struct espy_str){s.p + n, s.n - n};
	}
	espy_put_u16(out, 0);
}

/* The data, filled up to the length that it had where that does not show. */
static void put_data(struct espy_buf *out, uint32_t type, uint32_t length, struct espy_str s)
{
	size_t start = out->n;

	if (!length)
		return;
	if (type == REG_DWORD && s.n)
		espy_put_u32(out, number(s, 0));
	else if (type == REG_SZ || type == REG_EXPAND_SZ)
		espy_pml_blob_utf16z(out, s);
	else if (type == REG_BINARY)
		put_binary(out, s);
	else if (type == REG_MULTI_SZ)
		put_strings(out, s);
	if (type != REG_DWORD && type != REG_BINARY && out->n - start < length && length < 0x4000)
		espy_put_zeros(out, length - (out->n - start));
}

static void put_value_information(struct espy_pml_blob *b, const struct espy_pml_items *d,
				  uint32_t info)
{
	uint32_t length = (uint32_t)espy_pml_items_number(d, "Length"), type = type_of(d);
	struct espy_str name = ESPY_STR_NONE, data = ESPY_STR_NONE;
	size_t at;

	begin_extra(b);
	espy_pml_items_get(d, "Name", &name);
	espy_pml_items_get(d, "Data", &data);
	espy_put_u32(&b->extra, 0);
	espy_put_u32(&b->extra, type);
	if (info == VALUE_BASIC)
		return;
	at = b->extra.n;
	if (info == VALUE_FULL)
		espy_put_u32(&b->extra, 0);
	espy_put_u32(&b->extra, length);
	if (info == VALUE_FULL) {
		put_name(b, name);
		espy_patch_u32(&b->extra, at, (uint32_t)b->extra.n);
	}
	put_data(&b->extra, type, length, data);
}

static uint32_t value_info(const struct espy_pml_items *d)
{
	struct espy_str s;

	if (espy_pml_items_get(d, "Name", &s))
		return VALUE_FULL;
	return espy_pml_items_get(d, "Length", &s) ? VALUE_PARTIAL : VALUE_BASIC;
}

static void query_or_enum_value(struct espy_pml_blob *b)
{
	struct espy_pml_items d = {b->text, value_names};
	uint32_t info = value_info(&d);
	struct espy_str s;
	bool has_type = espy_pml_items_get(&d, "Type", &s);

	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_put_u16(&b->detail, 0);
	espy_put_u32(&b->detail, has_type ? 0 : (uint32_t)espy_pml_items_number(&d, "Length"));
	if (b->op->code == ENUM_VALUE)
		espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Index"));
	espy_put_u32(&b->detail, info);
	espy_pml_blob_tail(b);
	if (has_type)
		put_value_information(b, &d, info);
}

static void set_value(struct espy_pml_blob *b)
{
	struct espy_pml_items d = {b->text, value_names};
	uint32_t length = (uint32_t)espy_pml_items_number(&d, "Length"), type = type_of(&d);
	struct espy_str data = ESPY_STR_NONE;
	struct espy_buf kept = {0};

	espy_pml_items_get(&d, "Data", &data);
	put_data(&kept, type, length, data);
	if (kept.n > UINT16_MAX)
		kept.n = UINT16_MAX;
	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_put_u16(&b->detail, 0);
	espy_put_u32(&b->detail, type);
	espy_put_u32(&b->detail, length);
	espy_put_u16(&b->detail, (uint16_t)kept.n);
	espy_put_u16(&b->detail, 0);
	espy_pml_blob_tail(b);
	espy_buf_add(&b->detail, kept.p, kept.n);
	espy_buf_done(&kept);
}

static void set_info(struct espy_pml_blob *b)
{
	static const char *const names[] = {"KeySetInformationClass",
					    "Length",
					    "LastWriteTime",
					    "Wow64Flags",
					    "HandleTags",
					    NULL};
	struct espy_pml_items d = {b->text, names};
	uint32_t info = 0, length = (uint32_t)espy_pml_items_number(&d, "Length");
	struct espy_str word;

	if (espy_pml_items_get(&d, names[0], &word) &&
	    !espy_pml_value_of(ESPY_PML_WORDS_key_set_information, word, &info) &&
	    espy_str_starts(word, ESPY_STR("<Unknown: ")))
		info = number(word, sizeof("<Unknown: ") - 1);
	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_put_u16(&b->detail, 0);
	espy_put_u32(&b->detail, info);
	espy_put_u32(&b->detail, length);
	espy_put_u16(&b->detail, (uint16_t)length);
	espy_put_u16(&b->detail, 0);
	espy_pml_blob_tail(b);
	if (info == 0 && length)
		espy_put_u64(&b->detail, espy_pml_items_date(&d, "LastWriteTime"));
	else if (info == 1 && length)
		espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Wow64Flags"));
	else if (info == 5 && length)
		espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "HandleTags"));
}

static void load_or_rename(struct espy_pml_blob *b)
{
	static const char *const names[] = {"Hive Path", NULL}, *const new_names[] = {"New Name",
										      NULL};
	bool is_rename = b->op->code == RENAME_KEY;
	struct espy_pml_items d = {b->text, is_rename ? new_names : names};
	struct espy_str other = ESPY_STR_NONE;

	espy_pml_items_get(&d, d.names[0], &other);
	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_put_u16(&b->detail, espy_pml_blob_string(b, other));
	espy_pml_blob_tail(b);
}

static void plain(struct espy_pml_blob *b)
{
	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_pml_blob_tail(b);
}

void espy_pml_blob_registry(struct espy_pml_blob *b)
{
	static void (*const by_code[OPERATIONS])(struct espy_pml_blob *) = {
		[OPEN_KEY] = open_or_create,         [CREATE_KEY] = open_or_create,
		[QUERY_KEY] = query_or_enum_key,     [SET_VALUE] = set_value,
		[QUERY_VALUE] = query_or_enum_value, [ENUM_VALUE] = query_or_enum_value,
		[ENUM_KEY] = query_or_enum_key,      [SET_INFO_KEY] = set_info,
		[LOAD_KEY] = load_or_rename,         [RENAME_KEY] = load_or_rename,
	};
	bool has_own = b->op->code < OPERATIONS && by_code[b->op->code];

	(has_own ? by_code[b->op->code] : plain)(b);
}
