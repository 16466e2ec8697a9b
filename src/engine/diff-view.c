/* SPDX-License-Identifier: MIT */
#include "engine/diff-view.h"
#include "base/escape.h"
#include "model/value.h"

#define WORDS_MAX 4u /* operations named of one side */

struct view {
	const struct espy_diff *d;
	const struct espy_differences *f;
	const struct espy_diff_view_options *o;
	struct espy_table table;
	struct espy_buf scratch;
	uint64_t n_implied, n_usual; /* left out */
};

static const char *const marks[] = {[ESPY_DIFF_ONLY_A] = "only_a",
				    [ESPY_DIFF_ONLY_B] = "only_b",
				    [ESPY_DIFF_CHANGED] = "changed"};
static const char *const signs[] = {
	[ESPY_DIFF_ONLY_A] = "-", [ESPY_DIFF_ONLY_B] = "+", [ESPY_DIFF_CHANGED] = "!"};

/* --- words --------------------------------------------------------------------------------------
 */

/* "open", "open EACCES", "exit 1", "exit SIGKILL" */
static void put_word(struct espy_buf *b, const struct espy_diff_key *k)
{
	const char *error = k->result < 0 ? espy_errno_name(k->result) : NULL;

	espy_buf_puts(b, espy_diff_op_name(k->op));
	if (k->op == ESPY_DIFF_EXIT) {
		espy_buf_putc(b, ' ');
		if (k->result < 0)
			espy_value_num(b, ESPY_FMT_ENUM_signal, false,
				       (uint64_t) - (int64_t)k->result, 0);
		else
			espy_buf_s64(b, k->result);
	} else if (k->result < 0) {
		espy_buf_putc(b, ' ');
		if (error)
			espy_buf_puts(b, error);
		else
			espy_buf_s64(b, k->result);
	}
}

/* What a run did to the subject: what only it did or, when that is nothing, what both did. */
static void put_words(struct view *v, const struct espy_difference *x, unsigned side)
{
	unsigned n = 0, own;

	for (int shared = 0; shared < 2 && n == 0; shared++) {
		for (uint32_t i = x->first; i < x->first + x->n; i++) {
			uint32_t key = v->f->order[i];
			bool is_own = espy_differences_is_own(v->f, v->d, key, &own);

			if (!v->d->keys.v[key].count[side] || is_own == (shared == 1))
				continue;
			if (n++ < WORDS_MAX) {
				espy_buf_puts(&v->scratch, n > 1 ? ", " : "");
				put_word(&v->scratch, &v->d->keys.v[key]);
			}
		}
	}
	if (n > WORDS_MAX)
		espy_buf_printf(&v->scratch, ", %u more", n - WORDS_MAX);
}

/* "open -> open EACCES" */
static void put_what(struct view *v, const struct espy_difference *x)
{
	if (x->places) {
		espy_buf_puts(&v->scratch, x->found ? "found -> not found" : "not found");
		if (x->found && !(v->d->keys.v[v->f->order[x->first]].count[1]))
			v->scratch.n -= sizeof("found -> not found") - 1,
				espy_buf_puts(&v->scratch, "not found -> found");
		return;
	}
	if (x->mark != ESPY_DIFF_ONLY_B)
		put_words(v, x, 0);
	if (x->mark == ESPY_DIFF_CHANGED)
		espy_buf_puts(&v->scratch, " -> ");
	if (x->mark != ESPY_DIFF_ONLY_A)
		put_words(v, x, 1);
}

static struct espy_str kept(struct view *v)
{
	struct espy_str s = {espy_arena_dup(&v->table.arena, v->scratch.p, v->scratch.n),
			     v->scratch.n};

	if (!s.p || v->scratch.error) {
		v->table.error = -ENOMEM;
		s = ESPY_STR_NONE;
	}
	espy_buf_reset(&v->scratch);
	return s;
}

static struct espy_str str(const struct view *v, uint32_t id)
{
	return espy_dict_get(&v->d->strings, id);
}

/* "libz.so in 12 places; found at /opt/lib/libz.so" */
static struct espy_str subject(struct view *v, const struct espy_difference *x)
{
	if (!x->name || (x->places < 2 && !x->found))
		return str(v, x->subject);
	espy_buf_str(&v->scratch, str(v, x->name));
	espy_buf_puts(&v->scratch, " in ");
	espy_table_things(&v->scratch, x->places, "place", "places");
	if (x->found) {
		espy_buf_puts(&v->scratch, "; found at ");
		espy_buf_str(&v->scratch, str(v, x->found));
	}
	return kept(v);
}

/* --- rows ---------------------------------------------------------------------------------------
 */

