/* SPDX-License-Identifier: MIT */
/* Rules of a configuration as a person writes them: "exclude Path ends with .swp". */
#include <errno.h>
#include <strings.h>
#include "format/pmc.h"
#include "format/procmon-text.h"

static const char *const relations[ESPY_PMC_RELATION__MAX] = {
	[ESPY_PMC_IS] = "is",
	[ESPY_PMC_IS_NOT] = "is not",
	[ESPY_PMC_LESS_THAN] = "less than",
	[ESPY_PMC_MORE_THAN] = "more than",
	[ESPY_PMC_BEGINS_WITH] = "begins with",
	[ESPY_PMC_ENDS_WITH] = "ends with",
	[ESPY_PMC_CONTAINS] = "contains",
	[ESPY_PMC_EXCLUDES] = "excludes",
};

const char *espy_pmc_relation_name(uint32_t relation)
{
	return relation < ESPY_PMC_RELATION__MAX ? relations[relation] : NULL;
}

const char *espy_pmc_column_title(uint32_t column)
{
	for (unsigned i = 0; column && i < ESPY_PROCMON__MAX; i++)
		if (espy_procmon_columns[i].pmc == column)
			return espy_procmon_columns[i].title;
	return NULL;
}

static struct espy_str skip_blanks(struct espy_str s)
{
	while (s.n && s.p[0] == ' ') {
		s.p++;
		s.n--;
	}
	return s;
}

/* Length of `words` and the blank behind it when `s` begins with that in any case; else 0. */
static size_t starts(struct espy_str s, const char *words)
{
	size_t n = strlen(words);

	return s.n > n && s.p[n] == ' ' && strncasecmp(s.p, words, n) == 0 ? n + 1 : 0;
}

/* The longest of `n` names that `*s` begins with, which is taken off; -1 when there is none. */
static int take(struct espy_str *s, const char *(*name)(unsigned), unsigned n)
{
	size_t longest = 0;
	int best = -1;

	*s = skip_blanks(*s);
	for (unsigned i = 0; i < n; i++) {
		size_t size = starts(*s, name(i));

		if (size > longest) {
			longest = size;
			best = (int)i;
		}
	}
	*s = (struct espy_str){s->p + longest, s->n - longest};
	return best;
}

static const char *action_name(unsigned i)
{
	return i ? "include" : "exclude";
}

static const char *column_name(unsigned i)
{
	return espy_procmon_columns[i].title;
}

static const char *relation_name(unsigned i)
{
	return relations[i];
}

int espy_pmc_parse_rule(struct espy_pmc *c, enum espy_pmc_list list, struct espy_str text,
			struct espy_err *err)
{
	struct espy_str s = text;
	int action = take(&s, action_name, 2), column, relation, r;

	if (action < 0)
		return espy_err_set(err, -EINVAL, "a rule begins with include or exclude: %.*s",
				    (int)text.n, text.p);
	column = take(&s, column_name, ESPY_PROCMON__MAX);
	if (column < 0 || !espy_procmon_columns[column].pmc)
		return espy_err_set(err, -EINVAL,
				    "behind the action stands a column such as Process Name, PID, "
				    "Operation, Path or Result: %.*s",
				    (int)s.n, s.p);
	relation = take(&s, relation_name, ESPY_PMC_RELATION__MAX);
	if (relation < 0)
		return espy_err_set(
			err, -EINVAL,
			"behind the column stands is, is not, less than, more than, begins "
			"with, ends with, contains or excludes, and a value: %.*s",
			(int)s.n, s.p);
	r = espy_pmc_add_rule(c, list, espy_procmon_columns[column].pmc,
			      (enum espy_pmc_relation)relation, action == 1, skip_blanks(s));
	return r < 0 ? espy_err_set(err, r, "cannot add the rule: %s", strerror(-r)) : 0;
}
