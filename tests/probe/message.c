/* SPDX-License-Identifier: MIT */
/* Bytes through sockets, in every form. */
#include "net.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

static char data[4096];
static struct iovec two[2] = {{data, 3}, {data + 3, 4}};

struct ends {
	const char *local, *remote, *path, *protocol;
};

static struct ends ends_of(int fd, const char *protocol)
{
	return (struct ends){net_local(fd), net_remote(fd), net_path(fd), protocol};
}

#define ENDS(e)                                                                      \
	STR(local, (e).local), STR(remote, (e).remote), STR(protocol, (e).protocol), \
		STR(path, (e).path)

static void send_forms(int fd, struct ends e)
{
	struct msghdr m = {.msg_iov = two, .msg_iovlen = 2};
	struct mmsghdr mm[3] = {{.msg_hdr = m}, {.msg_hdr = m}, {.msg_hdr = m}};

	DO(sendto, fd, data, 10L, (long)MSG_NOSIGNAL, 0L, 0L);
	WANT(net_send, ENDS(e), NUM(requested, 10), NUM(bytes, 10), NUM(flags, MSG_NOSIGNAL));
	DO(write, fd, data, 5L);
	WANT(net_send, ENDS(e), NUM(requested, 5), NUM(bytes, 5), NUM(flags, 0));
	DO(writev, fd, two, 2L);
	WANT(net_send, ENDS(e), NUM(requested, 7), NUM(bytes, 7));
	DO(sendmsg, fd, &m, (long)MSG_DONTWAIT);
	WANT(net_send, ENDS(e), NUM(requested, 7), NUM(bytes, 7), NUM(flags, MSG_DONTWAIT));
	DO(sendmmsg, fd, mm, 3L, 0L);
	WANT(net_send, ENDS(e), NUM(result, 3), NUM(bytes, 21), NUM(flags, 0));
}

static void recv_forms(int fd, struct ends e)
{
	struct msghdr m = {.msg_iov = two, .msg_iovlen = 2};
	struct mmsghdr mm[2] = {{.msg_hdr = m}, {.msg_hdr = m}};

	DO(recvfrom, fd, data, 4L, (long)MSG_PEEK, 0L, 0L);
	WANT(net_recv, ENDS(e), NUM(requested, 4), NUM(bytes, 4), NUM(flags, MSG_PEEK));
	DO(recvfrom, fd, data, 4L, 0L, 0L, 0L);
	WANT(net_recv, ENDS(e), NUM(requested, 4), NUM(bytes, 4), NUM(flags, 0));
	DO(read, fd, data, 5L);
	WANT(net_recv, ENDS(e), NUM(requested, 5), NUM(bytes, 5));
	DO(readv, fd, two, 2L);
	WANT(net_recv, ENDS(e), NUM(requested, 7), NUM(bytes, 7));
	DO(recvmsg, fd, &m, 0L);
	WANT(net_recv, ENDS(e), NUM(requested, 7), NUM(bytes, 7), NUM(flags, 0));
	DO(recvmmsg, fd, mm, 2L, (long)MSG_DONTWAIT, 0L);
	WANT(net_recv, ENDS(e), NUM(result, 2), NUM(bytes, 14), NUM(flags, MSG_DONTWAIT));
	DO(recvmmsg_time64, fd, mm, 1L, 0L, 0L);
	WANT(net_recv, ENDS(e), NUM(result, 1), NUM(bytes, 7));
}

/* Something to receive, all of it there before anyone looks. */
static void feed(int from, int to)
{
	int there = 0;

	for (int i = 0; i < 8; i++)
		MUST(send(from, data, 10, 0) == 10);
	while (there < 80) {
		MUST(ioctl(to, FIONREAD, &there) == 0);
		probe_sleep_ms(1);
	}
}

