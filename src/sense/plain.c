/* SPDX-License-Identifier: MIT */
#include "sense/plain.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include "base/thread.h"
#include "base/vec.h"
#include "model/schema.h"
#include "sense/connector.h"
#include "sense/machine.h"
#include "sense/plain-event.h"
#include "sense/plain-list.h"
#include "sense/wire.h"

#define INBOX_MAX 65536u      /* messages taken from the socket and not handled yet */
#define OUT_MAX   (64u << 20) /* bytes of records that nobody has drained */
#define HANDLE    64          /* messages, until others may have the records of them */
#define WAIT_NS   1000000     /* for room */
#define NICE      (-20)       /* /proc has to be read before a short-lived process is gone */
#define FORGET_MS 200         /* a message may be on its way for so long */

#define CGROUP2_MAGIC 0x63677270 /* linux/magic.h */

#define LOST_IN_SOCKET "the socket of the process connector was full"
#define LOST_AT_LEAST  "the socket of the process connector was full; at least so many"
#define LOST_IN_MEMORY "no memory for records"

/* A message that waits, and what was lost of its processor before it. */
struct message {
	struct espy_connector_event event;
	uint64_t lost, lost_from;
};

/* How many messages about a process are in the inbox. */
struct waiting {
	unsigned execs, comms, exits;
	struct waiting *next; /* when free */
};

struct cpu {
	bool is_known;
	uint32_t seq;
	uint64_t time;
};

struct plain {
	struct espy_sense sense;
	struct espy_plain_events events;
	uint32_t *pids;
	size_t n_pids;
	char *cgroup;
	int socket, stop; /* `stop`: an eventfd that ends the thread */
	size_t socket_bytes;
	pthread_t thread;
	atomic_bool is_running;

	/* of the thread */
	ESPY_VEC(struct message) inbox;
	size_t first;            /* of the inbox that is not handled */
	struct espy_map waiting; /* pid → struct waiting */
	struct waiting *free_waiting;
	struct cpu cpus[ESPY_CPUS];
	bool overrun; /* the socket was full at some time */
	bool lists_again, forgets;

	/* between the thread and who drains */
	pthread_mutex_t lock;
	struct espy_buf out, draining;
	uint64_t records;
	_Atomic uint64_t lost;
	_Atomic int64_t alive;
};

static struct plain *of(struct espy_sense *sense)
{
	return (struct plain *)sense;
}

/* --- the inbox ------------------------------------------------------------------------------ */

static unsigned *count_of(struct waiting *w, const struct espy_connector_event *e)
{
	switch ((int)e->what) {
	case ESPY_CONNECTOR_EXEC:
		return &w->execs;
	case ESPY_CONNECTOR_COMM_CHANGE:
		return e->pid == e->tid ? &w->comms : NULL;
	case ESPY_CONNECTOR_EXIT:
		return e->pid == e->tid ? &w->exits : NULL;
	default:
		return NULL;
	}
}

static struct waiting *new_waiting(struct plain *s, uint32_t pid)
{
	struct waiting *w = s->free_waiting ? s->free_waiting : malloc(sizeof(*w));

	if (!w)
		return NULL;
	if (w == s->free_waiting)
		s->free_waiting = w->next;
	*w = (struct waiting){0};
	if (espy_map_put(&s->waiting, pid, 0, w) == 0)
		return w;
	free(w);
	return NULL;
}

/* Without memory it seems that nothing waits: what is read is then of the latest exec. */
static void message_comes(struct plain *s, const struct espy_connector_event *e)
{
	struct waiting none = {0}, *w = espy_map_get(&s->waiting, e->pid, 0);

	if (!count_of(&none, e))
		return;
	if (!w)
		w = new_waiting(s, e->pid);
	if (w)
		++*count_of(w, e);
}

static void message_goes(struct plain *s, const struct espy_connector_event *e)
{
	struct waiting *w = espy_map_get(&s->waiting, e->pid, 0);
	unsigned *count = w ? count_of(w, e) : NULL;

	if (!count || !*count)
		return;
	--*count;
	if (w->execs || w->comms || w->exits)
		return;
	espy_map_del(&s->waiting, e->pid, 0);
	w->next = s->free_waiting;
	s->free_waiting = w;
}

static void drop_waiting(struct plain *s)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&s->waiting, &i)) != NULL;)
		free(slot->value);
	espy_map_done(&s->waiting);
	for (struct waiting *w = s->free_waiting, *next; w; w = next) {
		next = w->next;
		free(w);
	}
}

