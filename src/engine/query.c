/* SPDX-License-Identifier: MIT */
#include "engine/query.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/query-internal.h"

#define UNKNOWN UINT32_MAX /* of a block that was not sieved yet */

/* --- opening ------------------------------------------------------------------------------------
 */

static int open_blocks(struct espy_query *q, const struct espy_trace *t, struct espy_err *err)
{
	struct espy_err own = {0};
	int r = espy_list_blocks(&q->list, q->trace, &own);
	size_t n = 0;

	if (r < 0) {
		*err = own;
		return r;
	}
	for (size_t i = 0; i < q->list.index.blocks.n; i++)
		if (q->list.index.blocks.v[i].type == ESPY_TRACE_EVENTS)
			q->list.index.blocks.v[n++] = q->list.index.blocks.v[i];
	q->n = n;
	q->blocks = q->list.index.blocks.v;
	if (q->list.damaged)
		espy_query_note(q, q->list.damaged, &own);
	q->matched = malloc((n + 1) * sizeof(*q->matched));
	if (!q->matched)
		return espy_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		q->matched[i] = UNKNOWN;
	for (unsigned i = 0; r == 0 && i < ESPY_QUERY_THREADS; i++)
		r = espy_sieve_init(&q->sieve[i], t, q->filter, err);
	return r;
}

static int open_all(struct espy_query *q, const char *path, struct espy_err *err)
{
	int r = espy_rule_new(&q->rule, q->filter, err);

	if (r == 0)
		r = espy_reader_open(&q->reader, path, NULL, err);
	if (r < 0)
		return r;
	q->machine = *espy_reader_machine(q->reader);
	espy_rule_set_start(q->rule, q->machine.started);
	q->trace = espy_reader_trace(q->reader);
	if (q->trace && espy_trace_rewind(q->trace) < 0)
		q->trace = NULL; /* a pipe */
	if (q->trace)
		return open_blocks(q, q->trace, err);
	q->bits = malloc(ESPY_RULE_WORDS(ESPY_BATCH_ROWS) * sizeof(*q->bits));
	r = q->bits ? espy_batch_new(&q->batch) : -ENOMEM;
	return r < 0 ? espy_err_set(err, r, "no memory left to read %s", path) : 0;
}

int espy_query_open(struct espy_query **ret, const char *path, const char *filter,
		    struct espy_err *err)
{
	struct espy_query *q = calloc(1, sizeof(*q));
	int r = -ENOMEM;

	if (q)
		q->filter = strdup(filter ? filter : "");
	if (q && pthread_mutex_init(&q->lock, NULL) == 0)
		q->has_lock = true;
	if (!q || !q->filter || !q->has_lock)
		espy_err_set(err, r, "no memory left to read %s", path);
	else
		r = open_all(q, path, err);
	if (r < 0)
		espy_query_close(q);
	else
		*ret = q;
	return r;
}

void espy_query_close(struct espy_query *q)
{
	if (!q)
		return;
	for (unsigned i = 0; i < ESPY_QUERY_THREADS; i++)
		espy_sieve_done(&q->sieve[i]);
	espy_list_done(&q->list);
	espy_batch_free(q->batch);
	if (q->rule)
		espy_rule_free(q->rule);
	espy_reader_close(q->reader);
	if (q->has_lock)
		pthread_mutex_destroy(&q->lock);
	free(q->bits);
	free(q->matched);
	free(q->filter);
	free(q);
}

const struct espy_machine *espy_query_machine(const struct espy_query *q)
{
	return &q->machine;
}

const struct espy_ending *espy_query_ending(const struct espy_query *q)
{
	if (q->trace)
		return q->list.has_ending ? &q->list.ending : NULL;
	return espy_reader_ending(q->reader);
}

unsigned espy_query_damaged(const struct espy_query *q, const struct espy_err **ret)
{
	*ret = q->n_damaged ? &q->damage : NULL;
	return q->n_damaged;
}

