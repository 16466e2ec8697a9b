/* SPDX-License-Identifier: MIT */
/* espy run: records a command and all its descendants. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cmd/answer.h"
#include "cmd/bounds.h"
#include "cmd/clipboard.h"
#include "cmd/cmd.h"
#include "cmd/hashes.h"
#include "cmd/merge.h"
#include "cmd/output.h"
#include "cmd/parse.h"
#include "cmd/pack.h"
#include "cmd/pmc-option.h"
#include "cmd/profile.h"
#include "cmd/with.h"
#include "engine/capture.h"
#include "engine/report.h"
#include "engine/sinks.h"
#include "sense/machine.h"
#include "sense/sense.h"

enum { EXIT_ESPY = 125, EXIT_CANNOT = 126, EXIT_NOT_FOUND = 127 };

static const struct espy_option options[] = {
	{'o', "output", "FILE", "trace file, - for the standard output; default CMD.espy"},
	{'t', "for", "TIME", "end the recording after so long, not CMD: 30s, 5m"},
	{'F', "filter", "EXPR", "record only what matches"},
	{'e', "env", NULL, "record the environment of every exec"},
	{'g', "grace", "TIME", "go on for so long when descendants outlive CMD; default 2s"},
	{'q', "quiet", NULL, "no report at the end"},
	{0, "ring", "SIZE",
	 "buffer per processor, a power of two; default 16M by their number, 2M to 8M"},
	{0, "lossless", NULL, "hold the command rather than lose an event"},
	ESPY_BOUNDS_OPTIONS,
	ESPY_PMC_OPTION,
	ESPY_PACK_OPTION,
	ESPY_WITH_OPTION,
	ESPY_MERGE_OPTION,
	ESPY_HASHES_OPTIONS,
	ESPY_CLIPBOARD_OPTIONS,
	ESPY_PROFILE_OPTIONS,
	{0, NULL, NULL, NULL},
};

struct run {
	const char *output, *filter;
	char default_output[PATH_MAX];
	char program[PATH_MAX]; /* resolved */
	uint64_t grace_ns, for_ns, ring_bytes;
	bool environment, quiet, lossless;
	pid_t child;
	int gate;         /* writing lets the child exec */
	int failed;       /* reading: errno of an exec that failed */
	int status;       /* of the child, -1 while it runs */
	uint64_t left_at; /* boot clock when it ended */
	int64_t outlived; /* descendants that were alive when the grace time ended */
	uint64_t ends_at; /* boot clock, 0 no limit */
	struct espy_bounds bounds;
	struct espy_machine machine;
	struct espy_sink_trace trace;
	struct espy_report *report;
};

/* Signals that a person or a supervisor sends to Espy are meant for the command. */
static volatile sig_atomic_t child_pid;

static void pass_on(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	/* the terminal's own (SI_KERNEL) reach the command directly: it is in the same group */
	if (child_pid > 0 && info->si_code <= 0 && info->si_pid != child_pid)
		kill(child_pid, sig);
	errno = saved;
}

/* The end of the command ends the sleep between two looks at the rings. */
static void wake(int sig)
{
	(void)sig;
}

static const int passed[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};

static void catch_signals(struct sigaction *old)
{
	struct sigaction sa = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct sigaction end = {.sa_handler = wake, .sa_flags = SA_NOCLDSTOP | SA_RESTART};

	sigaction(SIGCHLD, &end, NULL);
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		sigaction(passed[i], &sa, &old[i]);
}

/* --- the command ---------------------------------------------------------------------------- */

static bool is_program(const char *path, int *ret_errno)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			*ret_errno = errno;
		return false;
	}
	if (S_ISREG(st.st_mode) && access(path, X_OK) == 0)
		return true;
	*ret_errno = EACCES;
	return false;
}

