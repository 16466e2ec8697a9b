/* SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rule/regex.h"
#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>
#include "rule/fail.h"

#define JIT_STACK_FIRST (32u << 10)
#define JIT_STACK_MAX   (512u << 10)

struct espy_regex {
	struct espy_regex *next;
	struct espy_regexes *all;
	pcre2_code *code;
	bool is_jit;
};

void espy_regexes_done(struct espy_regexes *all)
{
	while (all->head) {
		struct espy_regex *re = all->head;

		all->head = re->next;
		pcre2_code_free(re->code);
		free(re);
	}
	pcre2_match_data_free(all->data);
	pcre2_match_context_free(all->context);
	pcre2_jit_stack_free(all->stack);
	*all = (struct espy_regexes){0};
}

/* What all patterns share; made with the first. */
static int share(struct espy_regexes *all)
{
	if (all->data)
		return 0;
	all->context = pcre2_match_context_create(NULL);
	all->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MAX, NULL);
	all->data = pcre2_match_data_create(1, NULL);
	if (!all->context || !all->data)
		return -ENOMEM;
	pcre2_set_match_limit(all->context, ESPY_RULE_REGEX_STEPS);
	pcre2_set_depth_limit(all->context, ESPY_RULE_REGEX_STEPS);
	pcre2_set_heap_limit(all->context, ESPY_RULE_REGEX_HEAP);
	if (all->stack) /* NULL: PCRE2 was built without a compiler for this machine */
		pcre2_jit_stack_assign(all->context, NULL, all->stack);
	return 0;
}

/* UTF mode is refused also when the pattern asks for it: subjects are bytes. */
static int compile(const struct espy_token *pattern, bool fold, struct espy_err *err,
		   pcre2_code **ret)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint32_t options = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
			   PCRE2_NO_AUTO_CAPTURE | (fold ? PCRE2_CASELESS : 0);
	PCRE2_SIZE offset = 0;
	pcre2_code *code;
	char text[160];
	int e = 0;

	if (!context)
		return -ENOMEM;
	pcre2_set_parens_nest_limit(context, ESPY_RULE_REGEX_NEST);
	code = pcre2_compile((PCRE2_SPTR)pattern->text.p, pattern->text.n, options, &e, &offset,
			     context);
	pcre2_compile_context_free(context);
	if (code) {
		*ret = code;
		return 0;
	}
	pcre2_get_error_message(e, (PCRE2_UCHAR *)text, sizeof(text));
	return espy_fail_at(err, -EINVAL, pattern->at, "bad regular expression, byte %zu of it: %s",
			    (size_t)offset + 1, text);
}

int espy_regex_new(struct espy_regexes *all, const struct espy_token *pattern, bool fold,
		   struct espy_err *err, struct espy_regex **ret)
{
	struct espy_regex *re;
	int r;

	if (pattern->text.n > ESPY_RULE_REGEX_MAX)
		return espy_fail_at(err, -EOVERFLOW, pattern->at,
				    "this regular expression has %zu bytes, at most %u are allowed",
				    pattern->text.n, ESPY_RULE_REGEX_MAX);
	if (all->n >= ESPY_RULE_REGEXES_MAX)
		return espy_fail_at(err, -EOVERFLOW, pattern->at,
				    "at most %u regular expressions are allowed",
				    ESPY_RULE_REGEXES_MAX);
	r = share(all);
	if (r < 0)
		return r;
	re = calloc(1, sizeof(*re));
	if (!re)
		return -ENOMEM;
	r = compile(pattern, fold, err, &re->code);
	if (r < 0) {
		free(re);
		return r;
	}
	/* Without it matching is only slower. */
	re->is_jit = all->stack && pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
	re->all = all;
	re->next = all->head;
	all->head = re;
	all->n++;
	*ret = re;
	return 0;
}

bool espy_regex_match(struct espy_regex *re, struct espy_str s)
{
	struct espy_regexes *all = re->all;
	PCRE2_SPTR text = (PCRE2_SPTR)s.p;
	int r = re->is_jit ? pcre2_jit_match(re->code, text, s.n, 0, 0, all->data, all->context)
			   : pcre2_match(re->code, text, s.n, 0, 0, all->data, all->context);

	if (r < 0 && r != PCRE2_ERROR_NOMATCH)
		all->gave_up++;
	return r >= 0;
}
