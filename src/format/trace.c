/* SPDX-License-Identifier: MIT */
/* Espy's own trace files, as a format among others. */
#include <string.h>
#include "format/readers.h"
#include "trace/layout.h"
#include "trace/trace.h"

static bool probe(const uint8_t *head, size_t n)
{
	return n >= ESPY_TRACE_MAGIC_SIZE &&
	       memcmp(head, ESPY_TRACE_MAGIC, ESPY_TRACE_MAGIC_SIZE) == 0;
}

static int open_trace(void **ret, int fd, const char *name, struct espy_err *err)
{
	struct espy_trace *t;
	int r = espy_trace_open_fd(&t, fd, name, err);

	if (r == 0)
		*ret = t;
	return r;
}

static void close_trace(void *state)
{
	espy_trace_close(state);
}

static const struct espy_machine *machine(void *state)
{
	return espy_trace_machine(state);
}

static int snapshot(void *state, struct espy_batch *b, struct espy_err *err)
{
	return espy_trace_snapshot(state, b, err);
}

static int next(void *state, struct espy_batch *b, struct espy_err *err)
{
	return espy_trace_next(state, b, err);
}

static const struct espy_ending *ending(void *state)
{
	return espy_trace_ending(state);
}

static uint64_t dropped(void *state)
{
	return espy_trace_dropped(state);
}

static int rewind_trace(void *state)
{
	return espy_trace_rewind(state);
}

static double progress(void *state)
{
	return espy_trace_progress(state);
}

static struct espy_trace *trace(void *state)
{
	return state;
}

const struct espy_reader_format espy_reader_espy = {
	.name = "espy",
	.suffixes = ".espy",
	.help = "Espy's own trace files",
	.probe = probe,
	.open = open_trace,
	.close = close_trace,
	.machine = machine,
	.snapshot = snapshot,
	.next = next,
	.ending = ending,
	.dropped = dropped,
	.rewind = rewind_trace,
	.progress = progress,
	.trace = trace,
};
