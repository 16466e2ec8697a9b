/* SPDX-License-Identifier: MIT */
/* espy schema: what can be recorded, from the event table. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/escape.h"
#include "cmd/cmd.h"
#include "cmd/describe.h"
#include "cmd/pager.h"

#define NAME_COLUMN 18 /* widths of text output */
#define TYPE_COLUMN 14

enum { OPTION_MARKDOWN = 256 + 1, OPTION_MAN, OPTION_COLUMNS, OPTION_SYSCALLS };

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text or json; default text"},
	{0, "markdown", NULL, "the reference, docs/reference/events.md"},
	{0, "man", NULL, "the reference as a manual page"},
	{0, "columns", NULL, "the columns that can be shown and filtered by"},
	{0, "syscalls", NULL, "the system calls that are recorded, and as what"},
	{0, NULL, NULL, NULL},
};

/* --- lists ------------------------------------------------------------------------------------ */

static void add_column(struct espy_buf *out, const struct espy_column *c, bool is_json)
{
	const char *type = espy_describe_type(c->fmt, c->type == ESPY_TYPE_INT);

	if (!is_json) {
		espy_buf_printf(out, "%-*s %-*s %s\n", NAME_COLUMN, c->name, TYPE_COLUMN, type,
				c->doc);
		return;
	}
	espy_buf_printf(
		out, "{\"column\":\"%s\",\"type\":\"%s\",\"title\":\"%s\",\"field\":%s,\"doc\":\"",
		c->name, type, c->title, c->id < ESPY_COL__FIELDS ? "false" : "true");
	espy_escape_json(out, espy_str0(c->doc));
	espy_buf_puts(out, "\"}\n");
}

static void add_columns(struct espy_buf *out, bool is_json)
{
	const struct espy_column *c;

	for (unsigned i = 0; (c = espy_column_at(i)); i++) {
		if (c->id == ESPY_COL__FIELDS && !is_json)
			espy_buf_puts(out, "\nFields of events:\n");
		add_column(out, c, is_json);
	}
}

static void add_syscall(struct espy_buf *out, const struct espy_schema *s, const char *call,
			bool is_json)
{
	const char *class = espy_class_name(s->class_id);

	if (is_json)
		espy_buf_printf(out, "{\"syscall\":\"%s\",\"class\":\"%s\",\"op\":\"%s\"}\n", call,
				class, s->op);
	else
		espy_buf_printf(out, "%-*s %s %s\n", NAME_COLUMN, call, class, s->op);
}

static void add_syscalls(struct espy_buf *out, const struct espy_selection *sel, bool is_json)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		for (unsigned c = 0; sel->type[s->type] && c < s->n_calls; c++)
			add_syscall(out, s, s->calls[c].call, is_json);
	}
}

/* --- arguments -------------------------------------------------------------------------------- */

/* By event, class or operation; false when there is nothing of that name. */
static bool choose(struct espy_selection *sel, const char *word)
{
	bool has_any = false;

	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		if (!espy_schema_is_shown(s) ||
		    (strcmp(word, s->name) != 0 && strcmp(word, s->op) != 0 &&
		     strcmp(word, espy_class_name(s->class_id)) != 0))
			continue;
		sel->type[s->type] = true;
		has_any = true;
	}
	return has_any;
}

static int choose_events(struct espy_selection *sel, int argc, char **argv)
{
	sel->is_all = optind >= argc;
	for (size_t i = 0; sel->is_all && i < espy_n_schemas; i++)
		sel->type[espy_schemas[i].type] = espy_schema_is_shown(&espy_schemas[i]);
	for (int i = optind; i < argc; i++)
		if (!choose(sel, argv[i]))
			return espy_cmd_usage(
				&espy_cmd_schema,
				"there is no event, class or operation %s; espy schema "
				"lists them all",
				argv[i]);
	return 0;
}

static void describe(struct espy_buf *out, const struct espy_selection *sel, int what, bool is_json)
{
	switch (what) {
	case OPTION_MARKDOWN:
		espy_describe_markdown(out, sel);
		break;
	case OPTION_MAN:
		espy_describe_man(out, sel);
		break;
	case OPTION_COLUMNS:
		add_columns(out, is_json);
		break;
	case OPTION_SYSCALLS:
		add_syscalls(out, sel, is_json);
		break;
	default:
		(is_json ? espy_describe_json : espy_describe_text)(out, sel);
		break;
	}
}

static int print(struct espy_buf *out)
{
	struct espy_err err = {0};
	pid_t pager = espy_pager_start();
	int r = espy_buf_flush(out, STDOUT_FILENO);

	espy_pager_finish(pager);
	espy_buf_done(out);
	if (r >= 0 || r == -EPIPE)
		return 0;
	espy_err_set(&err, r, "cannot print: %s", strerror(-r));
	return espy_cmd_fail(&err, NULL);
}

static int schema_main(int argc, char **argv)
{
	struct espy_selection sel = {0};
	struct espy_buf out = {0};
	bool is_json = false;
	int letter, what = 0, r;

	while ((letter = espy_cmd_getopt(&espy_cmd_schema, argc, argv, 0)) != -1) {
		if (letter == '?')
			return 2;
		if (letter != 'f')
			what = letter;
		else if (strcmp(optarg, "json") == 0 || strcmp(optarg, "text") == 0)
			is_json = optarg[0] == 'j';
		else
			return espy_cmd_usage(&espy_cmd_schema,
					      "there is no format %s: text or json", optarg);
	}
	r = choose_events(&sel, argc, argv);
	if (r)
		return r;
	describe(&out, &sel, what, is_json);
	return print(&out);
}

const struct espy_command espy_cmd_schema = {
	.name = "schema",
	.usage = "[EVENT|CLASS|OPERATION…] [options]",
	.help = "list what can be recorded: events, fields, columns, system calls",
	.detail = "Without arguments all events in short; with some, these with their fields.",
	.options = options,
	.run = schema_main,
};
