/* SPDX-License-Identifier: MIT */
#include "sense/clipboard.h"
#include "sense/machine.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <xcb/res.h>
#include <xcb/xcbext.h>
#include <xcb/xfixes.h>
#include "base/thread.h"

#define NS_PER_SEC 1000000000ull
#define OPEN_SEC   5                /* for the server to let us in */
#define END_NS     (1 * NS_PER_SEC) /* for what is under way at the end */

enum selection { SEL_CLIPBOARD, SEL_PRIMARY, SEL_SECONDARY, SEL__MAX };
static const char *const selection_names[SEL__MAX] = {"CLIPBOARD", "PRIMARY", "SECONDARY"};

struct change {
	struct espy_clip clip;
	enum selection selection;
	unsigned sequence; /* of the question who it is */
	bool waits_pid, waits_reading;
};

struct watched {
	struct espy_reading reading;
	struct change *change; /* that is being read */
	uint32_t pid;          /* of the last owner that was told, 0 unknown */
	unsigned sequence;     /* of the question whose it is at the start */
	bool waits_owner;
};

struct espy_clipboard {
	struct espy_clipboard_options o;
	pthread_t thread;
	bool has_thread;
	int wake; /* an eventfd: start and stop are to be looked at */
	atomic_bool start, stop;
	atomic_ullong lost;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t opened;
	bool is_open, is_abandoned;
	int open_result;
	struct espy_err err;
	struct espy_buf out; /* records */

	struct espy_buf taken; /* who takes them: what was in `out`, and how far it is handed out */
	size_t at;

	struct espy_display display; /* the thread's, as is what follows */
	struct espy_atoms atoms;
	struct watched watched[SEL__MAX];
	struct change changes[ESPY_CLIP_CHANGES_MAX]; /* a ring in the order of time */
	unsigned first, n;
	unsigned sync; /* sequence of the last question of all, when ending */
	bool is_synced;
	uint64_t end_until; /* 0: not ending */
};

/* --- changes --------------------------------------------------------------------------------- */

static xcb_atom_t atom_of(const struct espy_clipboard *c, enum selection s)
{
	/* the other two are in the protocol itself */
	return s == SEL_CLIPBOARD ? c->display.atom.clipboard
	       : s == SEL_PRIMARY ? XCB_ATOM_PRIMARY
				  : XCB_ATOM_SECONDARY;
}

static struct change *add_change(struct espy_clipboard *c, enum espy_clip_change what,
				 const char *selection)
{
	struct change *x = &c->changes[(c->first + c->n) % ESPY_CLIP_CHANGES_MAX];

	if (c->n == ESPY_CLIP_CHANGES_MAX) {
		atomic_fetch_add(&c->lost, 1);
		return NULL;
	}
	c->n++;
	*x = (struct change){.clip = {.began = espy_machine_now(),
				      .change = (uint8_t)what,
				      .status = ESPY_CLIP_NONE,
				      .selection = selection,
				      .display = c->display.name}};
	return x;
}

static void ask_pid(struct espy_clipboard *c, struct change *x)
{
	xcb_res_client_id_spec_t spec = {x->clip.window, XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID};

	if (!c->display.has_pids)
		return;
	x->sequence = xcb_res_query_client_ids(c->display.x, 1, &spec).sequence;
	x->waits_pid = true;
}

static void end_reading(struct watched *w, enum espy_clip_status status)
{
	if (!w->change)
		return;
	if (w->reading.step != ESPY_READING_NONE)
		espy_reading_stop(&w->reading, status);
	w->change->waits_reading = false;
	w->change = NULL;
}

/* Whoever was being asked has lost it: an answer from now on could be the next owner's. */
static void on_change(struct espy_clipboard *c, enum selection s, enum espy_clip_change what,
		      xcb_window_t window, xcb_timestamp_t time)
{
	struct watched *w = &c->watched[s];
	struct change *x;

	end_reading(w, window || what == ESPY_CLIP_CLEARED ? ESPY_CLIP_REPLACED : ESPY_CLIP_GONE);
	w->waits_owner = false;
	x = add_change(c, what, selection_names[s]);
	if (!x)
		return;
	x->selection = s;
	x->clip.window = window;
	if (!window)
		return;
	ask_pid(c, x);
	x->waits_reading = true;
	w->change = x;
	espy_reading_start(&w->reading, &x->clip, time, x->clip.began);
}

