/* SPDX-License-Identifier: MIT */
/*
 * A trace of any length out of recorded ones, as fast as the writer goes.
 *
 *   many OUT EVENTS TRACE...
 *
 * The recorded traces are mixed as on a machine that does all of it at once: pieces of 4,096 rows
 * of each in turn, put together to blocks of 65,536. These blocks are written again and again, each
 * time with later times, other process ids, and another name for every sixteenth path, so that the
 * number of distinct paths grows with the length. Prints a line of JSON: events, bytes, seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/vec.h"
#include "trace/trace.h"

#define PIECE          4096u
#define SOURCES_MAX    64
#define GAP_MAX        1000000u /* ns; pauses of the recorded work are cut to this */
#define CPUS           64u
#define VARIED         16u /* every so manyth path gets another name */
#define PID_STEP       977u
#define PID_MAX        4194304u
#define PATH_MAX_BYTES 4096

struct source {
	struct espy_trace *trace;
	struct espy_batch *b;
	uint32_t row; /* next of b */
	bool ended;
};

struct block {
	struct espy_batch *b;
	struct espy_str *names; /* the dictionary's strings as recorded */
};

struct mix {
	struct source source[SOURCES_MAX];
	unsigned n_sources;
	ESPY_VEC(struct block) blocks;
	uint64_t now, began; /* boot clock ns */
	uint32_t seq[CPUS];
	uint64_t rows;
	uint32_t *procs; /* of the source's batch to those of the block */
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "many: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- reading ------------------------------------------------------------------------------------
 */

static bool refill(struct source *s)
{
	struct espy_err err = {0};
	int r = 1;

	while (r > 0 && s->row == s->b->n) {
		r = espy_trace_next(s->trace, s->b, &err);
		s->row = 0;
	}
	if (r < 0)
		fprintf(stderr, "many: %s\n", err.text);
	s->ended = r <= 0;
	return !s->ended;
}

static uint32_t copy_text(struct espy_batch *to, const struct espy_batch *from, uint32_t id)
{
	uint32_t own = espy_dict_add(&to->dict, espy_dict_get(&from->dict, id));

	must(own != UINT32_MAX, "a string");
	return own;
}

/* The entry and its ancestors. */
static uint32_t copy_proc(struct mix *m, struct espy_batch *to, const struct espy_batch *from,
			  uint32_t i)
{
	struct espy_proc p = from->procs[i];
	int r;

	if (m->procs[i] != UINT32_MAX)
		return m->procs[i];
	p.name = copy_text(to, from, p.name);
	p.exe = copy_text(to, from, p.exe);
	p.cmdline = copy_text(to, from, p.cmdline);
	p.user = copy_text(to, from, p.user);
	p.tty = copy_text(to, from, p.tty);
	p.more = 0;
	if (p.parent != UINT32_MAX)
		p.parent = copy_proc(m, to, from, p.parent);
	r = espy_batch_add_proc(to, &p);
	must(r >= 0, "a process");
	m->procs[i] = (uint32_t)r;
	return (uint32_t)r;
}

static void copy_row(struct mix *m, struct espy_batch *to, const struct source *s, uint32_t row)
{
	const struct espy_batch *from = s->b;
	const struct espy_schema *schema = espy_schema_get(from->type[row]);
	int at = espy_batch_add(to, from->type[row]);
	uint32_t cpu = from->cpu[row] % CPUS;
	uint64_t end = from->time[row] + from->duration[row];
	uint64_t last = row ? from->time[row - 1] + from->duration[row - 1] : end;

	must(at >= 0, "a row");
	m->now += end > last ? (end - last < GAP_MAX ? end - last : GAP_MAX) : 0;
	to->duration[at] = from->duration[row] < m->now ? from->duration[row] : 0;
	to->time[at] = m->now - to->duration[at];
	to->result[at] = from->result[row];
	to->proc[at] = copy_proc(m, to, from, from->proc[row]);
	to->tid[at] = from->tid[row];
	to->cpu[at] = (uint16_t)cpu;
	to->cpu_seq[at] = ++m->seq[cpu];
	to->call[at] = from->call[row];
	to->abi[at] = from->abi[row];
	to->flags[at] = from->flags[row];
	for (unsigned f = 0; f < schema->n_fields; f++) {
		struct espy_value v = espy_batch_get(from, row, f);

		if (v.is_string)
			must(espy_batch_set_str(to, (uint32_t)at, f, v.str) == 0, "a text");
		else
			espy_batch_set_num(to, (uint32_t)at, f, v.num);
	}
	to->path_source[at] = from->path_source[row];
}

/* Up to a piece of one source; how many rows that were. */
static uint32_t copy_piece(struct mix *m, struct espy_batch *to, struct source *s)
{
	uint32_t n = 0;

	while (n < PIECE && to->n < ESPY_BATCH_ROWS && (s->row < s->b->n || refill(s))) {
		memset(m->procs, 0xff, (s->b->n_procs + 1) * sizeof(*m->procs));
		for (; n < PIECE && to->n < ESPY_BATCH_ROWS && s->row < s->b->n; n++)
			copy_row(m, to, s, s->row++);
	}
	return n;
}

static void add_block(struct mix *m, struct espy_batch *b)
{
	struct block k = {.b = b, .names = malloc(b->dict.n * sizeof(*k.names))};

	must(k.names && espy_vec_push(&m->blocks, k) == 0, "memory");
	memcpy(k.names, b->dict.strs, b->dict.n * sizeof(*k.names));
	m->rows += b->n;
}

static void read_all(struct mix *m)
{
	struct espy_batch *b = NULL;
	uint32_t got;

	do {
		got = 0;
		for (unsigned i = 0; i < m->n_sources; i++) {
			if (!b)
				must(espy_batch_new(&b) == 0, "memory");
			got += copy_piece(m, b, &m->source[i]);
			if (b->n < ESPY_BATCH_ROWS)
				continue;
			add_block(m, b);
			b = NULL;
		}
	} while (got);
	if (b && b->n)
		add_block(m, b);
}

/* --- writing ------------------------------------------------------------------------------------
 */

static bool is_varied(const struct block *k, uint32_t id)
{
	struct espy_str s = k->names[id];
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619u;
	return s.n > 12 && s.n < PATH_MAX_BYTES && s.p[0] == '/' && (h >> 8) % VARIED == 0;
}

/* "/a/b/c" becomes "/a/b-7/c". */
static void rename_paths(struct block *k, struct espy_arena *a, unsigned pass)
{
	struct espy_dict *d = &k->b->dict;

	espy_arena_reset(a);
	memcpy(d->strs, k->names, d->n * sizeof(*d->strs));
	for (uint32_t id = 1; pass && id < d->n; id++) {
		struct espy_str s = k->names[id];
		const char *slash = memrchr(s.p, '/', s.n);
		char *text;

		if (!is_varied(k, id) || slash == s.p)
			continue;
		text = espy_arena_printf(a, "%.*s-%u%.*s", (int)(slash - s.p), s.p, pass,
					 (int)(s.p + s.n - slash), slash);
		must(text != NULL, "memory");
		d->strs[id] = espy_str0(text);
	}
	for (uint32_t i = 0; i < k->b->n_procs; i++) { /* programs keep their names */
		d->strs[k->b->procs[i].exe] = k->names[k->b->procs[i].exe];
		d->strs[k->b->procs[i].cmdline] = k->names[k->b->procs[i].cmdline];
	}
}

static void shift(struct mix *m, struct espy_batch *b)
{
	uint64_t by = m->now - m->began;

	for (uint32_t i = 0; i < b->n; i++)
		b->time[i] += by;
	for (uint32_t i = 0; i < b->n; i++)
		b->cpu_seq[i] += m->seq[b->cpu[i]];
	for (uint32_t i = 0; i < b->n; i++)
		b->tid[i] = (b->tid[i] + PID_STEP) % PID_MAX;
	for (uint32_t i = 0; i < b->n_procs; i++) {
		struct espy_proc *p = &b->procs[i];

		p->pid = (p->pid + PID_STEP) % PID_MAX;
		p->ppid = p->ppid ? (p->ppid + PID_STEP) % PID_MAX : 0;
		p->start += p->start ? by : 0;
		p->parent_start += p->parent_start ? by : 0;
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_all(struct mix *m, int fd, uint64_t events)
{
	static const struct espy_machine machine = {
		.host = "bench", .kernel = "mixed", .cpus = 2, .page_size = 4096, .started = 1};
	struct espy_ending ending = {.reason = "done"};
	struct espy_trace_writer *w;
	struct espy_err err = {0};
	struct espy_arena a = {0};
	uint64_t n = 0, bytes;
	double began = seconds(), writing = 0;

	must(espy_trace_create(&w, fd, "out", &machine, &err) == 0, "create");
	for (unsigned pass = 0; n < events; pass++) {
		for (size_t i = 0; n < events && i < m->blocks.n; i++) {
			struct block *k = &m->blocks.v[i];
			double t;

			if (pass)
				shift(m, k->b);
			rename_paths(k, &a, pass);
			k->b->first_seq = n + 1;
			t = seconds();
			must(espy_trace_write(w, k->b, &err) == 0, err.text);
			writing += seconds() - t;
			n += k->b->n;
			ending.ended = m->now;
		}
	}
	ending.events = n;
	bytes = espy_trace_written(w);
	must(espy_trace_finish(w, &ending, &err) == 0, err.text);
	printf("{\"events\": %" PRIu64 ", \"bytes\": %" PRIu64
	       ", \"seconds\": %.3f, \"writing\": %.3f, \"recorded\": %" PRIu64 "}\n",
	       n, bytes, seconds() - began, writing, m->rows);
	espy_arena_done(&a);
}

int main(int argc, char **argv)
{
	struct mix *m = calloc(1, sizeof(*m));
	struct espy_err err = {0};
	int fd;

	if (argc < 4 || argc - 3 > SOURCES_MAX) {
		fprintf(stderr, "usage: many OUT EVENTS TRACE...\n");
		return 2;
	}
	must(m && (m->procs = malloc((ESPY_BATCH_PROCS_MAX + 1) * sizeof(*m->procs))), "memory");
	m->began = m->now = 3600ull * 1000000000;
	for (int i = 3; i < argc; i++, m->n_sources++) {
		must(espy_trace_open(&m->source[m->n_sources].trace, argv[i], &err) == 0, argv[i]);
		must(espy_batch_new(&m->source[m->n_sources].b) == 0, "memory");
	}
	read_all(m);
	must(m->rows > 0, "the traces hold no events");
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0, argv[1]);
	write_all(m, fd, strtoull(argv[2], NULL, 10));
	return 0;
}
