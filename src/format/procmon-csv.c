/* SPDX-License-Identifier: MIT */
/*
 * The CSV of Process Monitor, byte for byte as it saves it, for the programs that read it: UTF-8
 * with a byte order mark, every field in quotes, lines ended by CR LF, its own names of columns.
 *
 * Unlike Espy's other formats it does not escape control bytes: a reader of this dialect would not
 * know what they mean. Bytes that are not UTF-8 become U+FFFD.
 */
#include "format/procmon-csv.h"

#include <strings.h>
#include "format/formats.h"
#include "model/value.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define REPLACEMENT     "\xef\xbf\xbd"

/* --- its columns ------------------------------------------------------------------------------ */

static const struct espy_column columns[ESPY_PROCMON__MAX] = {
#define COLUMN(name_, title_, pmc_)         \
	[ESPY_PROCMON_##name_] = {          \
		.name = #name_,             \
		.title = (title_),          \
		.doc = (title_),            \
		.id = ESPY_PROCMON_##name_, \
		.type = ESPY_TYPE_STR,      \
		.fmt = ESPY_FMT_TEXT,       \
	},
#include "format/procmon-columns.def"
};

/* Columns of ours that mean the same under another name. */
static const struct {
	const char *name;
	enum espy_procmon_column column;
} same[] = {
	{"time", ESPY_PROCMON_time_of_day},     {"end", ESPY_PROCMON_completion_time},
	{"process", ESPY_PROCMON_process_name}, {"op", ESPY_PROCMON_operation},
	{"error", ESPY_PROCMON_result},         {"class", ESPY_PROCMON_event_class},
	{"seq", ESPY_PROCMON_sequence},         {"exe", ESPY_PROCMON_image_path},
	{"cmdline", ESPY_PROCMON_command_line}, {"ppid", ESPY_PROCMON_parent_pid},
	{"start", ESPY_PROCMON_process_start},
};

static bool is_title(const char *title, struct espy_str name)
{
	return strlen(title) == name.n && strncasecmp(title, name.p, name.n) == 0;
}

const struct espy_column *espy_procmon_column_find(struct espy_str name)
{
	for (size_t i = 0; i < ESPY_PROCMON__MAX; i++)
		if (espy_str_eq(espy_str0(columns[i].name), name) ||
		    is_title(columns[i].title, name))
			return &columns[i];
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (espy_str_eq(espy_str0(same[i].name), name))
			return &columns[same[i].column];
	return NULL;
}

int espy_procmon_column_of(const struct espy_column *c)
{
	if (c < columns || c >= columns + ESPY_PROCMON__MAX)
		c = espy_procmon_column_find(espy_str0(c->name));
	return c ? (int)(c - columns) : -1;
}

const struct espy_column *const *espy_procmon_default_columns(void)
{
	static const struct espy_column *const list[] = {
		&columns[ESPY_PROCMON_time_of_day], &columns[ESPY_PROCMON_process_name],
		&columns[ESPY_PROCMON_pid],         &columns[ESPY_PROCMON_operation],
		&columns[ESPY_PROCMON_path],        &columns[ESPY_PROCMON_result],
		&columns[ESPY_PROCMON_detail],      NULL,
	};

	return list;
}

struct espy_procmon_context espy_procmon_context(const struct espy_machine *m, bool utc,
						 const struct espy_batch *first)
{
	struct espy_procmon_context ctx = {
		.first = m && m->started ? m->started : UINT64_MAX,
		.utc_offset = m && !utc ? m->utc_offset : 0,
	};

	for (uint32_t i = 0; ctx.first == UINT64_MAX && i < first->n; i++)
		ctx.first = first->time[i] < ctx.first ? first->time[i] : ctx.first;
	return ctx;
}

/* --- the format ------------------------------------------------------------------------------- */

static void add_quoted(struct espy_buf *out, struct espy_str s)
{
	uint32_t cp;

	espy_buf_putc(out, '"');
	while (s.n) {
		size_t n = espy_str_utf8(s, &cp);

		if (!n)
			espy_buf_puts(out, REPLACEMENT);
		else if (s.p[0] == '"')
			espy_buf_puts(out, "\"\"");
		else
			espy_buf_add(out, s.p, n);
		n += !n;
		s = (struct espy_str){s.p + n, s.n - n};
	}
	espy_buf_putc(out, '"');
}

/* Columns that it does not have stand as they are called here, and empty. */
static int begin(struct espy_writer *w, struct espy_buf *out)
{
	const struct espy_column *const *list = espy_procmon_default_columns();
	bool is_default = !w->columns[0];

	for (size_t i = 0; is_default && list[i]; i++)
		w->columns[i] = list[i];
	espy_buf_puts(out, BYTE_ORDER_MARK);
	for (size_t i = 0; w->columns[i]; i++) {
		int c = espy_procmon_column_of(w->columns[i]);

		if (i)
			espy_buf_putc(out, ',');
		add_quoted(out,
			   espy_str0(c < 0 ? w->columns[i]->title : espy_procmon_columns[c].title));
	}
	espy_buf_puts(out, "\r\n");
	return out->error;
}

/* A column that Process Monitor does not have. */
static void add_ours(struct espy_writer *w, const struct espy_column *c, const struct espy_batch *b,
		     uint32_t row)
{
	unsigned fmt = espy_column_fmt(c, b, row);
	struct espy_value v;

	espy_buf_reset(&w->text);
	if (!espy_column_get(c, b, row, &w->text, &v))
		return;
	if (v.is_string)
		espy_column_text(&w->scratch, fmt, v.str);
	else
		espy_value_num(&w->scratch, fmt, v.is_signed, v.num, b->wall_offset);
}

static int add_field(struct espy_writer *w, struct espy_buf *out, const struct espy_column *c,
		     const struct espy_batch *b, uint32_t row,
		     const struct espy_procmon_context *ctx)
{
	int column = espy_procmon_column_of(c), r = 0;

	espy_buf_reset(&w->scratch);
	if (column >= 0)
		r = espy_procmon_text(&w->scratch, b, row, (enum espy_procmon_column)column, ctx);
	else
		add_ours(w, c, b, row);
	add_quoted(out, (struct espy_str){w->scratch.p, w->scratch.n});
	return r;
}

static int row(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
	       uint32_t row)
{
	struct espy_procmon_context ctx =
		espy_procmon_context(w->options.machine, w->options.utc, b);
	int r = 0;

	if (!w->rows++)
		w->first = ctx.first;
	ctx.first = w->first;
	for (size_t i = 0; w->columns[i] && r >= 0; i++) {
		if (i)
			espy_buf_putc(out, ',');
		r = add_field(w, out, w->columns[i], b, row, &ctx);
	}
	espy_buf_puts(out, "\r\n");
	return r < 0 ? r : out->error;
}

static int end(struct espy_writer *w, struct espy_buf *out)
{
	(void)w;
	return out->error;
}

const struct espy_format espy_format_procmon_csv = {
	.name = "procmon-csv",
	.suffixes = ".procmon.csv",
	.help = "the CSV of Process Monitor",
	.find = espy_procmon_column_find,
	.begin = begin,
	.row = row,
	.end = end,
};
