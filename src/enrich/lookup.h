/* SPDX-License-Identifier: MIT */
/*
 * Questions to name servers and their answers, put together: from the bytes that went through
 * sockets (meta_dns) to one record for each question (net_dns), when it is answered or given up.
 *
 * An answer belongs to the question on the same socket with the same number, name and type. A
 * stream (TCP) is cut into its messages, however reads and writes divided it.
 */
#pragma once

#include "model/event.h"

#define ESPY_LOOKUPS_MAX     1024u /* questions without an answer yet; the oldest goes first */
#define ESPY_LOOKUP_STREAMS  64u   /* streams in the middle of a message; likewise */
#define ESPY_LOOKUP_ROWS_MAX 1024u /* records that one call may hand out */
#define ESPY_LOOKUP_WAIT_NS  10000000000ull /* after the last try: then nobody will answer */

struct espy_lookups;

/* Takes a net_dns record, valid only during the call. Negative ends the call and is passed on. */
typedef int (*espy_lookup_fn)(void *ctx, const struct espy_event *rec);

int espy_lookups_new(struct espy_lookups **ret); /* 0 or -ENOMEM */
void espy_lookups_free(struct espy_lookups *t);

/* Takes a checked meta_dns record and hands out what is complete by it. 0, -ENOMEM, or of `fn`. */
int espy_lookups_take(struct espy_lookups *t, const struct espy_ev_meta_dns *rec, espy_lookup_fn fn,
		      void *ctx);
/* When (boot clock, ns) the next question is given up; UINT64_MAX: none waits. */
uint64_t espy_lookups_deadline(const struct espy_lookups *t);
/* Hands out the questions whose deadline is before `now`, as ended at `end`. */
int espy_lookups_expire(struct espy_lookups *t, uint64_t now, uint64_t end, espy_lookup_fn fn,
			void *ctx);
/* Hands out all that wait, as pending (ESPY_F_PENDING): nobody looks for their answer any more. */
int espy_lookups_end(struct espy_lookups *t, uint64_t now, espy_lookup_fn fn, void *ctx);
