/* SPDX-License-Identifier: MIT */
#include "enrich/addr.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define HEX_BYTES_MAX 64 /* of an address that is not understood */

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

union addr {
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_nl nl;
	struct sockaddr_ll ll;
	struct sockaddr_vm vm;
};

static unsigned family_of(struct espy_str s)
{
	sa_family_t family = AF_UNSPEC;

	if (s.n >= sizeof(family))
		memcpy(&family, s.p, sizeof(family));
	return family;
}

static void put_in(struct espy_buf *out, const union addr *a)
{
	char text[INET_ADDRSTRLEN] = "";

	inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
	espy_buf_puts(out, text);
	espy_buf_putc(out, ':');
	espy_buf_u64(out, ntohs(a->in.sin_port));
}

static void put_in6(struct espy_buf *out, const union addr *a)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
	espy_buf_putc(out, '[');
	espy_buf_puts(out, text);
	if (a->in6.sin6_scope_id) {
		espy_buf_putc(out, '%');
		espy_buf_u64(out, a->in6.sin6_scope_id);
	}
	espy_buf_puts(out, "]:");
	espy_buf_u64(out, ntohs(a->in6.sin6_port));
}

static void put_nl(struct espy_buf *out, const union addr *a)
{
	espy_buf_puts(out, "netlink:");
	espy_buf_u64(out, a->nl.nl_pid);
	if (a->nl.nl_groups) {
		espy_buf_putc(out, '/');
		espy_buf_hex(out, a->nl.nl_groups);
	}
}

static void put_ll(struct espy_buf *out, const union addr *a)
{
	espy_buf_puts(out, "packet:");
	espy_buf_s64(out, a->ll.sll_ifindex);
	if (a->ll.sll_protocol) {
		espy_buf_putc(out, '/');
		espy_buf_hex(out, ntohs(a->ll.sll_protocol));
	}
}

static void put_vm(struct espy_buf *out, const union addr *a)
{
	espy_buf_puts(out, "vsock:");
	espy_buf_u64(out, a->vm.svm_cid);
	espy_buf_putc(out, ':');
	espy_buf_u64(out, a->vm.svm_port);
}

static bool in_is_blank(const union addr *a)
{
	return !a->in.sin_addr.s_addr && !a->in.sin_port;
}

static bool in6_is_blank(const union addr *a)
{
	return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr) && !a->in6.sin6_port;
}

static bool nl_is_blank(const union addr *a)
{
	return !a->nl.nl_pid && !a->nl.nl_groups;
}

static bool ll_is_blank(const union addr *a)
{
	return !a->ll.sll_ifindex && !a->ll.sll_protocol;
}

/* An end that was never bound or connected is "any". */
static bool vm_is_blank(const union addr *a)
{
	return (!a->vm.svm_cid || a->vm.svm_cid == VMADDR_CID_ANY) &&
	       (!a->vm.svm_port || a->vm.svm_port == VMADDR_PORT_ANY);
}

/* `need`: bytes that the kernel asks for; what follows them reads as 0 when it is missing. */
static const struct family {
	unsigned family, need;
	void (*put)(struct espy_buf *out, const union addr *a);
	bool (*is_blank)(const union addr *a);
} families[] = {
	{AF_INET, 8, put_in, in_is_blank},    {AF_INET6, 24, put_in6, in6_is_blank},
	{AF_NETLINK, 8, put_nl, nl_is_blank}, {AF_PACKET, 8, put_ll, ll_is_blank},
	{AF_VSOCK, 12, put_vm, vm_is_blank},
};

/* The row of the address's family and a copy of it in *ret; NULL when it is unknown or too short.
 */
static const struct family *read_addr(struct espy_str s, union addr *ret)
{
	unsigned family = family_of(s);

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (families[i].family != family || s.n < families[i].need)
			continue;
		memset(ret, 0, sizeof(*ret));
		memcpy(ret, s.p, s.n < sizeof(*ret) ? s.n : sizeof(*ret));
		return &families[i];
	}
	return NULL;
}

/* A path ends at its NUL, an abstract name only at the end of the address. */
static struct espy_str unix_name(struct espy_str s)
{
	size_t head = offsetof(struct sockaddr_un, sun_path);
	struct espy_str name = {s.p + head, s.n > head ? s.n - head : 0};

	if (name.n > 0 && name.p[0] != '\0')
		name.n = strnlen(name.p, name.n);
	return name;
}

static void put_unix(struct espy_buf *out, struct espy_str name)
{
	if (name.n > 0 && name.p[0] == '\0') {
		espy_buf_putc(out, '@');
		name.p++;
		name.n--;
	}
	espy_buf_str(out, name);
}

static void put_hex(struct espy_buf *out, struct espy_str s)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = s.n < HEX_BYTES_MAX ? s.n : HEX_BYTES_MAX;

	espy_buf_puts(out, "af_");
	espy_buf_u64(out, family_of(s));
	if (family_of(s) == AF_UNSPEC)
		return;
	if (s.n > sizeof(sa_family_t))
		espy_buf_putc(out, ':');
	for (size_t i = sizeof(sa_family_t); i < n; i++) {
		espy_buf_putc(out, digits[(unsigned char)s.p[i] >> 4]);
		espy_buf_putc(out, digits[(unsigned char)s.p[i] & 15]);
	}
}

void espy_addr_text(struct espy_buf *out, struct espy_str sockaddr)
{
	const struct family *f;
	union addr a;

	if (sockaddr.n < sizeof(sa_family_t))
		return;
	if (family_of(sockaddr) == AF_UNIX) {
		put_unix(out, unix_name(sockaddr));
		return;
	}
	f = read_addr(sockaddr, &a);
	if (f)
		f->put(out, &a);
	else
		put_hex(out, sockaddr);
}

