/* SPDX-License-Identifier: MIT */
/* stories --list | stories NAME: the trace of a short run with fixed values, for the commands that
 * answer a question. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "../unit/rows.h"
#include "trace/trace.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TARGET        4000u
#define WALL_OFFSET   1795249000000000000ll /* 2026-11-21 08:16:40 UTC */
#define STEP_NS       1500000ull

enum what { RUN, OPEN, STAT, READ, WRITE, CONNECT, EXEC, LOAD, CODE, SIGNAL };

/* One event. Processes are told by their place in the story; RUN makes them. */
struct step {
	uint8_t what, proc;
	const char *text; /* path, endpoint; of RUN the command line, words apart by blanks */
	int64_t result;   /* of RUN the parent's number, or -1 */
};

static const struct step header[] = {
	{RUN, 0, "make all", -1},
	{OPEN, 0, "/home/ann/shop/Makefile", 3},
	{RUN, 1, "gcc -c cart.c -o cart.o", 0},
	{STAT, 1, "/usr/lib/gcc/specs", -ENOENT},
	{RUN, 2, "cc1 cart.c -o /tmp/ccUnFUVB.s", 1},
	{OPEN, 2, "/home/ann/shop/cart.c", 3},
	{OPEN, 2, "/usr/local/include/stdio.h", -ENOENT},
	{OPEN, 2, "/usr/include/stdio.h", 4},
	{OPEN, 2, "/home/ann/shop/price.h", -ENOENT},
	{OPEN, 2, "/usr/local/include/price.h", -ENOENT},
	{OPEN, 2, "/usr/include/price.h", -ENOENT},
	{CODE, 2, NULL, 1},
	{CODE, 1, NULL, 1},
	{CODE, 0, NULL, 2},
};

static const struct step library[] = {
	{RUN, 0, "report --all", -1},
	{STAT, 0, "/etc/ld.so.preload", -ENOENT},
	{OPEN, 0, "/lib/libchart.so.2", -ENOENT},
	{OPEN, 0, "/usr/lib/libchart.so.2", -ENOENT},
	{CODE, 0, NULL, 127},
};

static const struct step hostile[] = {
	{RUN, 0, "sh -c x", -1},
	{EXEC, 0, "/tmp/\x1b[31mred\n\xff", -EACCES},
	{CODE, 0, NULL, 126},
};

static const struct step killed[] = {
	{RUN, 0, "sh job.sh", -1},  {RUN, 1, "sort big.txt", 0}, {OPEN, 1, "/home/ann/big.txt", 3},
	{SIGNAL, 1, NULL, SIGKILL}, {CODE, 0, NULL, 137},
};

static const struct step works[] = {
	{RUN, 0, "shop --serve", -1},
	{OPEN, 0, "/opt/shop/lib/libchart.so.2", 3},
	{LOAD, 0, "/opt/shop/lib/libchart.so.2", 0},
	{OPEN, 0, "/etc/shop.conf", 3},
	{READ, 0, "/etc/shop.conf", 120},
	{CONNECT, 0, "10.0.0.5:5432", 0},
	{WRITE, 0, "/tmp/shop.Xa81Bc", 20},
	{RUN, 1, "logger -p info started", 0},
	{OPEN, 1, "/etc/localtime", 3},
	{CODE, 1, NULL, 0},
	{CODE, 0, NULL, 0},
};

static const struct step fails[] = {
	{RUN, 0, "shop --serve", -1},
	{OPEN, 0, "/lib/libchart.so.2", -ENOENT},
	{OPEN, 0, "/usr/lib/libchart.so.2", -ENOENT},
	{OPEN, 0, "/etc/shop.conf", -EACCES},
	{CONNECT, 0, "10.0.0.5:5432", -ECONNREFUSED},
	{WRITE, 0, "/tmp/shop.Qz9Ab2", 20},
	{CODE, 0, NULL, 1},
};

static const struct story {
	const char *name;
	const struct step *steps;
	size_t n;
} stories[] = {
	{"header", header, ARRAY_SIZE(header)},    {"library", library, ARRAY_SIZE(library)},
	{"hostile", hostile, ARRAY_SIZE(hostile)}, {"killed", killed, ARRAY_SIZE(killed)},
	{"works", works, ARRAY_SIZE(works)},       {"fails", fails, ARRAY_SIZE(fails)},
};

