/* SPDX-License-Identifier: MIT */
/* espy record: records the machine or a part of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/bounds.h"
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
	{'o', "output", "FILE", "trace file, - for the standard output; default espy.espy"},
	{'t', "for", "TIME", "end after so long: 30s, 5m"},
	{'p', "pid", "PID,…", "only these processes and their descendants"},
	{'u', "user", "USER", "only processes of this user; may be repeated"},
	{0, "cgroup", "DIR", "only processes in or below this version 2 cgroup"},
	{'F', "filter", "EXPR", "record only what matches, as the operands"},
	{'e', "env", NULL, "record the environment of every exec"},
	{'q', "quiet", NULL, "no progress and no summary"},
	{0, "ring", "SIZE",
	 "buffer per processor, a power of two; default 16M by their number, 2M to 8M"},
	ESPY_BOUNDS_OPTIONS,
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

struct record {
	const char *output, *cgroup;
	char *filter;
	uint64_t for_ns, ring_bytes;
	bool environment, quiet;
	struct espy_targets targets;
	struct espy_bounds bounds;
};

static int parse_option(struct record *rec, int letter, struct espy_err *err)
{
	switch (letter) {
	case 'o':
		rec->output = optarg;
		return 0;
	case 't':
		return espy_parse_duration(optarg, &rec->for_ns);
	case 'p':
		return espy_targets_add_pids(&rec->targets, optarg, err);
	case 'u':
		return espy_targets_add_user(&rec->targets, optarg, err);
	case 256 + 4:
		rec->cgroup = optarg;
		return 0;
	case 'F':
		free(rec->filter);
		rec->filter = strdup(optarg);
		return rec->filter ? 0 : -1;
	case 'e':
		rec->environment = true;
		return 0;
	case 'q':
		rec->quiet = true;
		return 0;
	case 256 + 8:
		return espy_parse_ring(optarg, &rec->ring_bytes);
	}
	return -1;
}

static void summarise(const struct record *rec, const struct espy_ending *e,
		      const struct espy_machine *m, const struct espy_sink_trace *sink)
{
	if (rec->quiet)
		return;
	fprintf(stderr, "espy: %llu events in %s, %llu lost (%s)\n",
		(unsigned long long)(e->events - sink->dropped), rec->output,
		(unsigned long long)e->lost, e->reason);
	espy_overload_tell(e);
	espy_bounds_tell(m, sink->dropped, sink->dropped_to);
}

static int run_capture(struct record *rec, int argc, char **argv, struct espy_err *err)
{
	struct espy_capture_options o = {.filter = rec->filter,
					 .window = rec->bounds.window,
					 .batch_bytes = espy_bounds_batch(&rec->bounds),
					 .pids = rec->targets.pids,
					 .n_pids = rec->targets.n_pids,
					 .uids = rec->targets.uids,
					 .n_uids = rec->targets.n_uids,
					 .cgroup = rec->cgroup,
					 .environment = rec->environment,
					 .pack = espy_pack_wanted(),
					 .with = espy_with_types(),
					 .merge = espy_merge_wanted(),
					 .identify = espy_hashes_wanted(),
					 .clipboard = espy_clipboard_options(),
					 .profile = espy_profile_options(),
					 .ring_bytes = rec->ring_bytes,
					 .flush_ms = 1000};
	struct espy_sink_trace sink = {0};
	struct espy_cost cost = {.bytes = espy_sink_trace_written, .sink = &sink};
	struct espy_stop stop = {.follows = rec->targets.n_pids > 0,
				 .progress = !rec->quiet && !espy_cost_wanted() &&
					     isatty(STDERR_FILENO),
				 .cost = &cost};
	struct espy_capture *c = NULL;
	struct espy_trace_writer *w;
	struct espy_machine m;
	struct espy_ending e;
	int r;

	espy_output_machine(&m, argc, argv, rec->filter, &rec->bounds);
	o.sinks[0] = &sink.sink;
	r = espy_capture_open(&c, &o, err);
	if (r >= 0)
		espy_pack_tell(c, &m);
	if (r >= 0)
		r = espy_output_create(&w, rec->output, &rec->bounds, &m, err);
	if (r >= 0) {
		espy_sink_trace_init(&sink, w);
		espy_cost_begin(&cost, c);
		r = espy_capture_start(c, err);
	}
	if (r >= 0) {
		stop.until = rec->for_ns ? espy_machine_now() + rec->for_ns : 0;
		r = espy_capture_run(c, espy_stop_tick, &stop, &e, err);
		espy_cost_end(&cost, c);
	}
	espy_capture_close(c);
	if (sink.writer)
		espy_trace_finish(sink.writer, NULL, NULL);
	if (r >= 0)
		summarise(rec, &e, &m, &sink);
	return r;
}

static int record_main(int argc, char **argv)
{
	static struct record rec = {.output = "espy.espy"};
	struct espy_err err = {0};
	int letter, r;

	while ((letter = espy_cmd_getopt(&espy_cmd_record, argc, argv, 0)) != -1) {
		if (letter == '?')
			return 2;
		r = espy_bounds_option(&rec.bounds, &espy_cmd_record, letter, optarg);
		if (r > 0)
			return r;
		if (r < 0 && parse_option(&rec, letter, &err) < 0)
			return err.text[0] ? espy_cmd_fail(&err, NULL)
					   : espy_cmd_usage(&espy_cmd_record, "%s: not understood",
							    optarg);
	}
	if (optind < argc && rec.filter)
		return espy_cmd_usage(&espy_cmd_record, "a filter by -F and by operands");
	if (optind < argc)
		rec.filter = espy_cmd_filter(argc, argv, optind);
	else
		rec.filter = espy_pmc_with(rec.filter);
	if (espy_bounds_check(&rec.bounds, &espy_cmd_record, rec.output))
		return 2;
	espy_stop_catch();
	r = run_capture(&rec, argc, argv, &err);
	r = r < 0 ? espy_cmd_fail(&err, rec.filter) : 0;
	free(rec.filter);
	espy_targets_done(&rec.targets);
	return r;
}

const struct espy_command espy_cmd_record = {
	.name = "record",
	.usage = "[options] [FILTER…]",
	.help = "record the machine or a part of it",
	.detail = "Records until Ctrl-C, the time limit, or the end of the processes that -p "
		  "named. With --keep it is a flight recorder: only the newest part is on the "
		  "disk at any time. Espy does not record itself.",
	.options = options,
	.run = record_main,
};
