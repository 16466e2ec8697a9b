/* SPDX-License-Identifier: MIT */
#include "forward/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "forward/client.h"

#define BACKLOG 16

struct espy_serve {
	struct espy_sink sink;
	struct espy_serve_options o;
	struct sockaddr_un addr;
	int fd;
	struct espy_client *clients[ESPY_SERVE_CLIENTS];
	unsigned n;
	struct espy_serve_stats stats;
};

/* --- the sink --------------------------------------------------------------------------------- */

static int serve_batch(struct espy_sink *sink, const struct espy_batch *b, const uint64_t *bits,
		       struct espy_err *err)
{
	struct espy_serve *s = (struct espy_serve *)sink;

	(void)bits; /* a capture hands on only what matched */
	for (unsigned i = 0; i < s->n; i++)
		if (espy_client_offer(s->clients[i], b) < 0)
			return espy_err_set(err, -ENOMEM, "no memory left for subscribers");
	return 0;
}

static int serve_end(struct espy_sink *sink, const struct espy_ending *e, struct espy_err *err)
{
	struct espy_serve *s = (struct espy_serve *)sink;

	(void)err;
	for (unsigned i = 0; i < s->n; i++)
		espy_client_end(s->clients[i], e);
	return 0;
}

static const struct espy_sink_ops serve_ops = {NULL, serve_batch, serve_end, false};

/* --- the socket ------------------------------------------------------------------------------- */

/* A socket's file that nobody listens at is left over. */
static int remove_old(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, r;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const void *)addr, sizeof(*addr)) == 0 ? -EADDRINUSE : 0;
	close(fd);
	return r < 0 || unlink(addr->sun_path) == 0 ? r : -errno;
}

/* Nobody can connect before the file has its owner and mode. */
static int listen_at(struct espy_serve *s)
{
	mode_t mask;
	int r;

	r = remove_old(&s->addr);
	if (r < 0)
		return r;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	mask = umask(0177);
	r = bind(s->fd, (const void *)&s->addr, sizeof(s->addr)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (s->o.group != (gid_t)-1 && chown(s->addr.sun_path, (uid_t)-1, s->o.group) < 0)
		return -errno;
	if (chmod(s->addr.sun_path, s->o.mode) < 0 || listen(s->fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

int espy_serve_new(struct espy_serve **ret, const struct espy_serve_options *o,
		   struct espy_err *err)
{
	struct espy_serve *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return espy_err_set(err, -ENOMEM, "no memory left to serve");
	s->sink.ops = &serve_ops;
	s->o = *o;
	s->fd = -1;
	if (!s->o.queue)
		s->o.queue = ESPY_SERVE_QUEUE;
	s->addr.sun_family = AF_UNIX;
	if (strlen(o->path) >= sizeof(s->addr.sun_path)) {
		free(s);
		return espy_err_at(err, -ENAMETOOLONG, o->path, 0, 0,
				   "the path of a socket has at most %zu bytes",
				   sizeof(s->addr.sun_path) - 1);
	}
	memcpy(s->addr.sun_path, o->path, strlen(o->path) + 1);
	r = listen_at(s);
	if (r < 0) {
		if (s->fd >= 0)
			close(s->fd);
		free(s);
		return espy_err_at(err, r, o->path, 0, 0, "cannot serve here: %s",
				   r == -EADDRINUSE ? "somebody does already" : strerror(-r));
	}
	*ret = s;
	return 0;
}

void espy_serve_free(struct espy_serve *s)
{
	if (!s)
		return;
	unlink(s->addr.sun_path);
	close(s->fd);
	for (unsigned i = 0; i < s->n; i++)
		espy_client_free(s->clients[i]);
	free(s);
}

struct espy_sink *espy_serve_sink(struct espy_serve *s)
{
	return &s->sink;
}

static void let_go(struct espy_serve *s)
{
	for (unsigned i = 0; i < s->n;) {
		if (!espy_client_is_gone(s->clients[i])) {
			i++;
			continue;
		}
		s->stats.lost += espy_client_lost(s->clients[i]);
		espy_client_free(s->clients[i]);
		s->clients[i] = s->clients[--s->n];
	}
}

int espy_serve_tick(struct espy_serve *s)
{
	int fd, r;

	let_go(s);
	while (s->n < ESPY_SERVE_CLIENTS) {
		fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return 0;
		r = espy_client_new(&s->clients[s->n], fd, s->o.machine, s->o.queue);
		if (r < 0)
			return r;
		s->n++;
		s->stats.served++;
	}
	return 0;
}

struct espy_serve_stats espy_serve_stats(const struct espy_serve *s)
{
	struct espy_serve_stats stats = s->stats;

	stats.clients = s->n;
	for (unsigned i = 0; i < s->n; i++)
		stats.lost += espy_client_lost(s->clients[i]);
	return stats;
}
