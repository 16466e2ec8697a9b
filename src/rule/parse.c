/* SPDX-License-Identifier: MIT */
#include "rule/parse-internal.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include "base/vec.h"
#include "rule/fail.h"
#include "rule/macro.h"
#include "rule/state.h"
#include "rule/suggest.h"

static const struct espy_word words[] = {
	{"failed", "result < 0", "the result is negative"},
	{"ok", "result >= 0", "the result is not negative"},
	{"pending", "pending == 1", "the operation had not ended"},
	{"truncated", "truncated == 1", "some text of the event was cut"},
};

const struct espy_word *espy_parse_word(unsigned i)
{
	return i < sizeof(words) / sizeof(words[0]) ? &words[i] : NULL;
}

static int parse_or(struct espy_parser *p, struct espy_node **ret);
static int parse_term(struct espy_parser *p, struct espy_term *term);

/* --- tokens -------------------------------------------------------------------------------------
 */

int espy_parser_advance(struct espy_parser *p, enum espy_lex_mode mode)
{
	return espy_lex_next(&p->lex, mode, &p->t);
}

static bool equals_folded(struct espy_str a, const char *b)
{
	return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

bool espy_parser_is(const struct espy_parser *p, const char *word, const char *sign)
{
	if (p->t.kind == ESPY_TOKEN_SIGN)
		return sign && espy_str_eq(p->t.text, espy_str0(sign));
	return p->t.kind == ESPY_TOKEN_WORD && equals_folded(p->t.text, word);
}

const char *espy_parser_found(const struct espy_parser *p, struct espy_shown *buf)
{
	if (p->t.kind == ESPY_TOKEN_END)
		return "the end";
	*buf = espy_fail_show(p->t.text);
	return buf->s;
}

static int expected(struct espy_parser *p, const char *what)
{
	struct espy_shown buf;

	return espy_fail_at(p->err, -EINVAL, p->t.at, "expected %s, found %s", what,
			    espy_parser_found(p, &buf));
}

static struct espy_node *new_node(struct espy_parser *p, enum espy_node_kind kind)
{
	struct espy_node *n = espy_arena_zalloc(p->arena, sizeof(*n));

	if (n) {
		n->kind = kind;
		n->at = p->t.at;
	}
	return n;
}

/* --- values -------------------------------------------------------------------------------------
 */

struct values {
	struct espy_token *v;
	size_t n, cap;
};

/* $name in a saved filter becomes what it stands for. */
static int replace_param(struct espy_parser *p)
{
	const struct espy_macro *m = p->frame ? p->frame->macro : NULL;
	struct espy_str name = p->t.text;

	if (!m || p->t.kind != ESPY_TOKEN_WORD || name.n < 2 || name.p[0] != '$')
		return 0;
	name = (struct espy_str){name.p + 1, name.n - 1};
	for (unsigned i = 0; i < m->n_params; i++) {
		if (!espy_str_eq(m->params[i], name))
			continue;
		p->t.kind = p->frame->args[i].kind;
		p->t.text = p->frame->args[i].text;
		return 0;
	}
	return espy_fail_at(p->err, -EINVAL, p->t.at, "there is no parameter %s",
			    espy_fail_show(name).s);
}

static int parse_value(struct espy_parser *p, struct values *list, const char *what)
{
	int r = replace_param(p);

	if (r < 0)
		return r;
	if (p->t.kind != ESPY_TOKEN_WORD && p->t.kind != ESPY_TOKEN_STRING)
		return expected(p, what);
	if (list->n >= ESPY_RULE_LIST_MAX)
		return espy_fail_at(p->err, -EOVERFLOW, p->t.at, "a list has at most %u values",
				    ESPY_RULE_LIST_MAX);
	return espy_vec_push(list, p->t);
}

static int keep_values(struct espy_parser *p, struct espy_node *n, const struct values *list)
{
	n->values =
		(struct espy_token *)espy_arena_dup(p->arena, list->v, list->n * sizeof(*list->v));
	n->n_values = (uint32_t)list->n;
	return n->values ? 0 : -ENOMEM;
}

/* Behind '(': values up to ')'. */
static int parse_list(struct espy_parser *p, struct values *list)
{
	for (;;) {
		int r = espy_parser_advance(p, ESPY_LEX_VALUE);

		if (r == 0)
			r = parse_value(p, list, "a value");
		if (r == 0)
			r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
		if (p->t.kind == ESPY_TOKEN_CLOSE)
			return espy_parser_advance(p, ESPY_LEX_NAME);
		if (p->t.kind != ESPY_TOKEN_COMMA)
			return expected(p, ", or )");
	}
}

/* Is what follows the operator a function of a field: basename(path)? */
static bool at_term(const struct espy_parser *p, const struct espy_node *n)
{
	const struct espy_function *f;

	if (!(n->op->flags & ESPY_OP_FIELD) || p->t.kind != ESPY_TOKEN_WORD ||
	    p->lex.pos >= p->lex.src.n || p->lex.src.p[p->lex.pos] != '(')
		return false;
	f = espy_function_find(p->t.text);
	return f && f->apply;
}

static int parse_values(struct espy_parser *p, struct espy_node *n)
{
	struct values list = {0};
	char what[64];
	struct espy_str name = espy_operator_name(n->op);
	int r;

	snprintf(what, sizeof(what), "a value behind %.*s", (int)name.n, name.p);
	if (at_term(p, n)) {
		p->lex.pos = p->t.at;
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		return r < 0 ? r : parse_term(p, &n->other);
	}
	if (p->t.kind == ESPY_TOKEN_OPEN && n->op->flags & ESPY_OP_LIST) {
		r = parse_list(p, &list);
	} else {
		r = parse_value(p, &list, what);
		if (r == 0)
			r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r == 0 && p->t.kind == ESPY_TOKEN_COMMA && !p->in_args)
			r = espy_fail_at(p->err, -EINVAL, p->t.at,
					 "more than one value: write in (a, b, c)");
	}
	if (r == 0)
		r = keep_values(p, n, &list);
	espy_vec_done(&list);
	return r;
}

