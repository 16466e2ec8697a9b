/* SPDX-License-Identifier: MIT */
#include "rule/parse.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include "base/vec.h"
#include "rule/fail.h"
#include "rule/suggest.h"

#define OPERATOR_WORDS_MAX 3u

struct parser {
	struct espy_lex lex;
	struct espy_token t; /* not yet taken */
	struct espy_arena *arena;
	struct espy_err *err;
	unsigned depth;
	bool in_word; /* inside the text of a struct espy_word */
};

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

static int parse_or(struct parser *p, struct espy_node **ret);

/* --- tokens -------------------------------------------------------------------------------------
 */

static int advance(struct parser *p, enum espy_lex_mode mode)
{
	return espy_lex_next(&p->lex, mode, &p->t);
}

static bool equals_folded(struct espy_str a, const char *b)
{
	return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

static bool is_keyword(const struct parser *p, const char *word, const char *sign)
{
	if (p->t.kind == ESPY_TOKEN_SIGN)
		return sign && espy_str_eq(p->t.text, espy_str0(sign));
	return p->t.kind == ESPY_TOKEN_WORD && equals_folded(p->t.text, word);
}

static const char *found(const struct parser *p, struct espy_shown *buf)
{
	if (p->t.kind == ESPY_TOKEN_END)
		return "the end";
	*buf = espy_fail_show(p->t.text);
	return buf->s;
}

static int expected(struct parser *p, const char *what)
{
	struct espy_shown buf;

	return espy_fail_at(p->err, -EINVAL, p->t.at, "expected %s, found %s", what,
			    found(p, &buf));
}

static struct espy_node *new_node(struct parser *p, enum espy_node_kind kind)
{
	struct espy_node *n = espy_arena_zalloc(p->arena, sizeof(*n));

	if (n) {
		n->kind = kind;
		n->at = p->t.at;
	}
	return n;
}

/* --- operators ----------------------------------------------------------------------------------
 */

/* The one to three tokens that could be an operator, each lexed as the first or as a value. */
struct candidate {
	struct espy_token t[OPERATOR_WORDS_MAX];
	uint32_t end[OPERATOR_WORDS_MAX];
	unsigned n;
};

struct operator_match {
	const struct espy_operator *op;
	bool fold;
	unsigned words;
};

static int look_ahead(struct parser *p, struct candidate *c)
{
	uint32_t pos = p->lex.pos;

	c->t[0] = p->t;
	c->end[0] = pos;
	/* Signs are alone; only words make longer ones: is not, begins with. */
	for (c->n = 1; p->t.kind == ESPY_TOKEN_WORD && c->n < OPERATOR_WORDS_MAX; c->n++) {
		struct espy_err *err = p->lex.err;
		int r;

		p->lex.err = NULL; /* a bad token behind the operator is found again later */
		r = espy_lex_next(&p->lex, ESPY_LEX_VALUE, &c->t[c->n]);
		p->lex.err = err;
		if (r == -ENOMEM)
			return r;
		if (r < 0 || c->t[c->n].kind != ESPY_TOKEN_WORD)
			break;
		c->end[c->n] = p->lex.pos;
	}
	p->lex.pos = pos;
	return 0;
}

/* How many words of the candidate the spelling takes; 0: it is another. */
static unsigned match_spelling(const struct candidate *c, struct espy_str s, bool fold)
{
	unsigned n = 0;

	while (n < c->n) {
		const char *space = memchr(s.p, ' ', s.n);
		size_t len = space ? (size_t)(space - s.p) : s.n;
		struct espy_str word = c->t[n].text;

		if (fold && n == 0) {
			if (word.n == 0 || (word.p[0] | 0x20) != 'i')
				return 0;
			word = (struct espy_str){word.p + 1, word.n - 1};
		}
		if (word.n != len || strncasecmp(word.p, s.p, len) != 0)
			return 0;
		n++;
		if (!space)
			return n;
		s = (struct espy_str){space + 1, s.n - len - 1};
	}
	return 0;
}

static void match_operator(const struct candidate *c, struct operator_match *best)
{
	const struct espy_operator *op;
	struct espy_str s;

	for (unsigned i = 0; (op = espy_operator_at(i)); i++) {
		for (unsigned k = 0; espy_operator_spelling(op, k, &s); k++) {
			bool letters = s.p[0] >= 'a' && s.p[0] <= 'z';
			unsigned n = match_spelling(c, s, false);
			bool fold = n == 0 && letters && op->match;

			if (letters != (c->t[0].kind == ESPY_TOKEN_WORD))
				continue;
			if (fold)
				n = match_spelling(c, s, true);
			if (n > best->words)
				*best = (struct operator_match){op, fold, n};
		}
	}
}

static int find_operator(struct parser *p, struct operator_match *ret, struct candidate *c)
{
	*ret = (struct operator_match){NULL, false, 0};
	if (p->t.kind != ESPY_TOKEN_WORD && p->t.kind != ESPY_TOKEN_SIGN)
		return 0;
	if (look_ahead(p, c) < 0)
		return -ENOMEM;
	match_operator(c, ret);
	return 0;
}

static int fail_operator(struct parser *p, const char *what)
{
	const struct espy_operator *op;
	struct espy_suggest s;
	struct espy_str spelling;
	struct espy_shown buf;
	char *name;

	espy_suggest_init(&s, p->t.text);
	for (unsigned i = 0; (op = espy_operator_at(i)); i++) {
		for (unsigned k = 0; espy_operator_spelling(op, k, &spelling); k++) {
			name = espy_arena_dup(p->arena, spelling.p, spelling.n);
			if (!name)
				return -ENOMEM;
			espy_suggest_offer(&s, name);
		}
	}
	return espy_fail_at(p->err, -EINVAL, p->t.at,
			    "expected %s such as ==, contains or in, found %s%s", what,
			    found(p, &buf), espy_suggest_text(&s).s);
}

/* Takes `[not] operator`; *ret_taken says whether there was one. */
static int parse_operator(struct parser *p, struct espy_node *n, bool *ret_taken)
{
	struct espy_token first = p->t;
	struct operator_match m;
	struct candidate c;
	int r = find_operator(p, &m, &c);

	*ret_taken = false;
	if (r == 0 && !m.op && is_keyword(p, "not", NULL)) {
		n->negate = true;
		r = advance(p, ESPY_LEX_NAME);
		if (r == 0)
			r = find_operator(p, &m, &c);
		if (r == 0 && !m.op)
			return fail_operator(p, "a relation");
	}
	if (r < 0 || !m.op)
		return r;
	n->op = m.op;
	n->fold = m.fold;
	n->at = first.at;
	*ret_taken = true;
	p->lex.pos = c.end[m.words - 1];
	return advance(p, ESPY_LEX_VALUE);
}

/* --- values -------------------------------------------------------------------------------------
 */

struct values {
	struct espy_token *v;
	size_t n, cap;
};

static int parse_value(struct parser *p, struct values *list, const char *what)
{
	if (p->t.kind != ESPY_TOKEN_WORD && p->t.kind != ESPY_TOKEN_STRING)
		return expected(p, what);
	if (list->n >= ESPY_RULE_LIST_MAX)
		return espy_fail_at(p->err, -EOVERFLOW, p->t.at, "a list has at most %u values",
				    ESPY_RULE_LIST_MAX);
	return espy_vec_push(list, p->t);
}

static int keep_values(struct parser *p, struct espy_node *n, const struct values *list)
{
	n->values =
		(struct espy_token *)espy_arena_dup(p->arena, list->v, list->n * sizeof(*list->v));
	n->n_values = (uint32_t)list->n;
	return n->values ? 0 : -ENOMEM;
}

/* Behind '(': values up to ')'. */
static int parse_list(struct parser *p, struct values *list)
{
	for (;;) {
		int r = advance(p, ESPY_LEX_VALUE);

		if (r == 0)
			r = parse_value(p, list, "a value");
		if (r == 0)
			r = advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
		if (p->t.kind == ESPY_TOKEN_CLOSE)
			return advance(p, ESPY_LEX_NAME);
		if (p->t.kind != ESPY_TOKEN_COMMA)
			return expected(p, ", or )");
	}
}

static int parse_values(struct parser *p, struct espy_node *n)
{
	struct values list = {0};
	char what[64];
	struct espy_str name = espy_operator_name(n->op);
	int r;

	snprintf(what, sizeof(what), "a value behind %.*s", (int)name.n, name.p);
	if (p->t.kind == ESPY_TOKEN_OPEN && n->op->flags & ESPY_OP_LIST) {
		r = parse_list(p, &list);
	} else {
		r = parse_value(p, &list, what);
		if (r == 0)
			r = advance(p, ESPY_LEX_NAME);
		if (r == 0 && p->t.kind == ESPY_TOKEN_COMMA)
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

static int fail_function(struct parser *p, struct espy_str name, uint32_t at)
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
static int parse_term(struct parser *p, struct espy_term *term)
{
	const struct espy_function *f;
	int r;

	for (;;) {
		struct espy_token word = p->t;

		if (word.kind != ESPY_TOKEN_WORD)
			return expected(p, "a field");
		r = advance(p, ESPY_LEX_NAME);
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
		r = advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
	}
	for (unsigned i = 0; i < term->n_functions; i++) {
		if (p->t.kind != ESPY_TOKEN_CLOSE)
			return expected(p, ")");
		r = advance(p, ESPY_LEX_NAME);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_lineage(struct parser *p, const struct espy_function *f, uint32_t at,
			 struct espy_node **ret)
{
	struct espy_node *n = new_node(p, ESPY_NODE_LINEAGE);
	struct values list = {0};
	int r;

	if (!n)
		return -ENOMEM;
	n->at = at;
	n->function = f;
	r = parse_list(p, &list);
	if (r == 0)
		r = keep_values(p, n, &list);
	espy_vec_done(&list);
	*ret = n;
	return r;
}

/* `first`, and what follows it by commas. */
static int parse_names(struct parser *p, const struct espy_token *first, struct espy_node *n)
{
	struct values list = {0};
	int r = espy_vec_push(&list, *first);

	n->kind = ESPY_NODE_NAMES;
	n->at = first->at;
	while (r == 0 && p->t.kind == ESPY_TOKEN_COMMA) {
		r = advance(p, ESPY_LEX_NAME);
		if (r == 0)
			r = parse_value(p, &list, "a class, an operation or an event");
		if (r == 0)
			r = advance(p, ESPY_LEX_NAME);
	}
	if (r == 0)
		r = keep_values(p, n, &list);
	espy_vec_done(&list);
	return r;
}

static const struct espy_word *find_word(const struct parser *p, const struct espy_token *t)
{
	const struct espy_word *w;

	for (unsigned i = 0; !p->in_word && (w = espy_parse_word(i)); i++)
		if (espy_str_eq(t->text, espy_str0(w->name)))
			return w;
	return NULL;
}

/* All errors and places of the word's own text are those of the word. */
static void move_to(struct espy_node *n, uint32_t at)
{
	n->at = at;
	n->term.field.at = at;
	for (uint32_t i = 0; i < n->n_values; i++)
		n->values[i].at = at;
}

static int parse_word(struct parser *p, const struct espy_word *w, uint32_t at,
		      struct espy_node **ret)
{
	struct parser sub = {.arena = p->arena, .err = p->err, .in_word = true};
	int r;

	sub.lex = (struct espy_lex){espy_str0(w->text), 0, p->arena, p->err};
	r = advance(&sub, ESPY_LEX_NAME);
	if (r == 0)
		r = parse_or(&sub, ret);
	if (r == 0)
		move_to(*ret, at);
	return r;
}

/* Can the token follow a name that is a condition by itself? */
static bool ends_condition(const struct parser *p)
{
	switch (p->t.kind) {
	case ESPY_TOKEN_WORD:
	case ESPY_TOKEN_SIGN:
		return is_keyword(p, "and", "&&") || is_keyword(p, "or", "||");
	case ESPY_TOKEN_STRING:
	case ESPY_TOKEN_OPEN:
		return false;
	default:
		return true;
	}
}

/* A condition that begins with the word `first`, which has been taken. */
static int parse_condition(struct parser *p, const struct espy_token *first, struct espy_node **ret)
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

		if (f && f->lineage)
			return parse_lineage(p, f, first->at, ret);
		p->lex.pos = first->at;
		r = advance(p, ESPY_LEX_NAME);
		if (r == 0)
			r = parse_term(p, &n->term);
	} else {
		n->term.field = *first;
		r = 0;
	}
	if (r == 0)
		r = parse_operator(p, n, &taken);
	if (r < 0)
		return r;
	if (taken)
		return parse_values(p, n);
	if (w)
		return parse_word(p, w, first->at, ret);
	if (n->term.n_functions > 0)
		return fail_operator(p, "a relation");
	if (!ends_condition(p))
		return fail_operator(p, "and, or, or a relation");
	return parse_names(p, first, n);
}

static int parse_group(struct parser *p, struct espy_node **ret)
{
	int r;

	if (++p->depth > ESPY_RULE_DEPTH_MAX)
		return espy_fail_at(p->err, -EOVERFLOW, p->t.at,
				    "at most %u parentheses in each other", ESPY_RULE_DEPTH_MAX);
	r = advance(p, ESPY_LEX_NAME);
	if (r == 0)
		r = parse_or(p, ret);
	if (r == 0 && p->t.kind != ESPY_TOKEN_CLOSE)
		r = expected(p, "and, or, or )");
	p->depth--;
	return r < 0 ? r : advance(p, ESPY_LEX_NAME);
}

/* `has field` or `has (field)` */
static int parse_has(struct parser *p, struct espy_node **ret)
{
	struct espy_node *n = new_node(p, ESPY_NODE_HAS);
	bool open;
	int r;

	if (!n)
		return -ENOMEM;
	*ret = n;
	r = advance(p, ESPY_LEX_NAME);
	open = p->t.kind == ESPY_TOKEN_OPEN;
	if (r == 0 && open)
		r = advance(p, ESPY_LEX_NAME);
	if (r == 0)
		r = parse_term(p, &n->term);
	if (r < 0 || !open)
		return r;
	return p->t.kind == ESPY_TOKEN_CLOSE ? advance(p, ESPY_LEX_NAME) : expected(p, ")");
}

static int parse_primary(struct parser *p, struct espy_node **ret)
{
	struct espy_token first = p->t;
	int r;

	if (p->t.kind == ESPY_TOKEN_OPEN)
		return parse_group(p, ret);
	if (p->t.kind != ESPY_TOKEN_WORD || is_keyword(p, "and", NULL) || is_keyword(p, "or", NULL))
		return expected(p, "a condition, such as path contains TEXT, or an operation");
	if (is_keyword(p, "has", NULL))
		return parse_has(p, ret);
	r = advance(p, ESPY_LEX_NAME);
	return r < 0 ? r : parse_condition(p, &first, ret);
}

static int parse_not(struct parser *p, struct espy_node **ret)
{
	struct espy_node *n = NULL;
	bool negate = false;
	int r;

	while (is_keyword(p, "not", "!")) {
		negate = !negate;
		r = advance(p, ESPY_LEX_NAME);
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
static int parse_chain(struct parser *p, enum espy_node_kind kind, struct espy_node **ret)
{
	bool is_and = kind == ESPY_NODE_AND;
	struct espy_node *first = NULL, **last = &first, *n;
	int r;

	for (;;) {
		r = is_and ? parse_not(p, last) : parse_chain(p, ESPY_NODE_AND, last);
		if (r < 0)
			return r;
		assert(*last);
		if (!is_keyword(p, is_and ? "and" : "or", is_and ? "&&" : "||"))
			break;
		last = &(*last)->next;
		r = advance(p, ESPY_LEX_NAME);
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

static int parse_or(struct parser *p, struct espy_node **ret)
{
	return parse_chain(p, ESPY_NODE_OR, ret);
}

static int fail_rest(struct parser *p)
{
	if (p->t.kind == ESPY_TOKEN_CLOSE)
		return espy_fail_at(p->err, -EINVAL, p->t.at, "this ) closes nothing");
	if (p->t.kind == ESPY_TOKEN_OPEN)
		return espy_fail_at(p->err, -EINVAL, p->t.at,
				    "expected and, or, or the end, found (; text with ( in it "
				    "stands in quotes");
	return expected(p, "and, or, or the end");
}

int espy_parse(struct espy_arena *arena, struct espy_str text, struct espy_err *err,
	       struct espy_node **ret)
{
	struct parser p = {.lex = {text, 0, arena, err}, .arena = arena, .err = err};
	struct espy_node *root = NULL;
	int r;

	if (text.n > ESPY_RULE_TEXT_MAX)
		return espy_fail_at(err, -EOVERFLOW, ESPY_RULE_TEXT_MAX,
				    "a filter has at most %u bytes, this one has %zu",
				    ESPY_RULE_TEXT_MAX, text.n);
	r = advance(&p, ESPY_LEX_NAME);
	if (r == 0 && p.t.kind != ESPY_TOKEN_END) {
		r = parse_or(&p, &root);
		if (r == 0 && p.t.kind != ESPY_TOKEN_END)
			r = fail_rest(&p);
	}
	if (r == 0)
		*ret = root;
	return r;
}
