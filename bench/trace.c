/* SPDX-License-Identifier: MIT */
/*
 * How fast traces are written and read, and how large they are.
 *
 * The events are made up, but shaped like real ones: processes that stay busy for a while, paths of
 * which a few are popular, durations with a long tail, two CPUs. Two mixes: a compile (opens,
 * stats, failed look-ups, reads, short processes) and a data base with a copy (reads and writes
 * only).
 *
 *   trace [events]        default 4,000,000
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "model/call.h"
#include "trace/trace.h"

#define N_PATHS   20000u
#define N_PROCS   48u
#define N_CPUS    2u
#define N_BATCHES 16u /* different ones, written again and again */
#define PATH_SIZE 160u

struct world {
	uint64_t random;
	uint64_t now; /* boot clock ns */
	uint32_t seq[N_CPUS];
	char path[N_PATHS][PATH_SIZE];
	struct process {
		uint32_t pid;
		uint64_t start;
		char exe[PATH_SIZE], cmdline[4 * PATH_SIZE];
		uint32_t cmdline_size;
		uint32_t open; /* path of the file that it works on */
		uint64_t position[8];
		uint32_t file[8];
		unsigned cpu;
	} proc[N_PROCS];
	unsigned current;   /* process that runs */
	int index[N_PROCS]; /* of each in the batch, -1: not there yet */
};

static uint64_t next_random(struct world *w)
{
	uint64_t z = w->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint32_t below(struct world *w, uint32_t n)
{
	return (uint32_t)((next_random(w) >> 32) * n >> 32);
}

static double uniform(struct world *w)
{
	return (double)((next_random(w) >> 11) + 1) / 9007199254740993.0;
}

/* Around `typical`, some much longer. */
static uint64_t long_tailed(struct world *w, double typical)
{
	double normal = sqrt(-2 * log(uniform(w))) * cos(6.283185307179586 * uniform(w));

	return (uint64_t)(typical * exp(0.5 * normal)) + 40;
}

/* A few are popular. */
static uint32_t pick_path(struct world *w)
{
	double u = uniform(w);

	return (uint32_t)(pow((double)N_PATHS, u)) - 1;
}

/* --- the world -------------------------------------------------------------------------------- */

static void make_paths(struct world *w)
{
	static const char *const dirs[] = {
		"/usr/include",
		"/usr/include/x86_64-linux-gnu",
		"/usr/lib/x86_64-linux-gnu",
		"/usr/lib/gcc/x86_64-linux-gnu/12/include",
		"/home/user/project/src",
		"/home/user/project/build/CMakeFiles/app.dir",
		"/usr/share/locale/en_US/LC_MESSAGES",
		"/proc/self",
		"/usr/lib/python3/dist-packages",
		"/var/lib/postgresql/15/main/base/16384",
	};
	static const char *const words[] = {"types", "config", "stream", "string", "list",
					    "node",  "parser", "event",  "socket", "thread",
					    "table", "index",  "buffer", "module", "linux",
					    "asm",   "bits",   "core"};
	static const char *const ends[] = {".h", ".c", ".o", ".so.6", ".py", ".d", "", ".txt"};

	for (uint32_t i = 0; i < N_PATHS; i++)
		snprintf(w->path[i], PATH_SIZE, "%s/%s/%s_%s%u%s", dirs[below(w, 10)],
			 words[below(w, 18)], words[below(w, 18)], words[below(w, 18)],
			 below(w, 200), ends[below(w, 8)]);
}

static void make_process(struct world *w, struct process *p)
{
	p->pid = 1000 + below(w, 60000);
	p->start = w->now;
	p->cpu = below(w, N_CPUS);
	snprintf(p->exe, sizeof(p->exe), "/usr/lib/gcc/x86_64-linux-gnu/12/cc1%s",
		 below(w, 2) ? "plus" : "");
	p->cmdline_size =
		(uint32_t)snprintf(p->cmdline, sizeof(p->cmdline), "%s%c-quiet%c-I%s%c-O2%c-o%c%s",
				   p->exe, 0, 0, w->path[below(w, N_PATHS)], 0, 0, 0,
				   w->path[below(w, N_PATHS)]) +
		1;
	for (unsigned i = 0; i < 8; i++) {
		p->file[i] = pick_path(w);
		p->position[i] = 0;
	}
	p->open = p->file[0];
}

static struct world *make_world(void)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		exit(1);
	w->random = 42;
	w->now = 86400ull * 1000000000;
	make_paths(w);
	for (unsigned i = 0; i < N_PROCS; i++)
		make_process(w, &w->proc[i]);
	return w;
}

/* --- events ----------------------------------------------------------------------------------- */