/* --- conditions ---------------------------------------------------------------------------------
 */

static int fail_function(struct espy_parser *p, struct espy_str name, uint32_t at)
{
	const struct espy_function *f;
	struct espy_suggest s;

	espy_suggest_init(&s, name);
	for (unsigned i = 0; (f = espy_function_at(i)); i++)
		espy_suggest_offer(&s, f->name);
	return espy_fail_at(p->err, -EINVAL, at, "there is no function %s%s",
			    espy_fail_show(name).s, espy_suggest_text(&s).s);
}

/* Behind `name(`, where the name is a function of values: the field, and a ) for each function. */
static int parse_term(struct espy_parser *p, struct espy_term *term)
{
	const struct espy_function *f;
	int r;

	for (;;) {
		struct espy_token word = p->t;

		if (word.kind != ESPY_TOKEN_WORD)
			return expected(p, "a field");
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
		if (p->t.kind != ESPY_TOKEN_OPEN) {
			term->field = word;
			break;
		}
		f = espy_function_find(word.text);
		if (!f || !f->apply)
			return fail_function(p, word.text, word.at);
		if (term->n_functions >= ESPY_RULE_FUNCTIONS_MAX)
			return espy_fail_at(p->err, -EOVERFLOW, word.at,
					    "at most %u functions in each other",
					    ESPY_RULE_FUNCTIONS_MAX);
		term->function_at[term->n_functions] = word.at;
		term->functions[term->n_functions++] = f;
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
	}
	for (unsigned i = 0; i < term->n_functions; i++) {
		if (p->t.kind != ESPY_TOKEN_CLOSE)
			return expected(p, ")");
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes a ( behind which a filter stands. */
static int enter(struct espy_parser *p)
{
	if (++p->depth > ESPY_RULE_DEPTH_MAX)
		return espy_fail_at(p->err, -EOVERFLOW, p->t.at,
				    "at most %u parentheses in each other", ESPY_RULE_DEPTH_MAX);
	return espy_parser_advance(p, ESPY_LEX_NAME);
}

/* Behind `name`: ( filter, filter ) */
static int parse_filters(struct espy_parser *p, struct espy_node *n)
{
	bool in_args = p->in_args;
	struct espy_node **last = &n->first;
	unsigned want = n->function->state->n_exprs;
	int r = enter(p);

	p->in_args = true;
	for (unsigned i = 0; i < want && r == 0; i++) {
		if (i == 0 && p->t.kind == ESPY_TOKEN_CLOSE)
			return expected(p, n->function->state->what);
		r = parse_or(p, last);
		if (r < 0)
			return r;
		last = &(*last)->next;
		if (i + 1 < want && p->t.kind != ESPY_TOKEN_COMMA)
			return expected(p, "and, or, or a comma and another filter");
		if (i + 1 < want)
			r = espy_parser_advance(p, ESPY_LEX_NAME);
	}
	if (r == 0 && p->t.kind != ESPY_TOKEN_CLOSE)
		r = expected(p, "and, or, or )");
	p->in_args = in_args;
	p->depth--;
	return r < 0 ? r : espy_parser_advance(p, ESPY_LEX_NAME);
}

/* Behind the name of a function that is a condition. */
static int parse_function(struct espy_parser *p, const struct espy_function *f, uint32_t at,
			  struct espy_node **ret)
{
	struct espy_node *n = new_node(p, f->state ? ESPY_NODE_STATE : ESPY_NODE_LINEAGE);
	struct values list = {0};
	int r;

	if (!n)
		return -ENOMEM;
	n->at = at;
	n->function = f;
	*ret = n;
	if (f->state && f->state->n_exprs > 0)
		return parse_filters(p, n);
	r = parse_list(p, &list);
	if (r == 0)
		r = keep_values(p, n, &list);
	espy_vec_done(&list);
	*ret = n;
	return r;
}

/* `first`, and what follows it by commas. */
static int parse_names(struct espy_parser *p, const struct espy_token *first, struct espy_node *n)
{
	struct values list = {0};
	int r = espy_vec_push(&list, *first);

	n->kind = ESPY_NODE_NAMES;
	n->at = first->at;
	while (r == 0 && p->t.kind == ESPY_TOKEN_COMMA && !p->in_args) {
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r == 0)
			r = parse_value(p, &list, "a class, an operation or an event");
		if (r == 0)
			r = espy_parser_advance(p, ESPY_LEX_NAME);
	}
	if (r == 0)
		r = keep_values(p, n, &list);
	espy_vec_done(&list);
	return r;
}

static const struct espy_word *find_word(const struct espy_parser *p, const struct espy_token *t)
{
	const struct espy_word *w;

	for (unsigned i = 0; !p->in_word && (w = espy_parse_word(i)); i++)
		if (espy_str_eq(t->text, espy_str0(w->name)))
			return w;
	return NULL;
}

static void move_term(struct espy_term *t, uint32_t at)
{
	t->field.at = at;
	for (unsigned i = 0; i < t->n_functions; i++)
		t->function_at[i] = at;
}

/* All errors and places of the text that a word or a saved filter stands for are those of it. As
 * deep as the parser let it be. */
static void move_to(struct espy_node *n, uint32_t at)
{
	n->at = at;
	move_term(&n->term, at);
	move_term(&n->other, at);
	for (uint32_t i = 0; i < n->n_values; i++)
		n->values[i].at = at;
	for (struct espy_node *child = n->first; child; child = child->next)
		move_to(child, at);
}

static int parse_word(struct espy_parser *p, const struct espy_word *w, uint32_t at,
		      struct espy_node **ret)
{
	struct espy_parser sub = {
		.arena = p->arena, .err = p->err, .in_word = true, .macro_uses = p->macro_uses};
	int r;

	sub.lex = (struct espy_lex){espy_str0(w->text), 0, p->arena, p->err};
	r = espy_parser_advance(&sub, ESPY_LEX_NAME);
	if (r == 0)
		r = parse_or(&sub, ret);
	if (r == 0)
		move_to(*ret, at);
	return r;
}

/* Can the token follow a name that is a condition by itself? */
static bool ends_condition(const struct espy_parser *p)
{
	switch (p->t.kind) {
	case ESPY_TOKEN_WORD:
	case ESPY_TOKEN_SIGN:
		return espy_parser_is(p, "and", "&&") || espy_parser_is(p, "or", "||");
	case ESPY_TOKEN_STRING:
	case ESPY_TOKEN_OPEN:
		return false;
	default:
		return true;
	}
}

/* A condition that begins with the word `first`, which has been taken. */
static int parse_condition(struct espy_parser *p, const struct espy_token *first,
			   struct espy_node **ret)
{
	const struct espy_word *w = find_word(p, first);
	struct espy_node *n = new_node(p, ESPY_NODE_COMPARE);
	bool taken = false;
	int r;

	if (!n)
		return -ENOMEM;
	*ret = n;
	if (p->t.kind == ESPY_TOKEN_OPEN) {
		const struct espy_function *f = espy_function_find(first->text);

		if (f && (f->lineage || f->state))
			return parse_function(p, f, first->at, ret);
		p->lex.pos = first->at;
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r == 0)
			r = parse_term(p, &n->term);
	} else {
		n->term.field = *first;
		r = 0;
	}
	if (r == 0)
		r = espy_parser_operator(p, n, &taken);
	if (r < 0)
		return r;
	if (taken)
		return parse_values(p, n);
	if (w)
		return parse_word(p, w, first->at, ret);
	if (n->term.n_functions > 0)
		return espy_parser_fail_operator(p, "a relation");
	if (!ends_condition(p))
		return espy_parser_fail_operator(p, "and, or, or a relation");
	return parse_names(p, first, n);
}

static int parse_group(struct espy_parser *p, struct espy_node **ret)
{
	bool in_args = p->in_args;
	int r;

	r = enter(p);
	p->in_args = false;
	if (r == 0)
		r = parse_or(p, ret);
	if (r == 0 && p->t.kind != ESPY_TOKEN_CLOSE)
		r = expected(p, "and, or, or )");
	p->in_args = in_args;
	p->depth--;
	return r < 0 ? r : espy_parser_advance(p, ESPY_LEX_NAME);
}

static int fail_rest(struct espy_parser *p)
{
	if (p->t.kind == ESPY_TOKEN_CLOSE)
		return espy_fail_at(p->err, -EINVAL, p->t.at, "this ) closes nothing");
	if (p->t.kind == ESPY_TOKEN_OPEN)
		return espy_fail_at(p->err, -EINVAL, p->t.at,
				    "expected and, or, or the end, found (; text with ( in it "
				    "stands in quotes");
	return expected(p, "and, or, or the end");
}

/* The text of the saved filter, as one condition. */
static int expand(struct espy_parser *p, const struct espy_parser_frame *f, uint32_t at,
		  struct espy_node **ret)
{
	struct espy_parser sub = {
		.arena = p->arena, .frame = f, .depth = p->depth + 1, .macro_uses = p->macro_uses};
	struct espy_err err = {0};
	int r;

	sub.err = &err;
	sub.lex = (struct espy_lex){f->macro->text, 0, p->arena, &err};
	if (sub.depth > ESPY_RULE_DEPTH_MAX)
		return espy_fail_at(p->err, -EOVERFLOW, at, "at most %u parentheses in each other",
				    ESPY_RULE_DEPTH_MAX);
	r = espy_parser_advance(&sub, ESPY_LEX_NAME);
	if (r == 0)
		r = parse_or(&sub, ret);
	if (r == 0 && sub.t.kind != ESPY_TOKEN_END)
		r = fail_rest(&sub);
	if (r == 0)
		move_to(*ret, at);
	else if (r != -ENOMEM)
		espy_fail_at(p->err, r, at, "in the saved filter %s: %s",
			     espy_fail_show(f->macro->name).s, err.text);
	return r;
}

static int check_use(struct espy_parser *p, const struct espy_parser_frame *f,
		     const struct espy_token *use, uint32_t n_args)
{
	struct espy_shown name = espy_fail_show(f->macro->name);

	if (n_args != f->macro->n_params)
		return espy_fail_at(p->err, -EINVAL, use->at, "@%s takes %u value%s, not %u",
				    name.s, f->macro->n_params, f->macro->n_params == 1 ? "" : "s",
				    n_args);
	for (const struct espy_parser_frame *up = f->up; up; up = up->up)
		if (up->macro == f->macro)
			return espy_fail_at(p->err, -EINVAL, use->at,
					    "the saved filter %s stands for itself", name.s);
	if (f->deep > ESPY_MACRO_DEEP_MAX)
		return espy_fail_at(p->err, -EOVERFLOW, use->at,
				    "at most %u saved filters in each other", ESPY_MACRO_DEEP_MAX);
	if (++*p->macro_uses > ESPY_MACRO_USES_MAX)
		return espy_fail_at(p->err, -EOVERFLOW, use->at,
				    "at most %u saved filters in one filter", ESPY_MACRO_USES_MAX);
	return 0;
}

static int find_macro(struct espy_parser *p, const struct espy_token *use,
		      const struct espy_macro **ret)
{
	const struct espy_macros *all;
	struct espy_str name = {use->text.p + 1, use->text.n - 1};
	struct espy_suggest s;
	int r = espy_macros_get(&all, p->err);

	if (r < 0)
		return r;
	*ret = espy_macros_find(all, name);
	if (*ret)
		return 0;
	espy_suggest_init(&s, name);
	for (const struct espy_macro *m = all->first; m; m = m->next) {
		const char *known = espy_arena_dup(p->arena, m->name.p, m->name.n);

		if (!known)
			return -ENOMEM;
		espy_suggest_offer(&s, known);
	}
	return espy_fail_at(p->err, -EINVAL, use->at, "there is no saved filter %s%s",
			    espy_fail_show(name).s, espy_suggest_text(&s).s);
}

/* @name or @name(value, value) */
static int parse_macro(struct espy_parser *p, struct espy_node **ret)
{
	struct espy_parser_frame f = {.up = p->frame, .deep = p->frame ? p->frame->deep + 1 : 1};
	struct espy_token use = p->t;
	struct values args = {0};
	int r = find_macro(p, &use, &f.macro);

	if (r == 0)
		r = espy_parser_advance(p, ESPY_LEX_NAME);
	if (r == 0 && p->t.kind == ESPY_TOKEN_OPEN)
		r = parse_list(p, &args);
	if (r == 0)
		r = check_use(p, &f, &use, (uint32_t)args.n);
	f.args = args.v;
	if (r == 0)
		r = expand(p, &f, use.at, ret);
	espy_vec_done(&args);
	return r;
}

/* `has field` or `has (field)` */
static int parse_has(struct espy_parser *p, struct espy_node **ret)
{
	struct espy_node *n = new_node(p, ESPY_NODE_HAS);
	bool open;
	int r;

	if (!n)
		return -ENOMEM;
	*ret = n;
	r = espy_parser_advance(p, ESPY_LEX_NAME);
	open = p->t.kind == ESPY_TOKEN_OPEN;
	if (r == 0 && open)
		r = espy_parser_advance(p, ESPY_LEX_NAME);
	if (r == 0)
		r = parse_term(p, &n->term);
	if (r < 0 || !open)
		return r;
	return p->t.kind == ESPY_TOKEN_CLOSE ? espy_parser_advance(p, ESPY_LEX_NAME)
					     : expected(p, ")");
}

static int parse_primary(struct espy_parser *p, struct espy_node **ret)
{
	struct espy_token first = p->t;
	int r;

	if (p->t.kind == ESPY_TOKEN_OPEN)
		return parse_group(p, ret);
	if (p->t.kind != ESPY_TOKEN_WORD || espy_parser_is(p, "and", NULL) ||
	    espy_parser_is(p, "or", NULL))
		return expected(p, "a condition, such as path contains TEXT, or an operation");
	if (espy_parser_is(p, "has", NULL))
		return parse_has(p, ret);
	if (p->t.text.n > 1 && p->t.text.p[0] == '@')
		return parse_macro(p, ret);
	r = espy_parser_advance(p, ESPY_LEX_NAME);
	return r < 0 ? r : parse_condition(p, &first, ret);
}

static int parse_not(struct espy_parser *p, struct espy_node **ret)
{
	struct espy_node *n = NULL;
	bool negate = false;
	int r;

	while (espy_parser_is(p, "not", "!")) {
		negate = !negate;
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
	}
	if (!negate)
		return parse_primary(p, ret);
	n = new_node(p, ESPY_NODE_NOT);
	if (!n)
		return -ENOMEM;
	*ret = n;
	return parse_primary(p, &n->first);
}

/* One child alone stays without a node above it. */
static int parse_chain(struct espy_parser *p, enum espy_node_kind kind, struct espy_node **ret)
{
	bool is_and = kind == ESPY_NODE_AND;
	struct espy_node *first = NULL, **last = &first, *n;
	int r;

	for (;;) {
		r = is_and ? parse_not(p, last) : parse_chain(p, ESPY_NODE_AND, last);
		if (r < 0)
			return r;
		assert(*last);
		if (!espy_parser_is(p, is_and ? "and" : "or", is_and ? "&&" : "||"))
			break;
		last = &(*last)->next;
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
	}
	*ret = first;
	if (!first->next)
		return 0;
	n = new_node(p, kind);
	if (!n)
		return -ENOMEM;
	n->first = first;
	*ret = n;
	return 0;
}

static int parse_or(struct espy_parser *p, struct espy_node **ret)
{
	return parse_chain(p, ESPY_NODE_OR, ret);
}

int espy_parse(struct espy_arena *arena, struct espy_str text, struct espy_err *err,
	       struct espy_node **ret)
{
	unsigned macro_uses = 0;
	struct espy_parser p = {.lex = {text, 0, arena, err},
				.arena = arena,
				.err = err,
				.macro_uses = &macro_uses};
	struct espy_node *root = NULL;
	int r;

	if (text.n > ESPY_RULE_TEXT_MAX)
		return espy_fail_at(err, -EOVERFLOW, ESPY_RULE_TEXT_MAX,
				    "a filter has at most %u bytes, this one has %zu",
				    ESPY_RULE_TEXT_MAX, text.n);
	r = espy_parser_advance(&p, ESPY_LEX_NAME);
	if (r == 0 && p.t.kind != ESPY_TOKEN_END) {
		r = parse_or(&p, &root);
		if (r == 0 && p.t.kind != ESPY_TOKEN_END)
			r = fail_rest(&p);
	}
	if (r == 0)
		*ret = root;
	return r;
}
