/* SPDX-License-Identifier: MIT */
/* Life of a socket: made, named, connected, shut, closed. */
#include "net.h"
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define MANY_PORTS 1 /* tcpmux: nobody listens there */

/* A call of the i386 multiplexer, with its arguments in memory. */
#define MULTIPLEX(call, number, ...)                                                  \
	(HAVE(socketcall) ? DID(call, raw_socketcall(number, (long[6]){__VA_ARGS__})) \
			  : DID(call, -ENOSYS))
#define VIA(call) EITHER(syscall, PROBE_ABI "socketcall", PROBE_ABI #call)

static long raw_socketcall(int number, long *args)
{
	long r = syscall(NR_socketcall, number, args);

	return r == -1 ? -errno : r;
}

/* Not allowed, which is what there is to see. */
static void raw_refused(void *arg)
{
	(void)arg;
	DO(socket, AF_PACKET, SOCK_RAW, (long)htons(3));
	WANT(net_socket, NUM(family, AF_PACKET), STR(protocol, "packet"), NUM(result, -EPERM));
	DO(socket, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	WANT(net_socket, STR(protocol, "raw-icmp6"), NUM(result, -EPERM));
}

PROBE(net_socket)
{
	int fd, s[2] = {-1, -1};

	fd = DO(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	WANT(net_socket, NUM(family, AF_INET), NUM(type, SOCK_STREAM | SOCK_CLOEXEC),
	     NUM(protocol_number, 0), STR(path, probe_fd_path(fd)));
	DO(socket, AF_INET6, SOCK_DGRAM, 17);
	WANT(net_socket, NUM(family, AF_INET6), NUM(type, SOCK_DGRAM), NUM(protocol_number, 17));
	fd = DO(socket, AF_UNIX, SOCK_SEQPACKET, 0);
	WANT(net_socket, NUM(family, AF_UNIX), NUM(type, SOCK_SEQPACKET), STR(path, net_path(fd)));
	DO(socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	WANT(net_socket, NUM(family, AF_NETLINK), NUM(type, SOCK_RAW),
	     NUM(protocol_number, NETLINK_ROUTE), STR(protocol, "netlink-route"));
	DO(socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	WANT(net_socket, NUM(type, SOCK_RAW), STR(protocol, "raw-icmp"));
	DO(socket, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, (long)htons(0x800));
	WANT(net_socket, NUM(family, AF_PACKET), STR(protocol, "packet-dgram"));
	MUST(probe_as_nobody(raw_refused, NULL) == 0);
	DO(socketpair, AF_UNIX, SOCK_STREAM, 0, s);
	WANT(net_socket, NUM(family, AF_UNIX), NUM(type, SOCK_STREAM), NUM(result, 0),
	     STR(path, net_path(s[0])));
	DO(socket, 99, SOCK_STREAM, 0);
	WANT(net_socket, NUM(family, 99), NUM(result, -EAFNOSUPPORT));
	DO(socketpair, AF_INET, SOCK_STREAM, 0, s);
	WANT(net_socket, NUM(family, AF_INET), NUM(result, -EOPNOTSUPP));
	MULTIPLEX(socket, 1, AF_INET, SOCK_DGRAM, 0);
	WANT(net_socket, VIA(socket), NUM(family, AF_INET), NUM(type, SOCK_DGRAM));
}

static const char *netlink_text(const struct sockaddr_nl *a)
{
	static char text[64];

	snprintf(text, sizeof(text), "netlink:%u/%#x", a->nl_pid, a->nl_groups);
	return text;
}

static const char *vsock_text(const struct sockaddr_vm *a)
{
	static char text[64];

	snprintf(text, sizeof(text), "vsock:%u:%u", a->svm_cid, a->svm_port);
	return text;
}

static void bind_one(int family, int type, const char *protocol)
{
	union net_addr a;
	socklen_t len = net_loopback(&a, family, 0);
	int fd = socket(family, type, 0), again = socket(family, type, 0);

	if (fd < 0) {
		probe_note("address family %d is not here", family);
		return;
	}
	DO(bind, fd, &a, (long)len);
	WANT(net_bind, STR(local, net_local(fd)), STR(protocol, protocol), STR(path, net_path(fd)));
	if (getsockname(fd, &a.sa, &len) < 0 || again < 0)
		return;
	DO(bind, again, &a, (long)len);
	WANT(net_bind, STR(local, net_text(&a, len)), STR(protocol, protocol));
}

static void bind_unix(const char *name)
{
	union net_addr a;
	socklen_t len = net_unix_addr(&a, name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), again = socket(AF_UNIX, SOCK_STREAM, 0);

	DO(bind, fd, &a, (long)len);
	WANT(net_bind, STR(local, name), STR(protocol, "unix"), NUM(result, 0));
	DO(bind, again, &a, (long)len);
	WANT(net_bind, STR(local, name), NUM(result, -EADDRINUSE));
}

/* Families whose addresses are not those of IP: packets of the loopback interface, groups of
 * netlink, a port for virtual machines. */
static void bind_rare(void)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(3)};
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_groups = 5};
	struct sockaddr_vm vm = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	ll.sll_ifindex = 1;
	DO(bind, fd, &ll, (long)sizeof(ll));
	WANT(net_bind, STR(local, "packet:1/0x3"), STR(protocol, "packet"));
	nl.nl_pid = getpid();
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	DO(bind, fd, &nl, (long)sizeof(nl));
	WANT(net_bind, STR(local, netlink_text(&nl)), STR(protocol, "netlink-route"));
	fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	vm.svm_port = 1024 + getpid();
	if (fd < 0)
		probe_note("no vsock here");
	else if (DO(bind, fd, &vm, (long)sizeof(vm)) == 0)
		WANT(net_bind, STR(local, vsock_text(&vm)), STR(protocol, "vsock"));
}

PROBE(net_bind)
{
	static const unsigned char far_away[16] = {2, 0, 0, 80, 192, 0, 2, 1};
	union net_addr a;
	socklen_t len = net_loopback(&a, AF_INET, 80);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char abstract[32];

	bind_one(AF_INET, SOCK_STREAM, "tcp");
	bind_one(AF_INET, SOCK_DGRAM, "udp");
	bind_one(AF_INET6, SOCK_STREAM, "tcp");
	bind_one(AF_INET6, SOCK_DGRAM, "udp");
	bind_unix("server");
	snprintf(abstract, sizeof(abstract), "@espy probe %d", getpid());
	bind_rare();
	bind_unix(abstract); /* the machine has one space of these */
	DO(bind, fd, far_away, 16L);
	WANT(net_bind, STR(local, "192.0.2.1:80"), NUM(result, -EADDRNOTAVAIL));
	DO(bind, fd, &a, 3L);
	WANT(net_bind, NUM(result, -EINVAL));
	DO(bind, 999, &a, (long)len);
	WANT(net_bind, STR(local, "127.0.0.1:80"), NUM(result, -EBADF));
}

PROBE(net_listen)
{
	int fd = net_server(AF_INET, SOCK_STREAM), udp = net_server(AF_INET, SOCK_DGRAM);
	int un = net_server(AF_UNIX, SOCK_STREAM);

	WANT(net_listen, ANY(syscall), NUM(backlog, 8), STR(local, net_local(fd)));
	WANT(net_listen, ANY(syscall), NUM(backlog, 8), STR(local, "server"));
	DO(listen, fd, 17);
	WANT(net_listen, NUM(backlog, 17), STR(local, net_local(fd)), STR(protocol, "tcp"),
	     STR(path, net_path(fd)), NUM(result, 0));
	DO(listen, udp, 5);
	WANT(net_listen, NUM(backlog, 5), STR(protocol, "udp"), NUM(result, -EOPNOTSUPP));
	DO(listen, un, 3);
	WANT(net_listen, NUM(backlog, 3), STR(protocol, "unix"), STR(local, "server"));
	DO(listen, 999, 1);
	WANT(net_listen, NUM(backlog, 1), NUM(result, -EBADF));
}

static void connect_to(int server, int type, const char *protocol)
{
	union net_addr a;
	socklen_t len = sizeof(a);
	int fd;

	if (server < 0) {
		probe_note("%s: not here", protocol);
		return;
	}
	MUST(getsockname(server, &a.sa, &len) == 0);
	fd = socket(a.sa.sa_family, type, 0);
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, STR(local, net_local(fd)), STR(remote, net_text(&a, len)),
	     STR(protocol, protocol), STR(path, net_path(fd)), NUM(result, 0));
}