static uint32_t process_index(struct world *w, struct espy_batch *b, unsigned i)
{
	const struct process *p = &w->proc[i];
	struct espy_proc e = {.pid = p->pid,
			      .start = p->start,
			      .ppid = 999,
			      .uid = 1000,
			      .gid = 1000,
			      .euid = 1000,
			      .egid = 1000,
			      .sid = 900,
			      .login_uid = 1000,
			      .cgroup = 4711,
			      .parent = UINT32_MAX};

	if (w->index[i] < 0) {
		e.name = espy_dict_add(&b->dict, ESPY_STR("cc1"));
		e.exe = espy_dict_add(&b->dict, espy_str0(p->exe));
		e.cmdline = espy_dict_add(&b->dict, (struct espy_str){p->cmdline, p->cmdline_size});
		e.user = espy_dict_add(&b->dict, ESPY_STR("user"));
		e.tty = espy_dict_add(&b->dict, ESPY_STR("pts/0"));
		w->index[i] = espy_batch_add_proc(b, &e);
	}
	return (uint32_t)w->index[i];
}

/* The columns that all events have; returns the row. */
static uint32_t add(struct world *w, struct espy_batch *b, unsigned type, const char *call,
		    int64_t result, double typical)
{
	const struct process *p = &w->proc[w->current];
	uint32_t row = (uint32_t)espy_batch_add(b, type);
	uint64_t duration = long_tailed(w, typical);

	w->now += long_tailed(w, 900);
	b->duration[row] = duration;
	b->time[row] = w->now - duration;
	b->result[row] = result;
	b->proc[row] = process_index(w, b, w->current);
	b->tid[row] = p->pid;
	b->cpu[row] = (uint16_t)p->cpu;
	b->cpu_seq[row] = ++w->seq[p->cpu];
	b->call[row] = (uint16_t)espy_call_nr(ESPY_ABI_NATIVE, call);
	b->abi[row] = ESPY_ABI_NATIVE;
	return row;
}

static void set_path(struct world *w, struct espy_batch *b, uint32_t row, uint32_t path,
		     unsigned source)
{
	b->path[row] = espy_dict_add(&b->dict, espy_str0(w->path[path]));
	b->path_source[row] = (uint8_t)source;
}

static void add_open(struct world *w, struct espy_batch *b, struct process *p)
{
	bool found = below(w, 100) < 65;
	uint32_t path = pick_path(w);
	uint32_t row = add(w, b, ESPY_EV_file_open, "openat",
			   found ? (int64_t)below(w, 6) + 3 : -ENOENT, found ? 2500 : 1200);

	set_path(w, b, row, path, found ? ESPY_SOURCE_KERNEL : ESPY_SOURCE_USER);
	espy_batch_set_num(b, row, 1, O_RDONLY | O_CLOEXEC);
	if (found)
		p->open = path;
}

static void add_transfer(struct world *w, struct espy_batch *b, struct process *p, bool is_write,
			 unsigned f, uint64_t size)
{
	uint64_t got = below(w, 20) ? size : below(w, (uint32_t)size);
	uint32_t row = add(w, b, is_write ? ESPY_EV_file_write : ESPY_EV_file_read,
			   is_write ? "write" : "read", (int64_t)got, 400 + (double)size / 10);

	set_path(w, b, row, p->file[f], ESPY_SOURCE_KERNEL);
	espy_batch_set_num(b, row, 1, size);
	espy_batch_set_num(b, row, 2, p->position[f]);
	p->position[f] += got;
}

static void add_plain(struct world *w, struct espy_batch *b, struct process *p, unsigned kind)
{
	static const struct {
		unsigned type;
		const char *call;
		double typical;
	} kinds[] = {
		{ESPY_EV_file_close, "close", 300},   {ESPY_EV_file_stat, "newfstatat", 700},
		{ESPY_EV_file_access, "access", 900}, {ESPY_EV_file_seek, "lseek", 200},
		{ESPY_EV_image_load, "mmap", 2000},   {ESPY_EV_file_readlink, "readlink", 1500},
	};
	uint32_t row = add(w, b, kinds[kind].type, kinds[kind].call, 0, kinds[kind].typical);

	set_path(w, b, row, p->open, ESPY_SOURCE_KERNEL);
	if (kinds[kind].type == ESPY_EV_file_close)
		espy_batch_set_num(b, row, 1, 3 + below(w, 6));
	if (kinds[kind].type == ESPY_EV_image_load)
		espy_batch_set_num(b, row, 1, 0x7f0000000000 + (uint64_t)below(w, 1 << 20) * 4096);
}

