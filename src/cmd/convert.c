/* SPDX-License-Identifier: MIT */
/* espy convert: a capture in another format. */
#include "engine/convert.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "cmd/cmd.h"
#include "cmd/losses.h"
#include "cmd/symbols.h"
#include "cmd/part.h"
#include "cmd/pmc-option.h"
#include "cmd/progress.h"
#include "cmd/stop.h"

enum { OPTION_FROM = 256, OPTION_TO, OPTION_STACKS = 256 + 3 }; /* by their place in the table */

static const struct espy_option options[] = {
	{0, "from", "FORMAT", "what IN is; default: what its content shows"},
	{0, "to", "FORMAT", "what OUT becomes; default: what its name ends with"},
	{'c', "columns", "LIST",
	 "these columns, separated by commas, where the format has columns; espy schema --columns "
	 "lists them"},
	{0, "stacks", NULL, "also the calls that led to each event, where they were recorded"},
	ESPY_PMC_OPTION,
	ESPY_SYMBOLS_OPTION,
	{0, NULL, NULL, NULL},
};

struct convert {
	const char *in, *out, *list;
	char *filter;
	const struct espy_reader_format *from;
	const struct espy_output_format *to;
	const struct espy_column *columns[ESPY_WRITER_COLUMNS];
	bool has_columns, stacks;
	struct espy_part part;
};

/* --- the work --------------------------------------------------------------------------------- */

static int create(void *ctx, struct espy_err *err)
{
	struct convert *c = ctx;

	return espy_part_open(&c->part, err);
}

static bool is_stopped(void *ctx)
{
	(void)ctx;
	return espy_stop_asked();
}

static int convert_all(struct convert *c, struct espy_replay_end *end, struct espy_err *err)
{
	struct espy_progress progress;
	struct espy_convert sink;
	struct espy_replay replay = {.path = c->in, .filter = c->filter, .from = c->from};
	int r;

	espy_convert_init(&sink);
	sink.format = c->to;
	sink.filter = c->filter;
	sink.input = end;
	sink.create = create;
	sink.stopped = is_stopped;
	sink.ctx = c;
	sink.options = (struct espy_output_options){.path = c->part.grows, .stacks = c->stacks};
	if (c->has_columns)
		sink.options.columns = c->columns;
	espy_progress_init(&progress, "converting");
	replay.sinks[0] = &sink.sink;
	replay.progress = espy_progress_show;
	replay.ctx = &progress;
	r = espy_replay(&replay, end, err);
	espy_progress_clear(&progress);
	espy_convert_done(&sink);
	return r;
}

/* What the file lacks, once it is there. Returns the exit code. */
static int tell_end(const struct espy_replay_end *end, const struct espy_err *damage)
{
	if (end->damaged) {
		espy_cmd_fail(damage, NULL);
		fprintf(stderr, "espy: %u damaged block%s left out; everything else was written\n",
			end->damaged, end->damaged > 1 ? "s were" : " was");
		return 1;
	}
	if (!end->has_ending)
		fprintf(stderr, "espy: the trace has no end yet: it is still being written, or its "
				"capture was killed\n");
	else
		espy_losses_tell(&end->ending);
	return 0;
}

static int convert_file(struct convert *c)
{
	struct espy_replay_end *end = calloc(1, sizeof(*end));
	struct espy_err err = {0}, late = {0};
	int r = end ? espy_part_init(&c->part, c->out, &err) : -ENOMEM;

	if (r == 0 && !c->part.is_file && c->to->flags & ESPY_OUTPUT_SEEKS)
		r = espy_err_set(&err, -ESPIPE,
				 "%s cannot be written to a pipe or device; give a file name",
				 c->to->name);
	if (r == 0) {
		espy_stop_catch();
		r = convert_all(c, end, &err);
	}
	if (r >= 0)
		r = espy_part_keep(&c->part, &late);
	espy_part_drop(&c->part);
	if (late.code)
		err = late;
	err.code = r;
	if (r == -EPIPE)
		r = 0; /* the reader has seen enough */
	else
		r = r < 0 ? espy_cmd_fail(&err, c->filter) : tell_end(end, &err);
	free(end);
	return r;
}

