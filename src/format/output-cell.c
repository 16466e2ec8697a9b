/* SPDX-License-Identifier: MIT */
#include "format/output-cell.h"
#include "base/escape.h"
#include "model/value.h"

static bool is_named(unsigned fmt)
{
	return fmt > ESPY_FMT__FLAGS || fmt == ESPY_FMT_MODE || fmt == ESPY_FMT_DEV;
}

/* Is it a name in any event that has it? */
static bool is_ever_named(const struct espy_column *c)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		int f = espy_schema_is_shown(s) ? espy_column_field(c, s) : -1;

		if (f >= 0 && is_named(s->fields[f].fmt))
			return true;
	}
	return is_named(c->fmt);
}

enum espy_cell_kind espy_cell_kind(const struct espy_column *c)
{
	if (c->type == ESPY_TYPE_STR || is_ever_named(c))
		return ESPY_CELL_TEXT;
	if (c->id == ESPY_COL_pending || c->id == ESPY_COL_truncated || c->id == ESPY_COL_deleted)
		return ESPY_CELL_BOOL;
	if (c->fmt == ESPY_FMT_TIME || c->fmt == ESPY_FMT_WALL)
		return ESPY_CELL_TIME;
	if (c->fmt == ESPY_FMT_HEX && c->type == ESPY_TYPE_NUM)
		return ESPY_CELL_UINT;
	return ESPY_CELL_INT;
}

static bool get_time(unsigned fmt, const struct espy_batch *b, uint64_t num, struct espy_cell *ret)
{
	bool is_boot = fmt == ESPY_FMT_TIME;

	if (is_boot ? num == 0 : (int64_t)num == ESPY_WALL_UNKNOWN)
		return false;
	ret->num = is_boot ? num + (uint64_t)b->wall_offset : num;
	return true;
}

/* A number that this column shows as text. */
static bool get_name(unsigned fmt, const struct espy_value *v, const struct espy_batch *b,
		     struct espy_buf *scratch, struct espy_cell *ret)
{
	size_t start = scratch->n;

	if (espy_value_says_nothing(fmt, v->is_signed, false, v->num))
		return false;
	espy_value_num(scratch, fmt, v->is_signed, v->num, b->wall_offset);
	ret->str = (struct espy_str){scratch->p + start, scratch->n - start};
	return !scratch->error && ret->str.n;
}

bool espy_cell_get(const struct espy_column *c, enum espy_cell_kind kind,
		   const struct espy_batch *b, uint32_t row, struct espy_buf *scratch,
		   struct espy_cell *ret)
{
	struct espy_value v;
	unsigned fmt;
	size_t start;

	if (!espy_column_get(c, b, row, scratch, &v))
		return false;
	*ret = (struct espy_cell){.num = v.num, .str = v.str, .id = UINT32_MAX};
	fmt = espy_column_fmt(c, b, row);
	if (kind == ESPY_CELL_TIME)
		return get_time(fmt, b, v.num, ret);
	if (kind != ESPY_CELL_TEXT)
		return true;
	if (!v.is_string)
		return get_name(fmt, &v, b, scratch, ret);
	if (fmt != ESPY_FMT_ARGV) {
		ret->id = v.id;
		return true;
	}
	start = scratch->n;
	if (espy_cell_array(scratch, v.str, espy_cell_string))
		ret->raw = v.str;
	ret->str = (struct espy_str){scratch->p + start, scratch->n - start};
	return !scratch->error;
}

int espy_cell_array(struct espy_buf *out, struct espy_str s,
		    int (*add)(struct espy_buf *out, struct espy_str s))
{
	int replaced = 0;

	espy_buf_putc(out, '[');
	for (bool is_first = true; s.n; is_first = false) {
		const char *end = memchr(s.p, 0, s.n);
		size_t n = end ? (size_t)(end - s.p) : s.n;

		if (!is_first)
			espy_buf_putc(out, ',');
		replaced |= add(out, (struct espy_str){s.p, n});
		n += end != NULL;
		s = (struct espy_str){s.p + n, s.n - n};
	}
	espy_buf_putc(out, ']');
	return replaced;
}

int espy_cell_json(struct espy_buf *out, enum espy_cell_kind kind, const struct espy_cell *cell)
{
	switch (kind) {
	case ESPY_CELL_TEXT:
		return espy_cell_string(out, cell->str);
	case ESPY_CELL_BOOL:
		espy_buf_puts(out, cell->num ? "true" : "false");
		return 0;
	case ESPY_CELL_UINT:
		espy_buf_u64(out, cell->num);
		return 0;
	default:
		espy_buf_s64(out, (int64_t)cell->num);
		return 0;
	}
}