static void take_pid(struct change *x, xcb_res_query_client_ids_reply_t *r)
{
	xcb_res_client_id_value_iterator_t i;

	x->waits_pid = false;
	if (!r)
		return; /* its client is gone already */
	for (i = xcb_res_query_client_ids_ids_iterator(r); i.rem; xcb_res_client_id_value_next(&i))
		if (i.data->spec.mask == XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID &&
		    xcb_res_client_id_value_value_length(i.data) == 1) {
			x->clip.pid = *xcb_res_client_id_value_value(i.data);
			x->clip.owner_from = ESPY_CLIP_OWNER_X_SERVER;
		}
}

/* Answers come in the order of the questions. */
static bool poll_pids(struct espy_clipboard *c)
{
	bool some = false;

	for (unsigned i = 0; i < c->n; i++) {
		struct change *x = &c->changes[(c->first + i) % ESPY_CLIP_CHANGES_MAX];
		xcb_generic_error_t *e = NULL;
		void *r = NULL;

		if (!x->waits_pid)
			continue;
		if (!xcb_poll_for_reply(c->display.x, x->sequence, &r, &e))
			break;
		take_pid(x, r);
		free(r);
		free(e);
		some = true;
	}
	return some;
}

/* --- records out ---------------------------------------------------------------------------- */

/* Who let go of a selection is who had it, as far as anybody knows. */
static void settle_owner(struct espy_clipboard *c, struct change *x)
{
	struct watched *w = &c->watched[x->selection];

	if (x->clip.change == ESPY_CLIP_SERVER_GONE)
		return;
	if (x->clip.window) {
		w->pid = x->clip.pid;
		return;
	}
	x->clip.pid = w->pid;
	x->clip.owner_from = w->pid ? ESPY_CLIP_OWNER_BEFORE : ESPY_CLIP_OWNER_UNKNOWN;
	w->pid = 0;
}

static void tell(struct espy_clipboard *c, struct change *x)
{
	settle_owner(c, x);
	x->clip.ended = espy_machine_now();
	pthread_mutex_lock(&c->lock);
	if (c->out.n > ESPY_CLIP_OUT_MAX || espy_clip_record(&x->clip, &c->out) < 0)
		atomic_fetch_add(&c->lost, 1);
	pthread_mutex_unlock(&c->lock);
	espy_clip_done(&x->clip);
}

/* In the order of time: one that waits holds back those behind it, for as long as its owner may
 * take. */
static void tell_ready(struct espy_clipboard *c)
{
	while (c->n) {
		struct change *x = &c->changes[c->first];

		if (x->waits_pid || x->waits_reading)
			return;
		tell(c, x);
		c->first = (c->first + 1) % ESPY_CLIP_CHANGES_MAX;
		c->n--;
	}
}

static void tell_all(struct espy_clipboard *c)
{
	for (unsigned s = 0; s < SEL__MAX; s++)
		end_reading(&c->watched[s], ESPY_CLIP_UNFINISHED);
	for (unsigned i = 0; i < c->n; i++)
		c->changes[(c->first + i) % ESPY_CLIP_CHANGES_MAX].waits_pid = false;
	tell_ready(c);
}

/* --- events of the server ------------------------------------------------------------------- */

static void on_selection(struct espy_clipboard *c, const xcb_xfixes_selection_notify_event_t *e)
{
	static const uint8_t changes[] = {
		[XCB_XFIXES_SELECTION_EVENT_SET_SELECTION_OWNER] = ESPY_CLIP_TAKEN,
		[XCB_XFIXES_SELECTION_EVENT_SELECTION_WINDOW_DESTROY] = ESPY_CLIP_WINDOW_GONE,
		[XCB_XFIXES_SELECTION_EVENT_SELECTION_CLIENT_CLOSE] = ESPY_CLIP_CLIENT_GONE,
	};
	enum espy_clip_change what = ESPY_CLIP_CLEARED;

	if (e->subtype < sizeof(changes))
		what = changes[e->subtype];
	if (what == ESPY_CLIP_TAKEN && !e->owner)
		what = ESPY_CLIP_CLEARED;
	for (unsigned s = 0; s < SEL__MAX; s++)
		if (e->selection == atom_of(c, s))
			on_change(c, s, what, e->owner, e->timestamp);
}

