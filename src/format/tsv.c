/* SPDX-License-Identifier: MIT */
/*
 * Tab-separated values with a line of column names: what cut(1), sort(1) and PostgreSQL's COPY in
 * text format read (https://www.postgresql.org/docs/current/sql-copy.html). Control bytes, what is
 * no UTF-8 and backslashes are escaped as in text, so a tab is always the end of a value. What an
 * event has not is \N.
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
			espy_buf_putc(out, '\t');
		espy_buf_puts(out, w->columns[i]->name);
	}
	espy_buf_putc(out, '\n');
	return out->error;
}

/* The detail is escaped already, and a command line is once it is words of a shell. */
static void add_string(struct espy_writer *w, struct espy_buf *out, const struct espy_column *c,
		       unsigned fmt, struct espy_str s)
{
	size_t start = w->scratch.n;

	if (c->id == ESPY_COL_detail) {
		espy_buf_str(out, s);
	} else if (fmt == ESPY_FMT_ARGV) {
		espy_column_text(&w->scratch, fmt, s);
		if (w->scratch.n > start)
			espy_escape_text(
				out, (struct espy_str){w->scratch.p + start, w->scratch.n - start});
	} else {
		espy_escape_text(out, s);
	}
}

/* What programs calculate with stays a plain number. */
static unsigned plain(unsigned fmt)
{
	switch (fmt) {
	case ESPY_FMT_NSEC:
	case ESPY_FMT_ERRNO:
	case ESPY_FMT_EXIT:
	case ESPY_FMT_POINTER:
		return ESPY_FMT_DEC;
	default:
		return fmt;
	}
}

static int row(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
	       uint32_t row)
{
	for (size_t i = 0; w->columns[i]; i++) {
		const struct espy_column *c = w->columns[i];
		struct espy_value v;

		if (i)
			espy_buf_putc(out, '\t');
		espy_buf_reset(&w->scratch);
		if (!espy_column_get(c, b, row, &w->scratch, &v))
			espy_buf_puts(out, "\\N");
		else if (v.is_string)
			add_string(w, out, c, espy_column_fmt(c, b, row), v.str);
		else
			espy_value_num(out, plain(espy_column_fmt(c, b, row)), v.is_signed, v.num,
				       b->wall_offset);
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

const struct espy_format espy_format_tsv = {
	.name = "tsv",
	.suffixes = ".tsv .tab",
	.help = "tab-separated values with a line of column names",
	.begin = begin,
	.row = row,
	.end = end,
};