uint64_t espy_query_rows(const struct espy_query *q)
{
	return q->trace ? q->list.rows : q->rows;
}

uint64_t espy_query_dropped(const struct espy_query *q)
{
	return q->trace ? q->list.dropped : espy_reader_dropped(q->reader);
}

void espy_query_note(struct espy_query *q, unsigned n, const struct espy_err *what)
{
	if (q->n_damaged == 0)
		q->damage = *what;
	q->n_damaged += n;
}

/* --- passes -------------------------------------------------------------------------------------
 */

static bool is_cancelled(const struct espy_query_watch *w)
{
	return w && w->cancel && atomic_load_explicit(w->cancel, memory_order_relaxed);
}

/* One thread of a pass. */
struct worker {
	struct espy_query *q;
	struct espy_pass *pass;
	unsigned number;
	pthread_t thread;
};

static void stop(struct worker *w, int code, const struct espy_err *err)
{
	pthread_mutex_lock(&w->q->lock);
	if (w->pass->code == 0) {
		w->pass->code = code;
		w->pass->err = *err;
	}
	pthread_mutex_unlock(&w->q->lock);
	atomic_store(&w->pass->stopped, true);
}

/* A damaged block is noted once, whatever is asked of it afterwards. */
/* The block cannot be looked at, but others can. */
static bool is_left_out(int r)
{
	return r == -EBADMSG || r == -ESTALE;
}

static void leave_out(struct worker *w, size_t k, const struct espy_err *err)
{
	pthread_mutex_lock(&w->q->lock);
	if (err->code == -ESTALE)
		w->q->list.dropped += w->q->blocks[k].rows;
	else if (w->q->blocks[k].rows)
		espy_query_note(w->q, 1, err);
	w->q->blocks[k].rows = w->q->matched[k] = 0;
	pthread_mutex_unlock(&w->q->lock);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct espy_query *q = w->q;
	const struct espy_query_watch *watch = w->pass->watch;

	while (!atomic_load(&w->pass->stopped)) {
		size_t k = atomic_fetch_add(&w->pass->next, 1);
		struct espy_err err = {0};
		int r = 0;

		if (k >= w->pass->end)
			break;
		if (is_cancelled(watch))
			r = espy_err_set(&err, -ECANCELED, "cancelled");
		else if (q->blocks[k].rows)
			r = w->pass->block(w->pass, w->number, k, &err);
		if (is_left_out(r))
			leave_out(w, k, &err);
		else if (r < 0)
			stop(w, r, &err);
		if (w->number == 0 && watch && watch->progress)
			watch->progress(watch->ctx, (double)(k + 1) / (double)w->pass->end);
	}
	return NULL;
}

