/* SPDX-License-Identifier: MIT */
/*
 * One subscriber: a thread that reads its request and then writes what the capture puts into its
 * queue. Functions are the capture's thread's, but for what client.c does by itself.
 */
#pragma once

#include "forward/serve.h"

struct espy_client;

/* Takes the connection over, also on failure. */
int espy_client_new(struct espy_client **ret, int fd, const struct espy_machine *machine,
		    size_t queue);
/* Tells it that no more comes, waits until it has what is queued or does not take it, and frees it.
 */
void espy_client_free(struct espy_client *c);
/* Has it left? */
bool espy_client_is_gone(struct espy_client *c);
/* Offers it the events of a batch. 0 or -ENOMEM, which counts as a loss too. */
int espy_client_offer(struct espy_client *c, const struct espy_batch *b);
/* The capture is over; *e is copied. */
void espy_client_end(struct espy_client *c, const struct espy_ending *e);
/* Events that it did not get. */
uint64_t espy_client_lost(const struct espy_client *c);
