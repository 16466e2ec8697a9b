/* SPDX-License-Identifier: MIT */
#include "rule/macro.h"
#include <errno.h>
#include "rule/fail.h"

void espy_macros_done(struct espy_macros *m)
{
	espy_arena_done(&m->arena);
	*m = (struct espy_macros){.first = NULL};
}

const struct espy_macro *espy_macros_find(const struct espy_macros *m, struct espy_str name)
{
	for (const struct espy_macro *o = m->first; o; o = o->next)
		if (espy_str_eq(o->name, name))
			return o;
	return NULL;
}

/* --- files --------------------------------------------------------------------------------------
 */

struct reader {
	struct espy_macros *m;
	struct espy_str text;
	const char *source;
	size_t pos;
	unsigned line;
	size_t line_at; /* where the line begins */
	struct espy_err *err;
};

#define fail(r, code, ...)                                  \
	espy_err_at((r)->err, code, (r)->source, (r)->line, \
		    (unsigned)((r)->pos - (r)->line_at) + 1, __VA_ARGS__)

static char peek(const struct reader *r)
{
	return r->pos < r->text.n ? r->text.p[r->pos] : '\n';
}

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\r')
		r->pos++;
}

static void next_line(struct reader *r)
{
	while (peek(r) != '\n')
		r->pos++;
	r->pos++;
	r->line++;
	r->line_at = r->pos;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int take_name(struct reader *r, const char *what, struct espy_str *ret)
{
	size_t start = r->pos;

	while (is_letter(peek(r)) || (r->pos > start && peek(r) >= '0' && peek(r) <= '9') ||
	       (r->pos > start && peek(r) == '-'))
		r->pos++;
	*ret = (struct espy_str){r->text.p + start, r->pos - start};
	if (ret->n == 0)
		return fail(r, -EINVAL, "expected %s of letters, digits, _ and -", what);
	if (ret->n > ESPY_MACRO_NAME_MAX)
		return fail(r, -EOVERFLOW, "%s has at most %u bytes", what, ESPY_MACRO_NAME_MAX);
	return 0;
}

/* Behind a name: (a, b) */
static int take_params(struct reader *r, struct espy_macro *o)
{
	int e = 0;

	if (peek(r) != '(')
		return 0;
	do {
		r->pos++;
		skip_blanks(r);
		if (o->n_params >= ESPY_MACRO_PARAMS_MAX)
			return fail(r, -EOVERFLOW, "a filter has at most %u parameters",
				    ESPY_MACRO_PARAMS_MAX);
		e = take_name(r, "the name of a parameter", &o->params[o->n_params++]);
		skip_blanks(r);
	} while (e == 0 && peek(r) == ',');
	if (e == 0 && peek(r) != ')')
		return fail(r, -EINVAL, "expected , or ) in the list of parameters");
	r->pos++;
	return e;
}

/* To the end of the line, and of those behind it that begin with a blank. */
static struct espy_str take_text(struct reader *r)
{
	size_t start = r->pos, end;

	do {
		next_line(r);
	} while (r->pos < r->text.n && (peek(r) == ' ' || peek(r) == '\t'));
	end = r->pos < r->text.n ? r->pos : r->text.n;
	while (end > start && strchr(" \t\r\n", r->text.p[end - 1]))
		end--;
	return (struct espy_str){r->text.p + start, end - start};
}

static int keep(struct reader *r, const struct espy_macro *o)
{
	struct espy_macro *old = (struct espy_macro *)espy_macros_find(r->m, o->name), *new;

	if (old) {
		struct espy_macro *next = old->next;

		*old = *o;
		old->next = next;
		return 0;
	}
	if (r->m->n >= ESPY_MACROS_MAX)
		return fail(r, -EOVERFLOW, "at most %u filters can be saved", ESPY_MACROS_MAX);
	new = espy_arena_alloc(&r->m->arena, sizeof(*new));
	if (!new)
		return -ENOMEM;
	*new = *o;
	new->next = r->m->first;
	r->m->first = new;
	r->m->n++;
	return 0;
}

static int take_definition(struct reader *r)
{
	struct espy_macro o = {.source = r->source, .line = r->line};
	int e = take_name(r, "a name", &o.name);

	if (e == 0)
		e = take_params(r, &o);
	if (e < 0)
		return e;
	skip_blanks(r);
	if (peek(r) != '=')
		return fail(r, -EINVAL, "expected = and a filter behind %s",
			    espy_fail_show(o.name).s);
	r->pos++;
	skip_blanks(r);
	if (peek(r) == '\n')
		return fail(r, -EINVAL, "%s has no filter behind =", espy_fail_show(o.name).s);
	o.text = take_text(r);
	return keep(r, &o);
}

int espy_macros_add(struct espy_macros *m, struct espy_str text, const char *source,
		    struct espy_err *err)
{
	struct reader r = {.m = m, .line = 1, .err = err};
	int e = 0;

	r.source = espy_arena_dup(&m->arena, source, strlen(source));
	r.text = (struct espy_str){espy_arena_dup(&m->arena, text.p, text.n), text.n};
	if (!r.source || !r.text.p)
		return -ENOMEM;
	if (text.n > ESPY_MACRO_FILE_MAX)
		return fail(&r, -EOVERFLOW, "a file of filters has at most %u bytes",
			    ESPY_MACRO_FILE_MAX);
	while (e == 0 && r.pos < r.text.n) {
		skip_blanks(&r);
		if (peek(&r) == '#' || peek(&r) == '\n')
			next_line(&r);
		else if (r.pos > r.line_at)
			e = fail(&r, -EINVAL, "a definition begins at the start of its line");
		else
			e = take_definition(&r);
	}
	return e;
}

/* --- those of the program -----------------------------------------------------------------------
 */

static struct {
	int (*load)(struct espy_macros *m, struct espy_err *err);
	struct espy_macros m;
	bool loaded;
} program;

void espy_macros_set_loader(int (*load)(struct espy_macros *m, struct espy_err *err))
{
	espy_macros_done(&program.m);
	program.load = load;
	program.loaded = false;
}

int espy_macros_get(const struct espy_macros **ret, struct espy_err *err)
{
	int r = 0;

	if (!program.loaded && program.load)
		r = program.load(&program.m, err);
	if (r < 0) {
		espy_macros_done(&program.m);
		return r;
	}
	program.loaded = true;
	*ret = &program.m;
	return 0;
}