/* Any client may send any event to any window, marked by the highest bit: of what only the server
 * says, those are not believed. A selection's answer is sent by its owner in this way. */
static void on_event(struct espy_clipboard *c, const xcb_generic_event_t *e, uint64_t now)
{
	unsigned type = e->response_type & 0x7f;
	bool is_sent = e->response_type & 0x80;

	if (type == c->display.selection_event && !is_sent)
		on_selection(c, (const void *)e);
	for (unsigned s = 0; s < SEL__MAX; s++) {
		struct espy_transfer *t = &c->watched[s].reading.transfer;

		if (type == XCB_SELECTION_NOTIFY)
			espy_transfer_answered(t, (const void *)e, now);
		else if (type == XCB_PROPERTY_NOTIFY && !is_sent)
			espy_transfer_written(t, (const void *)e);
	}
}

/* The server is asked who it was faster than it answers: its next events can wait. An owner that
 * fills the ring by not answering cannot have that: what comes then is lost. */
static bool is_ahead(const struct espy_clipboard *c)
{
	return c->n == ESPY_CLIP_CHANGES_MAX && c->changes[c->first].waits_pid;
}

static bool poll_events(struct espy_clipboard *c, uint64_t now)
{
	xcb_generic_event_t *e;
	bool some = false;

	while (!is_ahead(c) && (e = xcb_poll_for_event(c->display.x))) {
		on_event(c, e, now);
		free(e);
		some = true;
	}
	return some;
}

/* What the selections are when the recording begins. */
static bool poll_owners(struct espy_clipboard *c)
{
	bool some = false;

	for (unsigned s = 0; s < SEL__MAX; s++) {
		struct watched *w = &c->watched[s];
		xcb_generic_error_t *e = NULL;
		xcb_get_selection_owner_reply_t *r = NULL;
		bool was_waiting = w->waits_owner;

		if (!w->sequence || !xcb_poll_for_reply(c->display.x, w->sequence, (void **)&r, &e))
			continue;
		w->sequence = 0;
		if (r && r->owner && was_waiting) /* else it has changed since */
			on_change(c, s, ESPY_CLIP_WAS_THERE, r->owner, XCB_CURRENT_TIME);
		w->waits_owner = false;
		free(r);
		free(e);
		some = true;
	}
	return some;
}

static bool poll_readings(struct espy_clipboard *c, uint64_t now)
{
	bool some = false;

	for (unsigned s = 0; s < SEL__MAX; s++) {
		struct watched *w = &c->watched[s];

		if (!w->change || espy_reading_poll(&w->reading, now, &some))
			continue;
		w->change->waits_reading = false;
		w->change = NULL;
	}
	return some;
}

/* --- the thread ----------------------------------------------------------------------------- */

static void watch(struct espy_clipboard *c)
{
	xcb_connection_t *x = c->display.x;

	for (unsigned s = 0; s < SEL__MAX; s++) {
		struct watched *w = &c->watched[s];

		xcb_xfixes_select_selection_input(
			x, c->display.watcher, atom_of(c, s),
			XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER |
				XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_WINDOW_DESTROY |
				XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_CLIENT_CLOSE);
		w->sequence = xcb_get_selection_owner(x, atom_of(c, s)).sequence;
		w->waits_owner = true;
	}
}

/* All that has come, until nothing comes any more. */
static void take_all(struct espy_clipboard *c)
{
	bool some;

	do {
		uint64_t now = espy_machine_now();

		some = poll_events(c, now);
		some |= poll_owners(c);
		some |= poll_pids(c);
		some |= espy_atoms_poll(&c->atoms);
		some |= poll_readings(c, now);
		tell_ready(c);
	} while (some);
}

