/* SPDX-License-Identifier: MIT */
/*
 * Comma-separated values (RFC 4180, with plain line feeds): a line of column names, then one event
 * per line. Control bytes are escaped, so a line break is always the end of an event.
 */
#include "base/escape.h"
#include "format/formats.h"
#include "model/value.h"

static int begin(struct espy_writer *w, struct espy_buf *out)
{
	espy_format_default(w,
			    "seq,time,duration,class,op,syscall,pid,tid,ppid,process,exe,uid,user,"
			    "path,path2,source,result,error,detail");
	for (size_t i = 0; w->columns[i]; i++) {
		if (i)
			espy_buf_putc(out, ',');
		espy_buf_puts(out, w->columns[i]->name);
	}
	espy_buf_putc(out, '\n');
	return out->error;
}

/* Text that was escaped before, so that it must not be again. */
static void add_safe(struct espy_buf *out, struct espy_str s)
{
	if (!memchr(s.p, ',', s.n) && !memchr(s.p, '"', s.n)) {
		espy_buf_str(out, s);
		return;
	}
	espy_buf_putc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			espy_buf_putc(out, '"');
		espy_buf_putc(out, s.p[i]);
	}
	espy_buf_putc(out, '"');
}

static void add_string(struct espy_writer *w, struct espy_buf *out, const struct espy_column *c,
		       unsigned fmt, struct espy_str s, bool is_windows)
{
	size_t start = w->scratch.n;

	if (c->id == ESPY_COL_detail) {
		add_safe(out, s);
	} else if (fmt == ESPY_FMT_ARGV || is_windows) {
		if (fmt == ESPY_FMT_ARGV)
			espy_column_text(&w->scratch, fmt, s);
		else
			espy_escape_windows(&w->scratch, s);
		add_safe(out, (struct espy_str){w->scratch.p + start, w->scratch.n - start});
	} else {
		espy_escape_csv(out, s);
	}
}

static bool is_result(unsigned fmt)
{
	return fmt == ESPY_FMT_ERRNO || fmt == ESPY_FMT_EXIT || fmt == ESPY_FMT_POINTER;
}

/* What programs calculate with stays a plain number. */
static void add_number(struct espy_buf *out, unsigned fmt, const struct espy_value *v,
		       int64_t wall_offset)
{
	if (fmt == ESPY_FMT_NSEC || is_result(fmt))
		fmt = ESPY_FMT_DEC;
	espy_value_num(out, fmt, v->is_signed, v->num, wall_offset);
}

static int row(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
	       uint32_t row)
{
	for (size_t i = 0; w->columns[i]; i++) {
		const struct espy_column *c = w->columns[i];
		struct espy_value v;

		if (i)
			espy_buf_putc(out, ',');
		espy_buf_reset(&w->scratch);
		if (!espy_column_get(c, b, row, &w->scratch, &v))
			continue;
		if (v.is_string)
			add_string(w, out, c, espy_column_fmt(c, b, row), v.str,
				   b->abi[row] == ESPY_ABI_PROCMON);
		else
			add_number(out, espy_column_fmt(c, b, row), &v, b->wall_offset);
	}
	espy_buf_putc(out, '\n');
	w->rows++;
	return w->scratch.error ? w->scratch.error : out->error;
}

static int end(struct espy_writer *w, struct espy_buf *out)
{
	(void)w;
	return out->error;
}

const struct espy_format espy_format_csv = {
	.name = "csv",
	.suffixes = ".csv",
	.help = "comma-separated values with a line of column names",
	.begin = begin,
	.row = row,
	.end = end,
};
