/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <strings.h>
#include "rule/parse-internal.h"
#include "rule/suggest.h"

#define OPERATOR_WORDS_MAX 3u

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

static int look_ahead(struct espy_parser *p, struct candidate *c)
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

static int find_operator(struct espy_parser *p, struct operator_match *ret, struct candidate *c)
{
	*ret = (struct operator_match){NULL, false, 0};
	if (p->t.kind != ESPY_TOKEN_WORD && p->t.kind != ESPY_TOKEN_SIGN)
		return 0;
	if (look_ahead(p, c) < 0)
		return -ENOMEM;
	match_operator(c, ret);
	return 0;
}

int espy_parser_fail_operator(struct espy_parser *p, const char *what)
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
			    espy_parser_found(p, &buf), espy_suggest_text(&s).s);
}

int espy_parser_operator(struct espy_parser *p, struct espy_node *n, bool *ret_taken)
{
	struct espy_token first = p->t;
	struct operator_match m;
	struct candidate c;
	int r = find_operator(p, &m, &c);

	*ret_taken = false;
	if (r == 0 && !m.op && espy_parser_is(p, "not", NULL)) {
		n->negate = true;
		r = espy_parser_advance(p, ESPY_LEX_NAME);
		if (r == 0)
			r = find_operator(p, &m, &c);
		if (r == 0 && !m.op)
			return espy_parser_fail_operator(p, "a relation");
	}
	if (r < 0 || !m.op)
		return r;
	n->op = m.op;
	n->fold = m.fold;
	n->at = first.at;
	*ret_taken = true;
	p->lex.pos = c.end[m.words - 1];
	return espy_parser_advance(p, ESPY_LEX_VALUE);
}
