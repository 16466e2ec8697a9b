/* SPDX-License-Identifier: MIT */
/* espy show: prints a trace. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/bounds.h"
#include "cmd/cmd.h"
#include "cmd/losses.h"
#include "cmd/symbols.h"
#include "cmd/pager.h"
#include "cmd/progress.h"
#include "engine/sieve.h"
#include "cmd/pmc-option.h"
#include "format/format.h"
#include "rule/rule.h"
#include "format/reader.h"

#define FLUSH_BYTES 65536 /* written at once */

enum {
	OPTION_SKIP = 256 + 3,
	OPTION_UTC = 256 + 5,
	OPTION_NO_PAGER
}; /* by their place in the table */

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text, json, csv, tsv, ecs and others; default text"},
	{'c', "columns", "LIST",
	 "these columns, separated by commas; espy schema --columns lists them"},
	{'n', "count", "COUNT", "stop after COUNT events"},
	{0, "skip", "COUNT", "leave out the first COUNT events"},
	{'s', "snapshot", NULL, "also what existed when the capture started"},
	{0, "utc", NULL, "times in UTC, not in the local time zone"},
	{0, "no-pager", NULL, "do not start a pager on a terminal"},
	ESPY_PMC_OPTION,
	ESPY_SYMBOLS_OPTION,
	{0, NULL, NULL, NULL},
};

struct show {
	const char *path, *list;
	char *filter;
	const struct espy_format *format;
	const struct espy_column *columns[ESPY_WRITER_COLUMNS];
	bool has_columns, snapshot, utc, no_pager;
	uint64_t limit; /* events to print, 0: all */
	uint64_t skip;  /* events to leave out first */

	struct espy_reader *reader;
	struct espy_rule *rule;
	struct espy_batch *batch;
	uint64_t *bits;
	struct espy_sieve sieve; /* of a trace whose blocks can be looked at one by one */
	struct espy_list blocks;
	bool is_listed;
	struct espy_writer writer;
	struct espy_buf out;
	struct espy_progress progress; /* while lines do not go to a terminal */
	unsigned n_damaged;
	struct espy_err damage; /* the first one */
};

/* --- printing --------------------------------------------------------------------------------- */

static bool is_done(const struct show *s)
{
	return s->limit && s->writer.rows >= s->limit;
}

static int print_rows(struct show *s, const struct espy_batch *b, const uint64_t *bits)
{
	int r = 0;

	for (uint32_t row = 0; row < b->n && r >= 0 && !is_done(s); row++) {
		if (!espy_rule_bit(bits, row))
			continue;
		if (s->skip) {
			s->skip--;
			continue;
		}
		r = s->format->row(&s->writer, &s->out, b, row);
		if (r >= 0 && s->out.n >= FLUSH_BYTES)
			r = espy_buf_flush(&s->out, STDOUT_FILENO);
	}
	/* a reader of a trace that is still written sees what is there */
	return r < 0 ? r : espy_buf_flush(&s->out, STDOUT_FILENO);
}

static int print_batch(struct show *s)
{
	int r = espy_rule_match(s->rule, s->batch, s->bits);

	return r < 0 ? r : print_rows(s, s->batch, s->bits);
}

static void note_damage(struct show *s, unsigned n, const struct espy_err *what)
{
	if (!s->n_damaged)
		s->damage = *what;
	s->n_damaged += n;
}

typedef int next_fn(struct espy_reader *t, struct espy_batch *b, struct espy_err *err);

/* Every block that can be read is shown; what cannot is told at the end. */
static int print_blocks(struct show *s, next_fn *next, struct espy_err *err)
{
	while (!is_done(s)) {
		struct espy_err problem = {0};
		int r = next(s->reader, s->batch, &problem);

		if (r == 0)
			return 0;
		if (r == -EBADMSG) {
			note_damage(s, 1, &problem);
			continue;
		}
		if (r < 0) {
			*err = problem;
			return r;
		}
		r = print_batch(s);
		if (r < 0)
			return espy_err_set(err, r, "cannot print: %s", strerror(-r));
		espy_progress_show(&s->progress, espy_reader_progress(s->reader));
	}
	return 0;
}