static uint32_t run(struct espy_batch *b, const struct step *s, uint64_t time)
{
	char argv[128], path[128];
	size_t n = strlen(s->text), word = strcspn(s->text, " ");
	uint32_t row, proc;

	memcpy(argv, s->text, n + 1);
	for (size_t i = 0; i < n; i++)
		argv[i] = argv[i] == ' ' ? '\0' : argv[i];
	snprintf(path, sizeof(path), "/usr/bin/%s", argv);
	argv[word] = '\0';
	proc = rows_proc(b, TARGET + s->proc, (int)s->result, argv, argv, n + 1);
	b->procs[proc].exe = espy_dict_add(&b->dict, espy_str0(path));
	if (s->result < 0) {
		b->procs[proc].flags = ESPY_PROC_BEFORE;
	} else {
		row = rows_add(b, ESPY_EV_process_fork, (uint32_t)s->result, time, NULL,
			       TARGET + s->proc);
		rows_num(b, row, "child_pid", TARGET + s->proc);
		rows_num(b, row, "child_start", b->procs[proc].start);
		rows_num(b, row, "child_ppid", b->procs[proc].ppid);
		rows_num(b, row, "parent_start", b->procs[proc].parent_start);
	}
	row = rows_add(b, ESPY_EV_process_exec, proc, time + STEP_NS / 2, path, 0);
	rows_str(b, row, "argv", argv, n + 1);
	return row;
}

static void end(struct espy_batch *b, const struct step *s, uint64_t time)
{
	bool is_signal = s->what == SIGNAL;
	uint32_t row = rows_add(b, ESPY_EV_process_exit, s->proc, time, NULL,
				is_signal ? -s->result : s->result);

	b->duration[row] = 0;
	rows_num(b, row, is_signal ? "signal" : "code", (uint64_t)s->result);
}

static void add(struct espy_batch *b, const struct step *s, uint64_t time)
{
	static const uint16_t types[] = {
		[OPEN] = ESPY_EV_file_open,      [STAT] = ESPY_EV_file_stat,
		[READ] = ESPY_EV_file_read,      [WRITE] = ESPY_EV_file_write,
		[CONNECT] = ESPY_EV_net_connect, [EXEC] = ESPY_EV_process_exec,
		[LOAD] = ESPY_EV_image_load,
	};
	uint32_t row;

	if (s->what == RUN) {
		run(b, s, time);
	} else if (s->what == CODE || s->what == SIGNAL) {
		end(b, s, time);
	} else {
		row = rows_add(b, types[s->what], s->proc, time, s->text, s->result);
		if (s->what == CONNECT)
			rows_str(b, row, "remote", s->text, strlen(s->text));
	}
}

static int tell(const struct story *story)
{
	struct espy_machine m = {.host = "shop",
				 .kernel = "6.1.0",
				 .cpus = 1,
				 .started = 1,
				 .wall_offset = WALL_OFFSET,
				 .target_pid = TARGET};
	struct espy_ending e = {.exit_status = 0, .reason = "done"};
	struct espy_trace_writer *w;
	struct espy_batch *b;
	int r = espy_batch_new(&b);

	if (r < 0)
		return r;
	b->first_seq = 1;
	b->wall_offset = WALL_OFFSET;
	for (size_t i = 0; i < story->n; i++)
		add(b, &story->steps[i], (i + 1) * STEP_NS);
	e.events = b->n;
	r = espy_trace_create(&w, dup(STDOUT_FILENO), story->name, &m, NULL);
	if (r == 0)
		r = espy_trace_write(w, b, NULL);
	if (r == 0)
		r = espy_trace_finish(w, &e, NULL);
	espy_batch_free(b);
	return r;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
		if (argc > 1 && strcmp(argv[1], "--list") == 0)
			puts(stories[i].name);
		else if (argc > 1 && strcmp(argv[1], stories[i].name) == 0)
			return tell(&stories[i]) < 0;
	}
	return !(argc > 1 && strcmp(argv[1], "--list") == 0);
}
