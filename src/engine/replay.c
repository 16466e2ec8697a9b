/* SPDX-License-Identifier: MIT */
#include "engine/replay.h"
#include <errno.h>
#include <stdlib.h>
#include "format/reader.h"
#include "rule/rule.h"

struct replay {
	const struct espy_replay *o;
	struct espy_replay_end *end;
	struct espy_reader *reader;
	struct espy_rule *rule;
	struct espy_batch *batch;
	uint64_t bits[ESPY_RULE_WORDS(ESPY_BATCH_ROWS)];
};

typedef int (*next_fn)(struct espy_reader *in, struct espy_batch *b, struct espy_err *err);

static int open_all(struct replay *r, struct espy_err *err)
{
	const char *filter = r->o->filter ? r->o->filter : "";
	int e = espy_rule_new(&r->rule, filter, err);

	if (e == 0)
		e = espy_reader_open(&r->reader, r->o->path, NULL, err);
	if (e < 0)
		return e;
	e = espy_batch_new(&r->batch);
	if (e < 0)
		return espy_err_set(err, e, "no memory left to read %s", r->o->path);
	r->end->machine = *espy_reader_machine(r->reader);
	espy_rule_set_start(r->rule, r->end->machine.started);
	return 0;
}

/* The next block that can be read; the first error of a damaged one is kept. */
static int next_block(struct replay *r, next_fn next, struct espy_err *err)
{
	for (;;) {
		struct espy_err own = {0};
		int e = next(r->reader, r->batch, &own);

		if (e >= 0)
			return e;
		if (err && (e != -EBADMSG || !r->end->damaged))
			*err = own;
		if (e != -EBADMSG)
			return e;
		r->end->damaged++;
	}
}

static int give_snapshot(struct replay *r, struct espy_err *err)
{
	int e = 0;

	for (size_t i = 0; r->o->sinks[i] && e >= 0; i++)
		if (r->o->sinks[i]->ops->snapshot)
			e = r->o->sinks[i]->ops->snapshot(r->o->sinks[i], r->batch, err);
	return e;
}

static int give_events(struct replay *r, struct espy_err *err)
{
	int e = espy_rule_match(r->rule, r->batch, r->bits);

	if (e < 0)
		return espy_err_set(err, e, "no memory left for the filter");
	r->end->matched += (unsigned)e;
	r->end->rows += r->batch->n;
	e = 0;
	for (size_t i = 0; r->o->sinks[i] && e >= 0; i++)
		e = r->o->sinks[i]->ops->batch(r->o->sinks[i], r->batch, r->bits, err);
	if (r->o->progress)
		r->o->progress(r->o->ctx, espy_reader_progress(r->reader));
	return e;
}

static int give_end(struct replay *r, struct espy_err *err)
{
	const struct espy_ending *ending = espy_reader_ending(r->reader);
	int e = 0;

	r->end->has_ending = ending != NULL;
	if (ending)
		r->end->ending = *ending;
	for (size_t i = 0; r->o->sinks[i] && e >= 0; i++)
		if (r->o->sinks[i]->ops->end)
			e = r->o->sinks[i]->ops->end(r->o->sinks[i], &r->end->ending, err);
	return e;
}

static int run(struct replay *r, struct espy_err *err)
{
	int e;

	while ((e = next_block(r, espy_reader_snapshot, err)) > 0) {
		e = give_snapshot(r, err);
		if (e < 0)
			return e;
	}
	while (e >= 0 && (e = next_block(r, espy_reader_next, err)) > 0) {
		e = give_events(r, err);
		if (e < 0)
			return e;
	}
	return e < 0 ? e : give_end(r, err);
}

int espy_replay(const struct espy_replay *o, struct espy_replay_end *ret, struct espy_err *err)
{
	struct replay *r = calloc(1, sizeof(*r));
	int e;

	*ret = (struct espy_replay_end){.ending.exit_status = -1};
	if (!r)
		return espy_err_set(err, -ENOMEM, "no memory left to read %s", o->path);
	r->o = o;
	r->end = ret;
	e = open_all(r, err);
	if (e == 0)
		e = run(r, err);
	espy_batch_free(r->batch);
	espy_reader_close(r->reader);
	espy_rule_free(r->rule);
	free(r);
	return e;
}