/* As execvp(3) does, but without failed execs in the record. 0, -ENOENT or -EACCES. */
static int find_program(const char *name, char *path, size_t size)
{
	const char *list = getenv("PATH"), *end;
	int e = ENOENT;

	if (strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		return is_program(path, &e) ? 0 : -e;
	}
	for (list = list ? list : "/usr/local/bin:/usr/bin:/bin"; list;
	     list = *end ? end + 1 : NULL) {
		end = list + strcspn(list, ":");
		snprintf(path, size, "%.*s%s%s", (int)(end - list), list, end > list ? "/" : "",
			 name);
		if (is_program(path, &e))
			return 0;
	}
	return -e;
}

static void exec_shell(const char *path, char **argv)
{
	size_t n = 0;
	char **sh;

	while (argv[n])
		n++;
	sh = calloc(n + 2, sizeof(*sh));
	if (!sh)
		return;
	sh[0] = argv[0];
	sh[1] = (char *)path;
	memcpy(&sh[2], &argv[1], n * sizeof(*argv));
	execv("/bin/sh", sh);
	free(sh);
}

/* Polled and not read: a read would be the first event of the trace. False: the parent gave up. */
static bool is_let_go(int gate)
{
	struct pollfd p = {.fd = gate, .events = POLLIN};

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return false;
	return p.revents & POLLIN;
}

/* In the child: wait until the sensor runs, then become the command. */
__attribute__((noreturn)) static void child_main(const char *path, char **argv, int gate,
						 int failed)
{
	int e;

	if (!is_let_go(gate))
		_exit(EXIT_ESPY);
	execv(path, argv);
	if (errno == ENOEXEC) /* a script without a first line: the shell's, as execvp has it */
		exec_shell(path, argv);
	e = errno;
	if (write(failed, &e, sizeof(e)) < 0)
		_exit(EXIT_ESPY);
	_exit(e == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT);
}

