/* SPDX-License-Identifier: MIT */
/* espy count: the values of one column of a trace, and how often each occurs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "cmd/answer.h"
#include "cmd/pmc-option.h"
#include "cmd/progress.h"
#include "engine/query.h"
#include "model/value.h"
#include "rule/suggest.h"

enum { OPTION_NO_PAGER = 256 + 2 }; /* by their place in the table */

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text, json or csv; default text"},
	{'n', "top", "N", "only the N most frequent values, at most 131072"},
	{0, "no-pager", NULL, "do not start a pager on a terminal"},
	ESPY_PMC_OPTION,
	{0, NULL, NULL, NULL},
};

struct count {
	const char *path;
	const struct espy_column *column;
	char *filter;
	size_t top; /* 0: all */
	bool no_pager;
	enum espy_view_format format;
	struct espy_table_style style;
	int64_t wall_offset;
};

/* --- printing -----------------------------------------------------------------------------------
 */

/* The value as a person reads it, escaped. */
static void put_value(struct espy_buf *out, const struct count *c, const struct espy_query_value *v)
{
	struct espy_buf text = {0};

	if (!v->is_string) {
		espy_value_num(out, c->column->fmt, c->column->type == ESPY_TYPE_INT, v->num,
			       c->wall_offset);
		return;
	}
	espy_column_text(&text, c->column->fmt, v->str);
	espy_escape_text(out, (struct espy_str){text.p, text.n});
	if (text.error)
		out->error = text.error;
	espy_buf_done(&text);
}

static int print_text(const struct count *c, const struct espy_query_groups *g,
		      struct espy_buf *out)
{
	bool is_flexible = c->column->fmt == ESPY_FMT_PATH;
	struct espy_table t;
	int r;

	espy_table_init(&t);
	espy_table_column(&t, (struct espy_table_column){"count", "Events", ESPY_CELL_COUNT, 0});
	espy_table_column(&t,
			  (struct espy_table_column){c->column->name, c->column->title,
						     is_flexible ? ESPY_CELL_PATH : ESPY_CELL_RAW,
						     ESPY_TABLE_FLEX});
	for (size_t i = 0; i < g->n; i++) {
		struct espy_cell *cells = espy_table_row(&t);
		struct espy_buf text = {0};

		cells[0].num = g->v[i].count;
		if (is_flexible && g->v[i].is_string) {
			cells[1].str = g->v[i].str;
			continue;
		}
		put_value(&text, c, &g->v[i]);
		cells[1].str.p = espy_arena_dup(&t.arena, text.p, text.n);
		cells[1].str.n = cells[1].str.p ? text.n : 0;
		espy_buf_done(&text);
	}
	if (g->none) {
		struct espy_cell *cells = espy_table_row(&t);

		cells[0].num = g->none;
		cells[1].is_unset = true;
	}
	r = espy_table_text(&t, out, &c->style);
	espy_table_done(&t);
	return r;
}

static void put_number(struct espy_buf *out, const struct count *c, uint64_t num)
{
	if (c->column->type == ESPY_TYPE_INT)
		espy_buf_s64(out, (int64_t)num);
	else
		espy_buf_u64(out, num);
}

/* {"path":"/etc/passwd","count":3}; rows without a value lack the first member. A value that is not
 * UTF-8 has its exact bytes in hexadecimal beside it. */
static void put_json(struct espy_buf *out, const struct count *c, const struct espy_query_value *v)
{
	bool is_damaged = false;

	espy_buf_printf(out, "{\"%s\":", c->column->name);
	if (v->is_string) {
		espy_buf_putc(out, '"');
		is_damaged = espy_escape_json(out, v->str);
		espy_buf_putc(out, '"');
	} else {
		put_number(out, c, v->num);
	}
	if (is_damaged) {
		espy_buf_printf(out, ",\"%s_hex\":\"", c->column->name);
		for (size_t i = 0; i < v->str.n; i++)
			espy_buf_printf(out, "%02x", (unsigned char)v->str.p[i]);
		espy_buf_putc(out, '"');
	}
	espy_buf_printf(out, ",\"count\":%llu}\n", (unsigned long long)v->count);
}

static void put_csv(struct espy_buf *out, const struct count *c, const struct espy_query_value *v)
{
	if (v->is_string)
		espy_escape_csv(out, v->str);
	else
		put_number(out, c, v->num);
	espy_buf_printf(out, ",%llu\n", (unsigned long long)v->count);
}

static int print_data(const struct count *c, const struct espy_query_groups *g,
		      struct espy_buf *out)
{
	bool is_csv = c->format == ESPY_VIEW_CSV;

	if (is_csv)
		espy_buf_printf(out, "%s,count\n", c->column->name);
	for (size_t i = 0; i < g->n; i++) {
		if (is_csv)
			put_csv(out, c, &g->v[i]);
		else
			put_json(out, c, &g->v[i]);
	}
	if (g->none)
		espy_buf_printf(out, is_csv ? ",%llu\n" : "{\"count\":%llu}\n",
				(unsigned long long)g->none);
	return out->error;
}

