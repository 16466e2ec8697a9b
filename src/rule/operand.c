/* SPDX-License-Identifier: MIT */
#include "rule/operand.h"
#include <errno.h>
#include "rule/fail.h"
#include "rule/literal.h"
#include "rule/suggest.h"

static const struct espy_alias aliases[] = {
	{"anypath", "path or path2", {"path", "path2"}},
	{"port", "local.port or remote.port", {"local.port", "remote.port"}},
	{"ip", "local.ip or remote.ip", {"local.ip", "remote.ip"}},
};

/* Behind a field's name: remote.port */
static const char *const suffixes[] = {"ip", "port"};

const struct espy_alias *espy_operand_alias(unsigned i)
{
	return i < sizeof(aliases) / sizeof(aliases[0]) ? &aliases[i] : NULL;
}

bool espy_operand_has(const struct espy_column *c, const struct espy_schema *s)
{
	if (c->id == ESPY_COL_path)
		return espy_schema_field(s, ESPY_STR("path")) >= 0;
	return c->id < ESPY_COL__FIELDS || espy_column_field(c, s) >= 0;
}

static unsigned sorts_of(unsigned type, unsigned fmt)
{
	if (type != ESPY_TYPE_STR)
		return espy_literal_is_flags(fmt) ? ESPY_SORT_FLAGS : ESPY_SORT_NUMBER;
	switch (fmt) {
	case ESPY_FMT_ARGV:
		return ESPY_SORT_TEXT | ESPY_SORT_ARGV;
	case ESPY_FMT_ADDR:
		return ESPY_SORT_TEXT | ESPY_SORT_ADDR;
	default:
		return ESPY_SORT_TEXT;
	}
}

static void add_fmt(struct espy_operand *o, unsigned fmt)
{
	o->sorts |= sorts_of(o->column->type, fmt);
	for (unsigned i = 0; i < o->n_fmts; i++)
		if (o->fmts[i] == fmt)
			return;
	if (o->n_fmts < ESPY_OPERAND_FMTS_MAX)
		o->fmts[o->n_fmts++] = (uint8_t)fmt;
}

/* How the events show the column: some call flags what others call something else. */
static void add_fmts(struct espy_operand *o)
{
	if (o->column->id < ESPY_COL__FIELDS)
		add_fmt(o, o->column->fmt);
	if (o->column->id == ESPY_COL_result)
		add_fmt(o, ESPY_FMT_EXIT); /* espy_column_fmt of process_exit */
	for (size_t i = 0; i < espy_n_schemas && o->column->id >= ESPY_COL__FIELDS; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		int f = espy_schema_is_shown(s) ? espy_column_field(o->column, s) : -1;

		if (f >= 0 && (!o->only || o->only == s) &&
		    espy_kind_is_string(s->fields[f].kind) == (o->column->type == ESPY_TYPE_STR))
			add_fmt(o, s->fields[f].fmt);
	}
}

/* "remote.port" → "remote", port(); NULL: there is no such end. */
static const struct espy_function *cut_suffix(struct espy_str *name)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		struct espy_str s = espy_str0(suffixes[i]);

		if (name->n > s.n + 1 && espy_str_ends(*name, s) &&
		    name->p[name->n - s.n - 1] == '.') {
			name->n -= s.n + 1;
			return espy_function_find(s);
		}
	}
	return NULL;
}

/* The column called `name`, which may have an event before it. */
static bool find_column(struct espy_str name, struct espy_operand *o)
{
	const char *dot = memchr(name.p, '.', name.n);
	const struct espy_schema *s;
	size_t head;

	o->column = espy_column_find(name);
	if (o->column || !dot)
		return o->column;
	head = (size_t)(dot - name.p);
	s = espy_schema_find((struct espy_str){name.p, head});
	o->column = espy_column_find((struct espy_str){dot + 1, name.n - head - 1});
	if (!s || !espy_schema_is_shown(s) || !o->column || !espy_operand_has(o->column, s))
		return false;
	o->only = s;
	return true;
}

