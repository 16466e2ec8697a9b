/* SPDX-License-Identifier: MIT */
/* espy summary: what a trace adds up to, by one of the kinds of engine/summaries.def or all at
 * once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/escape.h"
#include "cmd/answer.h"
#include "cmd/parse.h"
#include "cmd/pmc-option.h"
#include "cmd/symbols.h"
#include "model/merged.h"
#include "engine/study.h"
#include "engine/summary-view.h"
#include "model/value.h"

#define USUAL_ROWS      20u /* of a table on a screen or behind a pipe */
#define USUAL_NEST_ROWS 10u /* of each section */
#define SCREEN_LINES    24u
#define OVERVIEWS_MAX   12u

enum { NO_PAGER = 256 + 4 }; /* place in the table */

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text, json or csv"},
	{'n', "number", "N", "at most N rows, 0 for all; default 20 in text, all in json and csv"},
	{'s', "sort", "COLUMN", "order by this column"},
	{'b', "by", "GROUPING", "process: name, exe, user; file: folder, ext; result: error"},
	{0, "no-pager", NULL, "print at once, also on a terminal"},
	ESPY_PMC_OPTION,
	ESPY_SYMBOLS_OPTION,
	{0, NULL, NULL, NULL},
};

struct summary {
	const char *path, *kind, *by, *sort;
	const struct espy_study *study; /* NULL: the kind is a sum */
	char *filter;
	bool no_pager;
	long rows; /* -1: the usual number */
	enum espy_view_format format;
	struct espy_table_style style;
};

/* One or more summaries as a sink. */
struct collector {
	struct espy_sink sink;
	struct espy_summary *summaries[OVERVIEWS_MAX];
	size_t n;
	uint64_t lost, first, last;
	uint64_t more; /* operations that merged rows stand for, beyond one each */
};

/* --- collecting ---------------------------------------------------------------------------------
 */

static void note_batch(struct collector *c, const struct espy_batch *b)
{
	const struct espy_group *g = b->group[ESPY_EV_system_loss];

	for (uint32_t i = 0; g && i < g->n; i++)
		c->lost += espy_batch_get(b, g->row[i], ESPY_FIELD_system_loss_lost).num;
	for (uint32_t row = 0; row < b->n; row++) {
		if (!c->first || b->time[row] < c->first)
			c->first = b->time[row];
		if (espy_measure_end(b, row) > c->last)
			c->last = espy_measure_end(b, row);
	}
}

static int collect(struct espy_sink *sink, const struct espy_batch *b, const uint64_t *bits,
		   struct espy_err *err)
{
	struct collector *c = (struct collector *)sink;

	note_batch(c, b);
	c->more += espy_merged_more(b, bits);
	for (size_t i = 0; i < c->n; i++) {
		int r = espy_summary_batch(c->summaries[i], b, bits);

		if (r < 0)
			return espy_err_set(err, r, "no memory left for the summary");
	}
	return 0;
}

static const struct espy_sink_ops collector_ops = {.batch = collect};

static int add_kind(struct collector *c, const struct espy_summary_kind *k)
{
	int r = c->n < OVERVIEWS_MAX ? espy_summary_new(&c->summaries[c->n], k, 0) : -EOVERFLOW;

	c->n += r == 0;
	return r;
}

static void collector_done(struct collector *c)
{
	for (size_t i = 0; i < c->n; i++)
		espy_summary_free(c->summaries[i]);
}

/* --- all in short -------------------------------------------------------------------------------
 */

/* "make.espy: 52,341 events in 1.204s, 0 lost" */
static void overview_title(const struct summary *s, const struct collector *c,
			   const struct espy_replay_end *end, struct espy_buf *out)
{
	uint64_t lost = end->ending.lost > c->lost ? end->ending.lost : c->lost;

	espy_escape_text(out, espy_str0(s->path));
	espy_buf_puts(out, ": ");
	espy_table_things(out, end->matched, "event", "events");
	if (end->matched != end->rows) {
		espy_buf_puts(out, " of ");
		espy_table_count(out, end->rows);
	}
	if (c->more) {
		espy_buf_puts(out, " (");
		espy_table_count(out, end->matched + c->more);
		espy_buf_puts(out, " operations)");
	}
	espy_buf_puts(out, " in ");
	espy_value_duration(out, c->last - c->first);
	espy_buf_puts(out, ", ");
	if (end->dropped) {
		espy_table_count(out, end->dropped);
		espy_buf_puts(out, " dropped by --keep, ");
	}
	espy_table_count(out, lost);
	espy_buf_puts(out, end->has_ending ? " lost\n" : " lost, the trace has no end\n");
}