/* --- arguments -------------------------------------------------------------------------------- */

static void add_name(struct espy_buf *b, const char *name)
{
	if (b->n)
		espy_buf_putc(b, ' ');
	espy_buf_puts(b, name);
}

static void add_outputs(struct espy_buf *b)
{
	const struct espy_output_format *f;

	for (unsigned i = 0; (f = espy_output_at(i)); i++)
		add_name(b, f->name);
}

static void add_readers(struct espy_buf *b)
{
	for (size_t i = 0; espy_reader_formats[i]; i++)
		add_name(b, espy_reader_formats[i]->name);
}

/* A usage error that ends with the names there are. */
static int no_format(const char *what, const char *word, void (*add)(struct espy_buf *b))
{
	struct espy_buf b = {0};
	int r;

	add(&b);
	espy_buf_putc(&b, '\0');
	r = espy_cmd_usage(&espy_cmd_convert, "%s %s; there are %s", what, word,
			   b.error ? "others" : b.p);
	espy_buf_done(&b);
	return r;
}

static int parse_option(struct convert *c, int letter)
{
	switch (letter) {
	case OPTION_FROM:
		c->from = espy_reader_find(espy_str0(optarg));
		return c->from ? 0 : no_format("cannot read the format", optarg, add_readers);
	case OPTION_TO:
		c->to = espy_output_find(espy_str0(optarg));
		return c->to ? 0 : no_format("there is no format", optarg, add_outputs);
	case 'c':
		c->list = optarg;
		return 0;
	case OPTION_STACKS:
		c->stacks = true;
		return 0;
	default:
		return 2;
	}
}

/* Which columns there are depends on the format. */
static int parse_columns(struct convert *c)
{
	struct espy_err err = {0};

	c->has_columns = c->list;
	if (c->list && espy_format_columns_of(c->to->lines, c->list, c->columns,
					      ESPY_WRITER_COLUMNS, &err) < 0)
		return espy_cmd_usage(&espy_cmd_convert, "%s", err.text);
	return 0;
}

static int parse_operands(struct convert *c, int argc, char **argv)
{
	if (optind + 2 > argc)
		return espy_cmd_usage(&espy_cmd_convert, "%s",
				      optind < argc ? "what should it become? OUT is missing"
						    : "which trace? - is the standard input");
	c->in = argv[optind];
	c->out = argv[optind + 1];
	if (!c->to)
		c->to = espy_output_of_path(espy_str0(c->out));
	if (!c->to)
		return no_format("--to must say what to make of", c->out, add_outputs);
	c->filter = espy_cmd_filter(argc, argv, optind + 2);
	return parse_columns(c);
}

static int convert_main(int argc, char **argv)
{
	struct convert c = {.in = NULL};
	int letter, r = 0;

	while (r == 0 && (letter = espy_cmd_getopt(&espy_cmd_convert, argc, argv, 0)) != -1)
		r = parse_option(&c, letter);
	if (r == 0)
		r = parse_operands(&c, argc, argv);
	if (r == 0)
		r = convert_file(&c);
	free(c.filter);
	return r;
}

const struct espy_command espy_cmd_convert = {
	.name = "convert",
	.usage = "IN OUT [FILTER] [options]",
	.help = "write a capture in another format",
	.detail =
		"IN is a trace, or another program's capture that Espy can read. What OUT becomes "
		"is told by the end of its name or by --to: a part of a trace as a trace "
		"(espy), SQLite, Parquet, Perfetto, JSON and others. A file that is there "
		"already is kept as OUT.old; OUT is there only once it is complete. FILTER "
		"chooses events as in espy show.",
	.options = options,
	.run = convert_main,
};
