/* SPDX-License-Identifier: MIT */
/* A format of lines as an output: its head, a line per row, its tail. */
#include <errno.h>
#include <stdlib.h>
#include "format/output-file.h"
#include "format/outputs.h"

struct lines {
	struct espy_output_file file;
	struct espy_writer writer;
};

static void drop(void *state)
{
	struct lines *l = state;

	espy_writer_done(&l->writer);
	espy_output_file_done(&l->file);
	free(l);
}

static int begin(struct lines *l, const struct espy_output_options *o)
{
	/* UTC: the file may be read in another place */
	struct espy_writer_options w = {.columns = o->columns, .utc = true, .machine = o->machine};
	int r = espy_writer_init(&l->writer, o->lines, &w);

	return r < 0 ? r : o->lines->begin(&l->writer, &l->file.buf);
}

static int open_lines(void **ret, int fd, const struct espy_output_options *o, struct espy_err *err)
{
	struct lines *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return espy_output_failed(err, -ENOMEM, o->path);
	r = espy_output_file_init(&l->file, fd, o->path, err);
	if (r == 0) {
		r = begin(l, o);
		if (r < 0)
			espy_output_failed(err, r, o->path);
	}
	if (r < 0)
		drop(l);
	else
		*ret = l;
	return r;
}

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct lines *l = state;
	int r = 0;

	for (uint32_t row = 0; row < b->n && r >= 0; row++) {
		if (!espy_output_wants(bits, row))
			continue;
		r = l->writer.format->row(&l->writer, &l->file.buf, b, row);
		if (r < 0)
			return espy_output_failed(err, r, l->file.path);
		r = espy_output_file_full(&l->file, err);
	}
	return r;
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	struct lines *l = state;
	int r = l->writer.format->end(&l->writer, &l->file.buf);

	(void)e;
	if (r < 0)
		espy_output_failed(err, r, l->file.path);
	else
		r = espy_output_file_flush(&l->file, err);
	drop(l);
	return r;
}

void espy_output_lines(struct espy_output_format *ret, const struct espy_format *f)
{
	*ret = (struct espy_output_format){
		.name = f->name,
		.suffixes = f->suffixes,
		.help = f->help,
		.open = open_lines,
		.batch = batch,
		.finish = finish,
		.drop = drop,
		.lines = f,
	};
}
