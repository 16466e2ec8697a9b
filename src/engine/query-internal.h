/* SPDX-License-Identifier: MIT */
/* What query.c and group.c share. */
#pragma once

#include <pthread.h>
#include "engine/query.h"
#include "engine/sieve.h"
#include "format/reader.h"

struct espy_query {
	struct espy_reader *reader;
	struct espy_machine machine;
	char *filter;
	pthread_mutex_t lock; /* of what threads note */
	bool has_lock;
	unsigned n_damaged;
	struct espy_err damage; /* the first */

	/* A trace that is looked into: */
	struct espy_trace *trace; /* NULL: it is not */
	struct espy_list list;
	struct espy_index_block *blocks; /* events only, in the list; rows 0: damaged */
	size_t n;
	uint32_t *matched; /* rows by block */
	bool is_counted;   /* all of them */
	size_t shown;      /* block whose rows sieve[0] holds, + 1 */
	struct espy_sieve sieve[ESPY_QUERY_THREADS];

	/* Anything else: */
	struct espy_rule *rule;
	struct espy_batch *batch;
	uint64_t *bits;
	uint64_t rows;
	bool was_read;
};

/* A look at the blocks below `end`, by several threads. */
struct espy_pass {
	struct espy_query *q;
	const struct espy_query_watch *watch;
	/* Thread `number` does block k; the errors of espy_sieve_block. */
	int (*block)(struct espy_pass *p, unsigned number, size_t k, struct espy_err *err);
	size_t end;
	void *ctx;
	/* Starts as 0: */
	atomic_size_t next;
	atomic_bool stopped;
	int code;
	struct espy_err err;
};
/* Blocks that are damaged are noted and left out. 0 or the first other error. */
int espy_query_pass(struct espy_query *q, struct espy_pass *pass, struct espy_err *err);
/* Sieves block k by q->sieve[number] and notes how many rows match. */
int espy_query_sieve(struct espy_query *q, unsigned number, size_t k, const struct espy_need *extra,
		     struct espy_err *err);
int espy_query_restart(struct espy_query *q, struct espy_err *err);

/* Gives every batch, from the start, to `each`, until that does not return 0; then what it
 * returned.
 */
typedef int (*espy_query_batch_fn)(void *ctx, const struct espy_batch *b, const uint64_t *bits,
				   uint32_t matched);
int espy_query_stream(struct espy_query *q, const struct espy_query_watch *w,
		      espy_query_batch_fn each, void *ctx, struct espy_err *err);

void espy_query_note(struct espy_query *q, unsigned n, const struct espy_err *what);
