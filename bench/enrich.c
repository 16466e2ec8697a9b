/* SPDX-License-Identifier: MIT */
/*
 * What it costs to turn a record of the kernel side into a row, by kind of record.
 *
 * The records are made up before the clock runs: processes and files of which a few are popular, so
 * that the tables are as large and as cold as on a busy machine. Rows go to a batch that is reset
 * when it is full, as a capture does.
 *
 *   enrich [records] [files]        default 4,000,000 of each kind, 20,000 files
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "enrich/enrich.h"

#define N_PROCS   64u
#define N_RECORDS 65536u /* different ones, fed again and again */
#define SLOT      512u   /* bytes for one of them */

struct world {
	uint64_t random;
	uint32_t n_files;
	struct espy_enrich *enrich;
	struct espy_batch *batch;
	char *records;
};

static uint64_t next_random(struct world *w)
{
	uint64_t z = w->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Small numbers much more often than large ones. */
static uint32_t popular(struct world *w, uint32_t n)
{
	double u = (double)(next_random(w) >> 11) / 9007199254740992.0;

	return (uint32_t)(u * u * u * n);
}

static void *begin(char *at, unsigned type, uint32_t process)
{
	const struct espy_schema *s = espy_schema_get(type);
	struct espy_event *rec = (struct espy_event *)at;

	memset(at, 0, s->size);
	rec->type = (uint16_t)type;
	rec->size = s->size;
	rec->pid = rec->tid = 1000 + process;
	rec->start = 5000 + process;
	rec->time = 1000000;
	rec->duration = 700;
	rec->abi = ESPY_ABI_NATIVE;
	return at;
}

static struct espy_text append(char *at, const char *text, size_t n)
{
	struct espy_event *rec = (struct espy_event *)at;
	struct espy_text t = {(uint16_t)rec->size, (uint16_t)n};

	memcpy(at + rec->size, text, n);
	rec->size += (uint32_t)n;
	return t;
}

/* Spread over all 64 bits, as hashes of the kernel side are. */
static uint64_t object_id(uint32_t file)
{
	return (file + 1) * 0x9e3779b97f4a7c15ull;
}

static void make_read(struct world *w, char *at)
{
	struct espy_ev_file_read *r = begin(at, ESPY_EV_file_read, popular(w, N_PROCS));

	r->path.obj = object_id(popular(w, w->n_files));
	r->path.source = ESPY_SOURCE_KERNEL;
	r->requested = 4096;
	r->offset = 65536;
}

static void make_stat(struct world *w, char *at)
{
	struct espy_ev_file_stat *s = begin(at, ESPY_EV_file_stat, popular(w, N_PROCS));
	char text[64];
	int n = snprintf(text, sizeof(text), "../include/part%u/header_%u.h", popular(w, 40),
			 popular(w, 500));

	s->path.obj = object_id(popular(w, 50));
	s->path.text = append(at, text, (size_t)n);
	s->path.source = ESPY_SOURCE_USER;
	s->hdr.result = -ENOENT;
}

static void make_fork(struct world *w, char *at)
{
	struct espy_ev_process_fork *f = begin(at, ESPY_EV_process_fork, popular(w, N_PROCS));

	f->child_pid = 10000 + (uint32_t)(next_random(w) % 30000);
	f->child_start = next_random(w) >> 20;
	f->child_ppid = f->hdr.pid;
	f->parent_start = f->hdr.start;
	f->hdr.result = f->child_pid;
}

static void make_exec(struct world *w, char *at)
{
	struct espy_ev_process_exec *x = begin(at, ESPY_EV_process_exec, popular(w, N_PROCS));
	static const char argv[] = "gcc\0-O2\0-Wall\0-Iinclude\0-c\0src/some/file.c\0-o\0file.o";

	x->path.obj = object_id(popular(w, 50));
	x->given = append(at, "/usr/bin/gcc", 12);
	x->argv = append(at, argv, sizeof(argv));
	x->argc = 8;
}

static void make_object(struct world *w, char *at)
{
	struct espy_ev_meta_object *o = begin(at, ESPY_EV_meta_object, 0);
	uint32_t file = (uint32_t)(next_random(w) % (4 * w->n_files));
	char text[128];
	int n = snprintf(text, sizeof(text), "file_%u.h%cdir%u%cinclude%cusr%c", file, 0, file % 97,
			 0, 0, 0);

	o->id = object_id(file);
	o->mode = S_IFREG | 0644;
	o->path = append(at, text, (size_t)n);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void feed(struct world *w, const char *at)
{
	const struct espy_event *rec = (const struct espy_event *)at;
	int r = espy_enrich_add(w->enrich, rec, w->batch);

	if (r == -ENOSPC) {
		espy_batch_reset(w->batch);
		espy_enrich_batch_done(w->enrich);
		r = espy_enrich_add(w->enrich, rec, w->batch);
	}
	if (r < 0) {
		fprintf(stderr, "enrich: %s\n", strerror(-r));
		exit(1);
	}
}

static void define_files(struct world *w)
{
	char at[SLOT] __attribute__((aligned(8)));
	struct espy_ev_meta_object *o;
	char text[128];

	for (uint32_t i = 0; i < w->n_files; i++) {
		int n = snprintf(text, sizeof(text), "file_%u.h%cdir%u%cinclude%cusr%c", i, 0,
				 i % 97, 0, 0, 0);

		o = begin(at, ESPY_EV_meta_object, 0);
		o->id = object_id(i);
		o->mode = S_IFREG | 0644;
		o->path = append(at, text, (size_t)n);
		feed(w, at);
	}
}

static void measure(struct world *w, const char *name, void (*make)(struct world *w, char *at),
		    uint64_t records)
{
	uint64_t begun, spent;

	for (uint32_t i = 0; i < N_RECORDS; i++)
		make(w, w->records + (size_t)i * SLOT);
	for (uint32_t i = 0; i < N_RECORDS; i++) /* once for the caches and the batch's memory */
		feed(w, w->records + (size_t)i * SLOT);
	begun = now_ns();
	for (uint64_t i = 0; i < records; i++)
		feed(w, w->records + (size_t)(i % N_RECORDS) * SLOT);
	spent = now_ns() - begun;
	printf("%-8s %8u %10" PRIu64 " %12.1f %12.2f\n", name, w->n_files, records,
	       (double)spent / (double)records, (double)records * 1e3 / (double)spent);
}

int main(int argc, char **argv)
{
	uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000000;
	const struct espy_enrich_options o = {.no_proc = true, .no_build_id = true};
	static const uint32_t files[] = {100, 2000, 20000};
	struct world w = {.random = 1};

	w.records = malloc((size_t)N_RECORDS * SLOT);
	if (!w.records || espy_enrich_new(&w.enrich, &o, NULL) < 0 || espy_batch_new(&w.batch) < 0)
		return 1;
	printf("%-8s %8s %10s %12s %12s\n", "record", "files", "records", "ns/record", "M/s");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		w.n_files = files[i];
		define_files(&w);
		measure(&w, "read", make_read, records);
	}
	measure(&w, "stat", make_stat, records);
	measure(&w, "fork", make_fork, records / 4);
	measure(&w, "exec", make_exec, records / 4);
	measure(&w, "object", make_object, records / 4);
	espy_enrich_free(w.enrich);
	espy_batch_free(w.batch);
	free(w.records);
	return 0;
}