PROBE(net_send)
{
	int s[2], fd;

	MUST(net_pair(AF_INET, SOCK_STREAM, s));
	send_forms(s[0], ends_of(s[0], "tcp"));
	if (net_pair(AF_INET6, SOCK_STREAM, s))
		send_forms(s[1], ends_of(s[1], "tcp"));
	MUST(net_pair(AF_UNIX, SOCK_STREAM, s));
	send_forms(s[0], ends_of(s[0], "unix"));
	MUST(net_pair(AF_INET, SOCK_DGRAM, s));
	send_forms(s[0], ends_of(s[0], "udp"));
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == 0);
	send_forms(s[0], ends_of(s[0], "unix-seqpacket"));

	MUST(close(s[1]) == 0);
	DO(sendto, s[0], data, 10L, (long)MSG_NOSIGNAL, 0L, 0L);
	WANT(net_send, NUM(requested, 10), NUM(bytes, 0));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	DO(sendto, fd, data, 10L, (long)MSG_NOSIGNAL, 0L, 0L);
	WANT(net_send, NUM(requested, 10), STR(protocol, "tcp"), NUM(result, -EPIPE));
	DO(sendto, 999, data, 10L, 0L, 0L, 0L);
	WANT(net_send, NUM(requested, 10), NUM(result, -EBADF));
}

PROBE(net_recv)
{
	int s[2];

	MUST(net_pair(AF_INET, SOCK_STREAM, s));
	feed(s[0], s[1]);
	recv_forms(s[1], ends_of(s[1], "tcp"));
	if (net_pair(AF_INET6, SOCK_STREAM, s)) {
		feed(s[1], s[0]);
		recv_forms(s[0], ends_of(s[0], "tcp"));
	}
	MUST(net_pair(AF_UNIX, SOCK_STREAM, s));
	feed(s[0], s[1]);
	recv_forms(s[1], ends_of(s[1], "unix"));

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	DO(recvfrom, s[0], data, 10L, (long)MSG_DONTWAIT, 0L, 0L);
	WANT(net_recv, NUM(requested, 10), NUM(bytes, 0), NUM(result, -EAGAIN));
	MUST(close(s[1]) == 0);
	DO(recvfrom, s[0], data, 10L, 0L, 0L, 0L);
	WANT(net_recv, NUM(requested, 10), NUM(bytes, 0), NUM(result, 0), STR(protocol, "unix"));
	DO(recvfrom, 999, data, 10L, 0L, 0L, 0L);
	WANT(net_recv, NUM(requested, 10), NUM(result, -EBADF));
}

/* --- several of these together -------------------------------------------------------------- */

/* A whole conversation of two processes: each end says both addresses. */
static void talk(void *arg)
{
	int server = *(int *)arg, fd;
	union net_addr a;
	socklen_t len = sizeof(a);

	MUST(getsockname(server, &a.sa, &len) == 0);
	fd = DO(socket, a.sa.sa_family, SOCK_STREAM, 0);
	WANT(net_socket, NUM(family, a.sa.sa_family));
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, STR(remote, net_text(&a, len)), STR(local, net_local(fd)));
	DO(sendto, fd, "question", 8L, 0L, 0L, 0L);
	WANT(net_send, STR(remote, net_text(&a, len)), STR(local, net_local(fd)), NUM(bytes, 8));
	DO(recvfrom, fd, data, 100L, 0L, 0L, 0L);
	WANT(net_recv, STR(remote, net_text(&a, len)), STR(local, net_local(fd)), NUM(bytes, 6),
	     MIN(duration_ns, 20000000));
}

static void listen_and_talk(int family)
{
	int server = net_server(family, SOCK_STREAM), fd;
	const char *local, *remote;
	pid_t pid;

	if (server < 0) {
		probe_note("address family %d is not here", family);
		return;
	}
	pid = probe_child(talk, &server);
	fd = DO(accept4, server, 0L, 0L, 0L);
	MUST(fd >= 0);
	local = net_local(fd), remote = net_remote(fd);
	WANT(net_accept, STR(local, local), STR(remote, remote));
	DO(recvfrom, fd, data, 8L, (long)MSG_WAITALL, 0L, 0L);
	WANT(net_recv, STR(local, local), STR(remote, remote), NUM(bytes, 8));
	probe_until_asleep(pid);
	probe_sleep_ms(40);
	DO(sendto, fd, "answer", 6L, 0L, 0L, 0L);
	WANT(net_send, STR(local, local), STR(remote, remote), NUM(bytes, 6));
	MUST(probe_wait(pid) == 0);
}