/* --- all fields of an event --------------------------------------------------------------------
 */

static void add_key(struct espy_buf *out, const char *name, const char *suffix)
{
	espy_buf_add(out, ",\"", 2);
	espy_buf_puts(out, name);
	espy_buf_puts(out, suffix);
	espy_buf_add(out, "\":", 2);
}

static void add_text(struct espy_buf *out, const struct espy_field *f, struct espy_str s)
{
	int replaced;

	if (!s.n)
		return;
	add_key(out, f->name, "");
	replaced = f->fmt == ESPY_FMT_ARGV ? espy_cell_array(out, s, espy_cell_string)
					   : espy_cell_string(out, s);
	if (!replaced)
		return;
	add_key(out, f->name, "_hex");
	espy_buf_putc(out, '"');
	espy_cell_hex(out, s);
	espy_buf_putc(out, '"');
}

static void add_number(struct espy_buf *out, const struct espy_field *f, const struct espy_value *v,
		       int64_t wall_offset)
{
	bool is_time = f->fmt == ESPY_FMT_TIME || f->fmt == ESPY_FMT_WALL;

	if (!is_time && f->fmt <= ESPY_FMT__FLAGS) {
		add_key(out, f->name, "");
		if (v->is_signed)
			espy_buf_s64(out, (int64_t)v->num);
		else
			espy_buf_u64(out, v->num);
		return;
	}
	if (f->fmt == ESPY_FMT_WALL ? (int64_t)v->num == ESPY_WALL_UNKNOWN
				    : espy_value_says_nothing(f->fmt, v->is_signed, false, v->num))
		return;
	add_key(out, f->name, "");
	espy_buf_putc(out, '"');
	espy_value_num(out, f->fmt, v->is_signed, v->num, wall_offset);
	espy_buf_putc(out, '"');
}

void espy_cell_fields(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = b->group[b->type[row]]->schema;
	size_t start = out->n;

	for (unsigned i = 0; i < s->n_fields; i++) {
		const struct espy_field *f = &s->fields[i];
		struct espy_value v;

		if (f->kind == ESPY_KIND_path &&
		    (strcmp(f->name, "path") == 0 || strcmp(f->name, "path2") == 0))
			continue;
		if (!espy_batch_knows(b, row, i))
			continue;
		v = espy_batch_get(b, row, i);
		if (v.is_string)
			add_text(out, f, v.str);
		else
			add_number(out, f, &v, b->wall_offset);
	}
	if (out->n == start)
		espy_buf_putc(out, '{');
	else if (!out->error)
		out->p[start] = '{'; /* in place of the first comma */
	espy_buf_putc(out, '}');
}

void espy_cell_hex(struct espy_buf *out, struct espy_str s)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		espy_buf_putc(out, digits[c >> 4]);
		espy_buf_putc(out, digits[c & 15]);
	}
}

/* --- lists of columns ----------------------------------------------------------------------------
 */

static void add_column(struct espy_cell_list *l, const struct espy_column *c)
{
	if (!c || l->n >= ESPY_CELL_COLUMNS)
		return;
	l->kinds[l->n] = (uint8_t)espy_cell_kind(c);
	l->columns[l->n++] = c;
}

/* What tells of every event, and is not what the format itself shows: times, process, operation. */
static void add_usual(struct espy_cell_list *l, bool stacks)
{
	static const uint16_t usual[] = {ESPY_COL_seq,     ESPY_COL_syscall,  ESPY_COL_path,
					 ESPY_COL_result,  ESPY_COL_error,    ESPY_COL_cpu,
					 ESPY_COL_pending, ESPY_COL_truncated};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		add_column(l, espy_column_at(usual[i]));
	if (stacks)
		add_column(l, espy_column_at(ESPY_COL_stack));
}

const struct espy_cell_list *espy_cell_list(struct espy_cell_lists *l, unsigned type)
{
	const struct espy_schema *s = espy_schema_get(type);
	struct espy_cell_list *list = l->of[type];

	if (list)
		return list;
	list = espy_arena_zalloc(&l->arena, sizeof(*list));
	if (!list)
		return NULL;
	l->of[type] = list;
	for (size_t i = 0; l->columns && l->columns[i]; i++)
		add_column(list, l->columns[i]);
	if (l->columns)
		return list;
	add_usual(list, l->stacks);
	for (unsigned i = 0; i < s->n_fields; i++) {
		const struct espy_column *c = espy_column_find(espy_str0(s->fields[i].name));

		if (c && c->id >= ESPY_COL__FIELDS)
			add_column(list, c);
	}
	return list;
}
