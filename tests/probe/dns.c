/* SPDX-License-Identifier: MIT */
/* Questions to a name server, in every form; the server is a thread that answers by the name. */
#include "net.h"
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#define NET_NEW 0x40000000 /* CLONE_NEWNET */

enum { UDP4, UDP6, TCP4, TCP6, SERVERS };

struct message {
	unsigned char bytes[600];
	size_t n;
};

static void put(struct message *m, const void *p, size_t n)
{
	MUST(m->n + n <= sizeof(m->bytes));
	memcpy(m->bytes + m->n, p, n);
	m->n += n;
}

static void put16(struct message *m, unsigned v)
{
	put(m, (unsigned char[]){v >> 8, v}, 2);
}

static void put_name(struct message *m, const char *name)
{
	while (*name) {
		unsigned char n = strcspn(name, ".");

		put(m, &n, 1);
		put(m, name, n);
		name += n + (name[n] == '.');
	}
	put(m, "", 1);
}

static struct message question(unsigned id, const char *name, unsigned type, unsigned edns)
{
	struct message m = {.n = 0};

	put16(&m, id);
	put16(&m, 0x0100); /* RD */
	put16(&m, 1);
	put16(&m, 0);
	put16(&m, 0);
	put16(&m, edns ? 1 : 0);
	put_name(&m, name);
	put16(&m, type);
	put16(&m, 1);
	if (edns) {
		put(&m, "\0\0\51", 3); /* the root, OPT */
		put16(&m, edns);
		put(&m, "\0\0\0\0\0\0", 6);
	}
	return m;
}

/* --- the server ---------------------------------------------------------------------------------
 */

static void put_record(struct message *m, unsigned name_at, unsigned type, const void *p, size_t n)
{
	put16(m, 0xc000 | name_at);
	put16(m, type);
	put16(m, 1);
	put(m, "\0\0\0\74", 4);
	put16(m, n);
	put(m, p, n);
}

static void put_address(struct message *m, unsigned name_at, unsigned type)
{
	unsigned char a[16];

	inet_pton(type == 28 ? AF_INET6 : AF_INET, type == 28 ? "2001:db8::7" : "192.0.2.7", a);
	put_record(m, name_at, type, a, type == 28 ? 16 : 4);
}

static bool begins(const struct message *m, const char *label)
{
	return m->n > 12 && m->bytes[12] == strlen(label) &&
	       memcmp(m->bytes + 13, label, strlen(label)) == 0;
}

/* The answer, from the question; false: none. */
static bool answer(struct message *m)
{
	static bool asked;
	size_t end = 12 + strlen((char *)m->bytes + 12) + 1;
	unsigned type = m->bytes[end] << 8 | m->bytes[end + 1], at, rcode = 0, n = 0;

	if (begins(m, "silent"))
		return false;
	if (begins(m, "again") && (asked = !asked))
		return false;
	m->n = end + 4;
	if (begins(m, "none")) {
		rcode = 3;
	} else if (begins(m, "alias")) {
		at = m->n + 12;
		put_record(m, 12, 5, "\3www\4espy\4test", 15);
		put_address(m, at, type);
		n = 2;
	} else if (begins(m, "text")) {
		put_record(m, 12, 16, "\4a\"b\1\2hi", 8);
		n = 1;
	} else {
		put_address(m, 12, type);
		n = 1;
	}
	m->bytes[2] = 0x81 | (begins(m, "short") ? 2 : 0); /* TC */
	m->bytes[3] = 0x80 | rcode;
	m->bytes[7] = n;
	m->bytes[11] = 0;
	return true;
}

static void serve_datagram(int fd)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct message m;
	ssize_t n = recvfrom(fd, m.bytes, sizeof(m.bytes), 0, (void *)&from, &len);

	MUST(n > 12);
	m.n = n;
	if (answer(&m))
		sendto(fd, m.bytes, m.n, 0, (void *)&from, len);
}

static void serve_stream(int fd)
{
	int c = accept(fd, NULL, NULL);
	unsigned char prefix[2];
	struct message m;

	while (recv(c, prefix, 2, MSG_WAITALL) == 2) {
		m.n = prefix[0] << 8 | prefix[1];
		MUST(recv(c, m.bytes, m.n, MSG_WAITALL) == (ssize_t)m.n);
		if (!answer(&m))
			continue;
		prefix[0] = m.n >> 8;
		prefix[1] = m.n;
		MUST(send(c, prefix, 2, MSG_MORE) == 2);
		MUST(send(c, m.bytes, m.n, 0) == (ssize_t)m.n);
	}
	close(c);
}

static int servers[SERVERS];

