/* SPDX-License-Identifier: MIT */
/*
 * One JSON object per line (RFC 8259, UTF-8): what every event has, then the event's own fields by
 * name. Numbers are numbers, times RFC 3339, named values strings, command lines arrays. A string
 * that is not UTF-8 has U+FFFD for its bad bytes and is given whole in hexadecimal as "<name>_hex".
 */
#include "base/escape.h"
#include "format/formats.h"
#include "format/output-cell.h"
#include "model/value.h"

#define DEFAULT                                                                                   \
	"seq,time,duration,class,op,syscall,pid,tid,ppid,process,exe,uid,user,path,path2,source," \
	"result,error,pending,truncated,deleted"

static bool is_chosen(const struct espy_writer *w, const char *name)
{
	for (size_t i = 0; w->columns[i]; i++)
		if (strcmp(w->columns[i]->name, name) == 0)
			return true;
	return false;
}

/* Everything that an event has and the columns do not give. */
static void choose_own(struct espy_writer *w)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		for (unsigned f = 0; f < s->n_fields; f++)
			if (!is_chosen(w, s->fields[f].name))
				w->own[s->type] |= 1ULL << f;
	}
}

static const char *key_of(const struct espy_column *c)
{
	return c->id == ESPY_COL_duration ? "duration_ns" : c->name;
}

/* Names in the event table are plain words. */
static void add_key(struct espy_buf *out, const char *name, const char *suffix)
{
	espy_buf_add(out, ",\"", 2);
	espy_buf_puts(out, name);
	espy_buf_puts(out, suffix);
	espy_buf_add(out, "\":", 2);
}

/* The columns' keys are made once, one behind the other in w->text; w->widths has their lengths. */
static void make_keys(struct espy_writer *w)
{
	for (size_t i = 0; w->columns[i]; i++) {
		size_t start = w->text.n;

		add_key(&w->text, key_of(w->columns[i]), "");
		w->widths[i] = (uint16_t)(w->text.n - start);
	}
}

static int begin(struct espy_writer *w, struct espy_buf *out)
{
	if (!w->columns[0]) {
		espy_format_default(w, DEFAULT);
		choose_own(w);
	}
	make_keys(w);
	return w->text.error ? w->text.error : out->error;
}

static int add_hex(struct espy_buf *out, struct espy_str s)
{
	espy_buf_putc(out, '"');
	espy_cell_hex(out, s);
	espy_buf_putc(out, '"');
	return 0;
}

/* The key is written already; `name` is for the exact bytes that may follow. */
static void add_text(struct espy_buf *out, const char *name, unsigned fmt, struct espy_str s)
{
	bool is_array = fmt == ESPY_FMT_ARGV;
	int replaced =
		is_array ? espy_cell_array(out, s, espy_cell_string) : espy_cell_string(out, s);

	if (!replaced)
		return;
	add_key(out, name, "_hex");
	if (is_array)
		espy_cell_array(out, s, add_hex);
	else
		add_hex(out, s);
}

/* A named value or a time in quotes, else the number. Empty quotes: no flag, no signal; null: a
 * time that is not known. */
static void add_number(struct espy_buf *out, unsigned fmt, const struct espy_value *v,
		       int64_t wall_offset)
{
	bool is_time = fmt == ESPY_FMT_TIME || fmt == ESPY_FMT_WALL;
	bool is_nothing;

	if (!is_time && fmt <= ESPY_FMT__FLAGS) {
		if (v->is_signed || fmt == ESPY_FMT_FD)
			espy_buf_s64(out, (int64_t)v->num);
		else
			espy_buf_u64(out, v->num);
		return;
	}
	if (fmt == ESPY_FMT_WALL)
		is_nothing = (int64_t)v->num == ESPY_WALL_UNKNOWN;
	else
		is_nothing = espy_value_says_nothing(fmt, v->is_signed, false, v->num);
	if (is_time && is_nothing) {
		espy_buf_add(out, "null", 4);
		return;
	}
	espy_buf_putc(out, '"');
	if (!is_nothing)
		espy_value_num(out, fmt, v->is_signed, v->num, wall_offset);
	espy_buf_putc(out, '"');
}

static void add_value(struct espy_buf *out, const char *name, unsigned fmt,
		      const struct espy_value *v, int64_t wall_offset)
{
	if (v->is_string)
		add_text(out, name, fmt, v->str);
	else
		add_number(out, fmt, v, wall_offset);
}

/* What scripts rely on is there even when nothing is known about it; "" for the rest. */
static const char *missing(const struct espy_column *c)
{
	switch (c->id) {
	case ESPY_COL_duration:
	case ESPY_COL_result:
	case ESPY_COL_pid:
	case ESPY_COL_ppid:
	case ESPY_COL_uid:
		return "0";
	case ESPY_COL_process:
	case ESPY_COL_exe:
	case ESPY_COL_user:
		return "\"\"";
	default:
		return "";
	}
}

static bool is_mark(const struct espy_column *c)
{
	return c->id == ESPY_COL_pending || c->id == ESPY_COL_truncated ||
	       c->id == ESPY_COL_deleted;
}

static void add_column(struct espy_writer *w, struct espy_buf *out, size_t i, struct espy_str key,
		       const struct espy_batch *b, uint32_t row)
{
	const struct espy_column *c = w->columns[i];
	struct espy_value v;

	espy_buf_reset(&w->scratch);
	if (!espy_column_get(c, b, row, &w->scratch, &v)) {
		if (missing(c)[0]) {
			espy_buf_str(out, key);
			espy_buf_puts(out, missing(c));
		}
	} else if (!is_mark(c)) {
		espy_buf_str(out, key);
		add_value(out, c->name, espy_column_fmt(c, b, row), &v, b->wall_offset);
	} else if (v.num) {
		espy_buf_str(out, key);
		espy_buf_add(out, "true", 4);
	}
}

static void add_own(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
		    uint32_t row)
{
	const struct espy_schema *s = b->group[b->type[row]]->schema;

	if (s->class_id == ESPY_CLASS_system) { /* there it is part of the message */
		add_key(out, "cpu", "");
		espy_buf_u64(out, b->cpu[row]);
	}
	for (uint64_t own = w->own[s->type]; own; own &= own - 1) {
		unsigned f = (unsigned)__builtin_ctzll(own);
		struct espy_value v = espy_batch_get(b, row, f);

		if (!espy_batch_knows(b, row, f))
			continue;
		add_key(out, s->fields[f].name, "");
		add_value(out, s->fields[f].name, s->fields[f].fmt, &v, b->wall_offset);
	}
}

static int row(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
	       uint32_t row)
{
	size_t start = out->n;
	const char *key = w->text.p;

	for (size_t i = 0; w->columns[i]; key += w->widths[i++])
		add_column(w, out, i, (struct espy_str){key, w->widths[i]}, b, row);
	if (w->own[b->type[row]])
		add_own(w, out, b, row);
	if (out->n == start)
		espy_buf_putc(out, ',');
	if (!out->error)
		out->p[start] = '{'; /* in place of the first comma */
	espy_buf_add(out, "}\n", 2);
	w->rows++;
	return w->scratch.error ? w->scratch.error : out->error;
}

static int end(struct espy_writer *w, struct espy_buf *out)
{
	(void)w;
	return out->error;
}

const struct espy_format espy_format_json = {
	.name = "json",
	.suffixes = ".json .jsonl .ndjson",
	.help = "one JSON object per line",
	.begin = begin,
	.row = row,
	.end = end,
};