/* A gap in the numbers of a processor is what was lost there. */
static void check_gap(struct plain *s, struct message *m)
{
	struct cpu *c = &s->cpus[m->event.cpu % ESPY_CPUS];
	uint32_t gap = m->event.seq - c->seq - 1;

	if (c->is_known && gap && gap < 1u << 31) {
		m->lost = gap;
		m->lost_from = c->time;
	}
	c->is_known = true;
	c->seq = m->event.seq;
	c->time = m->event.time;
}

static void take_message(void *ctx, const struct espy_connector_event *e)
{
	struct plain *s = ctx;
	struct message m = {.event = *e};

	m.event.time += (uint64_t)s->events.to_boot;
	check_gap(s, &m);
	if (espy_vec_push(&s->inbox, m) < 0) {
		s->events.unmade++;
		return;
	}
	message_comes(s, e);
}

static void receive(struct plain *s)
{
	int r = ESPY_CONNECTOR_AT_ONCE;

	while (r >= ESPY_CONNECTOR_AT_ONCE && s->inbox.n - s->first < INBOX_MAX) {
		r = espy_connector_receive(s->socket, take_message, s);
		if (r == -ENOBUFS) { /* told once; what is queued comes with the next call */
			s->overrun = s->lists_again = true;
			r = ESPY_CONNECTOR_AT_ONCE;
		}
	}
}

static struct espy_plain_later later(void *ctx, uint32_t pid, bool now)
{
	struct plain *s = ctx;
	const struct waiting *w;

	if (now)
		receive(s);
	w = espy_map_get(&s->waiting, pid, 0);
	if (!w)
		return (struct espy_plain_later){0};
	return (struct espy_plain_later){.exec = w->execs, .comm = w->comms, .exit = w->exits};
}

/* --- the thread ----------------------------------------------------------------------------- */

/* Room for the others is waited for: meanwhile the socket fills, and what it loses is counted. */
static void publish(struct plain *s)
{
	struct espy_buf *made = &s->events.made;

	if (!made->n && !s->events.unmade)
		return;
	if (s->events.unmade) {
		uint64_t lost = s->events.unmade, now = espy_machine_now();

		s->events.unmade = 0;
		espy_plain_lost(&s->events, 0, lost, now, now, LOST_IN_MEMORY);
		s->lost += lost;
	}
	pthread_mutex_lock(&s->lock);
	while (s->out.n > OUT_MAX && s->is_running) {
		pthread_mutex_unlock(&s->lock);
		nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
		pthread_mutex_lock(&s->lock);
	}
	espy_buf_add(&s->out, made->p, made->n);
	if (s->out.error) {
		s->out.error = 0;
		s->events.unmade += s->events.n_made;
	}
	s->events.n_made = 0;
	pthread_mutex_unlock(&s->lock);
	espy_buf_reset(made);
	atomic_store(&s->alive, s->events.tasks.targets);
}

static void tell_lost(struct plain *s, const struct message *m)
{
	if (!m->lost || m->event.time < s->events.since)
		return;
	espy_plain_lost(&s->events, m->event.cpu, m->lost, m->lost_from, m->event.time,
			LOST_IN_SOCKET);
	s->lost += m->lost;
}

static void handle_next(struct plain *s)
{
	struct message m = s->inbox.v[s->first++]; /* a copy: more may be received meanwhile */

	if (s->first == s->inbox.n)
		s->first = s->inbox.n = 0;
	message_goes(s, &m.event);
	s->lists_again |= m.lost != 0;
	tell_lost(s, &m);
	espy_plain_event(&s->events, &m.event);
}

/* The front of the inbox is made room again when it is the larger part. */
static void compact(struct plain *s)
{
	if (s->first < INBOX_MAX || s->first < s->inbox.n / 2)
		return;
	memmove(s->inbox.v, s->inbox.v + s->first, (s->inbox.n - s->first) * sizeof(*s->inbox.v));
	s->inbox.n -= s->first;
	s->first = 0;
}

static void handle_all(struct plain *s)
{
	espy_plain_set_clock(&s->events);
	receive(s);
	while (s->inbox.n) {
		for (int i = 0; i < HANDLE && s->inbox.n; i++)
			handle_next(s);
		compact(s);
		publish(s);
		receive(s);
	}
}

/* Who was lost is looked for when nothing waits; who is missing then may still have a message under
 * way. */
static void look_around(struct plain *s)
{
	if (s->forgets)
		espy_plain_list_forget(&s->events);
	s->forgets = s->lists_again;
	if (s->lists_again)
		espy_plain_list_again(&s->events);
	s->lists_again = false;
	publish(s);
}

/* Every processor that this thread may run on answers with its next number: before the first
 * message, so that a loss before the second is known, and after the last one. */