int espy_query_pass(struct espy_query *q, struct espy_pass *pass, struct espy_err *err)
{
	struct worker w[ESPY_QUERY_THREADS];
	unsigned n = pass->end > 1 && !q->sieve[0].stateful ? ESPY_QUERY_THREADS : 1, started = 1;

	q->shown = 0;
	for (unsigned i = 0; i < n; i++)
		w[i] = (struct worker){.q = q, .pass = pass, .number = i};
	while (started < n && pthread_create(&w[started].thread, NULL, work, &w[started]) == 0)
		started++;
	work(&w[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(w[i].thread, NULL);
	if (pass->code < 0 && err)
		*err = pass->err;
	return pass->code;
}

int espy_query_sieve(struct espy_query *q, unsigned number, size_t k, const struct espy_need *extra,
		     struct espy_err *err)
{
	int r = espy_sieve_block(&q->sieve[number], &q->blocks[k], extra, err);

	if (r == 0)
		q->matched[k] = q->sieve[number].matched;
	return r;
}

/* --- captures that are read from their start ----------------------------------------------------
 */

static int start_again(struct espy_query *q, struct espy_err *err)
{
	int r = q->was_read ? espy_reader_rewind(q->reader) : 0;

	if (r == -ESPIPE)
		return espy_err_set(err, r,
				    "a pipe can be read only once: give the name of a file");
	if (r < 0)
		return espy_err_set(err, r, "cannot read it again: %s", strerror(-r));
	if (q->was_read) { /* a rule may remember rows */
		espy_rule_free(q->rule);
		q->rule = NULL;
		r = espy_rule_new(&q->rule, q->filter, err);
	}
	if (r < 0)
		return r;
	espy_rule_set_start(q->rule, q->machine.started);
	q->was_read = true;
	q->n_damaged = 0;
	q->rows = 0;
	do
		r = espy_reader_snapshot(q->reader, q->batch, err);
	while (r > 0 || r == -EBADMSG);
	return r;
}

int espy_query_stream(struct espy_query *q, const struct espy_query_watch *w,
		      espy_query_batch_fn each, void *ctx, struct espy_err *err)
{
	int r = start_again(q, err);

	while (r >= 0) {
		struct espy_err own = {0};

		if (is_cancelled(w))
			return espy_err_set(err, -ECANCELED, "cancelled");
		r = espy_reader_next(q->reader, q->batch, &own);
		if (r == -EBADMSG) {
			espy_query_note(q, 1, &own);
			r = 0;
			continue;
		}
		if (r < 0 && err)
			*err = own;
		if (r <= 0)
			return r;
		q->rows += q->batch->n;
		r = espy_rule_match(q->rule, q->batch, q->bits);
		if (r < 0)
			return espy_err_set(err, r, "no memory left for the filter");
		r = each(ctx, q->batch, q->bits, (uint32_t)r);
		if (r != 0)
			return r;
		if (w && w->progress)
			w->progress(w->ctx, espy_reader_progress(q->reader));
	}
	return r;
}

/* --- counting -----------------------------------------------------------------------------------
 */

static int count_block(struct espy_pass *p, unsigned number, size_t k, struct espy_err *err)
{
	return p->q->matched[k] == UNKNOWN || p->q->sieve[0].stateful
		       ? espy_query_sieve(p->q, number, k, NULL, err)
		       : 0;
}

/* A rule that remembers rows starts anew with each pass. */
int espy_query_restart(struct espy_query *q, struct espy_err *err)
{
	if (!q->sieve[0].stateful)
		return 0;
	espy_sieve_done(&q->sieve[0]);
	return espy_sieve_init(&q->sieve[0], q->trace, q->filter, err);
}

static int add_batch(void *ctx, const struct espy_batch *b, const uint64_t *bits, uint32_t matched)
{
	(void)b;
	(void)bits;
	*(uint64_t *)ctx += matched;
	return 0;
}

int espy_query_count(struct espy_query *q, const struct espy_query_watch *w, uint64_t *ret,
		     struct espy_err *err)
{
	struct espy_pass pass = {.q = q, .watch = w, .block = count_block, .end = q->n};
	uint64_t n = 0;
	int r;

	if (!q->trace)
		r = espy_query_stream(q, w, add_batch, &n, err);
	else
		r = q->is_counted ? 0 : espy_query_restart(q, err);
	if (r == 0 && q->trace && !q->is_counted)
		r = espy_query_pass(q, &pass, err);
	if (r < 0)
		return r;
	q->is_counted = true;
	for (size_t i = 0; i < q->n; i++)
		n += q->matched[i];
	*ret = n;
	return 0;
}

/* --- one row ------------------------------------------------------------------------------------
 */

/* The place of the nth bit that is set. */
static uint32_t nth_bit(const uint64_t *bits, uint64_t n)
{
	uint64_t word;
	uint32_t w = 0;

	for (; n >= (unsigned)__builtin_popcountll(bits[w]); w++)
		n -= (unsigned)__builtin_popcountll(bits[w]);
	for (word = bits[w]; n; n--)
		word &= word - 1;
	return w * 64 + (uint32_t)__builtin_ctzll(word);
}

struct wanted {
	uint64_t n;
	uint32_t row;
};

static int look_for(void *ctx, const struct espy_batch *b, const uint64_t *bits, uint32_t matched)
{
	struct wanted *w = ctx;

	(void)b;
	if (w->n >= matched) {
		w->n -= matched;
		return 0;
	}
	w->row = nth_bit(bits, w->n);
	return 1;
}

/* Sieves block k so that its rows can be shown; 0, 1: it was damaged and is left out, or negative
 * errno. */
static int show_block(struct espy_query *q, size_t k, struct espy_err *err)
{
	static const struct espy_need nothing_more;
	struct worker w = {.q = q};
	struct espy_err own = {0};
	int r = espy_query_sieve(q, 0, k, &nothing_more, &own);

	if (r == 0 && q->sieve[0].matched)
		r = espy_sieve_whole(&q->sieve[0], &own);
	q->shown = r == 0 ? k + 1 : 0;
	if (is_left_out(r)) {
		leave_out(&w, k, &own);
		return 1;
	}
	if (r < 0 && err)
		*err = own;
	return r;
}

/* The block with the nth row, of which *n then is the number in it. 1, 0: there is none, or
 * negative errno. */
static int find_block(struct espy_query *q, uint64_t *n, size_t *ret, struct espy_err *err,
		      const struct espy_query_watch *w)
{
	for (size_t k = 0; k < q->n; k++) {
		if (is_cancelled(w))
			return espy_err_set(err, -ECANCELED, "cancelled");
		if (q->matched[k] == UNKNOWN) {
			struct worker own = {.q = q};
			struct espy_err e = {0};
			int r = espy_query_sieve(q, 0, k, NULL, &e);

			q->shown = 0;
			if (is_left_out(r))
				leave_out(&own, k, &e);
			else if (r < 0 && err)
				*err = e;
			if (r < 0 && !is_left_out(r))
				return r;
		}
		if (*n < q->matched[k]) {
			*ret = k;
			return 1;
		}
		*n -= q->matched[k];
	}
	return 0;
}

/* A rule that remembers rows: again from the first block on. */
static int sieve_up_to(struct espy_query *q, size_t k, struct espy_err *err)
{
	int r = espy_query_restart(q, err);

	q->shown = 0;
	for (size_t i = 0; r >= 0 && i < k; i++) {
		r = espy_query_sieve(q, 0, i, NULL, err);
		r = is_left_out(r) ? 0 : r;
	}
	return r;
}

int espy_query_row(struct espy_query *q, uint64_t n, const struct espy_query_watch *w,
		   const struct espy_batch **ret_b, uint32_t *ret_row, struct espy_err *err)
{
	struct wanted wanted = {.n = n};
	size_t k = 0;
	int r;

	if (!q->trace) {
		r = espy_query_stream(q, w, look_for, &wanted, err);
		*ret_b = r > 0 ? q->batch : *ret_b;
		*ret_row = r > 0 ? wanted.row : *ret_row;
		return r;
	}
	if (q->sieve[0].stateful && !q->is_counted) {
		r = espy_query_count(q, w, &(uint64_t){0}, err);
		if (r < 0)
			return r;
	}
	r = find_block(q, &n, &k, err, w);
	if (r <= 0)
		return r;
	if (q->shown != k + 1 && q->sieve[0].stateful)
		r = sieve_up_to(q, k, err);
	if (r >= 0 && q->shown != k + 1)
		r = show_block(q, k, err);
	else
		r = r < 0 ? r : 0;
	if (r != 0) /* damaged behind what was counted: the next one takes its place */
		return r < 0 ? r : espy_query_row(q, n, w, ret_b, ret_row, err);
	*ret_b = q->sieve[0].batch;
	*ret_row = nth_bit(q->sieve[0].bits, n);
	return 1;
}
