/* SPDX-License-Identifier: MIT */
/*
 * loop [-b BATCHES] [-t MS] [-o FILE] [-p CPU] [-c COMPONENTS] -d DIR -x PROGRAM OP…
 *
 * Times operations: BATCHES times through all of them, each for MS milliseconds. A batch is short,
 * so that some of them are not disturbed by whatever else the machine does, and takes the same time
 * however slow a tracer makes the operation. With -p all of it, children included, stays on one
 * processor; -c says how long the path of files is. Prints a line per batch, at the end:
 *
 *     OP repetitions cpu_ns wall_ns
 *
 * CPU time is that of this thread and of children that were waited for.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "ops.h"

#define OPS_MAX     16
#define BATCHES_MAX 1000

struct batch {
	uint64_t n, cpu_ns, wall_ns;
};

struct loop {
	const char *dir, *program, *output;
	unsigned batches, components;
	uint64_t batch_ns;
	int n_ops;
	const struct op *op[OPS_MAX];
	struct ops_state state[OPS_MAX];
	struct batch result[OPS_MAX][BATCHES_MAX];
};

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_now(void)
{
	struct rusage r;

	getrusage(RUSAGE_CHILDREN, &r);
	return now(CLOCK_THREAD_CPUTIME_ID) +
	       (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1000u;
}

static int run_batch(const struct loop *l, int i, struct ops_state *s, struct batch *ret)
{
	const struct op *op = l->op[i];
	uint64_t cpu = cpu_now(), wall = now(CLOCK_MONOTONIC), end = wall;
	struct batch b = {0};

	while (end - wall < l->batch_ns) {
		int r = op->run(s, op->chunk);

		if (r < 0)
			return r;
		b.n += op->chunk;
		end = now(CLOCK_MONOTONIC);
	}
	b.wall_ns = end - wall;
	b.cpu_ns = cpu_now() - cpu;
	*ret = b;
	return 0;
}

static int fail(const char *what, int r)
{
	fprintf(stderr, "loop: %s: %s\n", what, strerror(-r));
	return 1;
}

static int run_all(struct loop *l)
{
	struct batch warm;
	int r;

	for (int i = 0; i < l->n_ops; i++) {
		l->state[i] = (struct ops_state){
			.dir = l->dir, .components = l->components, .program = l->program};
		r = espy_ops_begin(&l->state[i], l->op[i]);
		if (r >= 0)
			r = run_batch(l, i, &l->state[i], &warm);
		if (r < 0)
			return fail(l->op[i]->name, r);
	}
	for (unsigned b = 0; b < l->batches; b++)
		for (int i = 0; i < l->n_ops; i++) {
			r = run_batch(l, i, &l->state[i], &l->result[i][b]);
			if (r < 0)
				return fail(l->op[i]->name, r);
		}
	for (int i = 0; i < l->n_ops; i++)
		espy_ops_end(&l->state[i]);
	return 0;
}

static int print_all(const struct loop *l)
{
	FILE *f = l->output ? fopen(l->output, "w") : stdout;

	if (!f)
		return fail(l->output, -errno);
	for (int i = 0; i < l->n_ops; i++)
		for (unsigned b = 0; b < l->batches; b++)
			fprintf(f, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", l->op[i]->name,
				l->result[i][b].n, l->result[i][b].cpu_ns, l->result[i][b].wall_ns);
	return fflush(f) ? fail("output", -errno) : 0;
}

static int stay_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: loop [-b BATCHES] [-t MS] [-o FILE] [-p CPU] [-c COMPONENTS] -d "
			"DIR -x PROGRAM OP…\nOP is one of");
	espy_ops_print();
	return 2;
}

static int take(struct loop *l, int c)
{
	unsigned long n = c == 'o' || c == 'd' || c == 'x' ? 0 : strtoul(optarg, NULL, 10);

	switch (c) {
	case 'b':
		l->batches = (unsigned)n;
		return 0;
	case 't':
		l->batch_ns = n * 1000000u;
		return 0;
	case 'p':
		return stay_on((unsigned)n);
	case 'c':
		l->components = (unsigned)n;
		return 0;
	case 'o':
		l->output = optarg;
		return 0;
	case 'd':
		l->dir = optarg;
		return 0;
	case 'x':
		l->program = optarg;
		return 0;
	}
	return -EINVAL;
}

int main(int argc, char **argv)
{
	static struct loop l = {
		.dir = "/tmp", .program = "/bin/true", .batches = 20, .batch_ns = 5000000};
	int c;

	while ((c = getopt(argc, argv, "b:t:o:p:c:d:x:")) != -1)
		if (take(&l, c) < 0)
			return usage();
	for (; optind < argc && l.n_ops < OPS_MAX; optind++) {
		l.op[l.n_ops] = espy_ops_find(argv[optind]);
		if (!l.op[l.n_ops++])
			return usage();
	}
	if (!l.n_ops || optind < argc || l.batches > BATCHES_MAX)
		return usage();
	return run_all(&l) || print_all(&l);
}
