/* SPDX-License-Identifier: MIT */
#include "engine/why-view.h"
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "engine/why-say.h"
#include "model/value.h"

#define INDENT    4u
#define CHAIN_MAX 32u
#define ROWS_MAX  (ESPY_WHY_ROWS + 1 + CHAIN_MAX)
#define WIDE      100u /* of sentences where the terminal does not say */
#define OP_WIDTH  10
#define SEQ_WIDTH 7
#define PATH_MIN  20u /* columns that a path has at least */
#define FAR_LESS  45  /* points below the first finding: not shown unasked */

/* An event of the capture that shows it. */
struct evidence {
	uint64_t seq, time;
	const char *op;
	struct espy_str subject, program;
	int32_t error;                    /* positive errno, 0 for an end */
	const struct espy_tree_proc *end; /* whose */
};

struct view {
	struct espy_why *w;
	const struct espy_why_findings *all;
	const struct espy_why_view_options *o;
	struct espy_buf *out;
	struct espy_buf scratch, escaped;
	struct evidence rows[ROWS_MAX];
	unsigned n_rows;
	uint32_t chain[CHAIN_MAX]; /* from the process up */
	unsigned n_chain;
};

/* Times of a damaged trace may be anything, so they wrap. */
static int64_t wall_of(const struct view *v, uint64_t boot_ns)
{
	return (int64_t)(boot_ns + (uint64_t)v->w->wall_offset);
}

/* --- facts --------------------------------------------------------------------------------------
 */

static void find_chain(struct view *v, uint32_t proc)
{
	v->n_chain = 0;
	for (; proc != ESPY_WHY_NONE && v->n_chain < CHAIN_MAX; proc = espy_why_parent(v->w, proc))
		v->chain[v->n_chain++] = proc;
}

static void add_end(struct view *v, uint32_t proc)
{
	const struct espy_why_proc *p = &v->w->procs.v[proc];

	if (p->exit_seq && v->n_rows < ROWS_MAX)
		v->rows[v->n_rows++] = (struct evidence){
			.seq = p->exit_seq,
			.time = p->exit_time,
			.op = "exit",
			.program = espy_why_program(v->w, proc),
			.end = espy_tree_proc(v->w->tree, proc),
		};
}

static void add_row(struct view *v, const struct espy_why_row *r, struct espy_str program,
		    int32_t error)
{
	const struct espy_schema *s = espy_schema_get(r->type);

	if (v->n_rows < ROWS_MAX)
		v->rows[v->n_rows++] = (struct evidence){
			.seq = r->seq,
			.time = r->time,
			.op = s ? s->op : "?",
			.subject = espy_why_str(v->w, r->path),
			.program = program,
			.error = error,
		};
}

static int compare_evidence(const void *pa, const void *pb)
{
	const struct evidence *a = pa, *b = pb;

	return (a->seq > b->seq) - (a->seq < b->seq);
}

/* The failures, and the bad ends from this process up as far as one followed from the other. */
static void find_evidence(struct view *v, const struct espy_why_finding *f)
{
	v->n_rows = 0;
	if (f->failure != ESPY_WHY_NONE) {
		const struct espy_why_failure *x = &v->w->failures.v[f->failure];

		for (uint32_t i = 0; i < x->n_rows; i++)
			add_row(v, &x->rows[i], espy_why_str(v->w, x->program), x->error);
	}
	if (f->kind == ESPY_WHY_MODULE)
		add_row(v, &v->w->procs.v[f->proc].search, espy_why_program(v->w, f->proc), 0);
	if (f->is_bad)
		add_end(v, f->proc);
	for (unsigned i = 1; f->is_bad && i < v->n_chain; i++) {
		if (v->all->cause[v->chain[i]] != v->chain[i - 1])
			break;
		add_end(v, v->chain[i]);
	}
	qsort(v->rows, v->n_rows, sizeof(v->rows[0]), compare_evidence);
}

/* --- text ---------------------------------------------------------------------------------------
 */

