/* SPDX-License-Identifier: MIT */
#include "engine/convert.h"
#include <errno.h>
#include <stdio.h>
#include "engine/select.h"

/* What is left of a capture was chosen by both filters. */
static void add_filter(struct espy_machine *m, const char *filter)
{
	char both[sizeof(m->filter)];
	int n;

	if (!filter || !filter[0])
		return;
	if (m->filter[0])
		n = snprintf(both, sizeof(both), "(%s) and (%s)", m->filter, filter);
	else
		n = snprintf(both, sizeof(both), "%s", filter);
	if (n > 0 && (size_t)n < sizeof(both))
		memcpy(m->filter, both, (size_t)n + 1);
}

/* The output begins when the first thing for it comes. */
static int begin(struct espy_convert *c, struct espy_err *err)
{
	int fd;

	if (c->stopped && c->stopped(c->ctx))
		return espy_err_set(err, -EINTR, "interrupted; %s was not made", c->options.path);
	if (c->state)
		return 0;
	fd = c->create(c->ctx, err);
	if (fd < 0)
		return fd;
	c->machine = c->input->machine;
	add_filter(&c->machine, c->filter);
	c->options.machine = &c->machine;
	c->options.lines = c->format->lines;
	return c->format->open(&c->state, fd, &c->options, err);
}

static int snapshot(struct espy_sink *sink, const struct espy_batch *b, struct espy_err *err)
{
	struct espy_convert *c = (struct espy_convert *)sink;
	int r = begin(c, err);

	return r < 0 || !c->format->snapshot ? r : c->format->snapshot(c->state, b, err);
}

static int whole_batch(struct espy_convert *c, const struct espy_batch *b, const uint64_t *bits,
		       struct espy_err *err)
{
	int r = c->part ? 0 : espy_batch_new(&c->part);

	if (r == 0)
		r = espy_select_rows(c->part, b, bits);
	if (r < 0)
		return espy_err_set(err, r, "no memory left to write %s", c->options.path);
	c->part->first_seq = c->rows + 1;
	c->rows += c->part->n;
	return c->format->batch(c->state, c->part, NULL, err);
}

static int batch(struct espy_sink *sink, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct espy_convert *c = (struct espy_convert *)sink;
	bool filtered = c->filter && c->filter[0];
	int r = begin(c, err);

	if (r < 0)
		return r;
	if (!filtered)
		return c->format->batch(c->state, b, NULL, err);
	if (c->format->flags & ESPY_OUTPUT_WHOLE)
		return whole_batch(c, b, bits, err);
	return c->format->batch(c->state, b, bits, err);
}

static int end(struct espy_sink *sink, const struct espy_ending *e, struct espy_err *err)
{
	struct espy_convert *c = (struct espy_convert *)sink;
	struct espy_ending mine = *e;
	int r = begin(c, err);

	if (r < 0)
		return r;
	if (c->filter && c->filter[0])
		mine.events = c->input->matched;
	r = c->format->finish(c->state, c->input->has_ending ? &mine : NULL, err);
	c->state = NULL;
	return r;
}

static const struct espy_sink_ops ops = {snapshot, batch, end, .matched_only = true};

void espy_convert_init(struct espy_convert *c)
{
	*c = (struct espy_convert){.sink.ops = &ops};
}

void espy_convert_done(struct espy_convert *c)
{
	if (c->state)
		c->format->drop(c->state);
	c->state = NULL;
	espy_batch_free(c->part);
	c->part = NULL;
}
