/* SPDX-License-Identifier: MIT */
#include "format/pmc-filter.h"

#include <errno.h>
#include "format/pmc-value.h"
#include "format/procmon-text.h"

/* How the values of a column are compared here. */
enum kind { KIND_NONE, KIND_TEXT, KIND_NUMBER, KIND_VALUES, KIND_SPECIAL };

static const struct column {
	enum kind kind;
	const char *name;           /* of our column */
	espy_pmc_values_fn *values; /* KIND_VALUES: which events and calls have such a value */
	espy_pmc_special_fn *special;
} columns[ESPY_PROCMON__MAX] = {
	[ESPY_PROCMON_time_of_day] = {KIND_SPECIAL, "time", NULL, espy_pmc_clock},
	[ESPY_PROCMON_process_name] = {KIND_TEXT, "process"},
	[ESPY_PROCMON_pid] = {KIND_NUMBER, "pid"},
	[ESPY_PROCMON_operation] = {KIND_VALUES, NULL, espy_pmc_operations},
	[ESPY_PROCMON_path] = {KIND_TEXT, "path"},
	[ESPY_PROCMON_result] = {KIND_VALUES, NULL, espy_pmc_results},
	[ESPY_PROCMON_detail] = {KIND_TEXT, "detail"},
	[ESPY_PROCMON_date_time] = {KIND_SPECIAL, "time", NULL, espy_pmc_date},
	[ESPY_PROCMON_relative_time] = {KIND_SPECIAL, "time", NULL, espy_pmc_relative},
	[ESPY_PROCMON_duration] = {KIND_SPECIAL, "duration", NULL, espy_pmc_duration},
	[ESPY_PROCMON_completion_time] = {KIND_SPECIAL, "end", NULL, espy_pmc_clock},
	[ESPY_PROCMON_event_class] = {KIND_VALUES, NULL, espy_pmc_classes},
	[ESPY_PROCMON_sequence] = {KIND_NUMBER, "seq"},
	[ESPY_PROCMON_image_path] = {KIND_TEXT, "exe"},
	[ESPY_PROCMON_company] = {KIND_TEXT, "company"},
	[ESPY_PROCMON_description] = {KIND_TEXT, "description"},
	[ESPY_PROCMON_version] = {KIND_TEXT, "version"},
	[ESPY_PROCMON_user] = {KIND_TEXT, "user"},
	[ESPY_PROCMON_auth_id] = {KIND_TEXT, "auth_id"},
	[ESPY_PROCMON_session] = {KIND_NUMBER, "session"},
	[ESPY_PROCMON_command_line] = {KIND_TEXT, "cmdline"},
	[ESPY_PROCMON_tid] = {KIND_NUMBER, "tid"},
	[ESPY_PROCMON_virtualized] = {KIND_TEXT, "virtualized"},
	[ESPY_PROCMON_integrity] = {KIND_TEXT, "integrity"},
	[ESPY_PROCMON_category] = {KIND_VALUES, NULL, espy_pmc_categories},
	[ESPY_PROCMON_parent_pid] = {KIND_NUMBER, "ppid"},
	[ESPY_PROCMON_architecture] = {KIND_TEXT, "architecture"},
};

/* Spelling of the positive form of each relation, for text and for numbers; what a relation denies
 * is put before it. */
static const struct {
	const char *text, *number;
	bool is_negated;
} relations[ESPY_PMC_RELATION__MAX] = {
	[ESPY_PMC_IS] = {"iis", "==", false},
	[ESPY_PMC_IS_NOT] = {"iis", "==", true},
	[ESPY_PMC_LESS_THAN] = {NULL, "<", false},
	[ESPY_PMC_MORE_THAN] = {NULL, ">", false},
	[ESPY_PMC_BEGINS_WITH] = {"ibegins with", NULL, false},
	[ESPY_PMC_ENDS_WITH] = {"iends with", NULL, false},
	[ESPY_PMC_CONTAINS] = {"icontains", NULL, false},
	[ESPY_PMC_EXCLUDES] = {"icontains", NULL, true},
};

#define NEVER "(ok and failed)" /* what no event is */

struct job {
	const struct espy_pmc_rules *rules;
	struct espy_buf *out, *notes;
	struct espy_buf scratch;
};

static const struct column *column_of(const struct espy_pmc_rule *r)
{
	for (unsigned i = 0; r->column && i < ESPY_PROCMON__MAX; i++)
		if (espy_procmon_columns[i].pmc == r->column)
			return &columns[i];
	return NULL;
}

static void note(struct job *j, const struct espy_pmc_rule *r, const char *text)
{
	const char *column = espy_pmc_column_title(r->column);
	const char *relation = espy_pmc_relation_name(r->relation);

	if (!j->notes)
		return;
	espy_buf_printf(j->notes, "rule %zu (%s %s “%.*s”): %s\n", (size_t)(r - j->rules->v) + 1,
			column ? column : "unknown column", relation ? relation : "?",
			(int)r->value.n, r->value.p, text);
}

/* --- one rule --------------------------------------------------------------------------------- */

static bool is_number(struct espy_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n < 19;
}

