/* SPDX-License-Identifier: MIT */
/*
 * How long questions about a trace take, in one process that has nothing else to do.
 *
 *   query TRACE [ROUNDS]
 *
 * Prints a line of JSON for each question: name, rows of the trace, rows that match, seconds of
 * each round, elapsed and of the processors. Every round opens the trace anew.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include "engine/query.h"

struct question {
	const char *name, *filter, *group;
	uint64_t nth; /* + 1: the row that is asked for, 0: how many there are */
	bool after_count;
};

#define ROUNDS_MAX 100u

/* The middle of a large trace and its end are asked for by their part of what matches. */
#define MIDDLE UINT64_MAX

static const struct question questions[] = {
	{"first rows", "", NULL, 1, false},
	{"first rows of a filter", "op == write", NULL, 1, false},
	{"count by number", "duration > 10us", NULL, 0, false},
	{"count by large number", "duration > 10s", NULL, 0, false},
	{"count failures", "result < 0", NULL, 0, false},
	{"count by operation", "op == read", NULL, 0, false},
	{"count by two numbers", "result < 0 and duration > 5us", NULL, 0, false},
	{"count by time", "seq >= 1000000 and seq < 3000000", NULL, 0, false},
	{"count by process", "process == tar", NULL, 0, false},
	{"count by field", "bytes >= 65536", NULL, 0, false},
	{"substring of path", "path contains \"python\"", NULL, 0, false},
	{"regular expression over path", "path matches \"lib.*\\\\.so(\\\\.[0-9]+)*$\"", NULL, 0,
	 false},
	{"group by operation", "", "op", 0, false},
	{"group by operation, filtered", "result < 0", "op", 0, false},
	{"group by process", "", "process", 0, false},
	{"group by path", "", "path", 0, false},
	{"row 500,000", "result < 0", NULL, 500000, false},
	{"row in the middle, after the first pass", "result < 0", NULL, MIDDLE, true},
	{"row in the middle, everything", "", NULL, MIDDLE, true},
};

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Elapsed, and of the processors: what others do on the machine is not in the latter. */
struct times {
	double wall, cpu;
};

static struct times now(void)
{
	return (struct times){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static struct times since(struct times t)
{
	struct times n = now();

	return (struct times){n.wall - t.wall, n.cpu - t.cpu};
}

static void check(int r, const struct espy_err *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "query: %s\n", err->text);
	exit(1);
}

/* Asks once; returns the seconds and what came out. */
static struct times ask(const char *path, const struct question *q, uint64_t *ret)
{
	const struct espy_batch *b;
	struct espy_err err = {0};
	struct times t = now();
	struct espy_query *query;
	uint32_t row;

	check(espy_query_open(&query, path, q->filter, &err), &err);
	if (q->group) {
		struct espy_query_groups g;

		check(espy_query_group(query, espy_column_find(espy_str0(q->group)), 100, NULL, &g,
				       &err),
		      &err);
		*ret = g.values;
		t = since(t);
		espy_query_groups_done(&g);
	} else if (q->nth) {
		uint64_t n = q->nth - 1, all = 0;

		if (q->after_count) {
			check(espy_query_count(query, NULL, &all, &err), &err);
			n = all / 2;
			t = now();
		}
		check(espy_query_row(query, n, NULL, &b, &row, &err), &err);
		t = since(t);
		*ret = b->first_seq + row;
	} else {
		check(espy_query_count(query, NULL, ret, &err), &err);
		t = since(t);
	}
	espy_query_close(query);
	return t;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 3;
	struct espy_err err = {0};
	struct espy_query *query;
	struct rusage usage;
	struct times t[ROUNDS_MAX];
	uint64_t rows;

	if (argc < 2 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: query TRACE [ROUNDS]\n");
		return 2;
	}
	check(espy_query_open(&query, argv[1], "", &err), &err);
	rows = espy_query_rows(query);
	espy_query_close(query);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *q = &questions[i];
		uint64_t found = 0;

		printf("{\"name\": \"%s\", \"rows\": %" PRIu64 ", \"seconds\": [", q->name, rows);
		for (unsigned k = 0; k < rounds; k++) {
			t[k] = ask(argv[1], q, &found);
			printf("%s%.6f", k ? ", " : "", t[k].wall);
		}
		printf("], \"cpu\": [");
		for (unsigned k = 0; k < rounds; k++)
			printf("%s%.6f", k ? ", " : "", t[k].cpu);
		getrusage(RUSAGE_SELF, &usage);
		printf("], \"found\": %" PRIu64 ", \"resident\": %ld}\n", found,
		       usage.ru_maxrss * 1024);
		fflush(stdout);
	}
	return 0;
}
