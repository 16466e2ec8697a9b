/* SPDX-License-Identifier: MIT */
/* golden --list | golden CASE: one writer's output for the sample batch, to be compared with a
 * file. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "format/format.h"
#include "sample.h"
#include "trace/trace.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MANY          1500 /* times the sample is in a long trace */

static const struct golden_case {
	const char *name, *format, *columns;
	unsigned width;
	bool colour;
} cases[] = {
	{"text", "text", NULL, 0, false},
	{"text-80", "text", NULL, 80, false},
	{"text-160-colour", "text", NULL, 160, true},
	{"text-columns", "text",
	 "seq,end,event,syscall,user,uid,tty,parent,error,flags,argv,cmdline", 0, false},
	{"text-30", "text", "process,path,duration", 30, false},
	{"json", "json", NULL, 0, false},
	{"json-columns", "json", "pid,cmdline,path,flags,remote,cpu,start,detail,pending", 0,
	 false},
	{"csv", "csv", NULL, 0, false},
	{"ecs", "ecs", NULL, 0, false},
	{"tsv", "tsv", NULL, 0, false},
	{"csv-columns", "csv", "pid,cmdline,argv,remote,flags,start", 0, false},
};

static int write_all(struct espy_writer *w, const struct espy_batch *b)
{
	struct espy_buf out = {0};
	int r = w->format->begin(w, &out);

	for (uint32_t row = 0; row < b->n && r == 0; row++)
		r = w->format->row(w, &out, b, row);
	if (r == 0)
		r = w->format->end(w, &out);
	if (r == 0)
		r = espy_buf_flush(&out, 1);
	espy_buf_done(&out);
	return r;
}

static int run(const struct golden_case *c)
{
	const struct espy_column *columns[ESPY_WRITER_COLUMNS];
	struct espy_writer_options o = {.width = c->width, .colour = c->colour, .utc = true};
	struct espy_writer w;
	struct espy_batch *b;
	int r = sample_batch(&b);

	if (r < 0)
		return r;
	if (c->columns) {
		r = espy_format_columns(c->columns, columns, ARRAY_SIZE(columns), NULL);
		o.columns = columns;
	}
	if (r == 0)
		r = espy_writer_init(&w, espy_format_find(espy_str0(c->format)), &o);
	if (r == 0) {
		r = write_all(&w, b);
		espy_writer_done(&w);
	}
	espy_batch_free(b);
	return r;
}

/* The sample both as what existed at the start and as events, so many times. */
static int write_trace(unsigned times)
{
	const struct espy_machine m = {
		.host = "golden", .kernel = "6.1.0", .arch = "x86_64", .cpus = 4};
	const struct espy_ending e = {
		.events = 1, .exit_status = -1, .reason = "the command ended"};
	struct espy_trace_writer *w;
	struct espy_batch *b;
	int r = sample_batch(&b);

	if (r < 0)
		return r;
	r = espy_trace_create(&w, dup(STDOUT_FILENO), "golden", &m, NULL);
	if (r == 0) {
		r = espy_trace_write_snapshot(w, b, NULL);
		for (unsigned i = 0; i < times && r == 0; i++, b->first_seq += b->n)
			r = espy_trace_write(w, b, NULL);
		espy_trace_finish(w, r < 0 ? NULL : &e, NULL);
	}
	espy_batch_free(b);
	return r;
}

int main(int argc, char **argv)
{
	const char *word = argc == 2 ? argv[1] : "";

	setlocale(LC_CTYPE, "C.UTF-8");
	if (strcmp(word, "--trace") == 0)
		return write_trace(1) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (strcmp(word, "--long-trace") == 0)
		return write_trace(MANY) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(word, "--list") == 0)
			puts(cases[i].name);
		else if (strcmp(word, cases[i].name) == 0)
			return run(&cases[i]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	return strcmp(word, "--list") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