static unsigned overview_lines(void)
{
	struct espy_terminal t = espy_cmd_terminal(STDOUT_FILENO);

	return t.is_tty && t.height > SCREEN_LINES ? t.height : SCREEN_LINES;
}

/* What the rows of each table may be multiplied by to fill the lines; with lines to spare the
 * tables stand apart. */
static unsigned overview_scale(const struct collector *c, bool *ret_airy)
{
	unsigned rows = 0, heads = 1, lines = overview_lines();

	for (size_t i = 0; i < c->n; i++) {
		if (!espy_summary_groups(c->summaries[i]))
			continue;
		rows += espy_summary_kind(c->summaries[i])->overview;
		heads++;
	}
	*ret_airy = lines >= 2 * heads + rows;
	if (*ret_airy)
		heads *= 2;
	return rows && lines > heads + rows ? (lines - heads) / rows : 1;
}

static int overview(const struct summary *s, struct collector *c, const struct espy_replay_end *end,
		    struct espy_buf *out)
{
	struct espy_summary_view_options o = {
		.format = s->format, .brief = true, .style = s->style};
	bool airy;
	unsigned scale = overview_scale(c, &airy);
	int r = 0;

	if (s->format == ESPY_VIEW_TEXT)
		overview_title(s, c, end, out);
	for (size_t i = 0; i < c->n && r == 0; i++) {
		if (s->format == ESPY_VIEW_TEXT && airy && espy_summary_groups(c->summaries[i]))
			espy_buf_putc(out, '\n');
		o.limit = s->rows > 0 ? (uint32_t)s->rows : 0;
		if (s->format == ESPY_VIEW_TEXT && s->rows < 0)
			o.limit = espy_summary_kind(c->summaries[i])->overview * scale;
		r = espy_summary_view(c->summaries[i], out, &o);
	}
	return r;
}

/* --- one kind -----------------------------------------------------------------------------------
 */

static int one_kind(const struct summary *s, struct collector *c, struct espy_buf *out)
{
	const struct espy_summary_kind *k = espy_summary_kind(c->summaries[0]);
	struct espy_summary_view_options o = {
		.format = s->format, .sort = s->sort, .style = s->style};

	if (s->rows >= 0)
		o.limit = (uint32_t)s->rows;
	else if (s->format == ESPY_VIEW_TEXT)
		o.limit = k->nest ? USUAL_NEST_ROWS : USUAL_ROWS;
	return espy_summary_view(c->summaries[0], out, &o);
}

/* Known before the trace is read, which may take a while. */
static int check_sort(const struct summary *s, const struct espy_summary_kind *k)
{
	struct espy_summary *empty;
	struct espy_buf names = {0};
	uint32_t *order;
	int r;

	if (!s->sort || espy_summary_new(&empty, k, 0) < 0)
		return 0;
	r = espy_summary_order(empty, s->sort, &order);
	espy_summary_free(empty);
	if (r == 0)
		free(order);
	if (r != -EINVAL)
		return 0;
	espy_summary_view_columns(k, &names);
	r = espy_cmd_usage(&espy_cmd_summary, "cannot sort by %s; there are %.*s", s->sort,
			   (int)names.n, names.p);
	espy_buf_done(&names);
	return r;
}

static int unknown_kind(const struct summary *s)
{
	if (espy_kind_find(s->kind, ""))
		return espy_cmd_usage(&espy_cmd_summary, "%s cannot be grouped by %s", s->kind,
				      s->by);
	return espy_cmd_usage(&espy_cmd_summary, "there is no summary %s", s->kind);
}

static int out_of_memory(void)
{
	struct espy_err err = {0};

	espy_err_set(&err, -ENOMEM, "no memory left");
	return espy_cmd_fail(&err, NULL);
}

/* --- a study ------------------------------------------------------------------------------------
 */

struct studier {
	struct espy_sink sink;
	const struct espy_study *study;
	void *state;
};

static int study_batch(struct espy_sink *sink, const struct espy_batch *b, const uint64_t *bits,
		       struct espy_err *err)
{
	struct studier *s = (struct studier *)sink;
	int r = s->study->batch(s->state, b, bits);

	return r < 0 ? espy_err_set(err, r, "no memory left for the summary") : 0;
}

static const struct espy_sink_ops studier_ops = {.batch = study_batch};

