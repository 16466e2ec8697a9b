/* SPDX-License-Identifier: MIT */
/* espy serve: other programs subscribe to what happens, over a Unix socket. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/bounds.h"
#include "cmd/clipboard.h"
#include "cmd/cmd.h"
#include "cmd/hashes.h"
#include "cmd/output.h"
#include "cmd/parse.h"
#include "cmd/pack.h"
#include "cmd/pmc-option.h"
#include "cmd/stop.h"
#include "cmd/targets.h"
#include "cmd/with.h"
#include "engine/capture.h"
#include "forward/serve.h"
#include "sense/machine.h"

#define DEFAULT_SOCKET "/run/espy.sock"

static const struct espy_option options[] = {
	{'s', "socket", "PATH", "where subscribers connect; default " DEFAULT_SOCKET},
	{'m', "mode", "OCTAL", "permissions of the socket's file; default 0600"},
	{'g', "group", "NAME", "group of the socket's file; with it the mode is 0660"},
	{'t', "for", "TIME", "end after so long: 30s, 5m"},
	{'p', "pid", "PID,…", "only these processes and their descendants"},
	{'u', "user", "USER", "only processes of this user; may be repeated"},
	{'e', "env", NULL, "record the environment of every exec"},
	{'q', "quiet", NULL, "say nothing"},
	ESPY_PMC_OPTION,
	ESPY_PACK_OPTION,
	ESPY_WITH_OPTION,
	ESPY_HASHES_OPTIONS,
	ESPY_CLIPBOARD_OPTIONS,
	{0, NULL, NULL, NULL},
};

struct serve {
	struct espy_serve_options to;
	struct espy_targets targets;
	struct espy_serve *server;
	struct espy_stop stop;
	char *filter;
	uint64_t for_ns;
	bool environment, quiet, has_mode;
};

static int take_mode(struct serve *s, const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (*end || end == text || mode > 0777)
		return -EINVAL;
	s->to.mode = (mode_t)mode;
	s->has_mode = true;
	return 0;
}

static int take_group(struct serve *s, const char *name)
{
	const struct group *g = getgrnam(name);

	if (!g)
		return -EINVAL;
	s->to.group = g->gr_gid;
	return 0;
}

static int parse_option(struct serve *s, int letter, struct espy_err *err)
{
	switch (letter) {
	case 's':
		s->to.path = optarg;
		return 0;
	case 'm':
		return take_mode(s, optarg);
	case 'g':
		return take_group(s, optarg);
	case 't':
		return espy_parse_duration(optarg, &s->for_ns);
	case 'p':
		return espy_targets_add_pids(&s->targets, optarg, err);
	case 'u':
		return espy_targets_add_user(&s->targets, optarg, err);
	case 'e':
		s->environment = true;
		return 0;
	case 'q':
		s->quiet = true;
		return 0;
	}
	return -1;
}

static int tick(void *ctx, struct espy_capture *c, struct espy_ending *e)
{
	struct serve *s = ctx;
	int r = espy_serve_tick(s->server);

	return r < 0 ? r : espy_stop_tick(&s->stop, c, e);
}

static void tell(const struct serve *s, const struct espy_ending *e)
{
	struct espy_serve_stats n = espy_serve_stats(s->server);

	if (!s->quiet)
		fprintf(stderr,
			"espy: %llu events, %llu lost; %llu subscriptions, which lost %llu (%s)\n",
			(unsigned long long)e->events, (unsigned long long)e->lost,
			(unsigned long long)n.served, (unsigned long long)n.lost, e->reason);
}

static int run_capture(struct serve *s, struct espy_machine *m, struct espy_err *err)
{
	struct espy_capture_options o = {.filter = s->filter,
					 .pids = s->targets.pids,
					 .n_pids = s->targets.n_pids,
					 .uids = s->targets.uids,
					 .n_uids = s->targets.n_uids,
					 .environment = s->environment,
					 .pack = espy_pack_wanted(),
					 .with = espy_with_types(),
					 .identify = espy_hashes_wanted(),
					 .clipboard = espy_clipboard_options(),
					 .flush_ms = 20};
	struct espy_capture *c = NULL;
	struct espy_ending e;
	int r;

	s->to.machine = m;
	r = espy_serve_new(&s->server, &s->to, err);
	if (r < 0)
		return r;
	o.sinks[0] = espy_serve_sink(s->server);
	r = espy_capture_open(&c, &o, err);
	if (r >= 0)
		espy_pack_tell(c, m);
	if (r >= 0)
		r = espy_capture_start(c, err);
	if (r >= 0) {
		if (!s->quiet)
			fprintf(stderr, "espy: subscribers connect to %s; Ctrl-C ends\n",
				s->to.path);
		s->stop.follows = s->targets.n_pids > 0;
		s->stop.until = s->for_ns ? espy_machine_now() + s->for_ns : 0;
		r = espy_capture_run(c, tick, s, &e, err);
		if (r >= 0)
			tell(s, &e);
	}
	espy_capture_close(c);
	espy_serve_free(s->server);
	return r;
}

static int serve_main(int argc, char **argv)
{
	static struct serve s = {.to = {.path = DEFAULT_SOCKET, .mode = 0600, .group = (gid_t)-1}};
	static const struct espy_bounds no_bounds;
	static struct espy_machine m;
	struct espy_err err = {0};
	int letter, r;

	while ((letter = espy_cmd_getopt(&espy_cmd_serve, argc, argv, 0)) != -1) {
		if (letter == '?')
			return 2;
		if (parse_option(&s, letter, &err) < 0)
			return err.text[0] ? espy_cmd_fail(&err, NULL)
					   : espy_cmd_usage(&espy_cmd_serve, "%s: not understood",
							    optarg);
	}
	s.filter = espy_cmd_filter(argc, argv, optind);
	if (s.to.group != (gid_t)-1 && !s.has_mode)
		s.to.mode = 0660;
	espy_stop_catch();
	espy_output_machine(&m, argc, argv, s.filter, &no_bounds);
	r = run_capture(&s, &m, &err);
	if (r < 0)
		r = espy_cmd_fail(&err, s.filter);
	free(s.filter);
	espy_targets_done(&s.targets);
	return r;
}

const struct espy_command espy_cmd_serve = {
	.name = "serve",
	.usage = "[options] [FILTER…]",
	.help = "let other programs subscribe to events",
	.detail = "A program connects to the socket and sends one line: `json FILTER` for lines of "
		  "JSON, `espy FILTER` for a trace. It gets what happens from then on. "
		  "`echo json exec | nc -U " DEFAULT_SOCKET "` tries it; libespy does it for C.",
	.options = options,
	.run = serve_main,
};
