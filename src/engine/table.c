/* SPDX-License-Identifier: MIT */
#include "engine/table.h"
#include <errno.h>
#include "base/escape.h"
#include "model/column.h"
#include "model/value.h"

#define GAP        2u  /* columns between columns */
#define FLEX_SMALL 24u /* optional columns go before a flexible one gets smaller than this */
#define FLEX_LEAST 8u

struct espy_table_row {
	struct espy_table_row *next;
	struct espy_str heading; /* of a line between rows, p NULL for a row */
	struct espy_cell cells[];
};

/* How the columns are laid out in text. */
struct layout {
	bool is_shown[ESPY_TABLE_COLUMNS_MAX];
	size_t width[ESPY_TABLE_COLUMNS_MAX];
	unsigned last; /* the last shown column, which is not padded */
};

void espy_table_init(struct espy_table *t)
{
	*t = (struct espy_table){0};
	t->last = &t->first;
}

void espy_table_done(struct espy_table *t)
{
	espy_arena_done(&t->arena);
	espy_table_init(t);
}

void espy_table_column(struct espy_table *t, struct espy_table_column c)
{
	if (t->n_columns < ESPY_TABLE_COLUMNS_MAX)
		t->columns[t->n_columns++] = c;
}

static struct espy_table_row *add_row(struct espy_table *t)
{
	struct espy_table_row *r;

	r = espy_arena_zalloc(&t->arena, sizeof(*r) + t->n_columns * sizeof(r->cells[0]));
	if (!r) {
		t->error = -ENOMEM;
		return NULL;
	}
	*t->last = r;
	t->last = &r->next;
	return r;
}

struct espy_cell *espy_table_row(struct espy_table *t)
{
	struct espy_table_row *r = add_row(t);

	return r ? r->cells : t->nowhere;
}

void espy_table_heading(struct espy_table *t, struct espy_str text)
{
	const char *copy = espy_arena_dup(&t->arena, text.p, text.n);
	struct espy_table_row *r = copy ? add_row(t) : NULL;

	if (r)
		r->heading = (struct espy_str){copy, text.n};
	else
		t->error = -ENOMEM;
}

/* --- text ---------------------------------------------------------------------------------------
 */

