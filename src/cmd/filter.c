/* SPDX-License-Identifier: MIT */
/* espy filter: saved filters, and what a filter looks at. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/escape.h"
#include "cmd/cmd.h"
#include "model/column.h"
#include "rule/macro.h"
#include "rule/rule.h"

static const struct espy_option options[] = {
	{0, NULL, NULL, NULL},
};

static int print(struct espy_buf *out)
{
	struct espy_err err = {0};
	int r = espy_buf_flush(out, STDOUT_FILENO);

	espy_buf_done(out);
	if (r >= 0 || r == -EPIPE)
		return 0;
	espy_err_set(&err, r, "cannot print: %s", strerror(-r));
	return espy_cmd_fail(&err, NULL);
}

/* --- saved filters ------------------------------------------------------------------------------
 */

/* name(a, b) */
static void put_name(struct espy_buf *out, const struct espy_macro *m)
{
	espy_buf_str(out, m->name);
	for (unsigned i = 0; i < m->n_params; i++) {
		espy_buf_puts(out, i > 0 ? ", " : "(");
		espy_buf_str(out, m->params[i]);
	}
	if (m->n_params > 0)
		espy_buf_putc(out, ')');
}

static int by_name(const void *a, const void *b)
{
	const struct espy_macro *x = *(const struct espy_macro *const *)a;
	const struct espy_macro *y = *(const struct espy_macro *const *)b;
	int r = memcmp(x->name.p, y->name.p, x->name.n < y->name.n ? x->name.n : y->name.n);

	return r ? r : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* The saved filters by name, ended by NULL; NULL when memory is out. */
static const struct espy_macro **sorted(const struct espy_macros *all)
{
	const struct espy_macro **list = calloc(all->n + 1, sizeof(struct espy_macro *));
	unsigned n = 0;

	for (const struct espy_macro *m = all->first; list && m; m = m->next)
		list[n++] = m;
	if (list)
		qsort(list, n, sizeof(struct espy_macro *), by_name);
	return list;
}

/* As it would be typed; its lines become one. */
static void put_text(struct espy_buf *out, struct espy_str text)
{
	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;

		espy_escape_text(out, (struct espy_str){text.p, n});
		text = (struct espy_str){text.p + n, text.n - n};
		while (text.n > 0 && strchr(" \t\r\n", text.p[0]))
			text = (struct espy_str){text.p + 1, text.n - 1};
		if (text.n > 0)
			espy_buf_putc(out, ' ');
	}
}

static int list(const char *name)
{
	const struct espy_macros *all;
	const struct espy_macro **by_names;
	struct espy_err err = {0};
	struct espy_buf out = {0};

	if (espy_macros_get(&all, &err) < 0)
		return espy_cmd_fail(&err, NULL);
	by_names = sorted(all);
	for (unsigned i = 0; by_names && by_names[i]; i++) {
		const struct espy_macro *m = by_names[i];

		if (name && !espy_str_eq(m->name, espy_str0(name)))
			continue;
		put_name(&out, m);
		espy_buf_puts(&out, " = ");
		put_text(&out, m->text);
		if (name)
			espy_buf_printf(&out, "\n# %s, line %u", m->source, m->line);
		espy_buf_putc(&out, '\n');
	}
	free(by_names);
	if (name && out.n == 0)
		return espy_cmd_usage(&espy_cmd_filters, "there is no saved filter %s", name);
	return print(&out);
}

/* --- one filter ---------------------------------------------------------------------------------
 */

static void put_events(struct espy_buf *out, const struct espy_rule_needs *n)
{
	unsigned missing = 0, there = 0;

	for (size_t i = 0; i < espy_n_schemas; i++) {
		bool is = n->type[espy_schemas[i].type];

		there += is;
		missing += !is && espy_schema_is_shown(&espy_schemas[i]);
	}
	espy_buf_puts(out, "events:");
	if (missing == 0)
		espy_buf_puts(out, " all");
	else if (there == 0)
		espy_buf_puts(out, " none");
	for (size_t i = 0; missing > 0 && i < espy_n_schemas; i++)
		if (n->type[espy_schemas[i].type])
			espy_buf_printf(out, " %s", espy_schemas[i].name);
	espy_buf_putc(out, '\n');
}

static void put_ids(struct espy_buf *out, const char *what, const uint32_t *ids, uint32_t n)
{
	if (n == 0)
		return;
	espy_buf_printf(out, "only %s:", what);
	for (uint32_t i = 0; i < n; i++)
		espy_buf_printf(out, " %u", ids[i]);
	espy_buf_putc(out, '\n');
}

static void put_bounds(struct espy_buf *out, const char *what, const struct espy_text_bounds *b)
{
	static const char *const kinds[] = {[ESPY_BOUND_IS] = " ",
					    [ESPY_BOUND_UNDER] = " under ",
					    [ESPY_BOUND_STARTS] = " from "};

	if (b->n == 0)
		return;
	espy_buf_printf(out, "only %s:", what);
	for (uint32_t i = 0; i < b->n; i++) {
		espy_buf_puts(out, kinds[b->v[i].kind]);
		espy_escape_text(out, b->v[i].text);
	}
	espy_buf_putc(out, '\n');
}

