/* SPDX-License-Identifier: MIT */
/* Tests of strings. They are bytes; "without regard to case" knows the letters of ASCII. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "rule/lex.h"
#include "rule/regex.h"

struct espy_text_test;

/* `s` is in lower case when the test folds, but for regular expressions. */
typedef bool (*espy_text_match_fn)(const struct espy_text_test *t, struct espy_str s);

/* What making a test needs. */
struct espy_text_env {
	struct espy_arena *arena;
	struct espy_regexes *regexes;
	struct espy_err *err;
};
/* Fills what `match` needs from the n constants; 0 or a negative errno with the place in *err. */
typedef int (*espy_text_prepare_fn)(struct espy_text_test *t, const struct espy_text_env *env,
				    const struct espy_token *constants, uint32_t n);

struct espy_text_test {
	espy_text_match_fn match;
	bool fold;
	struct espy_str needle;
	size_t rare[2];       /* indexes of two bytes of the needle that are seldom in paths */
	struct espy_str *set; /* sorted by length, then bytes */
	uint32_t n;
	struct espy_regex *regex; /* `needle` is then what every match has in it, or empty */
};

int espy_text_set(struct espy_text_test *t, const struct espy_text_env *env,
		  const struct espy_token *constants, uint32_t n);
int espy_text_needle(struct espy_text_test *t, const struct espy_text_env *env,
		     const struct espy_token *constants, uint32_t n);
int espy_text_contains(struct espy_text_test *t, const struct espy_text_env *env,
		       const struct espy_token *constants, uint32_t n);
/* Directories, with or without slashes at the end. */
int espy_text_under(struct espy_text_test *t, const struct espy_text_env *env,
		    const struct espy_token *constants, uint32_t n);
int espy_text_glob(struct espy_text_test *t, const struct espy_text_env *env,
		   const struct espy_token *constants, uint32_t n);
int espy_text_regex(struct espy_text_test *t, const struct espy_text_env *env,
		    const struct espy_token *constants, uint32_t n);

bool espy_text_in(const struct espy_text_test *t, struct espy_str s);
bool espy_text_has(const struct espy_text_test *t, struct espy_str s);
bool espy_text_starts(const struct espy_text_test *t, struct espy_str s);
bool espy_text_ends(const struct espy_text_test *t, struct espy_str s);
bool espy_text_lies_under(const struct espy_text_test *t, struct espy_str s);
bool espy_text_like(const struct espy_text_test *t, struct espy_str s);
bool espy_text_matches(const struct espy_text_test *t, struct espy_str s);

/* Lower case of ASCII letters, n bytes; `to` may be `from`. */
void espy_text_lower(char *to, const char *from, size_t n);