static void add_columns(struct view *v)
{
	static const struct espy_table_column columns[] = {
		{"program", "Program", ESPY_CELL_TEXT, ESPY_TABLE_NO_TEXT},
		{"difference", "", ESPY_CELL_TEXT, ESPY_TABLE_NO_TEXT},
		{"sign", "", ESPY_CELL_TEXT, ESPY_TABLE_NO_DATA},
		{"rank", "Rank", ESPY_CELL_NUM, ESPY_TABLE_NO_TEXT},
		{"follows", "Follows", ESPY_CELL_NUM, ESPY_TABLE_NO_TEXT},
		{"what", "What", ESPY_CELL_TEXT, ESPY_TABLE_NO_DATA},
		{"a", "A", ESPY_CELL_TEXT, ESPY_TABLE_NO_TEXT},
		{"b", "B", ESPY_CELL_TEXT, ESPY_TABLE_NO_TEXT},
		{"subject", "Subject", ESPY_CELL_PATH, ESPY_TABLE_FLEX | ESPY_TABLE_NO_DATA},
		{"path", "Subject", ESPY_CELL_TEXT, ESPY_TABLE_NO_TEXT},
		{"name", "Name", ESPY_CELL_TEXT, ESPY_TABLE_NO_TEXT},
		{"places", "Places", ESPY_CELL_NUM, ESPY_TABLE_NO_TEXT},
		{"found", "Found", ESPY_CELL_TEXT, ESPY_TABLE_NO_TEXT},
		{"count_a", "Times in A", ESPY_CELL_NUM, ESPY_TABLE_NO_TEXT},
		{"count_b", "Times in B", ESPY_CELL_NUM, ESPY_TABLE_NO_TEXT},
		{"seq_a", "Event of A", ESPY_CELL_NUM, ESPY_TABLE_NO_TEXT},
		{"seq_b", "Event of B", ESPY_CELL_NUM, ESPY_TABLE_NO_TEXT},
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		espy_table_column(&v->table, columns[i]);
}

static struct espy_cell text(struct espy_str s)
{
	return (struct espy_cell){.str = s, .is_unset = s.n == 0};
}

static struct espy_cell number(uint64_t n)
{
	return (struct espy_cell){.num = n, .is_unset = n == 0};
}

/* Sum and first event of what one run did and the other did not, or of all when that is nothing. */
static void add_figures(const struct view *v, const struct espy_difference *x, unsigned side,
			uint64_t *count, uint64_t *seq)
{
	unsigned own;

	*count = *seq = 0;
	for (int shared = 0; shared < 2 && *count == 0; shared++) {
		for (uint32_t i = x->first; i < x->first + x->n; i++) {
			uint32_t key = v->f->order[i];
			const struct espy_diff_key *k = &v->d->keys.v[key];

			if (espy_differences_is_own(v->f, v->d, key, &own) == (shared == 1) ||
			    !k->count[side])
				continue;
			*count += k->count[side];
			if (!*seq || k->seq[side] < *seq)
				*seq = k->seq[side];
		}
	}
}

static struct espy_cell words(struct view *v, const struct espy_difference *x, unsigned side)
{
	if (x->mark == (side ? ESPY_DIFF_ONLY_A : ESPY_DIFF_ONLY_B))
		return text(ESPY_STR_NONE);
	put_words(v, x, side);
	return text(kept(v));
}

static void add_row(struct view *v, const struct espy_difference *x)
{
	struct espy_cell *c = espy_table_row(&v->table);
	uint64_t count[2], seq[2];
	unsigned mark = x->rank <= ESPY_DIFF_RANK_FAILED ? ESPY_MARK_BAD : ESPY_MARK_NONE;

	if (x->rank >= ESPY_DIFF_RANK_MISSED)
		mark = ESPY_MARK_DIM;
	add_figures(v, x, 0, &count[0], &seq[0]);
	add_figures(v, x, 1, &count[1], &seq[1]);
	*c++ = text(str(v, x->node));
	*c++ = text(espy_str0(marks[x->mark]));
	*c++ = (struct espy_cell){.str = espy_str0(signs[x->mark]), .mark = (uint8_t)mark};
	(c++)->num = x->rank;
	(c++)->num = x->is_implied;
	put_what(v, x);
	*c++ = (struct espy_cell){.str = kept(v), .mark = (uint8_t)mark};
	*c++ = words(v, x, 0);
	*c++ = words(v, x, 1);
	*c++ = (struct espy_cell){.str = subject(v, x), .is_blank = !x->subject};
	*c++ = text(str(v, x->subject));
	*c++ = text(str(v, x->name));
	*c++ = number(x->places);
	*c++ = text(str(v, x->found));
	for (unsigned side = 0; side < 2; side++)
		*c++ = number(count[side]);
	for (unsigned side = 0; side < 2; side++)
		*c++ = number(seq[side]);
}

static void heading(struct view *v)
{
	espy_table_heading(&v->table, kept(v));
}

static void add_more(struct view *v, uint64_t n)
{
	espy_buf_puts(&v->scratch, v->o->style.utf8 ? "   \u2026 and " : "   ... and ");
	espy_table_count(&v->scratch, n);
	espy_buf_puts(&v->scratch, " more");
	heading(v);
}

static void add_program(struct view *v, uint32_t node)
{
	struct espy_str name = str(v, node);

	espy_table_look(&v->scratch, &v->o->style, ESPY_LOOK_HEAD);
	espy_escape_text(&v->scratch, name.n ? name : ESPY_STR("(the start)"));
	espy_table_plain(&v->scratch, &v->o->style);
	heading(v);
}

/* Is it one that a person wants to see unasked? */
static bool is_shown(struct view *v, const struct espy_difference *x)
{
	if (v->o->format != ESPY_VIEW_TEXT || v->o->all)
		return true;
	v->n_implied += x->is_implied;
	v->n_usual += !x->is_implied && x->rank >= ESPY_DIFF_RANK_USUAL;
	return !x->is_implied && x->rank < ESPY_DIFF_RANK_USUAL;
}

static void add_rows(struct view *v)
{
	bool is_text = v->o->format == ESPY_VIEW_TEXT;
	uint64_t n = 0, more = 0;

	for (size_t i = 0; i < v->f->list.n; i++) {
		const struct espy_difference *x = &v->f->list.v[i];

		if (i && v->f->list.v[i - 1].node != x->node) {
			if (more)
				add_more(v, more);
			n = more = 0;
		}
		if (!is_shown(v, x))
			continue;
		if (n++ == 0 && is_text)
			add_program(v, x->node);
		if (is_text && v->o->limit && n > v->o->limit)
			more++;
		else
			add_row(v, x);
	}
	if (more)
		add_more(v, more);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void put_title(struct view *v, struct espy_buf *out)
{
	espy_buf_puts(out, "A ");
	espy_escape_text(out, espy_str0(v->o->a));
	espy_buf_puts(out, "   B ");
	espy_escape_text(out, espy_str0(v->o->b));
	espy_buf_putc(out, '\n');
	if (v->f->list.n)
		espy_table_things(out, v->f->list.n, "difference", "differences");
	else
		espy_buf_puts(out, "no differences");
	espy_buf_puts(out, "; ");
	espy_table_things(out, v->f->n_same, "thing is", "things are");
	espy_buf_puts(out, " the same in both");
	if (v->f->n_paired) {
		espy_buf_puts(out, ", ");
		espy_table_count(out, v->f->n_paired);
		espy_buf_puts(out, " more but for numbers and random names");
	}
	espy_buf_puts(out, "\n");
}

/* What was not shown is said. */
static void put_remarks(const struct view *v, struct espy_buf *out)
{
	if (v->n_implied) {
		espy_table_things(out, v->n_implied, "difference is", "differences are");
		espy_buf_puts(out, " of programs that only one of them ran (--all)\n");
	}
	if (v->n_usual) {
		espy_table_things(out, v->n_usual, "difference is", "differences are");
		espy_buf_puts(out, " of the usual kind (--all)\n");
	}
	for (unsigned side = 0; side < 2; side++) {
		if (!v->d->left_over[side])
			continue;
		espy_table_count(out, v->d->left_over[side]);
		espy_buf_printf(out,
				" events of %c are left out: there was no room to keep more "
				"things apart; use a filter\n",
				"AB"[side]);
	}
}

int espy_diff_view(const struct espy_diff *d, const struct espy_differences *f,
		   struct espy_buf *out, const struct espy_diff_view_options *o)
{
	struct view v = {.d = d, .f = f, .o = o};
	int r;

	espy_table_init(&v.table);
	add_columns(&v);
	add_rows(&v);
	if (o->format == ESPY_VIEW_JSON) {
		r = espy_table_json(&v.table, out, NULL);
	} else if (o->format == ESPY_VIEW_CSV) {
		r = espy_table_csv(&v.table, out);
	} else {
		put_title(&v, out);
		r = v.table.first ? espy_table_text(&v.table, out, &o->style) : out->error;
		put_remarks(&v, out);
	}
	espy_table_done(&v.table);
	espy_buf_done(&v.scratch);
	return r;
}
