/* SPDX-License-Identifier: MIT */
/* espy why: the failures that mattered, and what came of them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/answer.h"
#include "cmd/parse.h"
#include "cmd/pmc-option.h"
#include "engine/why-view.h"

#define USUAL_FINDINGS 3u

enum { NO_PAGER = 256 + 4 }; /* place in the table */

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text or json"},
	{'n', "number", "N", "at most N findings, 0 for all; default 3 in text, all in json"},
	{'a', "all", NULL, "all findings"},
	{'g', "good", "FILE", "a trace of a run that went well: what failed in it does not matter"},
	{0, "no-pager", NULL, "print at once, also on a terminal"},
	ESPY_PMC_OPTION,
	{0, NULL, NULL, NULL},
};

struct why {
	const char *path, *good;
	char *filter;
	struct espy_why_view_options view;
	bool no_pager, has_limit;
};

static int parse_option(struct why *o, int letter)
{
	switch (letter) {
	case 'f':
		if (espy_answer_format(optarg, &o->view.format) < 0 ||
		    o->view.format == ESPY_VIEW_CSV)
			return espy_cmd_usage(&espy_cmd_why, "format %s is none of text, json",
					      optarg);
		return 0;
	case 'n':
		if (espy_parse_u32(optarg, &o->view.limit) < 0)
			return espy_cmd_usage(&espy_cmd_why, "%s is not a number of findings",
					      optarg);
		o->has_limit = true;
		return 0;
	case 'a':
		o->view.all = true;
		return 0;
	case 'g':
		o->good = optarg;
		return 0;
	case NO_PAGER:
		o->no_pager = true;
		return 0;
	}
	return 2;
}

static int parse(struct why *o, int argc, char **argv)
{
	int letter;

	while ((letter = espy_cmd_getopt(&espy_cmd_why, argc, argv, 0)) != -1) {
		int r = parse_option(o, letter);

		if (r)
			return r;
	}
	if (optind >= argc)
		return espy_cmd_usage(&espy_cmd_why, "a trace FILE is needed");
	o->path = argv[optind];
	if (strcmp(o->path, "-") != 0)
		o->view.file = o->path;
	else if (o->good && strcmp(o->good, "-") == 0)
		return espy_cmd_usage(&espy_cmd_why,
				      "only one of the traces can be the standard input");
	o->view.all |= o->has_limit || o->view.format == ESPY_VIEW_JSON;
	if (!o->view.all)
		o->view.limit = USUAL_FINDINGS;
	o->filter = espy_cmd_filter(argc, argv, optind + 1);
	return 0;
}

static int out_of_memory(void)
{
	return espy_cmd_fail(&(struct espy_err){.text = "no memory left"}, NULL);
}

static int read_all(const struct why *o, struct espy_why *w, struct espy_replay_end *end)
{
	struct espy_sink *sinks[] = {&w->sink, NULL};
	int r = 0;

	if (o->good) {
		r = espy_answer_read(o->good, NULL, sinks, end);
		if (r == 0 && espy_why_was_good(w) < 0)
			r = out_of_memory();
	}
	return r ? r : espy_answer_read(o->path, o->filter, sinks, end);
}

static int print(struct why *o, struct espy_why *w, const struct espy_replay_end *end)
{
	struct espy_why_findings found = {0};
	struct espy_buf out = {0};
	int r = espy_why_find(&found, w, end->machine.target_pid);

	o->view.style = espy_answer_style(STDOUT_FILENO);
	if (r == 0)
		r = espy_why_view(w, &found, &out, &o->view);
	espy_why_findings_done(&found);
	return espy_answer_print(&out, r, end, !o->no_pager);
}

static int why_main(int argc, char **argv)
{
	static struct espy_replay_end end; /* not for the stack */
	struct espy_why w = {0};
	struct why o = {0};
	int r = parse(&o, argc, argv);

	if (r == 0 && espy_why_init(&w) < 0)
		r = out_of_memory();
	if (r == 0)
		r = read_all(&o, &w, &end);
	if (r == 0)
		r = print(&o, &w, &end);
	espy_why_done(&w);
	free(o.filter);
	return r;
}

const struct espy_command espy_cmd_why = {
	.name = "why",
	.usage = "FILE [FILTER] [options]",
	.help = "say why a run went wrong: the failures that mattered",
	.detail = "Each finding is one sentence, what came of it, and the events that show it. "
		  "Only failures that FILTER matches count; how processes ended is taken from "
		  "all events.",
	.options = options,
	.run = why_main,
};
