/* SPDX-License-Identifier: MIT */
#include "forward/client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "base/escape.h"
#include "model/field.h"
#include "engine/select.h"
#include "engine/sinks.h"
#include "rule/rule.h"

#define REQUEST_SECONDS 10 /* a connection that asks for nothing is closed */
#define END_SECONDS     2  /* for what is queued when the capture ends */
#define LOOK_MS         500

/* A batch on its way. */
struct node {
	struct node *next;
	struct espy_batch *batch;
	size_t bytes;
};

struct espy_client {
	int fd;
	const struct espy_machine *machine;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	/* under `lock` */
	struct espy_rule *rule; /* NULL: the request has not come yet */
	struct node *first, **last;
	size_t queued;
	bool is_ended, is_gone;
	struct espy_ending ending;
	/* of the capture's thread */
	size_t queue;
	uint64_t *bits;
	size_t n_bits;
	uint64_t lost, told, lost_from, lost_to;
	struct espy_batch *selected; /* spare */
};

/* --- the request, in the client's thread ------------------------------------------------------ */

/* A line without its end, malloc'd; NULL when none came. */
static char *read_line(int fd)
{
	struct timeval limit = {.tv_sec = REQUEST_SECONDS};
	char *line = malloc(ESPY_SERVE_LINE);
	size_t n = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while (line && n < ESPY_SERVE_LINE - 1) {
		ssize_t got = read(fd, line + n, ESPY_SERVE_LINE - 1 - n);
		char *end = got > 0 ? memchr(line + n, '\n', (size_t)got) : NULL;

		if (got < 0 && errno == EINTR)
			continue;
		n += got > 0 ? (size_t)got : 0;
		if (end || (got == 0 && n)) {
			line[end ? (size_t)(end - line) : n] = '\0';
			return line;
		}
		if (got <= 0)
			break;
	}
	free(line);
	return NULL;
}

static void refuse(int fd, const struct espy_err *err)
{
	struct espy_buf b = {0};

	espy_buf_puts(&b, "{\"error\":\"");
	espy_escape_json(&b, espy_str0(err->text[0] ? err->text : strerror(-err->code)));
	espy_buf_putc(&b, '"');
	if (err->column)
		espy_buf_printf(&b, ",\"column\":%u", err->column);
	espy_buf_puts(&b, "}\n");
	espy_buf_flush(&b, fd);
	espy_buf_done(&b);
}

/* --- sinks ------------------------------------------------------------------------------------ */

struct outlet {
	struct espy_sink_lines lines;
	struct espy_sink_trace trace;
	struct espy_sink *sink;
};

static int open_outlet(struct outlet *o, struct espy_client *c, struct espy_str format,
		       struct espy_err *err)
{
	struct espy_writer_options options = {.utc = true, .machine = c->machine};
	struct espy_trace_writer *w;
	int r, fd;

	if (espy_str_eq(format, ESPY_STR("json"))) {
		r = espy_sink_lines_init(&o->lines, espy_format_find(format), &options, c->fd);
		o->sink = r == 0 ? &o->lines.sink : NULL;
		return r;
	}
	if (!espy_str_eq(format, ESPY_STR("espy")))
		return espy_err_set(err, -EINVAL,
				    "the request begins with the format, json or espy, and then "
				    "has the filter");
	fd = dup(c->fd);
	if (fd < 0)
		return -errno;
	r = espy_trace_create(&w, fd, "a subscriber", c->machine, err);
	if (r < 0)
		return r;
	espy_sink_trace_init(&o->trace, w);
	o->sink = &o->trace.sink;
	return 0;
}

static void close_outlet(struct outlet *o)
{
	if (o->trace.writer)
		espy_trace_finish(o->trace.writer, NULL, NULL);
	if (o->lines.sink.ops)
		espy_sink_lines_done(&o->lines);
}

/* --- the client's thread ---------------------------------------------------------------------- */

