/* SPDX-License-Identifier: MIT */
/* What the parts of the parser share. */
#pragma once

#include "rule/fail.h"
#include "rule/macro.h"
#include "rule/parse.h"

/* A saved filter that is being parsed, and what its parameters stand for. */
struct espy_parser_frame {
	const struct espy_macro *macro;
	const struct espy_token *args;
	const struct espy_parser_frame *up;
	unsigned deep;
};

struct espy_parser {
	struct espy_lex lex;
	struct espy_token t; /* not yet taken */
	struct espy_arena *arena;
	struct espy_err *err;
	unsigned depth;
	bool in_word;                          /* inside the text of a struct espy_word */
	bool in_args;                          /* a comma parts arguments that are filters */
	const struct espy_parser_frame *frame; /* NULL: not in a saved filter */
	unsigned *macro_uses;                  /* in the whole filter */
};

int espy_parser_advance(struct espy_parser *p, enum espy_lex_mode mode);
/* Is the token not yet taken this word, in small or capital letters, or (NULL: none) this sign? */
bool espy_parser_is(const struct espy_parser *p, const char *word, const char *sign);
/* It as an error sentence shows it. */
const char *espy_parser_found(const struct espy_parser *p, struct espy_shown *buf);

/* Takes `[not] operator` into n; *ret_taken says whether there was one. */
int espy_parser_operator(struct espy_parser *p, struct espy_node *n, bool *ret_taken);
/* "expected `what` such as ==": returns -EINVAL or -ENOMEM. */
int espy_parser_fail_operator(struct espy_parser *p, const char *what);