static int fail_field(struct espy_str name, uint32_t at, struct espy_err *err)
{
	const char *dot = memchr(name.p, '.', name.n);
	const struct espy_schema *event;
	const struct espy_column *c;
	const struct espy_alias *a;
	struct espy_suggest s;
	size_t head = dot ? (size_t)(dot - name.p) : 0;

	event = espy_schema_find((struct espy_str){name.p, head});
	if (event && espy_schema_is_shown(event))
		return espy_fail_at(
			err, -EINVAL, at, "%s has no field %s", event->name,
			espy_fail_show((struct espy_str){dot + 1, name.n - head - 1}).s);
	espy_suggest_init(&s, name);
	for (unsigned i = 0; (c = espy_column_at(i)); i++)
		espy_suggest_offer(&s, c->name);
	for (unsigned i = 0; (a = espy_operand_alias(i)); i++) {
		espy_suggest_offer(&s, a->name);
		for (unsigned k = 0; k < ESPY_OPERAND_ANY_MAX && a->columns[k]; k++)
			espy_suggest_offer(&s, a->columns[k]);
	}
	return espy_fail_at(err, -EINVAL, at, "there is no field %s%s", espy_fail_show(name).s,
			    espy_suggest_text(&s).s);
}

/* Calls the function on what the operand yields so far. */
static bool add_function(struct espy_operand *o, const struct espy_function *f)
{
	if (!(f->from & o->sorts) || o->n_functions > ESPY_RULE_FUNCTIONS_MAX)
		return false;
	if (!f->to)
		return true;
	o->functions[o->n_functions++] = f;
	o->sorts = f->to;
	o->fmts[0] = ESPY_FMT_DEC;
	o->n_fmts = 1;
	return true;
}

static int resolve_one(const struct espy_term *term, struct espy_str name, struct espy_err *err,
		       struct espy_operand *ret)
{
	struct espy_operand o = {.name = ret->name};
	const struct espy_function *suffix = NULL;

	if (!find_column(name, &o)) {
		o.only = NULL;
		suffix = cut_suffix(&name);
		if (!suffix || !find_column(name, &o))
			return fail_field(term->field.text, term->field.at, err);
	}
	add_fmts(&o);
	if (suffix && !add_function(&o, suffix))
		return espy_fail_at(err, -EINVAL, term->field.at, "%s is no address: it has no .%s",
				    espy_fail_show(name).s, suffix->name);
	for (unsigned i = term->n_functions; i-- > 0;) {
		const struct espy_function *f = term->functions[i];

		if (!add_function(&o, f))
			return espy_fail_at(err, -EINVAL, term->function_at[i], "%s() needs %s",
					    f->name,
					    f->from & ESPY_SORT_TEXT ? "text" : "an address");
	}
	*ret = o;
	return 0;
}

int espy_operand_resolve(const struct espy_term *term, struct espy_arena *arena,
			 struct espy_err *err, struct espy_operand *ret)
{
	const char *name = espy_arena_dup(arena, term->field.text.p, term->field.text.n);
	const struct espy_alias *a;
	int n = 0;

	if (!name)
		return -ENOMEM;
	for (unsigned i = 0; (a = espy_operand_alias(i)); i++)
		if (espy_str_eq(term->field.text, espy_str0(a->name)))
			break;
	do {
		int r;

		ret[n].name = name;
		r = resolve_one(term, a ? espy_str0(a->columns[n]) : term->field.text, err,
				&ret[n]);
		if (r < 0)
			return r;
	} while (++n < (int)ESPY_OPERAND_ANY_MAX && a && a->columns[n]);
	return n;
}

struct espy_operand espy_operand_of(const char *name)
{
	struct espy_operand o = {.column = espy_column_find(espy_str0(name)), .name = name};

	add_fmts(&o);
	return o;
}
