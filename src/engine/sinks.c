/* SPDX-License-Identifier: MIT */
#include "engine/sinks.h"

#include <errno.h>
#include <string.h>
#include "rule/rule.h"

/* --- trace file ----------------------------------------------------------------------------- */

static int trace_snapshot(struct espy_sink *sink, const struct espy_batch *b, struct espy_err *err)
{
	struct espy_sink_trace *s = (struct espy_sink_trace *)sink;

	return espy_trace_write_snapshot(s->writer, b, err);
}

static int trace_batch(struct espy_sink *sink, const struct espy_batch *b, const uint64_t *bits,
		       struct espy_err *err)
{
	struct espy_sink_trace *s = (struct espy_sink_trace *)sink;

	(void)bits; /* a capture hands on only what matched */
	return espy_trace_write(s->writer, b, err);
}

static int trace_end(struct espy_sink *sink, const struct espy_ending *e, struct espy_err *err)
{
	struct espy_sink_trace *s = (struct espy_sink_trace *)sink;
	int r;

	s->bytes = espy_trace_size(s->writer);
	s->written = espy_trace_written(s->writer);
	s->dropped = espy_trace_forgotten(s->writer, &s->dropped_to);
	r = espy_trace_finish(s->writer, e, err);
	s->writer = NULL;
	return r;
}

static const struct espy_sink_ops trace_ops = {trace_snapshot, trace_batch, trace_end};

void espy_sink_trace_init(struct espy_sink_trace *s, struct espy_trace_writer *writer)
{
	s->sink.ops = &trace_ops;
	s->writer = writer;
}

uint64_t espy_sink_trace_written(const void *sink)
{
	const struct espy_sink_trace *s = sink;

	return s->writer ? espy_trace_written(s->writer) : s->written;
}

/* --- lines ---------------------------------------------------------------------------------- */

static int flush_lines(struct espy_sink_lines *s, struct espy_err *err)
{
	size_t n = s->out.n;
	int r = espy_buf_flush(&s->out, s->fd);

	s->written += r < 0 ? 0 : n;
	if (r < 0 && r != -EPIPE)
		espy_err_set(err, r, "cannot write the output: %s", strerror(-r));
	return r;
}

static int begin_lines(struct espy_sink_lines *s)
{
	if (s->begun)
		return 0;
	s->begun = true;
	return s->writer.format->begin(&s->writer, &s->out);
}

static int lines_batch(struct espy_sink *sink, const struct espy_batch *b, const uint64_t *bits,
		       struct espy_err *err)
{
	struct espy_sink_lines *s = (struct espy_sink_lines *)sink;
	int r = begin_lines(s);

	for (uint32_t row = 0; row < b->n && r >= 0; row++)
		if (espy_rule_bit(bits, row)) {
			r = s->writer.format->row(&s->writer, &s->out, b, row);
			if (r >= 0 && s->out.n > 1u << 16)
				r = flush_lines(s, err);
		}
	return r < 0 ? r : flush_lines(s, err);
}

static int lines_end(struct espy_sink *sink, const struct espy_ending *e, struct espy_err *err)
{
	struct espy_sink_lines *s = (struct espy_sink_lines *)sink;
	int r = begin_lines(s);

	(void)e;
	if (r >= 0)
		r = s->writer.format->end(&s->writer, &s->out);
	return r < 0 ? r : flush_lines(s, err);
}

static const struct espy_sink_ops lines_ops = {NULL, lines_batch, lines_end};

int espy_sink_lines_init(struct espy_sink_lines *s, const struct espy_format *f,
			 const struct espy_writer_options *o, int fd)
{
	memset(s, 0, sizeof(*s));
	s->sink.ops = &lines_ops;
	s->fd = fd;
	return espy_writer_init(&s->writer, f, o);
}

uint64_t espy_sink_lines_written(const void *sink)
{
	return ((const struct espy_sink_lines *)sink)->written;
}

void espy_sink_lines_done(struct espy_sink_lines *s)
{
	espy_writer_done(&s->writer);
	espy_buf_done(&s->out);
}