static bool has_left(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

/* The next batch, or NULL: the capture is over, or the subscriber left. */
static struct node *take(struct espy_client *c)
{
	struct node *n;

	pthread_mutex_lock(&c->lock);
	while (!c->first && !c->is_ended && !has_left(c->fd)) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_MS * 1000000l;
		until.tv_sec += until.tv_nsec / 1000000000l;
		until.tv_nsec %= 1000000000l;
		pthread_cond_timedwait(&c->filled, &c->lock, &until);
	}
	n = c->first;
	if (n) {
		c->first = n->next;
		c->queued -= n->bytes;
		if (!c->first)
			c->last = &c->first;
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

static void free_node(struct node *n)
{
	espy_batch_free(n->batch);
	free(n);
}

static int pass_on(struct espy_sink *sink, const struct espy_batch *b)
{
	uint64_t all[ESPY_RULE_WORDS(ESPY_BATCH_ROWS)];
	struct espy_err err;

	memset(all, 0xff, sizeof(all));
	return sink->ops->batch(sink, b, all, &err);
}

static void relay(struct espy_client *c, struct espy_sink *sink)
{
	struct espy_err err;
	struct node *n;
	int r = 0;

	while (r == 0 && (n = take(c))) {
		r = pass_on(sink, n->batch);
		free_node(n);
	}
	if (r == 0 && !has_left(c->fd))
		sink->ops->end(sink, &c->ending, &err);
}

static int begin(struct espy_client *c, struct outlet *o, const char *line, struct espy_err *err)
{
	struct espy_str format = {line, strcspn(line, " ")};
	const char *filter = line + format.n + strspn(line + format.n, " ");
	struct espy_rule *rule;
	int r = espy_rule_new(&rule, filter, err);

	if (r < 0)
		return r;
	espy_rule_set_start(rule, c->machine->started);
	r = open_outlet(o, c, format, err);
	if (r < 0) {
		espy_rule_free(rule);
		return r;
	}
	pthread_mutex_lock(&c->lock);
	c->rule = rule;
	pthread_mutex_unlock(&c->lock);
	return 0;
}

static void *client_main(void *arg)
{
	struct espy_client *c = arg;
	struct outlet o = {0};
	struct espy_err err = {0};
	char *line = read_line(c->fd);
	int r = line ? begin(c, &o, line, &err) : -ENODATA;

	if (r == 0 && o.sink) {
		relay(c, o.sink);
	} else if (line) {
		err.code = r;
		refuse(c->fd, &err);
	}
	free(line);
	close_outlet(&o);
	pthread_mutex_lock(&c->lock);
	c->is_gone = true;
	pthread_mutex_unlock(&c->lock);
	shutdown(c->fd, SHUT_RDWR);
	return NULL;
}

/* --- the capture's thread --------------------------------------------------------------------- */

int espy_client_new(struct espy_client **ret, int fd, const struct espy_machine *machine,
		    size_t queue)
{
	struct espy_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->fd = fd;
	c->machine = machine;
	c->queue = queue;
	c->last = &c->first;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->filled, NULL);
	r = -pthread_create(&c->thread, NULL, client_main, c);
	if (r < 0) {
		close(fd);
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void espy_client_end(struct espy_client *c, const struct espy_ending *e)
{
	pthread_mutex_lock(&c->lock);
	c->is_ended = true;
	c->ending = *e;
	pthread_cond_signal(&c->filled);
	pthread_mutex_unlock(&c->lock);
}

bool espy_client_is_gone(struct espy_client *c)
{
	bool is_gone;

	pthread_mutex_lock(&c->lock);
	is_gone = c->is_gone;
	pthread_mutex_unlock(&c->lock);
	return is_gone;
}

void espy_client_free(struct espy_client *c)
{
	static const struct timeval limit = {.tv_sec = END_SECONDS};
	struct node *n;

	/* from now on its thread waits for nothing for longer than this */
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	shutdown(c->fd, SHUT_RD);
	pthread_mutex_lock(&c->lock);
	c->is_ended = true;
	pthread_cond_signal(&c->filled);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	close(c->fd);
	while ((n = c->first)) {
		c->first = n->next;
		free_node(n);
	}
	espy_rule_free(c->rule);
	espy_batch_free(c->selected);
	free(c->bits);
	pthread_cond_destroy(&c->filled);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

uint64_t espy_client_lost(const struct espy_client *c)
{
	return c->lost;
}

/* Which rows the subscriber wants: how many, or -ENOMEM. */
static int match(struct espy_client *c, const struct espy_batch *b)
{
	size_t words = ESPY_RULE_WORDS(b->n);

	if (words > c->n_bits) {
		uint64_t *more = realloc(c->bits, words * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->bits = more;
		c->n_bits = words;
	}
	return espy_rule_match(c->rule, b, c->bits);
}

static void count_lost(struct espy_client *c, const struct espy_batch *b, uint64_t n)
{
	if (!b->n)
		return;
	if (c->lost == c->told)
		c->lost_from = b->time[0];
	c->lost_to = b->time[b->n - 1];
	c->lost += n;
}

/* About what it takes in memory. */
static size_t size_of(const struct espy_batch *b)
{
	return sizeof(*b) + b->dict.bytes + (size_t)b->n * 200 + (size_t)b->n_procs * 100;
}

static bool push(struct espy_client *c, struct espy_batch *b)
{
	struct node *n = malloc(sizeof(*n));
	size_t bytes = size_of(b);
	bool is_full;

	if (!n)
		return false;
	*n = (struct node){.batch = b, .bytes = bytes};
	pthread_mutex_lock(&c->lock);
	is_full = c->queued + bytes > c->queue;
	if (!is_full) {
		*c->last = n;
		c->last = &n->next;
		c->queued += bytes;
		pthread_cond_signal(&c->filled);
	}
	pthread_mutex_unlock(&c->lock);
	if (is_full)
		free(n);
	return !is_full;
}

/* What it did not get, as an event. */
static struct espy_batch *loss_batch(const struct espy_client *c, int64_t wall_offset)
{
	struct espy_batch *b;
	int row, proc;

	if (espy_batch_new(&b) < 0)
		return NULL;
	proc = espy_batch_add_proc(b, &(struct espy_proc){.parent = UINT32_MAX});
	row = proc < 0 ? proc : espy_batch_add(b, ESPY_EV_system_loss);
	if (row < 0) {
		espy_batch_free(b);
		return NULL;
	}
	b->wall_offset = wall_offset;
	b->proc[row] = (uint32_t)proc;
	b->time[row] = c->lost_to;
	espy_batch_set_num(b, 0, ESPY_FIELD_system_loss_lost, c->lost - c->told);
	espy_batch_set_num(b, 0, ESPY_FIELD_system_loss_from, c->lost_from);
	espy_batch_set_num(b, 0, ESPY_FIELD_system_loss_to, c->lost_to);
	espy_batch_set_str(b, 0, ESPY_FIELD_system_loss_reason,
			   ESPY_STR("the subscriber did not read fast enough"));
	return b;
}

static bool tell_lost(struct espy_client *c, int64_t wall_offset)
{
	struct espy_batch *b;

	if (c->lost == c->told)
		return true;
	b = loss_batch(c, wall_offset);
	if (!b || !push(c, b)) {
		espy_batch_free(b);
		return false;
	}
	c->told = c->lost;
	return true;
}

int espy_client_offer(struct espy_client *c, const struct espy_batch *b)
{
	int n, r;

	pthread_mutex_lock(&c->lock);
	r = c->rule && !c->is_gone;
	pthread_mutex_unlock(&c->lock);
	if (!r)
		return 0;
	n = match(c, b);
	if (n <= 0)
		return n;
	r = c->selected ? 0 : espy_batch_new(&c->selected);
	if (r == 0)
		r = espy_select_rows(c->selected, b, c->bits);
	if (r == 0 && tell_lost(c, b->wall_offset) && push(c, c->selected))
		c->selected = NULL;
	else
		count_lost(c, b, (uint64_t)n);
	return r;
}