bool espy_addr_is_blank(struct espy_str sockaddr)
{
	const struct family *f;
	union addr a;

	if (family_of(sockaddr) == AF_UNSPEC)
		return true;
	if (family_of(sockaddr) == AF_UNIX)
		return unix_name(sockaddr).n == 0;
	f = read_addr(sockaddr, &a);
	return f && f->is_blank(&a);
}

#define ANY (-1)

/* First row that fits; protocol 0 is the type's usual one. */
static const struct {
	int family, type, protocol;
	const char *name;
} protocols[] = {
	{AF_INET, SOCK_STREAM, 0, "tcp"},
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, "tcp"},
	{AF_INET, SOCK_DGRAM, 0, "udp"},
	{AF_INET, SOCK_DGRAM, IPPROTO_UDP, "udp"},
	{AF_INET, SOCK_DGRAM, IPPROTO_ICMP, "icmp"},
	{AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6, "icmp6"},
	{AF_INET, SOCK_RAW, ANY, "raw"},
	{AF_INET, ANY, IPPROTO_SCTP, "sctp"},
	{AF_INET, ANY, IPPROTO_MPTCP, "mptcp"},
	{AF_INET, ANY, IPPROTO_UDPLITE, "udplite"},
	{AF_UNIX, SOCK_DGRAM, ANY, "unix-dgram"},
	{AF_UNIX, SOCK_SEQPACKET, ANY, "unix-seqpacket"},
	{AF_UNIX, ANY, ANY, "unix"},
	{AF_INET, ANY, ANY, "inet"},
	{AF_NETLINK, ANY, ANY, "netlink"},
	{AF_PACKET, ANY, ANY, "packet"},
	{AF_VSOCK, ANY, ANY, "vsock"},
};

/* What is spoken over sockets that give their protocol by number, behind the family's own name. */
static const struct {
	int family, type, protocol;
	const char *name;
} spoken[] = {
	{AF_INET, SOCK_RAW, IPPROTO_ICMP, "-icmp"},
	{AF_INET, SOCK_RAW, IPPROTO_IGMP, "-igmp"},
	{AF_INET, SOCK_RAW, IPPROTO_TCP, "-tcp"},
	{AF_INET, SOCK_RAW, IPPROTO_UDP, "-udp"},
	{AF_INET, SOCK_RAW, IPPROTO_ICMPV6, "-icmp6"},
	{AF_NETLINK, ANY, NETLINK_ROUTE, "-route"},
	{AF_NETLINK, ANY, NETLINK_USERSOCK, "-usersock"},
	{AF_NETLINK, ANY, NETLINK_SOCK_DIAG, "-sock_diag"},
	{AF_NETLINK, ANY, NETLINK_NFLOG, "-nflog"},
	{AF_NETLINK, ANY, NETLINK_XFRM, "-xfrm"},
	{AF_NETLINK, ANY, NETLINK_SELINUX, "-selinux"},
	{AF_NETLINK, ANY, NETLINK_ISCSI, "-iscsi"},
	{AF_NETLINK, ANY, NETLINK_AUDIT, "-audit"},
	{AF_NETLINK, ANY, NETLINK_FIB_LOOKUP, "-fib_lookup"},
	{AF_NETLINK, ANY, NETLINK_CONNECTOR, "-connector"},
	{AF_NETLINK, ANY, NETLINK_NETFILTER, "-netfilter"},
	{AF_NETLINK, ANY, NETLINK_KOBJECT_UEVENT, "-kobject_uevent"},
	{AF_NETLINK, ANY, NETLINK_GENERIC, "-generic"},
	{AF_NETLINK, ANY, NETLINK_RDMA, "-rdma"},
	{AF_NETLINK, ANY, NETLINK_CRYPTO, "-crypto"},
	{AF_PACKET, SOCK_DGRAM, ANY, "-dgram"},
};

static void put_spoken(struct espy_buf *out, unsigned family, unsigned type, unsigned protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(spoken); i++) {
		if ((unsigned)spoken[i].family != family ||
		    (spoken[i].type != ANY && (unsigned)spoken[i].type != type) ||
		    (spoken[i].protocol != ANY && (unsigned)spoken[i].protocol != protocol))
			continue;
		espy_buf_puts(out, spoken[i].name);
		return;
	}
}

void espy_addr_protocol(struct espy_buf *out, unsigned family, unsigned type, unsigned protocol)
{
	unsigned same = family == AF_INET6 ? AF_INET : family;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if ((unsigned)protocols[i].family != same)
			continue;
		if (protocols[i].type != ANY && (unsigned)protocols[i].type != type)
			continue;
		if (protocols[i].protocol != ANY && (unsigned)protocols[i].protocol != protocol)
			continue;
		espy_buf_puts(out, protocols[i].name);
		put_spoken(out, same, type, protocol);
		return;
	}
	if (family != AF_UNSPEC) {
		espy_buf_puts(out, "af_");
		espy_buf_u64(out, family);
	}
}

void espy_addr_path(struct espy_buf *out, struct espy_str local, struct espy_str remote)
{
	espy_buf_str(out, local);
	if (remote.n) {
		espy_buf_puts(out, local.n ? " -> " : "-> ");
		espy_buf_str(out, remote);
	}
}

bool espy_addr_is_unix(struct espy_str sockaddr)
{
	uint16_t family;

	if (sockaddr.n < sizeof(family))
		return false;
	memcpy(&family, sockaddr.p, sizeof(family));
	return family == AF_UNIX;
}
