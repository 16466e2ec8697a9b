/* SPDX-License-Identifier: MIT */
/*
 * Words, quoted strings and signs of the filter language. What a word may contain depends on where
 * it stands: a value may hold `=`, `~`, `|` and the like, the name of a field may not, so that
 * `pid==1` and `argv has --jobs=4` both need no quotes.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include <stdint.h>

#define ESPY_RULE_TEXT_MAX (256u << 10) /* bytes of one filter */

enum espy_token_kind {
	ESPY_TOKEN_END,
	ESPY_TOKEN_WORD,   /* taken as it stands: no escapes */
	ESPY_TOKEN_STRING, /* quoted, escapes resolved */
	ESPY_TOKEN_SIGN,   /* == != < & && ! … */
	ESPY_TOKEN_OPEN,
	ESPY_TOKEN_CLOSE,
	ESPY_TOKEN_COMMA,
};

struct espy_token {
	enum espy_token_kind kind;
	uint32_t at;          /* first byte in the text, from 0 */
	struct espy_str text; /* in the filter's text or the arena */
};

enum espy_lex_mode { ESPY_LEX_NAME, ESPY_LEX_VALUE };

struct espy_lex {
	struct espy_str src;
	uint32_t pos; /* may be set back to lex again */
	struct espy_arena *arena;
	struct espy_err *err;
};

/* The next token; 0, or -EINVAL with the place in *err, or -ENOMEM. */
int espy_lex_next(struct espy_lex *l, enum espy_lex_mode mode, struct espy_token *ret);

static inline bool espy_token_is(const struct espy_token *t, enum espy_token_kind kind,
				 const char *text)
{
	return t->kind == kind && espy_str_eq(t->text, espy_str0(text));
}
