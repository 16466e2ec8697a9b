/* SPDX-License-Identifier: MIT */
/*
 * Columns for people. With a width (a terminal) lines are cut to it, paths at their head; without
 * one (a pipe) every event is one whole line and columns are only padded.
 */
#include "base/escape.h"
#include "format/formats.h"
#include "model/value.h"

#define DEFAULT    "time,process,pid,op,path,result,duration,detail"
#define PATH_MIN   16 /* columns that a path keeps on a narrow terminal */
#define TEXT_MIN   8
#define ELLIPSIS   "\xe2\x80\xa6"
#define SGR_RESET  "\x1b[0m"
#define SGR_RED    "\x1b[31m"
#define SGR_HEADER "\x1b[1m"
#define SGR_DIM    "\x1b[2m"
#define MAX(a, b)  ((a) > (b) ? (a) : (b))
#define MIN(a, b)  ((a) < (b) ? (a) : (b))

/* --- layout ----------------------------------------------------------------------------------- */

static bool is_right(const struct espy_column *c)
{
	return c->type != ESPY_TYPE_STR && c->fmt != ESPY_FMT_TIME && c->fmt < ESPY_FMT__FLAGS;
}

/* Numbers, times and the words of the event table are shown whole, or not at all where a line ends.
 */
static bool is_cut(const struct espy_column *c)
{
	switch (c->id) {
	case ESPY_COL_class:
	case ESPY_COL_op:
	case ESPY_COL_event:
	case ESPY_COL_syscall:
	case ESPY_COL_error:
	case ESPY_COL_source:
		return false;
	default:
		return c->type == ESPY_TYPE_STR;
	}
}

/* How narrow a column may become. */
static unsigned least_width(const struct espy_column *c)
{
	if (!is_cut(c))
		return c->width;
	if (c->id == ESPY_COL_detail)
		return 0;
	return MIN(c->width, c->fmt == ESPY_FMT_PATH ? PATH_MIN : TEXT_MIN);
}

static unsigned total_width(const struct espy_writer *w)
{
	unsigned total = 0;

	for (size_t i = 0; w->columns[i]; i++)
		total += w->widths[i] + (i > 0);
	return total;
}

/* Takes up to `excess` from the paths or from the other columns of text, from the last to the
 * first; returns what is still too much. */
static unsigned shrink(struct espy_writer *w, size_t n, unsigned excess, bool paths)
{
	while (n-- > 0 && excess) {
		const struct espy_column *c = w->columns[n];
		unsigned width = w->widths[n], least = MIN(least_width(c), width);
		unsigned take = (c->fmt == ESPY_FMT_PATH) == paths ? MIN(excess, width - least) : 0;

		w->widths[n] = (uint16_t)(width - take);
		excess -= take;
	}
	return excess;
}

/* Half of the space left goes to the first path; the last column runs to the end of the line. */
static void widen(struct espy_writer *w, unsigned space)
{
	for (size_t i = 0; w->columns[i] && w->columns[i + 1]; i++) {
		if (w->columns[i]->fmt != ESPY_FMT_PATH)
			continue;
		w->widths[i] = (uint16_t)(w->widths[i] + space / 2);
		return;
	}
}

static void lay_out(struct espy_writer *w)
{
	unsigned width = w->options.width, total;
	size_t n = 0;

	for (; w->columns[n]; n++)
		w->widths[n] = (uint16_t)MAX(w->columns[n]->width, strlen(w->columns[n]->title));
	total = total_width(w);
	if (width && total > width)
		shrink(w, n, shrink(w, n, total - width, false), true);
	else if (width)
		widen(w, width - total);
}

/* --- cells ------------------------------------------------------------------------------------ */

static size_t char_length(struct espy_str s)
{
	uint32_t cp;
	size_t n = espy_str_utf8(s, &cp);

	return n ? n : 1;
}

/* The longest head of `s` that takes at most `width` columns. */
static struct espy_str head_of(struct espy_str s, size_t width)
{
	size_t n = 0, used = 0;

	while (n < s.n) {
		struct espy_str c = {s.p + n, char_length((struct espy_str){s.p + n, s.n - n})};

		used += espy_escape_width(c);
		if (used > width)
			break;
		n += c.n;
	}
	return (struct espy_str){s.p, n};
}

