/* SPDX-License-Identifier: MIT */
/* espy tree: the processes of a trace, who made whom, how long they lived and what they did. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "cmd/answer.h"
#include "cmd/parse.h"
#include "cmd/pmc-option.h"
#include "engine/tree-view.h"

enum { NO_PAGER = 256 + 3 }; /* place in the table */

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text, json or csv"},
	{'a', "all", NULL, "also processes that did nothing in the trace"},
	{'p', "pid", "PID", "only this process and those that it made"},
	{0, "no-pager", NULL, "print at once, also on a terminal"},
	ESPY_PMC_OPTION,
	{0, NULL, NULL, NULL},
};

struct tree {
	const char *path;
	char *filter;
	struct espy_tree_view_options view;
	bool no_pager;
};

/* The tree as a sink. */
struct collector {
	struct espy_sink sink;
	struct espy_tree *tree;
};

static int failed(int r, struct espy_err *err)
{
	return r < 0 ? espy_err_set(err, r, "no memory left for the process tree") : 0;
}

static int collect_snapshot(struct espy_sink *sink, const struct espy_batch *b,
			    struct espy_err *err)
{
	return failed(espy_tree_snapshot(((struct collector *)sink)->tree, b), err);
}

static int collect(struct espy_sink *sink, const struct espy_batch *b, const uint64_t *bits,
		   struct espy_err *err)
{
	return failed(espy_tree_batch(((struct collector *)sink)->tree, b, bits), err);
}

static const struct espy_sink_ops collector_ops = {.snapshot = collect_snapshot, .batch = collect};

static int parse_option(struct tree *t, int letter)
{
	switch (letter) {
	case 'f':
		if (espy_answer_format(optarg, &t->view.format) < 0)
			return espy_cmd_usage(&espy_cmd_tree,
					      "format %s is none of text, json, csv", optarg);
		return 0;
	case NO_PAGER:
		t->no_pager = true;
		return 0;
	case 'a':
		t->view.order.all = true;
		return 0;
	case 'p':
		if (espy_parse_u32(optarg, &t->view.order.pid) < 0 || t->view.order.pid == 0)
			return espy_cmd_usage(&espy_cmd_tree, "%s is not a process id", optarg);
		return 0;
	}
	return 2;
}

static int parse(struct tree *t, int argc, char **argv)
{
	int letter;

	while ((letter = espy_cmd_getopt(&espy_cmd_tree, argc, argv, 0)) != -1) {
		int r = parse_option(t, letter);

		if (r)
			return r;
	}
	if (optind >= argc)
		return espy_cmd_usage(&espy_cmd_tree, "a trace FILE is needed");
	t->path = argv[optind];
	t->filter = espy_cmd_filter(argc, argv, optind + 1);
	return 0;
}

static int print(struct tree *t, struct espy_tree *tree, const struct espy_replay_end *end)
{
	struct espy_err err = {0};
	struct espy_buf out = {0};
	int r = espy_tree_link(tree);

	t->view.order.target = end->machine.target_pid;
	if (!end->machine.target_pid)
		t->view.order.origin = end->machine.started;
	t->view.style = espy_answer_style(STDOUT_FILENO);
	if (r == 0)
		r = espy_tree_view(tree, &out, &t->view);
	if (r != -ESRCH)
		return espy_answer_print(&out, r, end, !t->no_pager);
	espy_buf_done(&out);
	espy_err_set(&err, r, "no process of the trace has pid %u", t->view.order.pid);
	return espy_cmd_fail(&err, NULL);
}

static int tree_main(int argc, char **argv)
{
	struct tree t = {0};
	struct collector c = {.sink.ops = &collector_ops};
	struct espy_sink *sinks[] = {&c.sink, NULL};
	static struct espy_replay_end end; /* two machines' worth of text: not for the stack */
	int r = parse(&t, argc, argv);

	if (r == 0 && espy_tree_new(&c.tree, NULL) < 0)
		r = espy_cmd_fail(&(struct espy_err){.text = "no memory left"}, NULL);
	if (r == 0)
		r = espy_answer_read(t.path, t.filter, sinks, &end);
	if (r == 0)
		r = print(&t, c.tree, &end);
	espy_tree_free(c.tree);
	free(t.filter);
	return r;
}

const struct espy_command espy_cmd_tree = {
	.name = "tree",
	.usage = "FILE [FILTER] [options]",
	.help = "show the processes of a trace and what became of them",
	.detail = "A process stands under the one that created it. Figures are of the events "
		  "that FILTER matches; only processes with such events and their ancestors "
		  "are shown.",
	.options = options,
	.run = tree_main,
};
