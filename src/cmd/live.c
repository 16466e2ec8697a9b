/* SPDX-License-Identifier: MIT */
/* espy live: events on the standard output as they happen. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/clipboard.h"
#include "cmd/cmd.h"
#include "cmd/cost.h"
#include "cmd/hashes.h"
#include "cmd/losses.h"
#include "cmd/merge.h"
#include "cmd/output.h"
#include "cmd/parse.h"
#include "cmd/pack.h"
#include "cmd/pmc-option.h"
#include "cmd/profile.h"
#include "cmd/stop.h"
#include "cmd/targets.h"
#include "cmd/with.h"
#include "engine/sinks.h"
#include "sense/machine.h"

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text, json, csv, tsv, ecs and others; default text"},
	{'c', "columns", "LIST", "columns, by commas; `espy schema --columns` lists them"},
	{'t', "for", "TIME", "end after so long: 30s, 5m"},
	{'p', "pid", "PID,…", "only these processes and their descendants"},
	{'u', "user", "USER", "only processes of this user; may be repeated"},
	{0, "cgroup", "DIR", "only processes in or below this version 2 cgroup"},
	{'e', "env", NULL, "record the environment of every exec"},
	{0, "utc", NULL, "times in UTC"},
	ESPY_PMC_OPTION,
	ESPY_PACK_OPTION,
	ESPY_WITH_OPTION,
	ESPY_MERGE_OPTION,
	ESPY_HASHES_OPTIONS,
	ESPY_CLIPBOARD_OPTIONS,
	ESPY_PROFILE_OPTIONS,
	ESPY_COST_OPTION,
	{0, NULL, NULL, NULL},
};

/* What to print of an operation that is watched alone, unless --columns says it: one line that
 * tells all. */
static const struct {
	const char *filter, *columns;
} monitors[] = {
	{"exec", "time,user,parent,ppid,process,pid,result,argv"},
	{"exit", "time,user,parent,ppid,process,pid,result,lifetime,cmdline"},
	{"exec,exit", "time,op,user,parent,ppid,process,pid,result,lifetime,argv"},
	{"fork,exec,exit", "time,op,user,ppid,process,pid,child_pid,result,lifetime,argv"},
	{"connect", "time,user,process,pid,result,duration,protocol,remote"},
	{"dns", "time,process,pid,duration,query_type,rcode,query,answers"},
};

struct live {
	const char *format, *columns, *cgroup;
	char *filter;
	uint64_t for_ns;
	bool environment, utc;
	struct espy_targets targets;
};

static int parse_option(struct live *l, int letter, struct espy_err *err)
{
	switch (letter) {
	case 'f':
		l->format = optarg;
		return 0;
	case 'c':
		l->columns = optarg;
		return 0;
	case 't':
		return espy_parse_duration(optarg, &l->for_ns);
	case 'p':
		return espy_targets_add_pids(&l->targets, optarg, err);
	case 'u':
		return espy_targets_add_user(&l->targets, optarg, err);
	case 256 + 5:
		l->cgroup = optarg;
		return 0;
	case 'e':
		l->environment = true;
		return 0;
	case 256 + 7:
		l->utc = true;
		return 0;
	}
	return -1;
}

static const char *monitor_columns(const struct live *l)
{
	for (size_t i = 0; i < sizeof(monitors) / sizeof(monitors[0]); i++)
		if (l->filter && !strcmp(l->filter, monitors[i].filter) &&
		    !strcmp(l->format, "text"))
			return monitors[i].columns;
	return NULL;
}

static int init_lines(struct live *l, struct espy_sink_lines *lines, const struct espy_machine *m,
		      struct espy_err *err)
{
	const struct espy_format *f = espy_format_find(espy_str0(l->format));
	const struct espy_column *columns[64];
	char names[256];
	struct espy_terminal t = espy_cmd_terminal(STDOUT_FILENO);
	struct espy_writer_options o = {
		.width = t.width, .colour = t.colour, .utc = l->utc, .machine = m};
	int r;