static void add_compile(struct world *w, struct espy_batch *b)
{
	struct process *p;
	unsigned op;

	if (below(w, 12) == 0)
		w->current = below(w, N_PROCS);
	if (below(w, 400) == 0) {
		make_process(w, &w->proc[w->current]);
		w->index[w->current] = -1;
		add(w, b, ESPY_EV_process_exit, "exit_group", 0, 1000);
	}
	p = &w->proc[w->current];
	op = below(w, 100);
	if (op < 28)
		add_open(w, b, p);
	else if (op < 48)
		add_transfer(w, b, p, op >= 42, below(w, 2), 4096);
	else if (op < 68)
		add_plain(w, b, p, 0);
	else if (op < 86)
		add_plain(w, b, p, 1);
	else
		add_plain(w, b, p, 2 + op % 4);
}

/* Pages here and there in some files, and one process that copies in sequence. */
static void add_database(struct world *w, struct espy_batch *b)
{
	struct process *p;
	unsigned f;

	if (below(w, 6) == 0)
		w->current = below(w, 8);
	p = &w->proc[w->current];
	f = below(w, 4);
	if (w->current == 0) {
		add_transfer(w, b, p, f & 1, f & 1, 65536);
		return;
	}
	p->position[f] = (uint64_t)below(w, 65536) * 8192;
	add_transfer(w, b, p, below(w, 4) == 0, f, 8192);
}

typedef void (*mix)(struct world *, struct espy_batch *);

static struct espy_batch *make_batch(struct world *w, mix make, uint32_t rows, uint64_t seq)
{
	struct espy_batch *b;

	if (espy_batch_new(&b) < 0)
		exit(1);
	memset(w->index, -1, sizeof(w->index));
	b->first_seq = seq;
	b->wall_offset = 1700000000ll * 1000000000;
	while (b->n + 1 < rows)
		make(w, b);
	return b;
}

/* --- the measure ------------------------------------------------------------------------------ */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int r, const struct espy_err *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "trace: %s\n", err->text);
	exit(1);
}

static uint64_t write_all(int fd, struct espy_batch **b, uint64_t events, uint64_t *ret_bytes)
{
	static const struct espy_machine machine = {.host = "bench"};
	struct espy_trace_writer *w;
	struct espy_err err = {0};
	uint64_t n = 0;

	check(espy_trace_create(&w, fd, "bench", &machine, &err), &err);
	for (unsigned i = 0; n < events; i++) {
		check(espy_trace_write(w, b[i % N_BATCHES], &err), &err);
		n += b[i % N_BATCHES]->n;
	}
	*ret_bytes = espy_trace_written(w);
	check(espy_trace_finish(w, NULL, &err), &err);
	return n;
}

static uint64_t read_all(int fd)
{
	struct espy_trace *t;
	struct espy_batch *b;
	struct espy_err err = {0};
	uint64_t n = 0;
	int r;

	check(espy_trace_open_fd(&t, fd, "bench", &err), &err);
	if (espy_batch_new(&b) < 0)
		exit(1);
	while ((r = espy_trace_next(t, b, &err)) > 0)
		n += b->n;
	check(r, &err);
	espy_batch_free(b);
	espy_trace_close(t);
	return n;
}

static void measure(const char *name, mix make, uint32_t rows, uint64_t events)
{
	struct espy_batch *b[N_BATCHES];
	struct world *w = make_world();
	char path[] = "/tmp/espy-bench-XXXXXX";
	int fd = mkstemp(path), out = dup(fd);
	uint64_t n, bytes;
	double t0, t1, t2;

	if (fd < 0 || out < 0)
		exit(1);
	unlink(path);
	for (unsigned i = 0; i < N_BATCHES; i++)
		b[i] = make_batch(w, make, rows, 1 + (uint64_t)i * rows);
	t0 = now();
	n = write_all(out, b, events, &bytes);
	t1 = now();
	lseek(fd, 0, SEEK_SET);
	if (read_all(fd) != n)
		exit(1);
	t2 = now();
	printf("%-10s %10u %12.2f %14.2f %14.2f\n", name, rows, (double)bytes / (double)n,
	       (double)n / (t1 - t0) / 1e6, (double)n / (t2 - t1) / 1e6);
	for (unsigned i = 0; i < N_BATCHES; i++)
		espy_batch_free(b[i]);
	free(w);
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000000;

	printf("%-10s %10s %12s %14s %14s\n", "mix", "rows/block", "bytes/event", "written M/s",
	       "read M/s");
	measure("compile", add_compile, ESPY_BATCH_ROWS, events);
	measure("compile", add_compile, 4096, events);
	measure("compile", add_compile, 200, events / 16);
	measure("database", add_database, ESPY_BATCH_ROWS, events);
	measure("database", add_database, 4096, events);
	measure("database", add_database, 200, events / 16);
	return 0;
}