/* The longest tail likewise. */
static struct espy_str tail_of(struct espy_str s, size_t width)
{
	size_t over = espy_escape_width(s);

	while (s.n && over > width) {
		struct espy_str c = {s.p, char_length(s)};

		over -= espy_escape_width(c);
		s = (struct espy_str){s.p + c.n, s.n - c.n};
	}
	return s;
}

/* Cut to `width`, with an ellipsis; of a path the tail says more. */
static void add_cut(struct espy_buf *out, struct espy_str s, size_t width, bool is_path)
{
	if (width == 0)
		return;
	if (is_path)
		espy_buf_puts(out, ELLIPSIS);
	espy_buf_str(out, is_path ? tail_of(s, width - 1) : head_of(s, width - 1));
	if (!is_path)
		espy_buf_puts(out, ELLIPSIS);
}

static void add_spaces(struct espy_buf *out, size_t n)
{
	static const char spaces[] = "                                ";

	for (; n > sizeof(spaces) - 1; n -= sizeof(spaces) - 1)
		espy_buf_add(out, spaces, sizeof(spaces) - 1);
	espy_buf_add(out, spaces, n);
}

struct cell {
	const struct espy_column *column;
	struct espy_str text; /* escaped */
	const char *sgr;      /* colour, "" none */
	unsigned width;       /* of the column */
	bool is_last;
};

/* A line in the making. Where a cell needs more than its column has, the next ones give way until
 * the columns stand in line again. */
struct line {
	struct espy_buf *out;
	size_t limit;    /* columns in all, SIZE_MAX: endless */
	size_t planned;  /* columns up to here, by the layout */
	size_t used;     /* columns up to here in fact */
	size_t text_end; /* of `out`: blanks behind it are not written */
};

static void add_text(struct line *l, const struct cell *c, size_t has, size_t room)
{
	if (has == 0 || room == 0)
		return;
	espy_buf_puts(l->out, c->sgr);
	if (has <= room)
		espy_buf_str(l->out, c->text);
	else if (is_cut(c->column))
		add_cut(l->out, c->text, room, c->column->fmt == ESPY_FMT_PATH);
	else
		espy_buf_puts(l->out, ELLIPSIS); /* half a number is a wrong one */
	if (c->sgr[0])
		espy_buf_puts(l->out, SGR_RESET);
	l->text_end = l->out->n;
}

static void add_cell(struct line *l, const struct cell *c)
{
	size_t over = l->used - l->planned, left = l->limit - l->used;
	size_t width = MIN(c->width - MIN(over, c->width), left);
	bool is_bounded = l->limit != SIZE_MAX && is_cut(c->column) && !c->is_last;
	size_t has = espy_escape_width(c->text), room = is_bounded ? width : left;
	size_t takes = has <= room || is_cut(c->column) ? MIN(has, room) : MIN(1, room);
	size_t pad = width > takes ? width - takes : 0;

	if (is_right(c->column))
		add_spaces(l->out, pad);
	add_text(l, c, has, room);
	if (!is_right(c->column))
		add_spaces(l->out, pad);
	l->used += takes + pad;
	l->planned += c->width;
}

typedef void fill_fn(struct espy_writer *w, struct cell *c, const struct espy_batch *b,
		     uint32_t row);

/* The cells of a line; `fill` makes the text of one. */
static void add_line(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
		     uint32_t row, fill_fn *fill)
{
	struct line l = {
		.out = out,
		.limit = w->options.width ? w->options.width : SIZE_MAX,
		.text_end = out->n,
	};

	for (size_t i = 0; w->columns[i] && l.used < l.limit; i++) {
		struct cell c = {w->columns[i], ESPY_STR_NONE, "", w->widths[i],
				 !w->columns[i + 1]};

		if (i) {
			espy_buf_putc(out, ' ');
			l.used++;
			l.planned++;
		}
		espy_buf_reset(&w->scratch);
		fill(w, &c, b, row);
		add_cell(&l, &c);
	}
	out->n = l.text_end;
	espy_buf_putc(out, '\n');
}

/* --- what stands in them ---------------------------------------------------------------------- */

