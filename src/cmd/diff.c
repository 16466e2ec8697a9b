/* SPDX-License-Identifier: MIT */
/* espy diff: what one run did that another did not. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/answer.h"
#include "cmd/parse.h"
#include "cmd/pmc-option.h"
#include "engine/diff-view.h"

#define USUAL_ROWS 12u /* of each program */

enum { NO_PAGER = 256 + 4 }; /* place in the table */

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text, json or csv"},
	{'n', "number", "N", "text: at most N lines for each program, 0 for all; default 12"},
	{'a', "all", NULL, "everything, also what follows from other differences"},
	{'x', "exact", NULL, "compare names as they are, also process ids and random parts"},
	{0, "no-pager", NULL, "print at once, also on a terminal"},
	ESPY_PMC_OPTION,
	{0, NULL, NULL, NULL},
};

struct diff {
	const char *paths[2];
	char *filter;
	struct espy_diff_view_options view;
	bool exact, no_pager, has_limit;
};

static int parse_option(struct diff *d, int letter)
{
	switch (letter) {
	case 'f':
		if (espy_answer_format(optarg, &d->view.format) < 0)
			return espy_cmd_usage(&espy_cmd_diff,
					      "format %s is none of text, json, csv", optarg);
		return 0;
	case 'n':
		if (espy_parse_u32(optarg, &d->view.limit) < 0)
			return espy_cmd_usage(&espy_cmd_diff, "%s is not a number of lines",
					      optarg);
		d->has_limit = true;
		return 0;
	case 'a':
		d->view.all = true;
		return 0;
	case 'x':
		d->exact = true;
		return 0;
	case NO_PAGER:
		d->no_pager = true;
		return 0;
	}
	return 2;
}

static int parse(struct diff *d, int argc, char **argv)
{
	int letter;

	while ((letter = espy_cmd_getopt(&espy_cmd_diff, argc, argv, 0)) != -1) {
		int r = parse_option(d, letter);

		if (r)
			return r;
	}
	if (argc - optind < 2)
		return espy_cmd_usage(&espy_cmd_diff, "two traces A and B are needed");
	if (!d->has_limit)
		d->view.limit = d->view.all ? 0 : USUAL_ROWS;
	d->view.a = d->paths[0] = argv[optind];
	d->view.b = d->paths[1] = argv[optind + 1];
	d->filter = espy_cmd_filter(argc, argv, optind + 2);
	if (strcmp(d->paths[0], "-") == 0 && strcmp(d->paths[1], "-") == 0)
		return espy_cmd_usage(&espy_cmd_diff,
				      "only one of A and B can be the standard input");
	return 0;
}

static int read_both(struct diff *d, struct espy_diff *diff, struct espy_replay_end *ends)
{
	struct espy_sink *sinks[] = {&diff->sink, NULL};
	int r = 0;

	for (unsigned side = 0; side < 2 && r == 0; side++) {
		espy_diff_side(diff, side);
		r = espy_answer_read(d->paths[side], d->filter, sinks, &ends[side]);
	}
	return r;
}

static int print(struct diff *d, const struct espy_diff *diff, const struct espy_differences *found,
		 int r, const struct espy_replay_end *ends)
{
	struct espy_buf out = {0};

	d->view.style = espy_answer_style(STDOUT_FILENO);
	if (r == 0)
		r = espy_diff_view(diff, found, &out, &d->view);
	r = espy_answer_print(&out, r, &ends[0], !d->no_pager);
	return espy_answer_print(&out, 0, &ends[1], false) ? 1 : r;
}

static int diff_main(int argc, char **argv)
{
	static struct espy_replay_end ends[2]; /* not for the stack */
	struct espy_differences found = {0};
	struct espy_diff diff = {0};
	struct diff d = {0};
	int r = parse(&d, argc, argv);

	if (r == 0 && espy_diff_init(&diff) < 0)
		r = espy_cmd_fail(&(struct espy_err){.text = "no memory left"}, NULL);
	diff.exact = d.exact;
	if (r == 0)
		r = read_both(&d, &diff, ends);
	if (r == 0)
		r = print(&d, &diff, &found, espy_differences_find(&found, &diff), ends);
	espy_differences_done(&found);
	espy_diff_done(&diff);
	free(d.filter);
	return r;
}

const struct espy_command espy_cmd_diff = {
	.name = "diff",
	.usage = "A B [FILTER] [options]",
	.help = "show what one run did that another did not",
	.detail = "A is the run that it is compared with, B the one in question. A line with - "
		  "is of A only, one with + of B only, one with ! went otherwise. Programs "
		  "stand under those that ran them; the gravest comes first.",
	.options = options,
	.run = diff_main,
};