void espy_table_count(struct espy_buf *out, uint64_t n)
{
	char digits[32];
	int len = 0;

	do {
		if (len % 4 == 3)
			digits[len++] = ',';
		digits[len++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (len)
		espy_buf_putc(out, digits[--len]);
}

void espy_table_things(struct espy_buf *out, uint64_t n, const char *one, const char *many)
{
	espy_table_count(out, n);
	espy_buf_putc(out, ' ');
	espy_buf_puts(out, n == 1 ? one : many);
}

void espy_table_argv(struct espy_buf *out, struct espy_str s)
{
	espy_column_text(out, ESPY_FMT_ARGV, s);
}

static size_t char_size(struct espy_str s)
{
	uint32_t cp;
	size_t n = espy_str_utf8(s, &cp);

	return n ? n : 1;
}

/* How many bytes at the head take at most `width` columns. */
static size_t head_bytes(struct espy_str s, size_t width)
{
	size_t at = 0, used = 0;

	while (at < s.n) {
		size_t n = char_size((struct espy_str){s.p + at, s.n - at});

		used += espy_escape_width((struct espy_str){s.p + at, n});
		if (used > width)
			break;
		at += n;
	}
	return at;
}

void espy_table_cut(struct espy_buf *out, struct espy_str s, size_t width, bool middle, bool utf8)
{
	size_t all = espy_escape_width(s), dots = utf8 ? 1 : 2, head, skip, from;

	if (all <= width) {
		espy_buf_str(out, s);
		return;
	}
	if (width <= dots) {
		espy_buf_add(out, utf8 ? "\u2026" : "..", width ? (utf8 ? 3 : width) : 0);
		return;
	}
	head = middle ? (width - dots) / 3 : width - dots;
	espy_buf_add(out, s.p, head_bytes(s, head));
	espy_buf_puts(out, utf8 ? "\u2026" : "..");
	if (!middle)
		return;
	skip = all - (width - dots - head);
	from = head_bytes(s, skip);
	/* a wide character across the border goes as a whole */
	if (espy_escape_width((struct espy_str){s.p, from}) < skip)
		from += char_size((struct espy_str){s.p + from, s.n - from});
	espy_buf_add(out, s.p + from, s.n - from);
}

void espy_table_look(struct espy_buf *out, const struct espy_table_style *s,
		     enum espy_table_look look)
{
	static const char *const codes[] = {
		[ESPY_LOOK_HEAD] = "\033[1m",
		[ESPY_LOOK_BAD] = "\033[31m",
		[ESPY_LOOK_DIM] = "\033[2m",
		[ESPY_LOOK_GOOD] = "\033[32m",
	};

	if (s->colour)
		espy_buf_puts(out, codes[look]);
}

void espy_table_plain(struct espy_buf *out, const struct espy_table_style *s)
{
	if (s->colour)
		espy_buf_puts(out, "\033[0m");
}

static bool is_text(unsigned type)
{
	return type >= ESPY_CELL_TEXT;
}

static bool is_right(const struct espy_table_column *c)
{
	return !is_text(c->type) || c->flags & ESPY_TABLE_RIGHT;
}

static void text_string(struct espy_buf *out, unsigned type, struct espy_str s)
{
	if (type == ESPY_CELL_RAW)
		espy_buf_str(out, s);
	else if (type == ESPY_CELL_ARGV)
		espy_table_argv(out, s);
	else
		espy_escape_text(out, s);
}

static void text_cell(struct espy_buf *out, unsigned type, const struct espy_cell *c)
{
	if (c->is_blank)
		return;
	if (c->is_unset || (!is_text(type) && c->num == 0)) {
		espy_buf_putc(out, '-');
		return;
	}
	switch (type) {
	case ESPY_CELL_COUNT:
		espy_table_count(out, c->num);
		break;
	case ESPY_CELL_BYTES:
		espy_value_bytes(out, c->num);
		break;
	case ESPY_CELL_DURATION:
		espy_value_duration(out, c->num);
		break;
	case ESPY_CELL_NUM:
		espy_buf_u64(out, c->num);
		break;
	case ESPY_CELL_TIME:
		espy_value_time(out, (int64_t)c->num);
		break;
	default:
		text_string(out, type, c->str);
	}
}

/* Natural width of every column: its title and its widest cell. */
static void measure(const struct espy_table *t, struct layout *l, struct espy_buf *scratch)
{
	for (unsigned i = 0; i < t->n_columns; i++) {
		l->is_shown[i] = !(t->columns[i].flags & ESPY_TABLE_NO_TEXT);
		l->width[i] = strlen(t->columns[i].title);
	}
	for (const struct espy_table_row *r = t->first; r; r = r->next) {
		for (unsigned i = 0; !r->heading.p && i < t->n_columns; i++) {
			size_t w;

			if (!l->is_shown[i])
				continue;
			espy_buf_reset(scratch);
			text_cell(scratch, t->columns[i].type, &r->cells[i]);
			w = espy_escape_width((struct espy_str){scratch->p, scratch->n});
			if (w > l->width[i])
				l->width[i] = w;
		}
	}
}

static size_t total(const struct espy_table *t, const struct layout *l)
{
	size_t sum = 0;

	for (unsigned i = 0; i < t->n_columns; i++)
		if (l->is_shown[i])
			sum += l->width[i] + GAP;
	return sum > GAP ? sum - GAP : 0;
}

/* Columns that flexible ones can give without getting smaller than `least`. */
static size_t give(const struct espy_table *t, const struct layout *l, size_t least)
{
	size_t sum = 0;

	for (unsigned i = 0; i < t->n_columns; i++)
		if (l->is_shown[i] && t->columns[i].flags & ESPY_TABLE_FLEX && l->width[i] > least)
			sum += l->width[i] - least;
	return sum;
}

static bool drop_optional(const struct espy_table *t, struct layout *l)
{
	for (unsigned i = t->n_columns; i-- > 0;) {
		if (l->is_shown[i] && t->columns[i].flags & ESPY_TABLE_OPTIONAL) {
			l->is_shown[i] = false;
			return true;
		}
	}
	return false;
}

/* The widest flexible column, or n_columns when all are at their least. */
static unsigned widest(const struct espy_table *t, const struct layout *l)
{
	unsigned at = t->n_columns;

	for (unsigned i = 0; i < t->n_columns; i++) {
		if (!l->is_shown[i] || !(t->columns[i].flags & ESPY_TABLE_FLEX) ||
		    l->width[i] <= FLEX_LEAST)
			continue;
		if (at == t->n_columns || l->width[i] > l->width[at])
			at = i;
	}
	return at;
}

static void fit(const struct espy_table *t, struct layout *l, size_t width)
{
	size_t small = t->flex_small ? t->flex_small : FLEX_SMALL;

	while (total(t, l) > width && total(t, l) - width > give(t, l, small))
		if (!drop_optional(t, l))
			break;
	while (total(t, l) > width) {
		unsigned i = widest(t, l);

		if (i == t->n_columns)
			break;
		l->width[i]--;
	}
}

static void pad(struct espy_buf *out, size_t n)
{
	while (n-- > 0)
		espy_buf_putc(out, ' ');
}

static bool is_bad(const struct espy_table_column *c, const struct espy_cell *cell)
{
	return cell->mark == ESPY_MARK_BAD || (c->flags & ESPY_TABLE_BAD && cell->num);
}

/* `s` in `width` columns; the last column of a line is not padded. */
static void put_cell(struct espy_buf *out, const struct espy_table_column *c, struct espy_str s,
		     size_t width, bool is_last, bool utf8)
{
	size_t w = espy_escape_width(s);

	if (is_right(c) && w < width)
		pad(out, width - w);
	espy_table_cut(out, s, c->flags & ESPY_TABLE_FLEX ? width : SIZE_MAX,
		       c->type == ESPY_CELL_PATH, utf8);
	if (!is_right(c) && !is_last && w < width)
		pad(out, width - w);
}

static void head_line(const struct espy_table *t, const struct layout *l, struct espy_buf *out,
		      const struct espy_table_style *s)
{
	espy_table_look(out, s, ESPY_LOOK_HEAD);
	for (unsigned i = 0; i < t->n_columns; i++) {
		if (!l->is_shown[i])
			continue;
		put_cell(out, &t->columns[i], espy_str0(t->columns[i].title), l->width[i],
			 i == l->last, s->utf8);
		if (i != l->last)
			pad(out, GAP);
	}
	espy_table_plain(out, s);
	espy_buf_putc(out, '\n');
}

static void row_line(const struct espy_table *t, const struct layout *l,
		     const struct espy_table_row *r, struct espy_buf *out,
		     const struct espy_table_style *s)
{
	struct espy_buf scratch = {0};

	for (unsigned i = 0; i < t->n_columns; i++) {
		const struct espy_table_column *c = &t->columns[i];

		if (!l->is_shown[i])
			continue;
		espy_buf_reset(&scratch);
		text_cell(&scratch, c->type, &r->cells[i]);
		if (is_bad(c, &r->cells[i]))
			espy_table_look(out, s, ESPY_LOOK_BAD);
		else if (r->cells[i].mark == ESPY_MARK_DIM)
			espy_table_look(out, s, ESPY_LOOK_DIM);
		put_cell(out, c, (struct espy_str){scratch.p, scratch.n}, l->width[i], i == l->last,
			 s->utf8);
		if (is_bad(c, &r->cells[i]) || r->cells[i].mark == ESPY_MARK_DIM)
			espy_table_plain(out, s);
		if (i != l->last)
			pad(out, GAP);
	}
	while (out->n && out->p[out->n - 1] == ' ')
		out->n--;
	espy_buf_putc(out, '\n');
	if (scratch.error)
		out->error = scratch.error;
	espy_buf_done(&scratch);
}

int espy_table_text(struct espy_table *t, struct espy_buf *out, const struct espy_table_style *s)
{
	struct espy_buf scratch = {0};
	struct layout l = {0};

	measure(t, &l, &scratch);
	espy_buf_done(&scratch);
	if (s->width)
		fit(t, &l, s->width);
	for (unsigned i = 0; i < t->n_columns; i++)
		if (l.is_shown[i])
			l.last = i;
	head_line(t, &l, out, s);
	for (const struct espy_table_row *r = t->first; r; r = r->next) {
		if (!r->heading.p) {
			row_line(t, &l, r, out, s);
			continue;
		}
		espy_buf_str(out, r->heading);
		espy_buf_putc(out, '\n');
	}
	return t->error ? t->error : out->error;
}

/* --- data ---------------------------------------------------------------------------------------
 */

static int json_string(struct espy_buf *out, struct espy_str s)
{
	int replaced;

	espy_buf_putc(out, '"');
	replaced = espy_escape_json(out, s);
	espy_buf_putc(out, '"');
	return replaced;
}

static int json_hex(struct espy_buf *out, struct espy_str s)
{
	espy_buf_putc(out, '"');
	for (size_t i = 0; i < s.n; i++)
		espy_buf_printf(out, "%02x", (unsigned char)s.p[i]);
	espy_buf_putc(out, '"');
	return 0;
}

/* The same marks as the JSON of events: bytes that are not UTF-8 go as U+FFFD, and once more, all
 * of them, in hexadecimal. */
void espy_table_json_str(struct espy_buf *out, const char *name, struct espy_str s)
{
	espy_buf_printf(out, "\"%s\":", name);
	if (!json_string(out, s))
		return;
	espy_buf_printf(out, ",\"%s_hex\":", name);
	json_hex(out, s);
}

static int json_array(struct espy_buf *out, struct espy_str s,
		      int (*add)(struct espy_buf *out, struct espy_str s))
{
	const char *comma = "";
	int replaced = 0;

	espy_buf_putc(out, '[');
	for (; s.n; comma = ",") {
		const char *end = memchr(s.p, 0, s.n);
		size_t n = end ? (size_t)(end - s.p) : s.n;

		espy_buf_puts(out, comma);
		replaced |= add(out, (struct espy_str){s.p, n});
		n += end != NULL;
		s = (struct espy_str){s.p + n, s.n - n};
	}
	espy_buf_putc(out, ']');
	return replaced;
}

void espy_table_json_argv(struct espy_buf *out, const char *name, struct espy_str s)
{
	espy_buf_printf(out, "\"%s\":", name);
	if (!json_array(out, s, json_string))
		return;
	espy_buf_printf(out, ",\"%s_hex\":", name);
	json_array(out, s, json_hex);
}

static void json_number(struct espy_buf *out, const struct espy_table_column *c, uint64_t n)
{
	espy_buf_printf(out, "\"%s%s\":", c->name, c->type == ESPY_CELL_DURATION ? "_ns" : "");
	if (c->type != ESPY_CELL_TIME) {
		espy_buf_u64(out, n);
		return;
	}
	espy_buf_putc(out, '"');
	espy_value_time(out, (int64_t)n);
	espy_buf_putc(out, '"');
}

static bool is_data(const struct espy_table_column *c, const struct espy_cell *cell)
{
	if (c->flags & ESPY_TABLE_NO_DATA || cell->is_unset || cell->is_blank)
		return false;
	if (is_text(c->type))
		return cell->str.n > 0;
	return c->type != ESPY_CELL_TIME || cell->num;
}

static void json_row(const struct espy_table *t, const struct espy_table_row *r,
		     struct espy_buf *out, const char *kind)
{
	const char *comma = "";

	espy_buf_putc(out, '{');
	if (kind) {
		espy_table_json_str(out, "summary", espy_str0(kind));
		comma = ",";
	}
	for (unsigned i = 0; i < t->n_columns; i++) {
		const struct espy_table_column *c = &t->columns[i];

		if (!is_data(c, &r->cells[i]))
			continue;
		espy_buf_puts(out, comma);
		comma = ",";
		if (c->type == ESPY_CELL_ARGV)
			espy_table_json_argv(out, c->name, r->cells[i].str);
		else if (is_text(c->type))
			espy_table_json_str(out, c->name, r->cells[i].str);
		else
			json_number(out, c, r->cells[i].num);
	}
	espy_buf_puts(out, "}\n");
}

int espy_table_json(struct espy_table *t, struct espy_buf *out, const char *kind)
{
	for (const struct espy_table_row *r = t->first; r; r = r->next)
		if (!r->heading.p)
			json_row(t, r, out, kind);
	return t->error ? t->error : out->error;
}

static void csv_cell(struct espy_buf *out, const struct espy_table_column *c,
		     const struct espy_cell *cell)
{
	struct espy_buf words = {0};

	if (!is_data(c, cell))
		return;
	switch (c->type) {
	case ESPY_CELL_TIME:
		espy_value_time(out, (int64_t)cell->num);
		break;
	case ESPY_CELL_ARGV:
		espy_table_argv(&words, cell->str);
		espy_escape_csv(out, (struct espy_str){words.p, words.n});
		espy_buf_done(&words);
		break;
	case ESPY_CELL_TEXT:
	case ESPY_CELL_PATH:
	case ESPY_CELL_RAW:
		espy_escape_csv(out, cell->str);
		break;
	default:
		espy_buf_u64(out, cell->num);
	}
}

static void csv_line(const struct espy_table *t, const struct espy_table_row *r,
		     struct espy_buf *out)
{
	const char *comma = "";

	for (unsigned i = 0; i < t->n_columns; i++) {
		const struct espy_table_column *c = &t->columns[i];

		if (c->flags & ESPY_TABLE_NO_DATA)
			continue;
		espy_buf_puts(out, comma);
		comma = ",";
		if (r)
			csv_cell(out, c, &r->cells[i]);
		else
			espy_buf_printf(out, "%s%s", c->name,
					c->type == ESPY_CELL_DURATION ? "_ns" : "");
	}
	espy_buf_puts(out, "\n");
}

int espy_table_csv(struct espy_table *t, struct espy_buf *out)
{
	csv_line(t, NULL, out);
	for (const struct espy_table_row *r = t->first; r; r = r->next)
		if (!r->heading.p)
			csv_line(t, r, out);
	return t->error ? t->error : out->error;
}