static int spawn(struct run *run, char **argv, struct espy_err *err)
{
	int gate[2], failed[2];

	if (pipe2(gate, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0)
		return espy_err_set(err, -errno, "no pipe for the command: %s", strerror(errno));
	run->child = fork();
	if (run->child < 0)
		return espy_err_set(err, -errno, "cannot fork: %s", strerror(errno));
	if (run->child == 0) {
		close(gate[1]);
		close(failed[0]);
		child_main(run->program, argv, gate[0], failed[1]);
	}
	close(gate[0]);
	close(failed[1]);
	run->gate = gate[1];
	run->failed = failed[0];
	return 0;
}

/* --- the capture ---------------------------------------------------------------------------- */

static int tick(void *ctx, struct espy_capture *c, struct espy_ending *e)
{
	struct run *run = ctx;
	int status;

	if (run->ends_at && espy_machine_now() >= run->ends_at) {
		snprintf(e->reason, sizeof(e->reason), "the time was over");
		return 1;
	}
	if (run->status < 0) {
		if (waitpid(run->child, &status, WNOHANG) != run->child)
			return 0;
		run->status = status;
		run->left_at = espy_machine_now();
		e->exit_status = status;
	}
	snprintf(e->reason, sizeof(e->reason), "the command and its descendants ended");
	if (espy_capture_alive(c) <= 0)
		return 1;
	if (espy_machine_now() - run->left_at < run->grace_ns)
		return 0;
	run->outlived = espy_capture_alive(c);
	snprintf(e->reason, sizeof(e->reason),
		 "the command ended; %lld of its descendants went on past the grace time",
		 (long long)run->outlived);
	return 1;
}

static int record(struct run *run, struct espy_capture *c, struct espy_ending *e,
		  struct espy_err *err)
{
	int r = espy_capture_start(c, err);

	if (r < 0)
		return r;
	if (write(run->gate, "g", 1) != 1)
		return espy_err_set(err, -errno, "cannot start the command: %s", strerror(errno));
	close(run->gate);
	run->gate = -1;
	run->ends_at = run->for_ns ? espy_machine_now() + run->for_ns : 0;
	return espy_capture_run(c, tick, run, e, err);
}

/* The command goes on without us when the capture fails; its code is ours all the same. */
static void wait_child(struct run *run)
{
	int status;

	while (run->status < 0) {
		if (waitpid(run->child, &status, 0) == run->child)
			run->status = status;
		else if (errno != EINTR)
			break;
	}
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What the report does not say: it is of everything that was seen. */
static void tell_bounds(const struct run *run, const struct espy_ending *e)
{
	if (e->exit_status < 0)
		fprintf(stderr, "espy: the recording ended before the command did (%s)\n",
			e->reason);
	else if (run->bounds.window.from || run->bounds.window.until)
		fprintf(stderr, "espy: %s\n", e->reason);
	espy_bounds_tell(&run->machine, run->trace.dropped, run->trace.dropped_to);
}

static void print_report(struct run *run, const struct espy_ending *e)
{
	struct espy_terminal t = espy_cmd_terminal(STDERR_FILENO);
	struct espy_report_options o = {
		.ending = e, .file = run->output, .style = {.width = t.width, .colour = t.colour}};
	struct espy_buf out = {0};
	struct stat st;

	if (run->quiet || !run->report)
		return;
	if (stat(run->output, &st) == 0)
		o.file_bytes = S_ISDIR(st.st_mode) ? run->trace.bytes : (uint64_t)st.st_size;
	espy_report_print(run->report, &out, &o);
	if (!out.error)
		espy_buf_flush(&out, STDERR_FILENO);
	espy_buf_done(&out);
	tell_bounds(run, e);
}

static int exec_error(struct run *run)
{
	int e = 0;

	if (read(run->failed, &e, sizeof(e)) != (ssize_t)sizeof(e))
		return 0;
	fprintf(stderr, "espy: cannot run %s: %s\n", run->program, strerror(e));
	return e == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT;
}

static int create_trace(struct run *run, int argc, char **argv, const struct espy_capture *c,
			struct espy_err *err)
{
	struct espy_trace_writer *w;
	int r;

	espy_output_machine(&run->machine, argc, argv, run->filter, &run->bounds);
	espy_pack_tell(c, &run->machine);
	run->machine.target_pid = (uint32_t)run->child;
	r = espy_output_create(&w, run->output, &run->bounds, &run->machine, err);
	if (r >= 0)
		espy_sink_trace_init(&run->trace, w);
	return r;
}

/* The trace is created when all else is ready: an old one is not moved away for nothing. */
static int capture(struct run *run, int argc, char **argv, struct espy_ending *e,
		   struct espy_err *err)
{
	uint32_t pid = (uint32_t)run->child;
	struct espy_capture_options o = {.filter = run->filter,
					 .window = run->bounds.window,
					 .batch_bytes = espy_bounds_batch(&run->bounds),
					 .pids = &pid,
					 .n_pids = 1,
					 .environment = run->environment,
					 .lossless = run->lossless,
					 .pack = espy_pack_wanted(),
					 .with = espy_with_types(),
					 .merge = espy_merge_wanted(),
					 .identify = espy_hashes_wanted(),
					 .clipboard = espy_clipboard_options(),
					 .profile = espy_profile_options(),
					 .ring_bytes = run->ring_bytes,
					 .flush_ms = 1000,
					 .sinks = {&run->trace.sink}};
	struct espy_capture *c = NULL;
	int r = run->quiet ? 0 : espy_report_new(&run->report);

	if (run->report)
		o.sinks[1] = espy_report_sink(run->report);
	if (r >= 0)
		r = espy_capture_open(&c, &o, err);
	if (r >= 0)
		r = create_trace(run, argc, argv, c, err);
	if (r >= 0)
		r = record(run, c, e, err);
	espy_capture_close(c);
	if (run->trace.writer)
		espy_trace_finish(run->trace.writer, NULL, NULL);
	return r;
}

static int run_all(struct run *run, int argc, char **argv, char **cmd)
{
	struct sigaction old[sizeof(passed) / sizeof(*passed)];
	struct espy_ending e = {0};
	struct espy_err err = {0};
	int r, r2;

	r = spawn(run, cmd, &err);
	if (r < 0)
		return espy_cmd_fail(&err, NULL), EXIT_ESPY;
	child_pid = run->child;
	catch_signals(old);
	r = capture(run, argc, argv, &e, &err);
	if (r < 0)
		espy_cmd_fail(&err, run->filter);
	if (run->gate >= 0) {
		close(run->gate); /* the child leaves without having run anything */
		wait_child(run);
		espy_report_free(run->report);
		return EXIT_ESPY;
	}
	wait_child(run);
	r2 = exec_error(run);
	if (r >= 0 && !r2)
		print_report(run, &e);
	espy_report_free(run->report);
	if (r2)
		return r2;
	if (r < 0)
		return EXIT_ESPY; /* what was recorded is not all of it */
	return run->status < 0 ? EXIT_ESPY : exit_code(run->status);
}

static int parse_option(struct run *run, int letter)
{
	int r = 0;

	switch (letter) {
	case 'o':
		run->output = optarg;
		break;
	case 't':
		r = espy_parse_duration(optarg, &run->for_ns);
		break;
	case 'F':
		run->filter = optarg;
		break;
	case 'e':
		run->environment = true;
		break;
	case 'g':
		r = espy_parse_duration(optarg, &run->grace_ns);
		break;
	case 'q':
		run->quiet = true;
		break;
	case 256 + 6:
		r = espy_parse_ring(optarg, &run->ring_bytes);
		break;
	case 256 + 7:
		run->lossless = true;
		break;
	}
	if (r < 0)
		espy_cmd_usage(&espy_cmd_run, "%s: not understood", optarg);
	return r;
}

static int run_main(int argc, char **argv)
{
	static struct run run = {.grace_ns = 2000000000ull, .status = -1, .gate = -1};
	const char *base;
	int letter, r;

	while ((letter = espy_cmd_getopt(&espy_cmd_run, argc, argv, 1)) != -1) {
		r = letter == '?' ? 2
				  : espy_bounds_option(&run.bounds, &espy_cmd_run, letter, optarg);
		if (r > 0 || (r < 0 && parse_option(&run, letter) < 0))
			return EXIT_ESPY;
	}
	if (optind >= argc) {
		espy_cmd_usage(&espy_cmd_run, "a command is missing");
		return EXIT_ESPY;
	}
	if (run.lossless && run.ring_bytes && run.ring_bytes < ESPY_SENSE_LOSSLESS_RING) {
		espy_cmd_usage(&espy_cmd_run, "--lossless needs a --ring of at least 4M: less is "
					      "full before the command can be held");
		return EXIT_ESPY;
	}
	run.filter = espy_pmc_with(run.filter ? strdup(run.filter) : NULL);
	r = find_program(argv[optind], run.program, sizeof(run.program));
	if (r < 0) {
		fprintf(stderr, "espy: cannot run %s: %s\n", argv[optind],
			r == -ENOENT ? "command not found" : strerror(-r));
		return r == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT;
	}
	base = strrchr(argv[optind], '/');
	snprintf(run.default_output, sizeof(run.default_output), "%s.espy",
		 base ? base + 1 : argv[optind]);
	if (!run.output)
		run.output = run.default_output;
	if (espy_bounds_check(&run.bounds, &espy_cmd_run, run.output))
		return EXIT_ESPY;
	return run_all(&run, argc, argv, argv + optind);
}

const struct espy_command espy_cmd_run = {
	.name = "run",
	.usage = "[options] [--] CMD [ARG…]",
	.help = "record a command and all its descendants",
	.detail = "Records from before the first instruction of CMD to the end of its last "
		  "descendant. CMD "
		  "keeps its standard input, output and error, gets the signals that are sent to "
		  "espy, and "
		  "its exit code is passed on: 128+n for signal n, 125 when espy itself failed, "
		  "126 when "
		  "CMD cannot be executed, 127 when it is not found.",
	.options = options,
	.run = run_main,
};