/* What is in `scratch`, escaped, in lines of words. */
static void put_wrapped(struct view *v, size_t indent)
{
	size_t width = v->o->style.width ? v->o->style.width : WIDE, at = indent;
	struct espy_str s;

	espy_buf_reset(&v->escaped);
	espy_escape_text(&v->escaped, (struct espy_str){v->scratch.p, v->scratch.n});
	espy_buf_reset(&v->scratch);
	s = (struct espy_str){v->escaped.p, v->escaped.n};
	while (s.n) {
		const char *end = memchr(s.p, ' ', s.n);
		struct espy_str word = {s.p, end ? (size_t)(end - s.p) : s.n};
		size_t n = espy_escape_width(word);

		if (at > indent && at + 1 + n > width) {
			espy_buf_printf(v->out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			espy_buf_putc(v->out, ' ');
			at++;
		}
		espy_buf_str(v->out, word);
		at += n;
		s = end ? (struct espy_str){end + 1, s.n - word.n - 1} : ESPY_STR_NONE;
	}
	espy_buf_putc(v->out, '\n');
}

static void put_line(struct view *v)
{
	if (v->scratch.n == 0)
		return;
	espy_buf_printf(v->out, "%*s", (int)INDENT, "");
	put_wrapped(v, INDENT);
}

/* "make 2923 > gcc 2926 > cc1 2927" */
static void put_chain(struct view *v)
{
	if (v->n_chain < 2)
		return;
	espy_buf_puts(&v->scratch, "processes: ");
	for (unsigned i = v->n_chain; i-- > 0;) {
		espy_buf_str(&v->scratch, espy_why_program(v->w, v->chain[i]));
		espy_buf_printf(&v->scratch, " %u%s", espy_tree_proc(v->w->tree, v->chain[i])->pid,
				i ? " > " : "");
	}
	put_line(v);
}

/* The path of an event, cut in its middle where the terminal has no room for it. */
static void put_subject(struct view *v, const struct evidence *e, size_t line, size_t tail)
{
	size_t width = v->o->style.width, used;

	espy_buf_reset(&v->escaped);
	espy_escape_text(&v->escaped, e->subject);
	used = espy_escape_width((struct espy_str){v->out->p + line, v->out->n - line}) + tail;
	if (!width)
		width = SIZE_MAX;
	espy_table_cut(v->out, (struct espy_str){v->escaped.p, v->escaped.n},
		       width > used + PATH_MIN ? width - used : PATH_MIN, true, v->o->style.utf8);
}

static void put_evidence(struct view *v, const struct evidence *e)
{
	size_t line = v->out->n;
	const char *error = e->error ? espy_errno_name(e->error) : NULL;
	struct espy_buf *b = v->out;

	espy_buf_printf(b, "%*s%*llu  ", (int)INDENT, "", SEQ_WIDTH, (unsigned long long)e->seq);
	espy_value_clock(b, wall_of(v, e->time));
	espy_buf_puts(b, "  ");
	espy_escape_text(b, e->program);
	espy_buf_printf(b, "  %s  ", e->op);
	put_subject(v, e, line, error ? strlen(error) + 2 : 0);
	if (e->end)
		espy_why_say_end(b, e->end);
	else if (error)
		espy_buf_printf(b, "  %s", error);
	espy_buf_putc(b, '\n');
}

/* "espy show make.espy 'seq in (381, 424)'" */
static void put_command(struct view *v)
{
	const char *comma = "";

	if (!v->o->file || v->n_rows == 0)
		return;
	espy_buf_printf(v->out, "%*sespy show ", (int)INDENT, "");
	espy_escape_shell(v->out, espy_str0(v->o->file));
	espy_buf_puts(v->out, " 'seq in (");
	for (unsigned i = 0; i < v->n_rows; i++, comma = ", ")
		espy_buf_printf(v->out, "%s%llu", comma, (unsigned long long)v->rows[i].seq);
	espy_buf_puts(v->out, ")'\n");
}

static void put_finding(struct view *v, unsigned number, const struct espy_why_finding *f)
{
	int n;

	find_chain(v, f->proc);
	find_evidence(v, f);
	espy_table_look(v->out, &v->o->style, f->is_cause ? ESPY_LOOK_BAD : ESPY_LOOK_HEAD);
	n = (int)v->out->n;
	espy_buf_printf(v->out, "%u. ", number);
	n = (int)v->out->n - n;
	espy_buf_printf(v->out, "%*s", n < (int)INDENT ? (int)INDENT - n : 0, "");
	espy_why_say(&v->scratch, v->w, f);
	put_wrapped(v, INDENT);
	if (v->out->n)
		v->out->n--; /* the line ends where the colour does */
	espy_table_plain(v->out, &v->o->style);
	espy_buf_putc(v->out, '\n');
	espy_why_say_effect(&v->scratch, v->w, v->all, f);
	put_line(v);
	espy_why_say_hint(&v->scratch, v->w, f);
	put_line(v);
	put_chain(v);
	for (unsigned i = 0; i < v->n_rows; i++)
		put_evidence(v, &v->rows[i]);
	put_command(v);
}

/* "make.espy: make ended with exit code 2 after 34.5ms" */
static void put_title(struct view *v)
{
	const struct espy_tree_proc *p;

	if (v->o->file) {
		espy_escape_text(v->out, espy_str0(v->o->file));
		espy_buf_puts(v->out, ": ");
	}
	if (v->all->target == ESPY_WHY_NONE) {
		espy_table_things(v->out, espy_tree_n(v->w->tree), "process", "processes");
		espy_buf_putc(v->out, '\n');
		return;
	}
	p = espy_tree_proc(v->w->tree, v->all->target);
	espy_escape_text(v->out, espy_why_program(v->w, v->all->target));
	if (!(p->flags & ESPY_TREE_EXITED)) {
		espy_buf_puts(v->out, " had not ended when the capture did\n");
		return;
	}
	espy_buf_puts(v->out, p->signal ? " was ended by " : " ended with ");
	espy_why_say_end(v->out, p);
	if (v->w->procs.v[v->all->target].image_time) {
		espy_buf_puts(v->out, " after ");
		espy_value_duration(v->out, p->end - v->w->procs.v[v->all->target].image_time);
	}
	espy_buf_putc(v->out, '\n');
}

static void put_rest(struct view *v, size_t shown)
{
	if (v->all->list.n == 0)
		espy_buf_puts(v->out, "nothing failed that would matter\n");
	if (shown < v->all->list.n) {
		espy_buf_puts(v->out, v->o->style.utf8 ? "\u2026 and " : "... and ");
		espy_table_things(v->out, v->all->list.n - shown, "more finding", "more findings");
		espy_buf_puts(v->out, " (--all)\n");
	}
	if (v->all->n_usual) {
		espy_table_things(v->out, v->all->n_usual, "other failure is",
				  "other failures are");
		espy_buf_puts(v->out, " of the usual kind or had no effect\n");
	}
	if (v->w->left_over) {
		espy_table_count(v->out, v->w->left_over);
		espy_buf_puts(v->out, " failures were left out, there was no room for them; use a "
				      "filter\n");
	}
}

/* How many findings are to be shown. */
static size_t count(const struct view *v)
{
	size_t n = v->all->list.n;

	if (v->o->limit && v->o->limit < n)
		n = v->o->limit;
	while (!v->o->all && n > 1 &&
	       v->all->list.v[n - 1].score + FAR_LESS < v->all->list.v[0].score)
		n--;
	return n;
}

static void put_text(struct view *v)
{
	size_t n = count(v);

	put_title(v);
	for (size_t i = 0; i < n; i++) {
		espy_buf_putc(v->out, '\n');
		put_finding(v, (unsigned)i + 1, &v->all->list.v[i]);
	}
	if (n && (n < v->all->list.n || v->all->n_usual || v->w->left_over))
		espy_buf_putc(v->out, '\n');
	put_rest(v, n);
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static struct espy_str said(struct view *v)
{
	struct espy_str s;

	espy_buf_reset(&v->escaped);
	espy_buf_add(&v->escaped, v->scratch.p, v->scratch.n);
	espy_buf_reset(&v->scratch);
	s = (struct espy_str){v->escaped.p, v->escaped.n};
	return s;
}

static void put_time(struct view *v, uint64_t time)
{
	if (!time)
		return;
	espy_buf_puts(v->out, ",\"time\":\"");
	espy_value_time(v->out, wall_of(v, time));
	espy_buf_putc(v->out, '"');
}

static void json_end(struct view *v, const struct espy_tree_proc *p)
{
	if (!(p->flags & ESPY_TREE_EXITED))
		return;
	if (!p->signal) {
		espy_buf_printf(v->out, ",\"code\":%u", p->code);
		return;
	}
	espy_buf_puts(v->out, ",\"signal\":\"");
	espy_value_num(v->out, ESPY_FMT_ENUM_signal, false, p->signal, 0);
	espy_buf_putc(v->out, '"');
}

static void json_chain(struct view *v)
{
	espy_buf_puts(v->out, ",\"chain\":[");
	for (unsigned i = v->n_chain; i-- > 0;) {
		const struct espy_tree_proc *p = espy_tree_proc(v->w->tree, v->chain[i]);

		espy_buf_printf(v->out, "{\"pid\":%u,", p->pid);
		espy_table_json_str(v->out, "process", espy_why_program(v->w, v->chain[i]));
		json_end(v, p);
		espy_buf_puts(v->out, i ? "}," : "}");
	}
	espy_buf_putc(v->out, ']');
}

static void json_evidence(struct view *v)
{
	espy_buf_puts(v->out, ",\"evidence\":[");
	for (unsigned i = 0; i < v->n_rows; i++) {
		const struct evidence *e = &v->rows[i];
		const char *error = e->error ? espy_errno_name(e->error) : NULL;

		espy_buf_printf(v->out, "%s{\"seq\":%llu", i ? "," : "",
				(unsigned long long)e->seq);
		put_time(v, e->time);
		espy_buf_printf(v->out, ",\"op\":\"%s\",", e->op);
		espy_table_json_str(v->out, "process", e->program);
		if (e->subject.n) {
			espy_buf_putc(v->out, ',');
			espy_table_json_str(v->out, "path", e->subject);
		}
		if (error)
			espy_buf_printf(v->out, ",\"error\":\"%s\"", error);
		if (e->end)
			json_end(v, e->end);
		espy_buf_putc(v->out, '}');
	}
	espy_buf_putc(v->out, ']');
}

static void json_failure(struct view *v, const struct espy_why_failure *f)
{
	const char *error = espy_errno_name(f->error);

	if (error)
		espy_buf_printf(v->out, ",\"error\":\"%s\"", error);
	espy_buf_putc(v->out, ',');
	espy_table_json_str(v->out, "name", espy_str_basename(espy_why_str(v->w, f->rows[0].path)));
	espy_buf_printf(v->out, ",\"places\":%u,\"count\":%u", f->places, f->count);
}

/* A member with a sentence, when there is one. */
static void json_said(struct view *v, const char *name)
{
	if (v->scratch.n == 0)
		return;
	espy_buf_putc(v->out, ',');
	espy_table_json_str(v->out, name, said(v));
}

static void json_finding(struct view *v, unsigned number, const struct espy_why_finding *f)
{
	const struct espy_tree_proc *p = espy_tree_proc(v->w->tree, f->proc);

	find_chain(v, f->proc);
	find_evidence(v, f);
	espy_buf_printf(v->out,
			"{\"finding\":%u,\"kind\":\"%s\",\"score\":%d,\"cause\":%s,\"pid\":%u,",
			number, espy_why_kind_name(f->kind), f->score,
			f->is_cause ? "true" : "false", p->pid);
	espy_table_json_str(v->out, "process", espy_why_program(v->w, f->proc));
	json_end(v, p);
	if (f->failure != ESPY_WHY_NONE)
		json_failure(v, &v->w->failures.v[f->failure]);
	espy_why_say(&v->scratch, v->w, f);
	json_said(v, "text");
	espy_why_say_effect(&v->scratch, v->w, v->all, f);
	json_said(v, "effect");
	espy_why_say_hint(&v->scratch, v->w, f);
	json_said(v, "hint");
	json_chain(v);
	json_evidence(v);
	espy_buf_puts(v->out, "}\n");
}

static void put_json(struct view *v)
{
	for (size_t i = 0; i < count(v); i++)
		json_finding(v, (unsigned)i + 1, &v->all->list.v[i]);
}

int espy_why_view(struct espy_why *w, const struct espy_why_findings *all, struct espy_buf *out,
		  const struct espy_why_view_options *o)
{
	struct view *v = calloc(1, sizeof(*v)); /* evidence is too much for the stack */
	int r;

	if (!v)
		return -ENOMEM;
	*v = (struct view){.w = w, .all = all, .o = o, .out = out};
	if (o->format == ESPY_VIEW_JSON)
		put_json(v);
	else
		put_text(v);
	r = v->scratch.error ? v->scratch.error : v->escaped.error;
	espy_buf_done(&v->scratch);
	espy_buf_done(&v->escaped);
	free(v);
	return r ? r : out->error;
}