static int add_text(struct job *j, const struct espy_pmc_rule *r, const struct column *c)
{
	if (!relations[r->relation].text)
		return -ENOTSUP;
	espy_buf_printf(j->out, "%s %s ", c->name, relations[r->relation].text);
	espy_pmc_quote(j->out, r->value);
	return 0;
}

static int add_number(struct job *j, const struct espy_pmc_rule *r, const struct column *c)
{
	if (!relations[r->relation].number || !is_number(r->value))
		return -ENOTSUP;
	espy_buf_printf(j->out, "%s %s %.*s", c->name, relations[r->relation].number,
			(int)r->value.n, r->value.p);
	return 0;
}

/* The positive form of a rule. -ENOTSUP: the filter language cannot say it; nothing was added. */
static int add_atom(struct job *j, const struct espy_pmc_rule *r, const struct column *c)
{
	switch (c->kind) {
	case KIND_TEXT:
		return add_text(j, r, c);
	case KIND_NUMBER:
		return add_number(j, r, c);
	case KIND_VALUES:
		return c->values(j->out, (struct espy_pmc_test){r->relation, r->value});
	case KIND_SPECIAL:
		if (!relations[r->relation].number)
			return -ENOTSUP;
		return c->special(j->out, c->name, relations[r->relation].number, r->value);
	default:
		return -ENOTSUP;
	}
}

/* What a person should know of a rule that was translated. */
static void note_windows(struct job *j, const struct espy_pmc_rule *r, const struct column *c)
{
	bool is_drive = r->value.n > 2 && r->value.p[1] == ':' && r->value.p[2] == '\\';

	if (c == &columns[ESPY_PROCMON_detail])
		note(j, r, "in captures of this machine it sees the detail as espy words it");
	else if (is_drive || espy_str_starts(r->value, ESPY_STR("HKLM\\")) ||
		 espy_str_starts(r->value, ESPY_STR("HKCU\\")) ||
		 espy_str_starts(r->value, ESPY_STR("HKCR\\")) ||
		 espy_str_starts(r->value, ESPY_STR("HKU\\")))
		note(j, r, "names a place of Windows; only its captures have such");
	else if (c == &columns[ESPY_PROCMON_operation] &&
		 espy_pmc_is_foreign((struct espy_pmc_test){r->relation, r->value}))
		note(j, r, "no event of this machine has such an operation");
	else if (c >= &columns[ESPY_PROCMON_company] && c <= &columns[ESPY_PROCMON_version])
		note(j, r, "only captures of Windows have this");
}

/* What cannot be said holds for no event. */
static void add_rule(struct job *j, const struct espy_pmc_rule *r)
{
	const struct column *c = column_of(r);
	size_t start = j->out->n;
	bool is_known = c && r->relation < ESPY_PMC_RELATION__MAX;
	bool is_negated = is_known && relations[r->relation].is_negated;
	int e;

	if (is_negated)
		espy_buf_puts(j->out, "not ");
	e = is_known ? add_atom(j, r, c) : -ENOTSUP;
	if (e == -ENOTSUP) {
		j->out->n = start;
		espy_buf_puts(j->out, NEVER);
		note(j, r, "the filter language cannot say this: it never holds");
	} else {
		note_windows(j, r, c);
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool is_first_of_column(const struct espy_pmc_rules *rules, size_t i, bool include)
{
	for (size_t k = 0; k < i; k++)
		if (rules->v[k].column == rules->v[i].column &&
		    (rules->v[k].include == 1) == include)
			return false;
	return true;
}

/* All rules with that action on the column of rule `i`: (a or b). */
static void add_group(struct job *j, size_t i, bool include)
{
	const char * or = "";

	espy_buf_putc(j->out, '(');
	for (size_t k = i; k < j->rules->n; k++) {
		const struct espy_pmc_rule *r = &j->rules->v[k];

		if (r->column != j->rules->v[i].column || (r->include == 1) != include)
			continue;
		espy_buf_puts(j->out, or);
		add_rule(j, r);
		or = " or ";
	}
	espy_buf_putc(j->out, ')');
}

static void add_groups(struct job *j, bool include)
{
	size_t start = j->out->n;

	for (size_t i = 0; i < j->rules->n; i++) {
		if ((j->rules->v[i].include == 1) != include ||
		    !is_first_of_column(j->rules, i, include))
			continue;
		if (j->out->n > start)
			espy_buf_puts(j->out, include ? " and " : " or ");
		add_group(j, i, include);
	}
}

static bool has(const struct espy_pmc_rules *rules, bool include)
{
	for (size_t i = 0; i < rules->n; i++)
		if ((rules->v[i].include == 1) == include)
			return true;
	return false;
}

int espy_pmc_filter(const struct espy_pmc_rules *rules, struct espy_buf *out,
		    struct espy_buf *notes)
{
	struct job j = {.rules = rules, .out = out, .notes = notes};
	bool includes = has(rules, true);

	if (includes)
		add_groups(&j, true);
	if (has(rules, false)) {
		espy_buf_puts(out, includes ? " and not (" : "not (");
		add_groups(&j, false);
		espy_buf_putc(out, ')');
	}
	return out->error;
}