static int one_study(const struct summary *s, struct espy_replay_end *end)
{
	struct studier studier = {.sink.ops = &studier_ops, .study = s->study};
	struct espy_sink *sinks[] = {&studier.sink, NULL};
	struct espy_summary_view_options o = {.format = s->format};
	struct espy_buf out = {0};
	int r = s->study->open(&studier.state);

	if (r < 0)
		return out_of_memory();
	r = espy_answer_read(s->path, s->filter, sinks, end);
	if (r == 0) {
		o.style = espy_answer_style(STDOUT_FILENO);
		o.limit = s->rows >= 0 ? (uint32_t)s->rows
				       : (s->format == ESPY_VIEW_TEXT ? USUAL_ROWS : 0);
		r = espy_answer_print(&out, s->study->view(studier.state, &out, &o), end,
				      !s->no_pager);
	}
	s->study->close(studier.state);
	return r;
}

/* --- command line -------------------------------------------------------------------------------
 */

static int parse_option(struct summary *s, int letter)
{
	uint32_t rows;

	switch (letter) {
	case 'f':
		if (espy_answer_format(optarg, &s->format) < 0)
			return espy_cmd_usage(&espy_cmd_summary,
					      "format %s is none of text, json, csv", optarg);
		return 0;
	case 'n':
		if (espy_parse_u32(optarg, &rows) < 0)
			return espy_cmd_usage(&espy_cmd_summary, "%s is not a number of rows",
					      optarg);
		s->rows = rows;
		return 0;
	case NO_PAGER:
		s->no_pager = true;
		return 0;
	case 's':
		s->sort = optarg;
		return 0;
	case 'b':
		s->by = optarg;
		return 0;
	}
	return 2;
}

static int parse(struct summary *s, int argc, char **argv)
{
	int letter, r;

	while ((letter = espy_cmd_getopt(&espy_cmd_summary, argc, argv, 0)) != -1) {
		r = parse_option(s, letter);
		if (r)
			return r;
	}
	if (optind >= argc)
		return espy_cmd_usage(&espy_cmd_summary, "a trace FILE is needed");
	s->path = argv[optind++];
	if (optind < argc) {
		s->study = espy_study_find(argv[optind]);
		if (s->study || espy_kind_find(argv[optind], ""))
			s->kind = argv[optind++];
	}
	if (s->study && (s->sort || s->by))
		return espy_cmd_usage(&espy_cmd_summary, "%s has its own order and grouping",
				      s->kind);
	if (!s->kind && (s->sort || s->by))
		return espy_cmd_usage(&espy_cmd_summary, "--sort and --by need a KIND");
	if (!s->kind && s->format == ESPY_VIEW_CSV)
		return espy_cmd_usage(&espy_cmd_summary, "csv has one table: give a KIND");
	s->filter = espy_cmd_filter(argc, argv, optind);
	return 0;
}

static int prepare(struct summary *s, struct collector *c)
{
	const struct espy_summary_kind *k =
		s->kind ? espy_kind_find(s->kind, s->by ? s->by : "") : NULL;
	int r = 0;

	if (s->kind && !k)
		return unknown_kind(s);
	if (k) {
		r = check_sort(s, k);
		return r ? r : add_kind(c, k);
	}
	for (unsigned i = 0; espy_kind_at(i) && r == 0; i++)
		if (espy_kind_at(i)->overview)
			r = add_kind(c, espy_kind_at(i));
	return r;
}

static int summary_main(int argc, char **argv)
{
	struct summary s = {.rows = -1};
	struct collector c = {.sink.ops = &collector_ops};
	struct espy_sink *sinks[] = {&c.sink, NULL};
	static struct espy_replay_end end; /* too large for the stack's taste */
	struct espy_buf out = {0};
	int r = parse(&s, argc, argv);

	if (r == 0 && s.study) {
		r = one_study(&s, &end);
		free(s.filter);
		return r;
	}
	if (r == 0)
		r = prepare(&s, &c);
	if (r < 0)
		r = out_of_memory();
	if (r == 0)
		r = espy_answer_read(s.path, s.filter, sinks, &end);
	if (r == 0) {
		s.style = espy_answer_style(STDOUT_FILENO);
		r = s.kind ? one_kind(&s, &c, &out) : overview(&s, &c, &end, &out);
		r = espy_answer_print(&out, r, &end, !s.no_pager);
	}
	collector_done(&c);
	free(s.filter);
	return r;
}

const struct espy_command espy_cmd_summary = {
	.name = "summary",
	.usage = "FILE [KIND] [FILTER] [options]",
	.help = "add a trace up by process, file, result, endpoint and more",
	.detail =
		"KIND is process, result, file, change, network, registry, operation, syscall, "
		"class or life; without one, all of them are shown in short. activity (over time), "
		"crossref (written by one, read by another) and stack (tree of calls) are "
		"kinds too. Figures are of the events that FILTER matches.",
	.options = options,
	.run = summary_main,
};