/* Datagrams to and from addresses that the socket is not connected to. */
static void datagrams(int family)
{
	int a = net_server(family, SOCK_DGRAM), b = net_server(family, SOCK_DGRAM);
	union net_addr to, from;
	socklen_t len = sizeof(to), from_len = sizeof(from);
	struct msghdr m = {.msg_name = &to, .msg_iov = two, .msg_iovlen = 2};

	if (a < 0 || b < 0)
		return;
	MUST(getsockname(b, &to.sa, &len) == 0);
	m.msg_namelen = len;
	DO(sendto, a, data, 20L, 0L, &to, (long)len);
	WANT(net_send, STR(local, net_local(a)), STR(remote, net_local(b)), STR(protocol, "udp"),
	     NUM(bytes, 20));
	DO(sendmsg, a, &m, 0L);
	WANT(net_send, STR(local, net_local(a)), STR(remote, net_local(b)), NUM(bytes, 7));
	DO(recvfrom, b, data, 100L, 0L, &from, &from_len);
	WANT(net_recv, STR(local, net_local(b)), STR(remote, net_local(a)), NUM(bytes, 20));
	m.msg_name = &from;
	m.msg_namelen = sizeof(from);
	DO(recvmsg, b, &m, 0L);
	WANT(net_recv, STR(local, net_local(b)), STR(remote, net_local(a)), NUM(bytes, 7));
}

PROBE(net_inet)
{
	listen_and_talk(AF_INET);
	listen_and_talk(AF_INET6);
	datagrams(AF_INET);
	datagrams(AF_INET6);
}

static void unix_datagram(void)
{
	int server = net_server(AF_UNIX, SOCK_DGRAM), fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	union net_addr a;
	socklen_t len = net_unix_addr(&a, "server"), none = sizeof(a);

	DO(sendto, fd, data, 5L, 0L, &a, (long)len);
	WANT(net_send, STR(remote, "server"), STR(local, ""), STR(protocol, "unix-dgram"),
	     NUM(bytes, 5));
	DO(recvfrom, server, data, 50L, 0L, &a, &none);
	WANT(net_recv, STR(local, "server"), STR(remote, ""), NUM(bytes, 5));
}

static void unix_abstract(void)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char name[64];
	union net_addr a;
	socklen_t len;

	snprintf(name, sizeof(name), "@espy-probe-%d\x1b[31m", getpid());
	len = net_unix_addr(&a, name);
	MUST(bind(server, &a.sa, len) == 0 && listen(server, 4) == 0);
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, STR(remote, name), NUM(result, 0));
	DO(sendto, fd, data, 5L, 0L, 0L, 0L);
	WANT(net_send, STR(remote, name), STR(path, name), NUM(bytes, 5));
}

PROBE(net_unix)
{
	int s[2];

	unix_datagram();
	unix_abstract();
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	DO(sendto, s[0], data, 9L, 0L, 0L, 0L);
	WANT(net_send, STR(path, net_path(s[0])), STR(local, ""), STR(remote, ""), NUM(bytes, 9));
	DO(recvfrom, s[1], data, 100L, 0L, 0L, 0L);
	WANT(net_recv, STR(path, net_path(s[1])), NUM(bytes, 9));
	/* Sockets that were connected before the capture: fd_inherited. */
}

#define MANY_PARTS    100
#define MANY_MESSAGES 100

/* More parts and more messages than anyone reads at once: the counts are right all the same. */
PROBE(net_messages)
{
	static struct iovec parts[MANY_PARTS];
	static struct mmsghdr messages[MANY_MESSAGES];
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = MANY_PARTS};
	int s[2];

	for (int i = 0; i < MANY_PARTS; i++)
		parts[i] = (struct iovec){data, 7};
	for (int i = 0; i < MANY_MESSAGES; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = two, .msg_iovlen = 2};
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	DO(sendmsg, s[0], &m, 0L);
	WANT(net_send, NUM(result, 700), NUM(bytes, 700), NUM(requested, 700));
	DO(readv, s[1], parts, (long)MANY_PARTS);
	WANT(net_recv, NUM(result, 700), NUM(bytes, 700), NUM(requested, 700));
	MUST(net_pair(AF_UNIX, SOCK_DGRAM, s));
	DO(sendmmsg, s[0], messages, 8L, (long)MSG_DONTWAIT);
	WANT(net_send, NUM(result, 8), NUM(bytes, 56));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	DO(sendmmsg, s[0], messages, (long)MANY_MESSAGES, (long)MSG_DONTWAIT);
	WANT(net_send, NUM(result, MANY_MESSAGES), NUM(bytes, 7 * MANY_MESSAGES));
}