/* Events whose paths are not bounded, where those of others are. */
static void put_paths(struct espy_buf *out, const struct espy_rule_needs *n)
{
	bool some = false;

	put_bounds(out, "paths", &n->paths);
	for (size_t i = 0; n->paths.n > 0 && i < espy_n_schemas; i++) {
		unsigned type = espy_schemas[i].type;

		if (!n->type[type] || n->path_bound[type])
			continue;
		espy_buf_printf(out, "%s %s", some ? "" : "any path of:", espy_schemas[i].name);
		some = true;
	}
	if (some)
		espy_buf_putc(out, '\n');
}

static void put_columns(struct espy_buf *out, const struct espy_rule_columns *c)
{
	const struct espy_column *column;
	size_t start;

	espy_buf_puts(out, "columns:");
	start = out->n;
	if (c->all)
		espy_buf_puts(out, " all");
	for (unsigned i = 0; !c->all && (column = espy_column_at(i)); i++)
		if (espy_rule_reads(c, column->id))
			espy_buf_printf(out, " %s", column->name);
	espy_buf_puts(out, out->n == start ? " none\n" : "\n");
}

static int explain(const struct espy_rule *r)
{
	struct espy_rule_columns columns;
	struct espy_rule_needs needs;
	struct espy_buf out = {0};

	espy_rule_needs(r, &needs);
	espy_rule_columns(r, &columns);
	put_events(&out, &needs);
	if (needs.failed_only)
		espy_buf_puts(&out, "only results below 0\n");
	if (needs.min_duration)
		espy_buf_printf(&out, "only durations from %llu ns on\n",
				(unsigned long long)needs.min_duration);
	put_ids(&out, "processes", needs.pids, needs.n_pids);
	put_ids(&out, "users", needs.uids, needs.n_uids);
	put_bounds(&out, "executables", &needs.exes);
	put_bounds(&out, "cgroups with a name that has", &needs.cgroups);
	put_paths(&out, &needs);
	put_columns(&out, &columns);
	if (columns.stateful)
		espy_buf_puts(&out, "depends on earlier events\n");
	return print(&out);
}

static int compile(const char *text, bool is_explained)
{
	struct espy_err err = {0};
	struct espy_rule *r = NULL;
	int code = 0;

	if (espy_rule_new(&r, text, &err) < 0)
		return espy_cmd_fail(&err, text);
	if (is_explained)
		code = explain(r);
	espy_rule_free(r);
	return code;
}

/* Every saved filter that has no parameters, which can be tried as it is. */
static int check_all(void)
{
	const struct espy_macros *all;
	struct espy_err err = {0};
	char text[ESPY_MACRO_NAME_MAX + 2];
	int code = 0;

	if (espy_macros_get(&all, &err) < 0)
		return espy_cmd_fail(&err, NULL);
	for (const struct espy_macro *m = all->first; m; m = m->next) {
		snprintf(text, sizeof(text), "@%.*s", (int)m->name.n, m->name.p);
		if (m->n_params == 0 && compile(text, false) != 0)
			code = 1;
	}
	return code;
}

/* --- arguments ----------------------------------------------------------------------------------
 */

static int with_filter(int argc, char **argv, bool is_explained)
{
	char *text = espy_cmd_filter(argc, argv, optind);
	int code;

	if (!text)
		return espy_cmd_usage(&espy_cmd_filters, "out of memory");
	code = compile(text, is_explained);
	free(text);
	return code;
}

static int filter_main(int argc, char **argv)
{
	const char *what;
	int c = espy_cmd_getopt(&espy_cmd_filters, argc, argv, 0);

	if (c != -1)
		return 2;
	if (optind >= argc)
		return espy_cmd_usage(&espy_cmd_filters, "expected list, show, check or explain");
	what = argv[optind++];
	if (strcmp(what, "list") == 0 && optind == argc)
		return list(NULL);
	if (strcmp(what, "show") == 0 && optind + 1 == argc)
		return list(argv[optind] + (argv[optind][0] == '@'));
	if (strcmp(what, "check") == 0)
		return optind == argc ? check_all() : with_filter(argc, argv, false);
	if (strcmp(what, "explain") == 0)
		return with_filter(argc, argv, true);
	return espy_cmd_usage(&espy_cmd_filters,
			      "expected list, show NAME, check [FILTER] or explain [FILTER]");
}

const struct espy_command espy_cmd_filters = {
	.name = "filter",
	.usage = "list | show NAME | check [FILTER] | explain [FILTER]",
	.help = "list saved filters, check and explain one",
	.detail = "Saved filters are in ~/.config/espy/filters and /etc/espy/filters, as lines\n"
		  "NAME = FILTER, and stand as @NAME in any filter. check tries one, or all saved\n"
		  "ones; explain says which events and columns it looks at.",
	.options = options,
	.run = filter_main,
};