/* One block: what the filter looks at, and then the rest if there is anything to print. */
static int print_block(struct show *s, const struct espy_index_block *e, struct espy_err *err)
{
	static const struct espy_need nothing_more;
	int r = 0;

	if (s->skip && !s->sieve.stateful) {
		r = espy_sieve_block(&s->sieve, e, NULL, err);
		if (r < 0)
			return r;
		if (s->sieve.matched <= s->skip) {
			s->skip -= s->sieve.matched;
			return 0;
		}
	}
	r = espy_sieve_block(&s->sieve, e, &nothing_more, err);
	if (r == 0 && s->sieve.matched)
		r = espy_sieve_whole(&s->sieve, err);
	if (r < 0 || s->sieve.matched == 0)
		return r;
	r = print_rows(s, s->sieve.batch, s->sieve.bits);
	return r < 0 ? espy_err_set(err, r, "cannot print: %s", strerror(-r)) : 0;
}

/* The events of a trace that need not be read in its order. */
static int print_listed(struct show *s, struct espy_err *err)
{
	for (size_t i = 0; i < s->blocks.index.blocks.n && !is_done(s); i++) {
		const struct espy_index_block *e = &s->blocks.index.blocks.v[i];
		struct espy_err problem = {0};
		int r = e->type == ESPY_TRACE_EVENTS ? print_block(s, e, &problem) : 0;

		if (r == -EBADMSG)
			note_damage(s, 1, &problem);
		else if (r == -ESTALE)
			s->blocks.dropped += e->rows;
		else if (r < 0) {
			*err = problem;
			return r;
		}
		espy_progress_show(&s->progress,
				   (double)(i + 1) / (double)s->blocks.index.blocks.n);
	}
	return 0;
}

static int print_trace(struct show *s, struct espy_err *err)
{
	int r = s->format->begin(&s->writer, &s->out);

	espy_progress_init(&s->progress, "reading");
	s->progress.shown &= !isatty(STDOUT_FILENO);

	if (r >= 0 && s->snapshot)
		r = print_blocks(s, espy_reader_snapshot, err);
	if (r >= 0)
		r = s->is_listed ? print_listed(s, err) : print_blocks(s, espy_reader_next, err);
	espy_progress_clear(&s->progress);
	if (r < 0)
		return r;
	r = s->format->end(&s->writer, &s->out);
	if (r >= 0)
		r = espy_buf_flush(&s->out, STDOUT_FILENO);
	return r < 0 ? espy_err_set(err, r, "cannot print: %s", strerror(-r)) : 0;
}

/* What the events do not say of themselves. Returns the exit code. */
static int tell_end(const struct show *s)
{
	const struct espy_ending *e = s->is_listed && s->blocks.has_ending
					      ? &s->blocks.ending
					      : espy_reader_ending(s->reader);
	uint64_t dropped = s->is_listed ? s->blocks.dropped : espy_reader_dropped(s->reader);

	if (s->n_damaged) {
		espy_cmd_fail(&s->damage, NULL);
		fprintf(stderr, "espy: %u damaged block%s left out; everything else was shown\n",
			s->n_damaged, s->n_damaged > 1 ? "s were" : " was");
	}
	if (is_done(s))
		return s->n_damaged ? 1 : 0;
	espy_bounds_tell(espy_reader_machine(s->reader), dropped, e ? e->dropped_to : 0);
	if (!e && !s->n_damaged)
		fprintf(stderr, "espy: the trace has no end yet: it is still being written, or its "
				"capture was killed\n");
	else if (e)
		espy_losses_tell(e);
	return s->n_damaged ? 1 : 0;
}

/* --- setting up ------------------------------------------------------------------------------- */

/* Where that can be done, the blocks of the trace are looked at one by one. */
static int list_blocks(struct show *s, struct espy_err *err)
{
	struct espy_trace *t = espy_reader_trace(s->reader);
	struct espy_err damage = {0};
	int r;

	if (!t || s->snapshot || espy_trace_rewind(t) < 0)
		return 0;
	r = espy_list_blocks(&s->blocks, t, &damage);
	s->is_listed = r == 0;
	if (r < 0) {
		*err = damage;
		return r;
	}
	if (s->blocks.damaged)
		note_damage(s, s->blocks.damaged, &damage);
	return espy_sieve_init(&s->sieve, t, s->filter, err);
}

static int open_all(struct show *s, struct espy_err *err)
{
	int r = espy_rule_new(&s->rule, s->filter, err);

	if (r >= 0)
		r = espy_reader_open(&s->reader, s->path, NULL, err);
	if (r >= 0)
		espy_rule_set_start(s->rule, espy_reader_machine(s->reader)->started);
	if (r >= 0)
		r = espy_batch_new(&s->batch);
	if (r < 0)
		return r;
	s->bits = calloc(ESPY_RULE_WORDS(ESPY_BATCH_ROWS), sizeof(*s->bits));
	return s->bits ? list_blocks(s, err) : -ENOMEM;
}

