/* SPDX-License-Identifier: MIT */
#include "engine/replay.h"
#include <errno.h>
#include <stdlib.h>
#include "engine/sieve.h"
#include "format/reader.h"
#include "rule/rule.h"

struct replay {
	const struct espy_replay *o;
	struct espy_replay_end *end;
	struct espy_reader *reader;
	struct espy_rule *rule;
	struct espy_batch *batch;
	uint64_t bits[ESPY_RULE_WORDS(ESPY_BATCH_ROWS)];
	struct espy_sieve sieve; /* where blocks in which nothing matches can be passed over */
	struct espy_list list;
	bool is_listed;
};

typedef int (*next_fn)(struct espy_reader *in, struct espy_batch *b, struct espy_err *err);

static int open_all(struct replay *r, struct espy_err *err)
{
	const char *filter = r->o->filter ? r->o->filter : "";
	int e = espy_rule_new(&r->rule, filter, err);

	if (e == 0)
		e = espy_reader_open(&r->reader, r->o->path, r->o->from, err);
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

static int give_matched(struct replay *r, struct espy_err *err)
{
	struct espy_sieve *v = &r->sieve;
	int e = 0;

	r->end->matched += v->matched;
	for (size_t i = 0; r->o->sinks[i] && e >= 0 && v->matched; i++)
		e = r->o->sinks[i]->ops->batch(r->o->sinks[i], v->batch, v->bits, err);
	return e;
}

/* Blocks of events, of which those without a row that matches are not decoded. */
static int run_listed(struct replay *r, struct espy_err *err)
{
	static const struct espy_need nothing_more;
	size_t n = r->list.index.blocks.n;
	int e = 0;

	for (size_t k = 0; e >= 0 && k < n; k++) {
		const struct espy_index_block *block = &r->list.index.blocks.v[k];
		struct espy_err own = {0};

		if (block->type != ESPY_TRACE_EVENTS)
			continue;
		e = espy_sieve_block(&r->sieve, block, &nothing_more, &own);
		if (e == 0 && r->sieve.matched)
			e = espy_sieve_whole(&r->sieve, &own);
		if (e == -ESTALE) {
			r->list.dropped += block->rows;
			e = 0;
			continue;
		}
		if (err && e < 0 && (e != -EBADMSG || !r->end->damaged))
			*err = own;
		if (e == -EBADMSG) {
			r->end->damaged++;
			e = 0;
			continue;
		}
		r->end->rows += block->rows;
		e = e < 0 ? e : give_matched(r, err);
		if (r->o->progress)
			r->o->progress(r->o->ctx, (double)(k + 1) / (double)n);
	}
	return e;
}

/* Nothing but what matches is looked at, and the trace can be read in any order. */
static int list_blocks(struct replay *r, struct espy_err *err)
{
	struct espy_trace *t = espy_reader_trace(r->reader);
	struct espy_err own = {0};
	int e;

	for (size_t i = 0; r->o->sinks[i]; i++)
		if (!r->o->sinks[i]->ops->matched_only)
			return 0;
	if (!t || !r->o->filter || !r->o->filter[0] || espy_trace_rewind(t) < 0)
		return 0;
	e = espy_list_blocks(&r->list, t, &own);
	if (err && (e < 0 || (r->list.damaged && !r->end->damaged)))
		*err = own;
	if (e < 0)
		return e;
	r->end->damaged += r->list.damaged;
	r->is_listed = true;
	return espy_sieve_init(&r->sieve, t, r->o->filter, err);
}

static int give_end(struct replay *r, struct espy_err *err)
{
	const struct espy_ending *ending = espy_reader_ending(r->reader);
	int e = 0;

	if (r->is_listed)
		ending = r->list.has_ending ? &r->list.ending : NULL;

	r->end->has_ending = ending != NULL;
	r->end->dropped = r->is_listed ? r->list.dropped : espy_reader_dropped(r->reader);
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
	if (e >= 0)
		e = list_blocks(r, err);
	if (e >= 0 && r->is_listed)
		e = run_listed(r, err);
	while (e >= 0 && !r->is_listed && (e = next_block(r, espy_reader_next, err)) > 0) {
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
	espy_sieve_done(&r->sieve);
	espy_list_done(&r->list);
	espy_batch_free(r->batch);
	espy_reader_close(r->reader);
	espy_rule_free(r->rule);
	free(r);
	return e;
}