static void ask_processors(struct plain *s)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return;
	for (int i = 0; i < CPU_SETSIZE; i++) {
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		if (!CPU_ISSET(i, &all) || sched_setaffinity(0, sizeof(one), &one) < 0)
			continue;
		espy_connector_ping(s->socket);
		receive(s);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

static void finish(struct plain *s)
{
	uint64_t now = espy_machine_now();

	handle_all(s);
	if (s->overrun) {
		ask_processors(s);
		handle_all(s);
	}
	if (s->overrun && !s->lost) {
		espy_plain_lost(&s->events, 0, 1, s->events.since, now, LOST_AT_LEAST);
		s->lost++;
	}
	publish(s);
}

static void *run(void *ctx)
{
	struct plain *s = ctx;
	struct pollfd p[] = {{.fd = s->socket, .events = POLLIN},
			     {.fd = s->stop, .events = POLLIN}};

	(void)setpriority(PRIO_PROCESS, 0, NICE); /* of this thread; without CAP_SYS_NICE not */
	while (!p[1].revents) {
		int r = poll(p, 2, s->lists_again || s->forgets ? FORGET_MS : -1);

		if (r < 0 && errno != EINTR)
			break;
		if (r == 0)
			look_around(s);
		handle_all(s);
	}
	finish(s);
	return NULL;
}

/* --- opening -------------------------------------------------------------------------------- */

static void plain_stop(struct espy_sense *sense);

static void plain_close(struct espy_sense *sense)
{
	struct plain *s = of(sense);

	plain_stop(sense);
	espy_plain_events_done(&s->events);
	espy_vec_done(&s->inbox);
	drop_waiting(s);
	espy_buf_done(&s->out);
	espy_buf_done(&s->draining);
	pthread_mutex_destroy(&s->lock);
	if (s->socket >= 0)
		close(s->socket);
	if (s->stop >= 0)
		close(s->stop);
	free(s->pids);
	free(s->cgroup);
	free(s);
}

static uint32_t *copy_numbers(const uint32_t *v, size_t n)
{
	uint32_t *copy = malloc(n * sizeof(*v) + 1);

	if (copy && n)
		memcpy(copy, v, n * sizeof(*v));
	return copy;
}

/* The directory as /proc/PID/cgroup calls it: without the mount. */
static int take_cgroup(struct plain *s, const char *dir, struct espy_err *err)
{
	struct statfs st;

	s->cgroup = realpath(dir, NULL);
	if (!s->cgroup || statfs(s->cgroup, &st) < 0)
		return espy_err_set(err, -errno, "cgroup %s: %s", dir, strerror(errno));
	for (const char *const *m = espy_plain_cgroup_mounts; *m; m++) {
		size_t n = strlen(*m);

		if ((unsigned long)st.f_type != CGROUP2_MAGIC || strncmp(s->cgroup, *m, n) != 0)
			continue;
		s->events.cgroups.only = s->cgroup + n;
		return 0;
	}
	return espy_err_set(err, -EBADF, "cgroup %s: not a version 2 cgroup below /sys/fs/cgroup",
			    dir);
}

static int take_options(struct plain *s, const struct espy_sense_options *o, struct espy_err *err)
{
	struct espy_plain_events *x = &s->events;

	if (o->stacks || o->sample_hz || o->counters)
		return espy_err_set(
			err, -ENOTSUP,
			"stacks, samples and counters need BPF: the plain pack has none");
	memcpy(x->type, o->type, sizeof(x->type));
	x->with_env = o->environment;
	x->only_targets = o->n_pids > 0;
	x->self = (uint32_t)getpid();
	x->since = UINT64_MAX;
	x->later = later;
	x->ctx = s;
	x->uids = copy_numbers(o->uids, o->n_uids);
	x->n_uids = o->n_uids;
	s->pids = copy_numbers(o->pids, o->n_pids);
	s->n_pids = o->n_pids;
	s->socket_bytes = o->ring_bytes;
	if (!x->uids || !s->pids)
		return -ENOMEM;
	return o->cgroup ? take_cgroup(s, o->cgroup, err) : 0;
}

static int set_up(struct plain *s, const struct espy_sense_options *o, struct espy_err *err)
{
	int r = take_options(s, o, err);

	if (r < 0)
		return r;
	s->stop = eventfd(0, EFD_CLOEXEC);
	if (s->stop < 0)
		return -errno;
	s->socket = espy_connector_open(s->socket_bytes, err);
	if (s->socket < 0)
		return s->socket;
	ask_processors(s);
	s->events.has_names = espy_exec_names_open(&s->events.names) == 0;
	return 0;
}

static int plain_open(struct espy_sense **ret, const struct espy_sense_options *o,
		      struct espy_err *err)
{
	struct plain *s;
	int r;

	if (o->lossless)
		return espy_err_set(err, -ENOTSUP,
				    "--lossless needs the base pack: the plain pack cannot know in "
				    "time that something will be lost");
	if (o->merge)
		return espy_err_set(err, -ENOTSUP,
				    "--merge needs the base pack: the plain pack sees no reads and "
				    "writes");
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->sense.ops = &espy_plain_ops;
	s->socket = s->stop = -1;
	pthread_mutex_init(&s->lock, NULL);
	r = set_up(s, o, err);
	if (r < 0) {
		plain_close(&s->sense);
		return r;
	}
	*ret = &s->sense;
	return 0;
}

/* --- what sense.h has ----------------------------------------------------------------------- */

static const char *plain_packs(const struct espy_sense *sense)
{
	(void)sense;
	return "plain";
}

static bool plain_sees(const struct espy_sense *sense, unsigned type)
{
	uint64_t lacks;

	(void)sense;
	return espy_schema_plain(type, &lacks);
}

static int hand_out(struct plain *s, espy_record_fn fn, void *ctx)
{
	int r = 0, n = 0;

	for (size_t at = 0; at < s->draining.n && r >= 0; n++) {
		const struct espy_event *rec = (const void *)(s->draining.p + at);

		r = fn(ctx, rec);
		at += rec->size;
	}
	espy_buf_reset(&s->draining);
	s->records += (uint64_t)n;
	return r < 0 ? r : n;
}

static int plain_drain(struct espy_sense *sense, bool all, espy_record_fn fn, void *ctx)
{
	struct plain *s = of(sense);
	struct espy_buf empty = s->draining;

	(void)all; /* nothing is held back: messages come in their order */
	pthread_mutex_lock(&s->lock);
	s->draining = s->out;
	s->out = empty;
	pthread_mutex_unlock(&s->lock);
	return hand_out(s, fn, ctx);
}

static int plain_snapshot(struct espy_sense *sense, espy_record_fn fn, void *ctx,
			  struct espy_err *err)
{
	struct plain *s = of(sense);
	int r;

	espy_plain_set_clock(&s->events);
	r = espy_plain_list_read(&s->events, s->pids, s->n_pids);
	if (r < 0)
		return espy_err_set(err, r, "cannot list the running processes: %s", strerror(-r));
	espy_plain_list_tell(&s->events, espy_machine_now());
	publish(s);
	return plain_drain(sense, true, fn, ctx);
}

static void plain_start(struct espy_sense *sense)
{
	struct plain *s = of(sense);

	s->events.since = espy_machine_now();
	s->is_running = true;
	if (pthread_create(&s->thread, NULL, run, s) != 0)
		s->is_running = false;
	else
		espy_thread_name(s->thread, "espy-listen");
}

static void plain_stop(struct espy_sense *sense)
{
	struct plain *s = of(sense);
	uint64_t one = 1;

	if (!s->is_running)
		return;
	s->is_running = false;
	if (write(s->stop, &one, sizeof(one)) == (ssize_t)sizeof(one))
		pthread_join(s->thread, NULL);
	espy_connector_mute(s->socket);
}

static int plain_count(struct espy_sense *sense)
{
	(void)sense;
	return 0;
}

static void plain_new_epoch(struct espy_sense *sense)
{
	(void)sense; /* there are no objects */
}

static int64_t plain_alive(const struct espy_sense *sense)
{
	return ((const struct plain *)sense)->alive;
}

static void plain_stats(const struct espy_sense *sense, struct espy_sense_stats *ret)
{
	const struct plain *s = (const struct plain *)sense;

	*ret = (struct espy_sense_stats){
		.records = s->records, .lost = s->lost, .ring_bytes = s->socket_bytes};
}

const struct espy_sense_ops espy_plain_ops = {
	.open = plain_open,
	.close = plain_close,
	.packs = plain_packs,
	.sees = plain_sees,
	.start = plain_start,
	.stop = plain_stop,
	.drain = plain_drain,
	.snapshot = plain_snapshot,
	.count = plain_count,
	.new_epoch = plain_new_epoch,
	.alive = plain_alive,
	.stats = plain_stats,
};

int espy_plain_probe(bool *ret_names, struct espy_err *err)
{
	struct espy_sense_options o = {0};
	struct espy_sense *s = NULL;
	int r = plain_open(&s, &o, err);

	if (r < 0)
		return r;
	*ret_names = of(s)->events.has_names;
	plain_close(s);
	return 0;
}
