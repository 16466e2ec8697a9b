/* SPDX-License-Identifier: MIT */
/* Espy's own trace file as an output: what another program recorded, or a part of a trace. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "format/output-file.h"
#include "format/outputs.h"
#include "trace/trace.h"

/* The writer owns its descriptor; here the caller keeps one. */
static int open_trace(void **ret, int fd, const struct espy_output_options *o, struct espy_err *err)
{
	struct espy_trace_writer *w;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3), r;

	if (own < 0)
		return espy_output_failed(err, -errno, o->path);
	r = espy_trace_create(&w, own, o->path, o->machine, err);
	if (r == 0)
		*ret = w;
	return r;
}

static int snapshot(void *state, const struct espy_batch *b, struct espy_err *err)
{
	return espy_trace_write_snapshot(state, b, err);
}

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	(void)bits; /* always NULL: ESPY_OUTPUT_WHOLE */
	return b->n ? espy_trace_write(state, b, err) : 0;
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	return espy_trace_finish(state, e, err);
}

static void drop(void *state)
{
	espy_trace_finish(state, NULL, NULL);
}

const struct espy_output_format espy_output_espy = {
	.name = "espy",
	.suffixes = ".espy",
	.help = "Espy's own trace file",
	.open = open_trace,
	.snapshot = snapshot,
	.batch = batch,
	.finish = finish,
	.drop = drop,
	.flags = ESPY_OUTPUT_WHOLE,
};
