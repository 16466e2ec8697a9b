/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions: programs connect to a Unix socket, say in one line what they want, and get it as
 * it happens. Who may connect is decided by the permissions of the socket's file.
 *
 *	FORMAT [FILTER] \n      FORMAT is json (lines) or espy (a trace, docs/format/trace.md)
 *
 * A request that cannot be served gets one line {"error":"…"} and the end. A subscriber that reads
 * too slowly loses events, which the next one that it gets says: a loss event.
 */
#pragma once

#include <sys/types.h>
#include "engine/sink.h"

#define ESPY_SERVE_CLIENTS 64u         /* at one time */
#define ESPY_SERVE_LINE    65536u      /* bytes of a request */
#define ESPY_SERVE_QUEUE   (32u << 20) /* bytes that wait for one subscriber, about */

struct espy_serve;

struct espy_serve_options {
	const char *path; /* of the socket; a file that no one answers at is replaced */
	mode_t mode;      /* of its file */
	gid_t group;      /* of its file; (gid_t)-1: the caller's */
	const struct espy_machine *machine; /* borrowed */
	size_t queue;                       /* bytes per subscriber; 0: ESPY_SERVE_QUEUE */
};

/* Binds and listens; -EADDRINUSE when somebody serves there already. */
int espy_serve_new(struct espy_serve **ret, const struct espy_serve_options *o,
		   struct espy_err *err);
/* Ends all subscriptions and removes the socket. */
void espy_serve_free(struct espy_serve *s);
/* Takes every batch of a capture; from the capture's thread. */
struct espy_sink *espy_serve_sink(struct espy_serve *s);
/* Takes new subscribers and lets go of those that left; called every few ms. 0 or negative errno.
 */
int espy_serve_tick(struct espy_serve *s);

struct espy_serve_stats {
	unsigned clients; /* now */
	uint64_t served;  /* subscriptions so far */
	uint64_t lost;    /* events that subscribers did not get, all together */
};
struct espy_serve_stats espy_serve_stats(const struct espy_serve *s);
