/* SPDX-License-Identifier: MIT */
#include "rule/names.h"
#include <errno.h>
#include "model/call.h"
#include "model/value.h"
#include "rule/fail.h"
#include "rule/suggest.h"

#define CALLS_MAX 1024u /* numbers of system calls are below this */

static const char *const bare[] = {"class", "op", "event"};

/* What is called so in one column: name(i) from 0 until `end` of them, NULL where there is none. */
struct name_list {
	enum espy_column_id column;
	const char *noun;
	unsigned end;
	const char *(*name)(unsigned i);
};

static const char *class_at(unsigned i)
{
	return i == ESPY_CLASS_meta ? NULL : espy_class_name(i);
}

static const struct espy_schema *shown_schema(unsigned i)
{
	return i < espy_n_schemas && espy_schema_is_shown(&espy_schemas[i]) ? &espy_schemas[i]
									    : NULL;
}

static const char *op_at(unsigned i)
{
	return shown_schema(i) ? shown_schema(i)->op : NULL;
}

static const char *event_at(unsigned i)
{
	return shown_schema(i) ? shown_schema(i)->name : NULL;
}

static const char *source_at(unsigned i)
{
	return i == ESPY_SOURCE_NONE ? NULL : espy_source_name(i);
}

static const char *error_at(unsigned i)
{
	return i > 0 ? espy_errno_name(i) : NULL;
}

static const char *native_call_at(unsigned i)
{
	return espy_call_name(ESPY_ABI_NATIVE, i);
}

static const struct name_list lists[] = {
	{ESPY_COL_class, "class", ESPY_CLASS__MAX, class_at},
	{ESPY_COL_op, "operation", ESPY_EVENT_ID_MAX, op_at},
	{ESPY_COL_event, "event", ESPY_EVENT_ID_MAX, event_at},
	{ESPY_COL_source, "source", ESPY_SOURCE__MAX, source_at},
	{ESPY_COL_error, "errno", ESPY_ERRNO_MAX + 1, error_at},
	{ESPY_COL_syscall, "system call", CALLS_MAX, native_call_at},
};

static const struct name_list *list_of(const struct espy_column *c)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i].column == c->id)
			return &lists[i];
	return NULL;
}

/* openat, ia32:open, x32:open, io_uring:openat, CreateFile; "#999" is what it is. */
static bool is_call(struct espy_str name)
{
	static const struct {
		struct espy_str prefix;
		unsigned abi;
	} tables[] = {
		{ESPY_STR("ia32:"), ESPY_ABI_IA32},
		{ESPY_STR("x32:"), ESPY_ABI_X32},
		{ESPY_STR("io_uring:"), ESPY_ABI_URING},
		{ESPY_STR(""), ESPY_ABI_NATIVE},
	};
	char buf[64];

	if (memchr(name.p, '#', name.n))
		return true;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct espy_str prefix = tables[i].prefix;

		if (!espy_str_starts(name, prefix) || name.n - prefix.n >= sizeof(buf))
			continue;
		memcpy(buf, name.p + prefix.n, name.n - prefix.n);
		buf[name.n - prefix.n] = '\0';
		return espy_call_nr(tables[i].abi, buf) >= 0 ||
		       (!prefix.n && espy_call_nr(ESPY_ABI_PROCMON, buf) >= 0);
	}
	return false;
}

bool espy_names_known(const struct espy_column *c, struct espy_str name)
{
	const struct name_list *l = list_of(c);

	if (!l)
		return true;
	if (l->column == ESPY_COL_syscall)
		return is_call(name);
	for (unsigned i = 0; i < l->end; i++) {
		const char *s = l->name(i);

		if (s && espy_str_eq(name, espy_str0(s)))
			return true;
	}
	return false;
}

bool espy_names_listed(const struct espy_column *c, struct espy_str name)
{
	return list_of(c) && espy_names_known(c, name);
}

static void offer_list(struct espy_suggest *s, const struct name_list *l)
{
	for (unsigned i = 0; i < l->end; i++) {
		const char *name = l->name(i);

		if (name)
			espy_suggest_offer(s, name);
	}
}

int espy_names_fail(const struct espy_column *c, const struct espy_token *word,
		    struct espy_err *err)
{
	const struct name_list *l = list_of(c);
	struct espy_suggest s;

	espy_suggest_init(&s, word->text);
	offer_list(&s, l);
	return espy_fail_at(err, -EINVAL, word->at, "there is no %s %s%s", l->noun,
			    espy_fail_show(word->text).s, espy_suggest_text(&s).s);
}

const char *espy_names_bare(unsigned i)
{
	return i < sizeof(bare) / sizeof(bare[0]) ? bare[i] : NULL;
}

int espy_names_fail_bare(const struct espy_token *word, struct espy_err *err)
{
	struct espy_shown shown = espy_fail_show(word->text);
	const struct espy_word *w;
	struct espy_suggest s;

	if (espy_column_find(word->text))
		return espy_fail_at(err, -EINVAL, word->at,
				    "%s is a field: expected a relation behind it, as in %s == "
				    "VALUE, or has %s",
				    shown.s, shown.s, shown.s);
	if (is_call(word->text))
		return espy_fail_at(err, -EINVAL, word->at,
				    "%s is a system call, not an operation: write syscall == %s",
				    shown.s, shown.s);
	for (unsigned i = 0; (w = espy_parse_word(i)); i++)
		if (espy_str_eq(word->text, espy_str0(w->name)))
			return espy_fail_at(err, -EINVAL, word->at,
					    "%s stands alone, not in a list: write or %s", w->name,
					    w->name);
	espy_suggest_init(&s, word->text);
	for (unsigned i = 0; espy_names_bare(i); i++)
		offer_list(&s, list_of(espy_column_find(espy_str0(espy_names_bare(i)))));
	for (unsigned i = 0; (w = espy_parse_word(i)); i++)
		espy_suggest_offer(&s, w->name);
	return espy_fail_at(err, -EINVAL, word->at, "there is no class, operation or event %s%s",
			    shown.s, espy_suggest_text(&s).s);
}
