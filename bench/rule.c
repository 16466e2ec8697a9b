/* SPDX-License-Identifier: MIT */
/*
 * How many events a second a filter decides about.
 *
 * The events are made up, but shaped like those of a build: most of them opens, reads, writes and
 * stats of 8,000 files, of which a few are popular, by 200 processes; a tenth of them fails. One
 * string in nine rows is a new one, as in recorded builds. There are several batches, too many for
 * the inner caches, as when blocks of a trace are read one after the other.
 *
 *   rule [rounds [filter ...]]    default 20, and the filters below
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "rule/rule.h"

#define N_BATCHES 4u
#define N_PATHS   8000u
#define N_PROCS   200u
#define PATH_SIZE 128u

static uint64_t seed = 42;
static char paths[N_PATHS][PATH_SIZE];

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 32) * n >> 32);
}

static void make_paths(void)
{
	static const char *const dirs[] = {"/usr/include",
					   "/usr/include/x86_64-linux-gnu",
					   "/usr/lib/gcc/x86_64-linux-gnu/12/include",
					   "/home/user/project/src",
					   "/home/user/project/build",
					   "/proc/self",
					   "/usr/lib/python3/dist-packages"};
	static const char *const words[] = {"types",  "config", "stream", "string", "list", "node",
					    "parser", "event",  "socket", "thread", "table"};
	static const char *const ends[] = {".h", ".c", ".o", ".so.6", ".py", "", ".txt"};

	for (uint32_t i = 0; i < N_PATHS; i++)
		snprintf(paths[i], PATH_SIZE, "%s/%s/%s_%s%u%s", dirs[below(7)], words[below(11)],
			 words[below(11)], words[below(11)], below(400), ends[below(7)]);
}

static uint32_t add_text(struct espy_batch *b, const char *s)
{
	return espy_dict_add(&b->dict, espy_str0(s));
}

static void add_procs(struct espy_batch *b)
{
	static const char *const names[] = {"make", "sh", "cc1", "as", "ld", "cmake"};

	for (uint32_t i = 0; i < N_PROCS; i++) {
		struct espy_proc p = {.start = i,
				      .pid = 1000 + i,
				      .parent = i ? (i - 1) / 3 : UINT32_MAX,
				      .uid = 1000,
				      .name = add_text(b, names[below(6)]),
				      .exe = add_text(b, "/usr/bin/cc1"),
				      .user = add_text(b, "user")};

		if (espy_batch_add_proc(b, &p) < 0)
			exit(1);
	}
}

/* Of 32 rows so many are of each type. */
static unsigned pick_type(void)
{
	static const struct {
		unsigned type, share;
	} mix[] = {{ESPY_EV_file_read, 10}, {ESPY_EV_file_open, 8},  {ESPY_EV_file_stat, 6},
		   {ESPY_EV_file_close, 5}, {ESPY_EV_file_write, 2}, {ESPY_EV_process_exec, 1}};
	unsigned at = below(32), i = 0;

	while (at >= mix[i].share)
		at -= mix[i++].share;
	return mix[i].type;
}

static void add_row(struct espy_batch *b, uint64_t now)
{
	int row = espy_batch_add(b, pick_type());
	/* The square of a random number: a few paths are popular. */
	uint64_t popular = (uint64_t)below(1u << 16) * below(1u << 16);

	if (row < 0)
		exit(1);
	b->time[row] = now;
	b->duration[row] = 300 + below(64) * below(64) * below(64);
	b->result[row] = below(10) ? (int64_t)below(4096) : -ENOENT;
	b->proc[row] = below(N_PROCS);
	b->tid[row] = 1000 + b->proc[row];
	b->cpu[row] = (uint16_t)below(2);
	b->call[row] = (uint16_t)below(300);
	b->abi[row] = ESPY_ABI_NATIVE;
	b->path[row] = add_text(b, paths[popular * N_PATHS >> 32]);
	b->path_source[row] = ESPY_SOURCE_KERNEL;
	if (b->type[row] == ESPY_EV_file_open)
		espy_batch_set_num(b, (uint32_t)row, 1, below(4) ? 0x80000 : 0x241);
	if (b->type[row] == ESPY_EV_file_read)
		espy_batch_set_num(b, (uint32_t)row, 1, below(16) * 4096);
}

static struct espy_batch *make_batch(uint64_t first)
{
	struct espy_batch *b;

	if (espy_batch_new(&b) < 0)
		exit(1);
	b->first_seq = first + 1;
	add_procs(b);
	for (uint32_t i = 0; i < ESPY_BATCH_ROWS; i++)
		add_row(b, (first + i) * 1000);
	return b;
}

/* Of this thread: other work on the machine counts less. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(struct espy_batch **batches, const char *text, unsigned rounds)
{
	static uint64_t bits[ESPY_RULE_WORDS(ESPY_BATCH_ROWS)];
	uint64_t matched = 0, rows = 0;
	struct espy_err err = {0};
	struct espy_rule *r;
	double seconds;

	if (espy_rule_new(&r, text, &err) < 0) {
		printf("%s: column %u: %s\n", text, err.column, err.text);
		exit(2);
	}
	espy_rule_match(r, batches[0], bits); /* memory is there, the first page faults are over */
	seconds = now();
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < N_BATCHES; i++) {
			matched += (uint64_t)espy_rule_match(r, batches[i], bits);
			rows += batches[i]->n;
		}
	}
	seconds = now() - seconds;
	printf("%12.0f %9.2f%%  %s\n", (double)rows / seconds / 1e6,
	       100.0 * (double)matched / (double)rows, text);
	espy_rule_free(r);
}

static const char *const filters[] = {
	"duration > 100us",
	"result < 0",
	"time in +10ms..+500ms",
	"result in (0, 1, 2, 3, 4096)",
	"tid == 1005",
	"class == file",
	"op in (open, stat)",
	"requested >= 32k",
	"flags has O_CREAT",
	"pid == 1005",
	"process == cc1",
	"descends(1007)",
	"syscall == openat",
	"error == ENOENT",
	"path contains thread_",
	"path icontains THREAD_",
	"path endswith .so.6",
	"path like */src/*.c",
	"path matches \"/(node|list)_[a-z]+[0-9]+\\.h$\"",
	"basename(path) startswith event",
	"open and failed and path contains config",
	"path contains config or path contains socket or path contains table",
	"(open or stat) and process in (cc1, as) and duration > 10us and path endswith .h",
};

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;
	struct espy_batch *batches[N_BATCHES];
	double strings = 0;

	make_paths();
	for (unsigned i = 0; i < N_BATCHES; i++) {
		batches[i] = make_batch((uint64_t)i * ESPY_BATCH_ROWS);
		strings += (double)batches[i]->dict.n / N_BATCHES;
	}
	printf("%u rows in a batch, %.0f different strings\n", ESPY_BATCH_ROWS, strings);
	printf("%12s %10s  %s\n", "M events/s", "matches", "filter");
	for (int i = 2; i < argc; i++)
		measure(batches, argv[i], rounds);
	for (size_t i = 0; argc < 3 && i < sizeof(filters) / sizeof(filters[0]); i++)
		measure(batches, filters[i], rounds);
	for (unsigned i = 0; i < N_BATCHES; i++)
		espy_batch_free(batches[i]);
	return 0;
}
