/* SPDX-License-Identifier: MIT */
#include "rule/operator.h"

#define ANY_SORT (ESPY_SORT_NUMBER | ESPY_SORT_FLAGS | ESPY_SORT_TEXT)
#define BIT_SORT (ESPY_SORT_NUMBER | ESPY_SORT_FLAGS | ESPY_SORT_ARGV)

static struct espy_range is(struct espy_range v)
{
	return v;
}

static struct espy_range less(struct espy_range v)
{
	return (struct espy_range){ESPY_NUMBER_LEAST, v.lo - 1};
}

static struct espy_range at_most(struct espy_range v)
{
	return (struct espy_range){ESPY_NUMBER_LEAST, v.hi};
}

static struct espy_range more(struct espy_range v)
{
	return (struct espy_range){v.hi + 1, ESPY_NUMBER_MOST};
}

static struct espy_range at_least(struct espy_range v)
{
	return (struct espy_range){v.lo, ESPY_NUMBER_MOST};
}

#define ANY_FIELD (ESPY_OP_FIELD | ESPY_OP_WORD)

#define TEXT(fn_prepare, fn_match) .prepare = espy_text_##fn_prepare, .match = espy_text_##fn_match

static const struct espy_operator operators[] = {
	{"==,=,is,eq,equals", "is exactly", ESPY_OP_SET | ANY_FIELD, ANY_SORT, .number = is,
	 TEXT(set, in)},
	{"!=,<>,is not,ne", "is anything else", ESPY_OP_SET | ESPY_OP_NEGATE | ANY_FIELD, ANY_SORT,
	 .number = is, TEXT(set, in)},
	{"<,less than,lt", "is smaller, or earlier", ANY_FIELD, ESPY_SORT_NUMBER, .number = less},
	{"<=,le", "is at most", ANY_FIELD, ESPY_SORT_NUMBER, .number = at_most},
	{">,more than,greater than,gt", "is larger, or later", ANY_FIELD, ESPY_SORT_NUMBER,
	 .number = more},
	{">=,ge", "is at least", ANY_FIELD, ESPY_SORT_NUMBER, .number = at_least},
	{"in,is in", "is one of a list", ESPY_OP_SET | ESPY_OP_LIST, ANY_SORT, .number = is,
	 TEXT(set, in)},
	{"not in,is not in", "is none of a list", ESPY_OP_SET | ESPY_OP_LIST | ESPY_OP_NEGATE,
	 ANY_SORT, .number = is, TEXT(set, in)},
	{"contains", "has the text anywhere in it", ESPY_OP_FIELD, ESPY_SORT_TEXT,
	 TEXT(contains, has)},
	{"excludes", "has the text nowhere in it", ESPY_OP_NEGATE | ESPY_OP_FIELD, ESPY_SORT_TEXT,
	 TEXT(contains, has)},
	{"startswith,beginswith,starts with,begins with", "begins with the text", ESPY_OP_FIELD,
	 ESPY_SORT_TEXT, TEXT(needle, starts)},
	{"endswith,ends with", "ends with the text", ESPY_OP_FIELD, ESPY_SORT_TEXT,
	 TEXT(needle, ends)},
	{"under", "is this directory, or lies in it or below it", ESPY_OP_LIST | ESPY_OP_FIELD,
	 ESPY_SORT_TEXT, TEXT(under, lies_under)},
	{"like,glob", "fits a shell pattern with *, ? and [a-z], as a whole", 0, ESPY_SORT_TEXT,
	 TEXT(glob, like)},
	{"matches,=~,~", "fits a regular expression somewhere", 0, ESPY_SORT_TEXT,
	 TEXT(regex, matches)},
	{"!~", "fits a regular expression nowhere", ESPY_OP_NEGATE, ESPY_SORT_TEXT,
	 TEXT(regex, matches)},
	{"has", "all these flags are set; one of the arguments is this", ESPY_OP_ELEMENT, BIT_SORT,
	 .bits = ESPY_BITS_ALL, TEXT(set, in)},
	{"&", "any of these flags is set", 0, ESPY_SORT_NUMBER | ESPY_SORT_FLAGS,
	 .bits = ESPY_BITS_ANY},
};

const struct espy_operator *espy_operator_at(unsigned i)
{
	return i < sizeof(operators) / sizeof(operators[0]) ? &operators[i] : NULL;
}

bool espy_operator_spelling(const struct espy_operator *op, unsigned i, struct espy_str *ret)
{
	const char *p = op->spellings;

	for (; i > 0; i--) {
		p = strchr(p, ',');
		if (!p)
			return false;
		p++;
	}
	*ret = (struct espy_str){p, strcspn(p, ",")};
	return true;
}

struct espy_str espy_operator_name(const struct espy_operator *op)
{
	struct espy_str s = ESPY_STR_NONE;

	espy_operator_spelling(op, 0, &s);
	return s;
}
