/* SPDX-License-Identifier: MIT */
/* What becomes of TCP connections. */
#include "net.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

#define CHANGE(from, to) STR(old_state, from), STR(state, to), STR(protocol, "tcp")
#define CLOSED_PORT      1 /* tcpmux: nobody listens there */

static int listener(int family, int backlog)
{
	union net_addr a;
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, &a.sa, net_loopback(&a, family, 0)) < 0)
		return -1;
	MUST(listen(fd, backlog) == 0);
	return fd;
}

/* Closing cuts the connection off. */
static void close_hard(int fd)
{
	struct linger hard = {1, 0};

	MUST(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0);
	close(fd);
}

/* The two ends of a connection that the client cuts off: connected, accepted. */
struct ends {
	const char *client, *server;
	pid_t pid;
};

static int the_server;

static void cut_off(void *arg)
{
	int fd = net_client(the_server, SOCK_STREAM);
	char byte;

	(void)arg;
	MUST(read(fd, &byte, 1) == 1);
	close_hard(fd);
	_exit(0);
}

static struct ends connection(int family)
{
	struct ends e = {NULL, NULL, 0};
	char byte;
	int fd;

	the_server = listener(family, 4);
	if (the_server < 0) {
		probe_note("address family %d is not here", family);
		return e;
	}
	e.pid = probe_child(cut_off, NULL);
	fd = accept(the_server, NULL, NULL);
	MUST(fd >= 0);
	e.server = net_local(fd);
	e.client = net_remote(fd);
	MUST(write(fd, "x", 1) == 1);
	MUST(probe_wait(e.pid) == 0);
	MUST(read(fd, &byte, 1) == -1 && errno == ECONNRESET);
	close(fd);
	close(the_server);
	return e;
}

static const char *both_ends(const char *local, const char *remote)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s -> %s", local, remote);
	return text;
}

static void states(int family)
{
	struct ends e = connection(family);

	if (!e.pid)
		return;
	NOTED();
	WANT(net_tcp, CHANGE("CLOSE", "LISTEN"), STR(local, e.server), STR(remote, ""),
	     STR(path, e.server), STR(source, "kernel"));
	WANT(net_tcp, CHANGE("SYN_RECV", "ESTABLISHED"), STR(local, e.server),
	     STR(remote, e.client));
	WANT(net_tcp, CHANGE("ESTABLISHED", "CLOSE"), STR(local, e.server), STR(remote, e.client),
	     NUM(result, -ECONNRESET));
	WANT(net_tcp, CHANGE("LISTEN", "CLOSE"), STR(local, e.server));
	WANT(net_tcp, CHANGE("CLOSE", "SYN_SENT"), STR(remote, e.server), OF(e.pid));
	WANT(net_tcp, CHANGE("SYN_SENT", "ESTABLISHED"), STR(local, e.client),
	     STR(remote, e.server), MIN(duration_ns, 1), OF(e.pid));
	WANT(net_tcp, CHANGE("ESTABLISHED", "CLOSE"), STR(local, e.client), STR(remote, e.server),
	     OF(e.pid));
}

/* Nobody listens: also for a program that does not wait for the answer. */
static void refused(int family, int flags)
{
	union net_addr a;
	socklen_t len = net_loopback(&a, family, CLOSED_PORT);
	int fd = socket(family, SOCK_STREAM | flags, 0), error = EINPROGRESS;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return;
	MUST(connect(fd, &a.sa, len) == -1);
	while (flags && getsockname(fd, &a.sa, &len) == 0 && error == EINPROGRESS) {
		struct tcp_info info;
		socklen_t n = sizeof(info);

		MUST(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0);
		if (info.tcpi_state == TCP_CLOSE)
			MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
	}
	close(fd);
}

PROBE(net_tcp)
{
	const char *nobody = "127.0.0.1:1";

	states(AF_INET);
	states(AF_INET6);
	for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
		refused(AF_INET, flags);
		NOTED();
		WANT(net_tcp, CHANGE("CLOSE", "SYN_SENT"), STR(remote, nobody));
		WANT(net_tcp, CHANGE("SYN_SENT", "CLOSE"), STR(remote, nobody),
		     NUM(result, -ECONNREFUSED));
	}
}

PROBE(net_reset)
{
	struct ends e = connection(AF_INET);

	NOTED();
	WANT(net_reset, NUM(sent, 0), STR(local, e.server), STR(remote, e.client),
	     STR(protocol, "tcp"), STR(path, both_ends(e.server, e.client)));
	WANT(net_reset, NUM(sent, 1), STR(local, e.client), STR(remote, e.server), OF(e.pid));
	refused(AF_INET, 0);
	NOTED();
	WANT(net_reset, NUM(sent, 0), STR(state, "SYN_SENT"), STR(remote, "127.0.0.1:1"));
}

/* A queue that is full: the request for a connection is dropped, and made again. */
PROBE(net_retransmit)
{
	int server = listener(AF_INET, 0), fd;
	struct tcp_info info = {.tcpi_retransmits = 0};
	socklen_t len = sizeof(info);
	union net_addr a;

	MUST(net_client(server, SOCK_STREAM) >= 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	len = sizeof(a);
	MUST(getsockname(server, &a.sa, &len) == 0);
	MUST(connect(fd, &a.sa, len) == -1 && errno == EINPROGRESS);
	while (info.tcpi_total_retrans < 1) {
		len = sizeof(info);
		MUST(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
		probe_sleep_ms(20);
	}
	NOTED();
	WANT(net_retransmit, STR(state, "SYN_SENT"), STR(local, net_local(fd)),
	     STR(remote, net_local(server)), STR(protocol, "tcp"), MASK(retries, ~1, 0));
	close(fd);
}
