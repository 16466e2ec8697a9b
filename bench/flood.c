/* SPDX-License-Identifier: MIT */
/*
 * flood [-s SECONDS | -c COUNT] [-n PROCESSES] [-r RATE] -d DIR -x PROGRAM OP
 *
 * Does one operation as fast as it goes, or RATE times a second, in each of PROCESSES processes,
 * process i on processor i where there is more than one. Prints one line:
 *
 *     repetitions wall_ns cpu_ns
 *
 * repetitions and CPU time of all processes together, wall_ns of the slowest one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ops.h"

#define NS_PER_S    1000000000ull
#define TICK_NS     1000000ull /* how long a share of the rate is */
#define PROCS_MAX   1024
#define NOT_LIMITED UINT64_MAX

struct flood {
	const char *dir, *program;
	const struct op *op;
	uint64_t duration_ns, count;
	unsigned rate; /* a second and process, 0: as fast as it goes */
	int n_procs;
};

struct done {
	uint64_t n, wall_ns, cpu_ns;
};

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t t)
{
	struct timespec at = {.tv_sec = (time_t)(t / NS_PER_S), .tv_nsec = (long)(t % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* How many more are due; waits for the next one when there is none. */
static unsigned due(const struct flood *f, uint64_t start, uint64_t n)
{
	uint64_t step = NS_PER_S / f->rate > TICK_NS ? NS_PER_S / f->rate : TICK_NS, at, want;

	for (;;) {
		at = now(CLOCK_MONOTONIC);
		want = (at - start) / 1000 * f->rate / 1000000;
		if (want > n)
			return (unsigned)(want - n);
		sleep_until(at + step - (at - start) % step);
	}
}

static int flood(const struct flood *f, struct ops_state *s, struct done *ret)
{
	uint64_t start = now(CLOCK_MONOTONIC), end = start;
	struct done d = {0};

	while (end - start < f->duration_ns && d.n < f->count) {
		uint64_t n = f->rate ? due(f, start, d.n) : f->op->chunk;
		int r;

		if (n > f->count - d.n)
			n = f->count - d.n;
		r = f->op->run(s, (unsigned)n);
		if (r < 0)
			return r;
		d.n += n;
		end = now(CLOCK_MONOTONIC);
	}
	d.wall_ns = end - start;
	d.cpu_ns = now(CLOCK_PROCESS_CPUTIME_ID);
	*ret = d;
	return 0;
}

static int one(const struct flood *f, int number, int to)
{
	struct ops_state s = {.dir = f->dir, .program = f->program};
	struct done d;
	cpu_set_t set;
	int r;

	CPU_ZERO(&set);
	CPU_SET(number % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	if (f->n_procs > 1)
		sched_setaffinity(0, sizeof(set), &set);
	r = espy_ops_begin(&s, f->op);
	if (r >= 0)
		r = flood(f, &s, &d);
	espy_ops_end(&s);
	if (r >= 0 && write(to, &d, sizeof(d)) == sizeof(d))
		return 0;
	fprintf(stderr, "flood: %s: %s\n", f->op->name, strerror(-r));
	return 1;
}

static int run_all(const struct flood *f)
{
	struct done all = {0}, d;
	int fd[2], status, r = 0;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return 1;
	for (int i = 0; i < f->n_procs; i++)
		if (fork() == 0)
			_exit(one(f, i, fd[1]));
	close(fd[1]);
	while (read(fd[0], &d, sizeof(d)) == sizeof(d)) {
		all.n += d.n;
		all.cpu_ns += d.cpu_ns;
		all.wall_ns = d.wall_ns > all.wall_ns ? d.wall_ns : all.wall_ns;
	}
	while (wait(&status) > 0)
		r |= status;
	if (r == 0)
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", all.n, all.wall_ns, all.cpu_ns);
	return r != 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: flood [-s SECONDS | -c COUNT] [-n PROCESSES] [-r RATE] -d DIR "
			"-x PROGRAM OP\nOP is one of");
	espy_ops_print();
	return 2;
}

static int take(struct flood *f, int c)
{
	switch (c) {
	case 's':
		f->duration_ns = (uint64_t)(strtod(optarg, NULL) * NS_PER_S);
		return 0;
	case 'c':
		f->count = strtoull(optarg, NULL, 10);
		return 0;
	case 'n':
		f->n_procs = (int)strtol(optarg, NULL, 10);
		return 0;
	case 'r':
		f->rate = (unsigned)strtoul(optarg, NULL, 10);
		return 0;
	case 'd':
		f->dir = optarg;
		return 0;
	case 'x':
		f->program = optarg;
		return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct flood f = {.dir = "/tmp",
			  .program = "/bin/true",
			  .duration_ns = NOT_LIMITED,
			  .count = NOT_LIMITED,
			  .n_procs = 1};
	int c;

	while ((c = getopt(argc, argv, "s:c:n:r:d:x:")) != -1)
		if (take(&f, c) < 0)
			return usage();
	f.op = optind + 1 == argc ? espy_ops_find(argv[optind]) : NULL;
	if (!f.op || f.n_procs < 1 || f.n_procs > PROCS_MAX)
		return usage();
	return run_all(&f);
}
