/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions (PCRE2, over bytes, just-in-time compiled where the machine has it). '.' fits
 * any byte and '$' only the very end, because names may contain newlines. Matching is limited: a
 * pattern that takes too long on some text has no match there, and that is counted.
 */
#pragma once

#include "base/err.h"
#include "rule/lex.h"

#define ESPY_RULE_REGEX_MAX   4096u    /* bytes of one pattern */
#define ESPY_RULE_REGEXES_MAX 256u     /* patterns of one filter */
#define ESPY_RULE_REGEX_STEPS 1000000u /* calls of PCRE2's inner match() for one text */
#define ESPY_RULE_REGEX_HEAP  1024u    /* KiB for one match */
#define ESPY_RULE_REGEX_NEST  64u      /* parentheses in each other */

struct espy_regex;

/* All patterns of one filter, and what they share. A zeroed one is ready for use. */
struct espy_regexes {
	struct espy_regex *head;
	unsigned n;
	uint64_t gave_up; /* texts on which a limit was hit */
	struct pcre2_real_match_data_8 *data;
	struct pcre2_real_match_context_8 *context;
	struct pcre2_real_jit_stack_8 *stack;
};
void espy_regexes_done(struct espy_regexes *all);

/* Compiles `pattern`; *ret lives as long as `all`. 0, -EINVAL with the place in the pattern where
 * PCRE2 found the error, -EOVERFLOW (a limit above), -ENOMEM. */
int espy_regex_new(struct espy_regexes *all, const struct espy_token *pattern, bool fold,
		   struct espy_err *err, struct espy_regex **ret);
bool espy_regex_match(struct espy_regex *re, struct espy_str s);