	if (!f)
		return espy_err_set(err, -ENOTSUP, "no format %s: there are %s", l->format,
				    espy_format_names(names, sizeof(names)));
	if (!l->columns)
		l->columns = monitor_columns(l);
	if (l->columns) {
		r = espy_format_columns(l->columns, columns, 64, err);
		if (r < 0)
			return -ENOTSUP;
		o.columns = columns;
	}
	return espy_sink_lines_init(lines, f, &o, STDOUT_FILENO);
}

static void tell_lost(const struct espy_ending *e)
{
	fprintf(stderr, "espy: %llu events, %llu lost (%s)\n", (unsigned long long)e->events,
		(unsigned long long)e->lost, e->reason);
	espy_overload_tell(e);
}

static int run_capture(struct live *l, struct espy_err *err)
{
	struct espy_capture_options o = {.filter = l->filter,
					 .pids = l->targets.pids,
					 .n_pids = l->targets.n_pids,
					 .uids = l->targets.uids,
					 .n_uids = l->targets.n_uids,
					 .cgroup = l->cgroup,
					 .environment = l->environment,
					 .pack = espy_pack_wanted(),
					 .with = espy_with_types(),
					 .merge = espy_merge_wanted(),
					 .identify = espy_hashes_wanted(),
					 .clipboard = espy_clipboard_options(),
					 .profile = espy_profile_options(),
					 .symbols = true,
					 .flush_ms = 20};
	struct espy_cost cost = {.bytes = espy_sink_lines_written,
				 .json = strcmp(l->format, "json") == 0,
				 .to_stdout = true};
	struct espy_stop stop = {.follows = l->targets.n_pids > 0, .cost = &cost};
	struct espy_sink_lines lines = {0};
	struct espy_capture *c = NULL;
	struct espy_machine m = {0};
	struct espy_ending e;
	int r;

	espy_machine_read(&m);
	r = init_lines(l, &lines, &m, err);
	if (r < 0)
		return r;
	o.sinks[0] = &lines.sink;
	r = espy_capture_open(&c, &o, err);
	if (r >= 0)
		espy_pack_tell(c, &m);
	cost.sink = &lines;
	if (r >= 0)
		espy_cost_begin(&cost, c);
	if (r >= 0)
		r = espy_capture_start(c, err);
	if (r >= 0) {
		stop.until = l->for_ns ? espy_machine_now() + l->for_ns : 0;
		r = espy_capture_run(c, espy_stop_tick, &stop, &e, err);
		if (r >= 0)
			tell_lost(&e);
		espy_cost_end(&cost, c);
	}
	espy_capture_close(c);
	espy_sink_lines_done(&lines);
	return r;
}

static int live_main(int argc, char **argv)
{
	static struct live l = {.format = "text"};
	struct espy_err err = {0};
	int letter, r;

	while ((letter = espy_cmd_getopt(&espy_cmd_live, argc, argv, 0)) != -1) {
		if (letter == '?')
			return 2;
		if (parse_option(&l, letter, &err) < 0)
			return err.text[0] ? espy_cmd_fail(&err, NULL)
					   : espy_cmd_usage(&espy_cmd_live, "%s: not understood",
							    optarg);
	}
	l.filter = espy_cmd_filter(argc, argv, optind);
	espy_stop_catch();
	r = run_capture(&l, &err);
	if (r == -EPIPE)
		r = 0;
	if (r < 0)
		r = espy_cmd_fail(&err, l.filter) == 2 || r == -ENOTSUP ? 2 : 1;
	free(l.filter);
	espy_targets_done(&l.targets);
	return r;
}

const struct espy_command espy_cmd_live = {
	.name = "live",
	.usage = "[options] [FILTER…]",
	.help = "stream events to the standard output",
	.detail = "`espy live exec` is the one-line process monitor; `espy live fork,exec,exit`, "
		  "`espy live "
		  "connect`, `espy live 'class == file and result < 0'`. Ctrl-C ends it.",
	.options = options,
	.run = live_main,
};
