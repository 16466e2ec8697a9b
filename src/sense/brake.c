/* SPDX-License-Identifier: MIT */
#include "sense/brake.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/thread.h"
#include "base/vec.h"
#include "sense/freezer.h"
#include "sense/machine.h"
#include "sense/rings.h"

#define LOOK_NS 1000000

/* As parts of a ring. Between the first and a full ring lies what one processor can bring at most
 * in 24 milliseconds, for the smallest ring that is allowed: on a busy machine this thread may come
 * later than it wants to, and others may be at control groups, too. */
#define SMALL_RING       (8u << 20)
#define HOLD_AT(size)    ((size) < SMALL_RING ? (size) / 4 : (size) / 2)
#define RELEASE_AT(size) ((size) / 16)

struct espy_brake {
	const struct espy_ring *rings;
	unsigned n;
	struct espy_freezer *freezer;
	pthread_t thread;
	bool ends;  /* written once, at the end */
	bool holds; /* written by the thread */

	pthread_mutex_t lock; /* of what follows */
	ESPY_VEC(struct espy_hold) done;
	size_t taken;
};

static void note(struct espy_brake *b, struct espy_hold h)
{
	h.to = espy_machine_now();
	pthread_mutex_lock(&b->lock);
	if (espy_vec_push(&b->done, h) < 0 && b->taken + 1 < b->done.n)
		b->done.v[b->done.n - 1].to = h.to; /* told as one that was longer */
	pthread_mutex_unlock(&b->lock);
}

/* Holds or lets go, by what is in the rings; `held` is the hold that goes on, `from` 0 when none.
 */
static void decide(struct espy_brake *b, struct espy_hold *held)
{
	size_t size = b->rings[0].size, n = espy_rings_fullest(b->rings, b->n);

	if (!held->from && n > HOLD_AT(size) && espy_freezer_set(b->freezer, true) == 0)
		*held = (struct espy_hold){.from = espy_machine_now(), .waiting = n};
	if (held->from && n <= RELEASE_AT(size) && espy_freezer_set(b->freezer, false) == 0) {
		note(b, *held);
		held->from = 0;
	}
	__atomic_store_n(&b->holds, held->from != 0, __ATOMIC_RELEASE);
}

bool espy_brake_holds(const struct espy_brake *b)
{
	return __atomic_load_n(&b->holds, __ATOMIC_ACQUIRE);
}

static void *look(void *ctx)
{
	struct espy_brake *b = ctx;
	struct espy_hold held = {0};

	while (!__atomic_load_n(&b->ends, __ATOMIC_ACQUIRE)) {
		decide(b, &held);
		nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
	}
	if (held.from && espy_freezer_set(b->freezer, false) == 0)
		note(b, held);
	return NULL;
}

int espy_brake_start(struct espy_brake **ret, const struct espy_ring *rings, unsigned n,
		     struct espy_freezer *f, struct espy_err *err)
{
	struct espy_brake *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->rings = rings;
	b->n = n;
	b->freezer = f;
	pthread_mutex_init(&b->lock, NULL);
	r = espy_thread_start(&b->thread, look, b);
	if (r < 0) {
		pthread_mutex_destroy(&b->lock);
		free(b);
		return espy_err_set(err, r, "cannot start a thread: %s", strerror(-r));
	}
	espy_thread_name(b->thread, "espy-hold");
	/* before whatever fills the rings; without the right to, it is still on time mostly */
	pthread_setschedparam(b->thread, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
	*ret = b;
	return 0;
}

bool espy_brake_peek(struct espy_brake *b, struct espy_hold *ret)
{
	bool some;

	pthread_mutex_lock(&b->lock);
	some = b->taken < b->done.n;
	if (some)
		*ret = b->done.v[b->taken];
	pthread_mutex_unlock(&b->lock);
	return some;
}

void espy_brake_next(struct espy_brake *b)
{
	pthread_mutex_lock(&b->lock);
	if (++b->taken == b->done.n)
		b->taken = b->done.n = 0;
	pthread_mutex_unlock(&b->lock);
}

void espy_brake_stop(struct espy_brake *b)
{
	if (!__atomic_exchange_n(&b->ends, true, __ATOMIC_ACQ_REL))
		pthread_join(b->thread, NULL);
}

void espy_brake_free(struct espy_brake *b)
{
	if (!b)
		return;
	espy_brake_stop(b);
	pthread_mutex_destroy(&b->lock);
	espy_vec_done(&b->done);
	free(b);
}