static void *serve(void *arg)
{
	struct pollfd p[SERVERS];

	(void)arg;
	for (;;) {
		for (int i = 0; i < SERVERS; i++)
			p[i] = (struct pollfd){servers[i], POLLIN, 0};
		poll(p, SERVERS, -1);
		for (int i = 0; i < SERVERS; i++)
			if (p[i].revents & POLLIN)
				i < TCP4 ? serve_datagram(servers[i]) : serve_stream(servers[i]);
	}
	return NULL;
}

/* A network of our own, where port 53 is free. */
static void own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int fd;

	if (unshare(NET_NEW) < 0)
		probe_skip("no network namespace can be made");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	MUST(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0);
	lo.ifr_flags |= IFF_UP;
	MUST(ioctl(fd, SIOCSIFFLAGS, &lo) == 0);
	close(fd);
}

static void start_servers(void)
{
	union net_addr a;
	pthread_t t;

	own_network();
	for (int i = 0; i < SERVERS; i++) {
		int family = i == UDP6 || i == TCP6 ? AF_INET6 : AF_INET;

		servers[i] = socket(family, i < TCP4 ? SOCK_DGRAM : SOCK_STREAM, 0);
		if (servers[i] < 0 || bind(servers[i], &a.sa, net_loopback(&a, family, 53)) < 0) {
			probe_note("no server %d", i);
			servers[i] = -1;
		} else if (i >= TCP4) {
			MUST(listen(servers[i], 8) == 0);
		}
	}
	MUST(pthread_create(&t, NULL, serve, NULL) == 0);
}

static int client(int server)
{
	union net_addr a;
	int family = server == UDP6 || server == TCP6 ? AF_INET6 : AF_INET;
	int fd = socket(family, server < TCP4 ? SOCK_DGRAM : SOCK_STREAM, 0);

	MUST(fd >= 0 && connect(fd, &a.sa, net_loopback(&a, family, 53)) == 0);
	return fd;
}

/* --- the questions ------------------------------------------------------------------------------
 */

static char in[2048];

#define WWW(type, address) \
	STR(query, "www.espy.test"), STR(query_type, type), STR(answers, address), NUM(result, 1)
#define V4     STR(remote, "127.0.0.1:53")
#define V6     STR(remote, "[::1]:53")
#define ON(fd) STR(local, net_local(fd)), STR(path, net_path(fd))
#define COMMON STR(rcode, "NOERROR"), STR(query_class, "IN"), NUM(tries, 1), NUM(pending, 0)

static void ask(int fd, const struct message *m)
{
	MUST(send(fd, m->bytes, m->n, 0) == (ssize_t)m->n);
	MUST(recv(fd, in, sizeof(in), 0) > 12);
	NOTED();
}

static void connected(int server)
{
	struct message m = question(0x1234, "www.espy.test", 1, 1232);
	int fd = client(server);

	ask(fd, &m);
	WANT(net_dns, WWW("A", "192.0.2.7"), ON(fd), COMMON, STR(protocol, "udp"),
	     NUM(query_id, 0x1234), NUM(edns, 1232), MASK(dns_flags, 0x780, 0x180));
	m = question(0x1235, "alias.espy.test", 28, 0);
	MUST(write(fd, m.bytes, m.n) == (ssize_t)m.n);
	MUST(recv(fd, in, sizeof(in), MSG_PEEK) > 12); /* is not an answer of its own */
	MUST(read(fd, in, sizeof(in)) > 12);
	NOTED();
	WANT(net_dns, STR(query, "alias.espy.test"), STR(query_type, "AAAA"), NUM(result, 2),
	     STR(answers, "CNAME www.espy.test, 2001:db8::7"), NUM(edns, 0));
	m = question(0x1236, "none.espy.test", 1, 0);
	ask(fd, &m);
	WANT(net_dns, STR(query, "none.espy.test"), STR(rcode, "NXDOMAIN"), STR(answers, ""),
	     NUM(result, -ENOENT));
	m = question(0x1237, "short.espy.test", 1, 0);
	ask(fd, &m);
	WANT(net_dns, STR(query, "short.espy.test"), MASK(dns_flags, 0x200, 0x200), NUM(result, 1));
	m = question(0x1238, "text.espy.test", 16, 0);
	ask(fd, &m);
	WANT(net_dns, STR(query, "text.espy.test"), STR(query_type, "TXT"),
	     STR(answers, "TXT \"a\\\"b\\001\" \"hi\""), NUM(result, 1));
}