static void show_number(struct espy_writer *w, struct espy_buf *out, unsigned fmt,
			const struct espy_value *v, int64_t wall_offset)
{
	if (fmt == ESPY_FMT_TIME && w->options.utc)
		espy_value_clock_utc(out, (int64_t)(v->num + (uint64_t)wall_offset));
	else if (fmt == ESPY_FMT_TIME)
		espy_value_clock(out, (int64_t)(v->num + (uint64_t)wall_offset));
	else
		espy_value_num(out, fmt, v->is_signed, v->num, wall_offset);
}

static void show_string(struct espy_buf *out, const struct espy_column *c, unsigned fmt,
			struct espy_str s, bool is_windows)
{
	if (fmt == ESPY_FMT_ARGV)
		espy_column_text(out, fmt, s); /* quoted for a shell is safe */
	else if (c->id == ESPY_COL_detail)
		espy_buf_str(out, s); /* escaped already */
	else if (is_windows)
		espy_escape_windows(out, s);
	else
		espy_escape_text(out, s);
}

static bool has_failed(const struct espy_batch *b, uint32_t row)
{
	return b->result[row] < 0 && !(b->flags[row] & ESPY_F_PENDING);
}

static const char *colour_of(const struct espy_column *c, const struct espy_batch *b, uint32_t row)
{
	static const char *const class_sgr[ESPY_CLASS__MAX] = {
		[ESPY_CLASS_process] = "\x1b[32m",  [ESPY_CLASS_thread] = "\x1b[32m",
		[ESPY_CLASS_image] = "\x1b[36m",    [ESPY_CLASS_network] = "\x1b[35m",
		[ESPY_CLASS_ipc] = "\x1b[33m",      [ESPY_CLASS_memory] = "\x1b[36m",
		[ESPY_CLASS_settings] = "\x1b[33m", [ESPY_CLASS_profile] = "\x1b[34m",
		[ESPY_CLASS_system] = "\x1b[1;31m", [ESPY_CLASS_registry] = "\x1b[33m",
		[ESPY_CLASS_desktop] = "\x1b[35m",
	};
	const char *sgr = "";

	if (c->id == ESPY_COL_op || c->id == ESPY_COL_event || c->id == ESPY_COL_class)
		sgr = class_sgr[b->group[b->type[row]]->schema->class_id];
	else if (c->id == ESPY_COL_time || c->id == ESPY_COL_end)
		sgr = SGR_DIM;
	else if ((c->id == ESPY_COL_result || c->id == ESPY_COL_error) && has_failed(b, row))
		sgr = SGR_RED;
	return sgr ? sgr : "";
}

static void fill_value(struct espy_writer *w, struct cell *c, const struct espy_batch *b,
		       uint32_t row)
{
	unsigned fmt = espy_column_fmt(c->column, b, row);
	struct espy_buf *text = &w->text;
	struct espy_value v;

	espy_buf_reset(text);
	if (c->column->id == ESPY_COL_result && b->flags[row] & ESPY_F_PENDING)
		espy_buf_puts(text, "pending");
	else if (!espy_column_get(c->column, b, row, &w->scratch, &v))
		return;
	else if (v.is_string)
		show_string(text, c->column, fmt, v.str, b->abi[row] == ESPY_ABI_PROCMON);
	else
		show_number(w, text, fmt, &v, b->wall_offset);
	c->text = (struct espy_str){text->p, text->n};
	if (w->options.colour)
		c->sgr = colour_of(c->column, b, row);
}

static void fill_title(struct espy_writer *w, struct cell *c, const struct espy_batch *b,
		       uint32_t row)
{
	(void)b, (void)row;
	c->text = espy_str0(c->column->title);
	if (w->options.colour)
		c->sgr = SGR_HEADER;
}

static int begin(struct espy_writer *w, struct espy_buf *out)
{
	espy_format_default(w, DEFAULT);
	lay_out(w);
	if (w->options.width)
		add_line(w, out, NULL, 0, fill_title);
	return out->error;
}

static int row(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
	       uint32_t row)
{
	add_line(w, out, b, row, fill_value);
	w->rows++;
	return w->text.error ? w->text.error : w->scratch.error ? w->scratch.error : out->error;
}

static int end(struct espy_writer *w, struct espy_buf *out)
{
	(void)w;
	return out->error;
}

const struct espy_format espy_format_text = {
	.name = "text",
	.suffixes = ".txt .log",
	.help = "columns for people, one line per event",
	.begin = begin,
	.row = row,
	.end = end,
};