/* The server answers this when it has told everything that was before. */
static bool is_over(struct espy_clipboard *c)
{
	xcb_generic_error_t *e = NULL;
	void *r = NULL;

	if (!atomic_load(&c->stop))
		return false;
	if (!c->end_until) {
		c->end_until = espy_machine_now() + END_NS;
		c->sync = xcb_get_input_focus(c->display.x).sequence;
		xcb_flush(c->display.x);
	}
	if (!c->is_synced && xcb_poll_for_reply(c->display.x, c->sync, &r, &e)) {
		c->is_synced = true;
		free(r);
		free(e);
		take_all(c);
	}
	return (c->is_synced && !c->n) || espy_machine_now() >= c->end_until;
}

static int timeout_ms(const struct espy_clipboard *c)
{
	uint64_t first = c->end_until ? c->end_until : UINT64_MAX, now = espy_machine_now();

	for (unsigned s = 0; s < SEL__MAX; s++) {
		uint64_t t = espy_transfer_deadline(&c->watched[s].reading.transfer);

		first = t < first ? t : first;
	}
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)((first - now) / 1000000) + 1;
}

static void loop(struct espy_clipboard *c)
{
	struct pollfd p[2] = {{.fd = c->wake, .events = POLLIN},
			      {.fd = xcb_get_file_descriptor(c->display.x), .events = POLLIN}};
	bool is_watching = false;
	uint64_t n;

	for (;;) {
		if (!is_watching && atomic_load(&c->start)) {
			is_watching = true;
			watch(c);
		}
		take_all(c);
		if (is_over(c))
			return;
		if (xcb_connection_has_error(c->display.x) || xcb_flush(c->display.x) <= 0) {
			add_change(c, ESPY_CLIP_SERVER_GONE, "");
			return;
		}
		poll(p, 2, timeout_ms(c));
		if (p[0].revents && read(c->wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
			return;
	}
}

static int open_hashers(struct espy_clipboard *c, struct espy_err *err)
{
	int r = 0;

	for (unsigned s = 0; s < SEL__MAX && r >= 0; s++) {
		struct espy_reading *reading = &c->watched[s].reading;

		reading->d = &c->display;
		reading->atoms = &c->atoms;
		reading->selection = atom_of(c, s);
		reading->level = c->o.level;
		if (c->o.level >= ESPY_CLIP_HASH)
			r = espy_hasher_new(&reading->hasher, 1u << ESPY_HASH_SHA256, err);
	}
	return r;
}

static void *thread_main(void *arg)
{
	struct espy_clipboard *c = arg;
	struct espy_err err = {0};
	int r = espy_display_open(&c->display, c->o.display, &err);
	bool is_abandoned;

	c->atoms.x = c->display.x;
	if (r >= 0)
		r = open_hashers(c, &err);
	pthread_mutex_lock(&c->lock);
	c->is_open = true;
	c->open_result = r;
	c->err = err;
	is_abandoned = c->is_abandoned;
	pthread_cond_signal(&c->opened);
	pthread_mutex_unlock(&c->lock);
	if (is_abandoned)
		espy_clipboard_close(c);
	if (r < 0 || is_abandoned)
		return NULL;
	loop(c);
	tell_all(c);
	return NULL;
}

/* --- who takes the records ------------------------------------------------------------------ */

static int start_thread(struct espy_clipboard *c, struct espy_err *err)
{
	int r = espy_thread_start(&c->thread, thread_main, c);

	if (r < 0)
		return espy_err_set(err, r,
				    "cannot start the thread that watches the clipboard: %s",
				    strerror(-r));
	espy_thread_name(c->thread, "espy-clipboard");
	c->has_thread = true;
	return 0;
}

/* A server that accepts and then says nothing leaves the thread where nothing reaches it: all is
 * its own then, and it puts that away should it ever come back. */
static int await_open(struct espy_clipboard *c, bool *ret_gone, struct espy_err *err)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += OPEN_SEC;
	pthread_mutex_lock(&c->lock);
	while (!c->is_open && r == 0)
		r = pthread_cond_timedwait(&c->opened, &c->lock, &until);
	*ret_gone = !c->is_open;
	r = c->is_open ? c->open_result : -ETIMEDOUT;
	if (c->is_open && r < 0 && err)
		*err = c->err;
	if (*ret_gone) {
		c->is_abandoned = true;
		c->has_thread = false;
		pthread_detach(c->thread);
		espy_err_set(err, r, "the X server of display %s does not answer",
			     espy_display_name(c->o.display));
	}
	pthread_mutex_unlock(&c->lock);
	return r;
}

int espy_clipboard_open(struct espy_clipboard **ret, const struct espy_clipboard_options *o,
			struct espy_err *err)
{
	struct espy_clipboard *c = calloc(1, sizeof(*c));
	pthread_condattr_t clock;
	bool is_gone = false;
	int r;

	if (!c)
		return -ENOMEM;
	c->o = *o;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&c->opened, &clock);
	pthread_condattr_destroy(&clock);
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = c->wake < 0 ? -errno : start_thread(c, err);
	if (r >= 0)
		r = await_open(c, &is_gone, err);
	if (r < 0) {
		if (!is_gone)
			espy_clipboard_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void wake(struct espy_clipboard *c)
{
	uint64_t one = 1;

	if (write(c->wake, &one, sizeof(one)) < 0)
		return; /* it is full: the thread will look */
}

void espy_clipboard_start(struct espy_clipboard *c)
{
	atomic_store(&c->start, true);
	wake(c);
}

/* A server that reads nothing any more could hold the thread: its connection is cut then. */
void espy_clipboard_stop(struct espy_clipboard *c)
{
	struct timespec until;

	if (!c->has_thread)
		return;
	atomic_store(&c->stop, true);
	wake(c);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1 + END_NS / NS_PER_SEC;
	if (pthread_timedjoin_np(c->thread, NULL, &until) != 0) {
		shutdown(xcb_get_file_descriptor(c->display.x), SHUT_RDWR);
		pthread_join(c->thread, NULL);
	}
	c->has_thread = false;
}

void espy_clipboard_close(struct espy_clipboard *c)
{
	if (!c)
		return;
	espy_clipboard_stop(c);
	for (unsigned s = 0; s < SEL__MAX; s++)
		espy_reading_done(&c->watched[s].reading);
	for (unsigned i = 0; i < c->n; i++)
		espy_clip_done(&c->changes[(c->first + i) % ESPY_CLIP_CHANGES_MAX].clip);
	espy_atoms_done(&c->atoms);
	espy_display_close(&c->display);
	espy_buf_done(&c->out);
	espy_buf_done(&c->taken);
	if (c->wake >= 0)
		close(c->wake);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->opened);
	free(c);
}

const struct espy_event *espy_clipboard_peek(struct espy_clipboard *c)
{
	struct espy_buf empty;

	if (c->at < c->taken.n)
		return (const void *)(c->taken.p + c->at);
	espy_buf_reset(&c->taken);
	c->at = 0;
	pthread_mutex_lock(&c->lock);
	empty = c->taken;
	c->taken = c->out;
	c->out = empty;
	pthread_mutex_unlock(&c->lock);
	return c->taken.n ? (const void *)c->taken.p : NULL;
}

void espy_clipboard_next(struct espy_clipboard *c)
{
	c->at += ((const struct espy_event *)(c->taken.p + c->at))->size;
}

uint64_t espy_clipboard_lost(const struct espy_clipboard *c)
{
	return atomic_load(&c->lost);
}

int espy_clipboard_probe(char *text, size_t size, struct espy_err *err)
{
	struct espy_clipboard_options o = {.level = ESPY_CLIP_OWNER};
	struct espy_clipboard *c;
	int r = espy_clipboard_open(&c, &o, err);

	if (r < 0)
		return r;
	snprintf(text, size, "%s, XFixes %u.%u%s", c->display.name, c->display.fixes_major,
		 c->display.fixes_minor,
		 c->display.has_pids ? "" : "; its X-Resource tells no processes");
	espy_clipboard_close(c);
	return 0;
}
