/* SPDX-License-Identifier: MIT */
/*
 * Writes seeds for fuzz-trace: small traces of several shapes, whole, cut and damaged.
 *
 *   make-corpus-trace DIRECTORY [PREFIX]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "trace/trace.h"

#define SEED_MAX (1u << 20)

static const struct espy_machine machine = {.host = "seed", .kernel = "6.18", .cpus = 2};
static const struct espy_ending ending = {.ended = 9, .events = 5, .reason = "done"};

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

/* One row of each type from `first` on, `n` types, `times` each; values differ a little. */
static struct espy_batch *make_batch(size_t first, size_t n, unsigned times)
{
	struct espy_batch *b;
	struct espy_proc p = {.pid = 100, .start = 5000, .parent = UINT32_MAX};

	must(espy_batch_new(&b) == 0, "batch");
	p.name = espy_dict_add(&b->dict, ESPY_STR("cc1"));
	p.exe = espy_dict_add(&b->dict, ESPY_STR("/usr/lib/gcc/cc1"));
	espy_batch_add_proc(b, &p);
	p.pid = 101;
	p.parent = 0;
	p.cmdline = espy_dict_add(&b->dict, ESPY_STR("cc1\0-O2\0"));
	espy_batch_add_proc(b, &p);
	b->first_seq = 1;
	for (unsigned k = 0; k < times * n; k++) {
		const struct espy_schema *s = &espy_schemas[first + k % n];
		char text[32];
		int row;

		if (!espy_schema_is_shown(s))
			continue;
		row = espy_batch_add(b, s->type);
		must(row >= 0, "row");
		b->time[row] = 1000000 + k * 700 + k * k % 91;
		b->duration[row] = 300 + k * k % 577;
		b->result[row] = k % 7 ? (int64_t)(k % 9) : -2;
		b->proc[row] = k % 2;
		b->tid[row] = 100 + k % 3;
		b->cpu[row] = (uint16_t)(k % 2);
		b->cpu_seq[row] = k;
		for (unsigned f = 0; f < s->n_fields; f++) {
			int length = snprintf(text, sizeof(text), "/usr/include/%u.h", k * f % 13);

			if (espy_kind_is_string(s->fields[f].kind))
				espy_batch_set_str(b, (uint32_t)row, f,
						   (struct espy_str){text, (size_t)length});
			else
				espy_batch_set_num(b, (uint32_t)row, f, k * k * f * 1001);
		}
	}
	return b;
}

/* The bytes of a trace: a snapshot, a block of events, and an end where asked for. */
static size_t make_trace(uint8_t *to, struct espy_batch *snapshot, struct espy_batch *events,
			 int end)
{
	int fd = memfd_create("seed", 0), copy = dup(fd);
	struct espy_trace_writer *w;
	ssize_t n;

	must(espy_trace_create(&w, fd, "seed", &machine, NULL) == 0, "create");
	if (snapshot)
		must(espy_trace_write_snapshot(w, snapshot, NULL) == 0, "snapshot");
	if (events)
		must(espy_trace_write(w, events, NULL) == 0, "events");
	must(espy_trace_finish(w, end ? &ending : NULL, NULL) == 0, "finish");
	n = pread(copy, to, SEED_MAX, 0);
	must(n > 0, "read");
	close(copy);
	return (size_t)n;
}

static void put(char **argv, const char *name, const uint8_t *p, size_t n)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", argv[1], argv[2] ? argv[2] : "", name);
	f = fopen(path, "we");
	must(f && fwrite(p, 1, n, f) == n && fclose(f) == 0, path);
}

int main(int argc, char **argv)
{
	uint8_t *p = malloc(SEED_MAX);
	struct espy_batch *some = make_batch(2, 3, 2), *all = make_batch(0, espy_n_schemas, 3);
	struct espy_batch *many = make_batch(espy_n_schemas - 12, 3, 1500);
	size_t n;

	must(argc >= 2 && p, "usage: make-corpus-trace DIRECTORY [PREFIX]");
	put(argv, "no-block", p, make_trace(p, NULL, NULL, 0));
	put(argv, "only-end", p, make_trace(p, NULL, NULL, 1));
	put(argv, "snapshot", p, make_trace(p, some, NULL, 1));
	put(argv, "every-event", p, make_trace(p, NULL, all, 0));
	n = make_trace(p, NULL, many, 1);
	put(argv, "large-columns", p, n);
	n = make_trace(p, some, some, 1);
	put(argv, "whole", p, n);
	put(argv, "cut-in-header", p, 40);
	put(argv, "cut-in-schema", p, 1000);
	put(argv, "cut-in-end", p, n - 20);
	memset(p + n - 2000, 0, 100);
	put(argv, "hole", p, n);
	espy_batch_free(some);
	espy_batch_free(all);
	espy_batch_free(many);
	free(p);
	return 0;
}