static int init_writer(struct show *s)
{
	struct espy_terminal t = espy_cmd_terminal(STDOUT_FILENO);
	struct espy_writer_options o = {
		.columns = s->has_columns ? s->columns : NULL,
		.width = t.width,
		.colour = t.colour,
		.utc = s->utc,
		.machine = espy_reader_machine(s->reader),
	};

	return espy_writer_init(&s->writer, s->format, &o);
}

static void close_all(struct show *s)
{
	espy_sieve_done(&s->sieve);
	espy_list_done(&s->blocks);
	if (s->writer.format)
		espy_writer_done(&s->writer);
	espy_buf_done(&s->out);
	espy_batch_free(s->batch);
	free(s->bits);
	if (s->reader)
		espy_reader_close(s->reader);
	if (s->rule)
		espy_rule_free(s->rule);
	free(s->filter);
}

static int show_trace(struct show *s)
{
	struct espy_err err = {0};
	int r = open_all(s, &err);
	pid_t pager = 0;

	if (r >= 0)
		r = init_writer(s);
	if (r >= 0) {
		pager = s->no_pager ? 0 : espy_pager_start();
		r = print_trace(s, &err);
		espy_pager_finish(pager);
	}
	if (r == -EPIPE)
		return 0; /* the reader has seen enough */
	if (r >= 0)
		return tell_end(s);
	err.code = r;
	return espy_cmd_fail(&err, s->filter);
}

/* --- arguments -------------------------------------------------------------------------------- */

static int parse_count(const char *text, uint64_t least, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno || end == text || *end || text[0] == '-' || *ret < least ? -EINVAL : 0;
}

/* 0, or the exit code after an error was printed. */
static int parse_option(struct show *s, int letter)
{
	char names[256];

	switch (letter) {
	case 'f':
		s->format = espy_format_find(espy_str0(optarg));
		return s->format ? 0
				 : espy_cmd_usage(&espy_cmd_show,
						  "there is no format %s: there are %s", optarg,
						  espy_format_names(names, sizeof(names)));
	case 'c':
		s->list = optarg;
		return 0;
	case 'n':
		return parse_count(optarg, 1, &s->limit) == 0
			       ? 0
			       : espy_cmd_usage(&espy_cmd_show, "%s is not a number of events",
						optarg);
	case 's':
		s->snapshot = true;
		return 0;
	case OPTION_SKIP:
		return parse_count(optarg, 0, &s->skip) == 0
			       ? 0
			       : espy_cmd_usage(&espy_cmd_show, "%s is not a number of events",
						optarg);
	case OPTION_UTC:
		s->utc = true;
		return 0;
	case OPTION_NO_PAGER:
		s->no_pager = true;
		return 0;
	default:
		return 2;
	}
}

/* Which columns there are depends on the format, which may be chosen after them. */
static int parse_columns(struct show *s)
{
	struct espy_err err = {0};

	s->has_columns = s->list;
	if (s->list &&
	    espy_format_columns_of(s->format, s->list, s->columns, ESPY_WRITER_COLUMNS, &err) < 0)
		return espy_cmd_usage(&espy_cmd_show, "%s", err.text);
	return 0;
}

static int show_main(int argc, char **argv)
{
	struct show s = {.format = espy_format_find(ESPY_STR("text"))};
	int letter, r = 0;

	while (r == 0 && (letter = espy_cmd_getopt(&espy_cmd_show, argc, argv, 0)) != -1)
		r = parse_option(&s, letter);
	if (r == 0)
		r = parse_columns(&s);
	if (r)
		return r;
	if (optind >= argc)
		return espy_cmd_usage(&espy_cmd_show, "which trace? - is the standard input");
	s.path = argv[optind];
	s.filter = espy_cmd_filter(argc, argv, optind + 1);
	r = show_trace(&s);
	close_all(&s);
	return r;
}

const struct espy_command espy_cmd_show = {
	.name = "show",
	.usage = "FILE [FILTER] [options]",
	.help = "print a trace",
	.detail = "FILTER chooses events: an expression such as 'class == file and result < 0', or "
		  "just "
		  "names of classes and operations such as 'exec,exit'. FILE can be - for the "
		  "standard "
		  "input. On a terminal lines are cut to its width and a pager is used; to a pipe "
		  "or file "
		  "each event is one whole line.",
	.options = options,
	.run = show_main,
};