static void tell_rest(const struct count *c, const struct espy_query_groups *g)
{
	if (g->others && !g->is_exact)
		fprintf(stderr,
			"espy: there are more than %u values of %s; %llu events with others are "
			"not among these, and the counts of rare values may be too low: choose "
			"fewer events with a filter\n",
			ESPY_QUERY_GROUPS_MAX, c->column->name, (unsigned long long)g->others);
	else if (g->others && !c->top)
		fprintf(stderr, "espy: %llu more values, of %llu events, are not shown\n",
			(unsigned long long)(g->values - g->n), (unsigned long long)g->others);
}

/* --- the answer ---------------------------------------------------------------------------------
 */

static void note_end(const struct espy_query *q, struct espy_replay_end *end)
{
	const struct espy_ending *ending = espy_query_ending(q);
	const struct espy_err *damage;

	*end = (struct espy_replay_end){.has_ending = ending != NULL};
	if (ending)
		end->ending = *ending;
	end->machine = *espy_query_machine(q);
	end->dropped = espy_query_dropped(q);
	end->damaged = espy_query_damaged(q, &damage);
	if (damage)
		espy_cmd_fail(damage, NULL);
}

static int answer(struct count *c, struct espy_query *q, struct espy_err *err)
{
	struct espy_progress progress;
	struct espy_query_watch watch = {.progress = espy_progress_show, .ctx = &progress};
	static struct espy_replay_end end;
	struct espy_query_groups g;
	struct espy_buf out = {0};
	int r;

	espy_progress_init(&progress, "counting");
	r = espy_query_group(q, c->column, c->top, &watch, &g, err);
	espy_progress_clear(&progress);
	if (r < 0)
		return espy_cmd_fail(err, c->filter);
	c->wall_offset = espy_query_machine(q)->wall_offset;
	if (c->format == ESPY_VIEW_TEXT)
		r = print_text(c, &g, &out);
	else
		r = print_data(c, &g, &out);
	note_end(q, &end);
	r = espy_answer_print(&out, r, &end, !c->no_pager && c->format == ESPY_VIEW_TEXT);
	tell_rest(c, &g);
	espy_query_groups_done(&g);
	return r;
}

static int count(struct count *c)
{
	struct espy_err err = {0};
	struct espy_query *q;
	int r = espy_query_open(&q, c->path, c->filter, &err);

	if (r < 0)
		return espy_cmd_fail(&err, c->filter);
	r = answer(c, q, &err);
	espy_query_close(q);
	return r;
}

/* --- arguments ----------------------------------------------------------------------------------
 */

static int parse_top(const char *text, size_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno || end == text || *end || text[0] == '-' || *ret == 0 ||
			       *ret > ESPY_QUERY_TOP_MAX
		       ? -EINVAL
		       : 0;
}

/* 0, or the exit code after an error was printed. */
static int parse_option(struct count *c, int letter)
{
	switch (letter) {
	case 'f':
		if (espy_answer_format(optarg, &c->format) == 0)
			return 0;
		return espy_cmd_usage(&espy_cmd_count,
				      "there is no format %s: there are text, json and csv",
				      optarg);
	case 'n':
		if (parse_top(optarg, &c->top) == 0)
			return 0;
		return espy_cmd_usage(&espy_cmd_count, "--top takes a number from 1 to %u",
				      ESPY_QUERY_TOP_MAX);
	case OPTION_NO_PAGER:
		c->no_pager = true;
		return 0;
	default:
		return 2;
	}
}

static int unknown_column(const char *name)
{
	const struct espy_column *column;
	struct espy_suggest s;

	espy_suggest_init(&s, espy_str0(name));
	for (unsigned i = 0; (column = espy_column_at(i)); i++)
		espy_suggest_offer(&s, column->name);
	return espy_cmd_usage(&espy_cmd_count,
			      "there is no column %s%s: espy schema --columns lists them", name,
			      espy_suggest_text(&s).s);
}

static int count_main(int argc, char **argv)
{
	struct count c = {.style = espy_answer_style(1)};
	int letter, r = 0;

	while (r == 0 && (letter = espy_cmd_getopt(&espy_cmd_count, argc, argv, 0)) != -1)
		r = parse_option(&c, letter);
	if (r)
		return r;
	if (optind + 1 >= argc)
		return espy_cmd_usage(&espy_cmd_count,
				      "which trace, and which column? espy schema --columns lists "
				      "them");
	c.path = argv[optind];
	c.column = espy_column_find(espy_str0(argv[optind + 1]));
	if (!c.column)
		return unknown_column(argv[optind + 1]);
	c.filter = espy_cmd_filter(argc, argv, optind + 2);
	r = count(&c);
	free(c.filter);
	return r;
}

const struct espy_command espy_cmd_count = {
	.name = "count",
	.usage = "FILE COLUMN [FILTER] [options]",
	.help = "count how often each value of a column occurs",
	.detail = "COLUMN is a column such as path, process, op or error, or a field of events; "
		  "espy schema --columns lists them. The most frequent value comes first. Only the "
		  "events that match FILTER are counted. FILE can be - for the standard input.",
	.options = options,
	.run = count_main,
};