/* As musl and static resolvers do: one socket without a peer. */
static void unconnected(void)
{
	struct message m = question(7, "www.espy.test", 28, 0);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	union net_addr a, from;
	socklen_t len = net_loopback(&a, AF_INET6, 53), from_len = sizeof(from);

	MUST(sendto(fd, m.bytes, m.n, 0, &a.sa, len) > 0);
	MUST(recvfrom(fd, in, sizeof(in), 0, &from.sa, &from_len) > 12);
	NOTED();
	WANT(net_dns, WWW("AAAA", "2001:db8::7"), V6, STR(protocol, "udp"), COMMON);
	MUST(sendto(fd, m.bytes, m.n, 0, &a.sa, len) > 0);
	MUST(recv(fd, in, sizeof(in), 0) > 12); /* without asking who answers */
	NOTED();
	WANT(net_dns, WWW("AAAA", "2001:db8::7"), V6, STR(protocol, "udp"), COMMON);
}

static void several(void)
{
	struct message one = question(1, "www.espy.test", 1, 0);
	struct message two = question(2, "www.espy.test", 28, 0);
	struct iovec iov[3] = {{one.bytes, 5}, {one.bytes + 5, one.n - 5}, {two.bytes, two.n}};
	struct mmsghdr mm[2] = {{.msg_hdr = {.msg_iov = iov, .msg_iovlen = 2}},
				{.msg_hdr = {.msg_iov = iov + 2, .msg_iovlen = 1}}};
	struct iovec back[2] = {{in, 1000}, {in + 1000, 1000}};
	struct mmsghdr rr[2] = {{.msg_hdr = {.msg_iov = back, .msg_iovlen = 1}},
				{.msg_hdr = {.msg_iov = back + 1, .msg_iovlen = 1}}};
	int fd = client(UDP4);

	MUST(sendmmsg(fd, mm, 2, 0) == 2);
	MUST(recvmmsg(fd, rr, 2, 0, NULL) == 2);
	NOTED();
	WANT(net_dns, WWW("A", "192.0.2.7"), V4, COMMON, NUM(query_id, 1));
	WANT(net_dns, WWW("AAAA", "2001:db8::7"), V4, COMMON, NUM(query_id, 2));
}

static void read_all(int fd, size_t n, size_t step)
{
	while (n) {
		ssize_t got = read(fd, in, n < step ? n : step);

		MUST(got > 0);
		n -= got;
	}
}

/* Streams: a length before each message, which no call need respect. */
static void stream(int server, const char *remote)
{
	struct message m = question(9, "www.espy.test", 1, 0), both = {.n = 0}, next;
	unsigned char prefix[2] = {0, m.n};
	struct iovec iov[2] = {{prefix, 2}, {m.bytes, m.n}};
	size_t size = 2 + m.n + 16; /* of an answer with an address */
	int fd = client(server);

	MUST(writev(fd, iov, 2) == (ssize_t)(2 + m.n));
	read_all(fd, 2, 2); /* as the C library does */
	read_all(fd, size - 2, size);
	NOTED();
	WANT(net_dns, WWW("A", "192.0.2.7"), STR(remote, remote), ON(fd), STR(protocol, "tcp"),
	     COMMON);
	next = question(10, "www.espy.test", 28, 0);
	put(&both, prefix, 2);
	put(&both, m.bytes, m.n);
	put16(&both, next.n);
	put(&both, next.bytes, next.n);
	MUST(write(fd, both.bytes, both.n) == (ssize_t)both.n);
	read_all(fd, size + size + 12, 3);
	NOTED();
	WANT(net_dns, WWW("A", "192.0.2.7"), STR(protocol, "tcp"), COMMON, NUM(query_id, 9));
	WANT(net_dns, WWW("AAAA", "2001:db8::7"), STR(protocol, "tcp"), COMMON, NUM(query_id, 10));
	close(fd);
}

static void tries(void)
{
	struct message m = question(11, "again.espy.test", 1, 0);
	int fd = client(UDP4);

	MUST(send(fd, m.bytes, m.n, 0) == (ssize_t)m.n);
	ask(fd, &m);
	WANT(net_dns, STR(query, "again.espy.test"), NUM(tries, 2), NUM(result, 1));
	m = question(12, "silent.espy.test", 15, 0);
	MUST(send(fd, m.bytes, m.n, 0) == (ssize_t)m.n);
	NOTED();
	WANT(net_dns, STR(query, "silent.espy.test"), STR(query_type, "MX"), NUM(tries, 1),
	     STR(rcode, "UNANSWERED"), ANY(result));
}

PROBE(net_dns)
{
	start_servers();
	connected(UDP4);
	if (servers[UDP6] >= 0) {
		connected(UDP6);
		unconnected();
	}
	several();
	stream(TCP4, "127.0.0.1:53");
	if (servers[TCP6] >= 0)
		stream(TCP6, "[::1]:53");
	tries();
}