static void connect_refused(int family)
{
	union net_addr a;
	socklen_t len = net_loopback(&a, family, MANY_PORTS);
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return;
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, STR(remote, net_text(&a, len)), STR(protocol, "tcp"));
}

static void connect_later(int server)
{
	union net_addr a;
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	MUST(getsockname(server, &a.sa, &len) == 0);
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, STR(remote, net_text(&a, len)));
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, STR(remote, net_text(&a, len)));
}

static void connect_unix(const char *name, int result)
{
	union net_addr a;
	socklen_t len = net_unix_addr(&a, name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	DO(connect, fd, &a, (long)len);
	WANT(net_connect, STR(remote, name), STR(protocol, "unix"), NUM(result, result));
}

PROBE(net_connect)
{
	int tcp = net_server(AF_INET, SOCK_STREAM);
	union net_addr a;
	socklen_t len = net_loopback(&a, AF_INET, 7);

	connect_to(tcp, SOCK_STREAM, "tcp");
	connect_to(net_server(AF_INET6, SOCK_STREAM), SOCK_STREAM, "tcp");
	connect_to(net_server(AF_INET, SOCK_DGRAM), SOCK_DGRAM, "udp");
	connect_to(net_server(AF_UNIX, SOCK_STREAM), SOCK_STREAM, "unix");
	connect_refused(AF_INET);
	connect_refused(AF_INET6);
	connect_later(tcp);
	connect_unix("server", 0);
	connect_unix("missing", -ENOENT);
	connect_unix("@nobody", -ECONNREFUSED);
	DO(connect, 999, &a, (long)len);
	WANT(net_connect, STR(remote, "127.0.0.1:7"), NUM(result, -EBADF));
}

static void accept_one(int family, const char *protocol)
{
	int server = net_server(family, SOCK_STREAM), client, fd;

	if (server < 0)
		return;
	client = net_client(server, SOCK_STREAM);
	fd = DO(accept4, server, 0L, 0L, (long)(SOCK_CLOEXEC | SOCK_NONBLOCK));
	MUST(fd >= 0);
	WANT(net_accept, NUM(flags, SOCK_CLOEXEC | SOCK_NONBLOCK), STR(local, net_local(fd)),
	     STR(remote, net_remote(fd)), STR(protocol, protocol), STR(path, net_path(fd)));
	close(client);
	client = net_client(server, SOCK_STREAM);
	fd = DO(accept, server, 0L, 0L);
	WANT(net_accept, STR(local, fd < 0 ? "" : net_local(fd)), STR(protocol, protocol));
}

PROBE(net_accept)
{
	int server = net_server(AF_INET, SOCK_STREAM), s[2];

	accept_one(AF_INET, "tcp");
	accept_one(AF_INET6, "tcp");
	accept_one(AF_UNIX, "unix");
	MUST(fcntl(server, F_SETFL, O_NONBLOCK) == 0);
	DO(accept4, server, 0L, 0L, 0L);
	WANT(net_accept, NUM(result, -EAGAIN), STR(error, "EAGAIN"), STR(local, net_local(server)));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	DO(accept4, s[0], 0L, 0L, 0L);
	WANT(net_accept, NUM(result, -EINVAL));
	DO(accept4, 999, 0L, 0L, 0L);
	WANT(net_accept, NUM(result, -EBADF));
}

PROBE(net_shutdown)
{
	int s[2], fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(net_pair(AF_INET, SOCK_STREAM, s));
	/* Addresses are those that the socket had when it was asked. */
	const char *local = net_local(s[0]), *remote = net_remote(s[0]), *path = net_path(s[0]);

	DO(shutdown, s[0], SHUT_WR);
	WANT(net_shutdown, NUM(how, SHUT_WR), STR(local, local), STR(remote, remote),
	     STR(protocol, "tcp"), STR(path, path), NUM(result, 0));
	DO(shutdown, s[0], SHUT_RD);
	WANT(net_shutdown, NUM(how, SHUT_RD), STR(local, local), NUM(result, 0));
	MUST(net_pair(AF_UNIX, SOCK_STREAM, s));
	DO(shutdown, s[1], SHUT_RDWR);
	WANT(net_shutdown, NUM(how, SHUT_RDWR), STR(protocol, "unix"), STR(local, "server"));
	DO(shutdown, fd, SHUT_RDWR);
	WANT(net_shutdown, NUM(how, SHUT_RDWR), NUM(result, -ENOTCONN));
	DO(shutdown, 999, SHUT_RD);
	WANT(net_shutdown, NUM(how, SHUT_RD), NUM(result, -EBADF));
}

static void close_one(int family, int type, const char *protocol)
{
	int s[2];
	const char *local, *remote, *path;

	if (!net_pair(family, type, s))
		return;
	for (int i = 0; i < 2; i++) {
		local = net_local(s[i]);
		remote = net_remote(s[i]);
		path = net_path(s[i]);
		DO(close, s[i]);
		WANT(net_close, NUM(fd, s[i]), STR(local, local), STR(remote, remote),
		     STR(protocol, protocol), STR(path, path), NUM(result, 0));
	}
}

PROBE(net_close)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	DO(close, fd);
	WANT(net_close, NUM(fd, fd), STR(protocol, "tcp"), STR(local, ""), STR(remote, ""));
	close_one(AF_INET, SOCK_STREAM, "tcp");
	close_one(AF_INET6, SOCK_STREAM, "tcp");
	close_one(AF_INET, SOCK_DGRAM, "udp");
	close_one(AF_UNIX, SOCK_STREAM, "unix");
	close_one(AF_UNIX, SOCK_DGRAM, "unix-dgram");
}
