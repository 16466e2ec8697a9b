/* SPDX-License-Identifier: GPL-2.0-only */
/* What tells a socket from others: its addresses, as a hash and as the definition of its object has
 * them. */
#pragma once

#include "probe.bpf.h"

#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_PACKET  17
#define AF_VSOCK   40

static __always_inline struct sock *sock_of(struct file *file)
{
	struct socket *socket = KR(file, private_data);

	return socket ? KR(socket, sk) : NULL;
}

/* An IPv6 address in our own memory. */
struct addr16 {
	u64 w[2];
};

/* The first 32 groups that a netlink socket hears. */
static __always_inline u32 netlink_groups(struct sock *sk)
{
	struct netlink_sock *nl = (void *)sk;
	u32 groups = 0;

	bpf_probe_read_kernel(&groups, sizeof(groups), BPF_CORE_READ(nl, groups));
	return groups;
}

/* Of families whose types need not be in the kernel: they may be modules. */
static __always_inline u64 rare_hash(struct sock *sk, u16 family, u64 h)
{
	struct packet_sock *p = (void *)sk;
	struct vsock_sock *v = (void *)sk;

	if (family == AF_PACKET && bpf_core_field_exists(p->ifindex))
		return mix(mix(h, BPF_CORE_READ(p, ifindex)), BPF_CORE_READ(p, num));
	if (family == AF_VSOCK && bpf_core_field_exists(v->local_addr))
		return mix(mix(mix(h, BPF_CORE_READ(v, local_addr.svm_port)),
			       BPF_CORE_READ(v, remote_addr.svm_port)),
			   BPF_CORE_READ(v, remote_addr.svm_cid));
	return h;
}

/* Changes whenever an address of the socket does. */
static __always_inline u64 sock_hash(struct sock *sk)
{
	u16 family = KR(sk, __sk_common.skc_family);
	struct addr16 a;
	u64 h;

	if (family == AF_UNIX) {
		struct unix_sock *u = (void *)sk;

		return mix(mix(family, low(KR(u, addr))), low(KR(u, peer)));
	}
	h = mix(mix(family, KR(sk, __sk_common.skc_num)), KR(sk, __sk_common.skc_dport));
	if (family == AF_INET)
		return mix(mix(h, KR(sk, __sk_common.skc_daddr)),
			   KR(sk, __sk_common.skc_rcv_saddr));
	if (family == AF_INET6) {
		bpf_core_read(&a, sizeof(a), &sk->__sk_common.skc_v6_daddr);
		h = mix(mix(h, a.w[0]), a.w[1]);
		bpf_core_read(&a, sizeof(a), &sk->__sk_common.skc_v6_rcv_saddr);
		return mix(mix(h, a.w[0]), a.w[1]);
	}
	if (family == AF_NETLINK) {
		struct netlink_sock *nl = (void *)sk;

		h = mix(h, netlink_groups(sk));
		return mix(mix(h, BPF_CORE_READ(nl, portid)), BPF_CORE_READ(nl, dst_portid));
	}
	return rare_hash(sk, family, h);
}

#define SOCK_STREAM 1
#define SOCK_DGRAM  2

/* DNS, multicast DNS (RFC 6762), LLMNR (RFC 4795); `port` in network order. */
static __always_inline bool is_dns_port(u16 port)
{
	return port == bpf_htons(53) || port == bpf_htons(5353) || port == bpf_htons(5355);
}

/* Its peer is a name server, or can be: datagrams to anybody. */
static __always_inline bool sock_asks(struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	u16 port = BPF_CORE_READ(sk, __sk_common.skc_dport);

	if (family != AF_INET && family != AF_INET6)
		return false;
	return is_dns_port(port) || (!port && BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM);
}

/* struct sockaddr_* as user space knows them (linux/in.h, in6.h, un.h, netlink.h). */
struct addr_in {
	u16 family, port;
	u32 addr;
	u64 zero;
};
struct addr_in6 {
	u16 family, port;
	u32 flow;
	u32 addr[4];
	u32 scope;
};
struct addr_nl {
	u16 family, pad;
	u32 pid, groups;
};
struct addr_ll {
	u16 family, protocol;
	u32 ifindex;
	u64 rest[2];
};
struct addr_vm {
	u16 family, pad;
	u32 port, cid, rest;
};

#define ADDR_MAX 128

static __always_inline u32 unix_name(char *to, struct sock *sk)
{
	struct unix_sock *u = (void *)sk;
	struct unix_address *a = sk ? BPF_CORE_READ(u, addr) : NULL;
	u32 len;

	if (!a)
		return 0;
	len = BPF_CORE_READ(a, len);
	if (len > ADDR_MAX - 1)
		len = ADDR_MAX - 1;
	len &= ADDR_MAX - 1;
	if (bpf_probe_read_kernel(to, len, &a->name))
		return 0;
	return len;
}

static __always_inline void rare_names(struct obj_scratch *s, char *local, char *remote,
				       struct sock *sk, u16 family)
{
	struct addr_vm *l = (void *)local, *r = (void *)remote;
	struct packet_sock *p = (void *)sk;
	struct vsock_sock *v = (void *)sk;
	struct addr_ll *ll = (void *)local;

	if (family == AF_PACKET && bpf_core_field_exists(p->ifindex)) {
		ll->family = family;
		ll->protocol = BPF_CORE_READ(p, num);
		ll->ifindex = BPF_CORE_READ(p, ifindex);
		ll->rest[0] = ll->rest[1] = 0;
		s->rec.local.len = 20; /* struct sockaddr_ll */
	} else if (family == AF_VSOCK && bpf_core_field_exists(v->local_addr)) {
		l->family = r->family = family;
		l->pad = r->pad = 0;
		l->rest = r->rest = 0;
		l->port = BPF_CORE_READ(v, local_addr.svm_port);
		l->cid = BPF_CORE_READ(v, local_addr.svm_cid);
		r->port = BPF_CORE_READ(v, remote_addr.svm_port);
		r->cid = BPF_CORE_READ(v, remote_addr.svm_cid);
		s->rec.local.len = s->rec.remote.len = sizeof(*l);
	}
}

/* Both ends of the socket in a scratch into its text area, at `off`; their lengths go to the
 * record. Global: the rest of a definition is not verified for each family again. */
__noinline int sock_names(u32 user, u32 off)
{
	struct obj_scratch *s = bpf_map_lookup_elem(&obj_scratches, &user);
	char *local, *remote;
	struct sock *sk;
	u16 family;

	if (!s)
		return 0;
	off &= OBJ_TEXT - 1;
	local = s->text + off;
	remote = local + ADDR_MAX;
	sk = (void *)s->sk;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	s->rec.family = family;
	s->rec.protocol = BPF_CORE_READ(sk, sk_type) | (u32)BPF_CORE_READ(sk, sk_protocol) << 8;
	if (family == AF_INET) {
		struct addr_in *l = (void *)local, *r = (void *)remote;

		l->family = r->family = family;
		l->zero = r->zero = 0;
		l->port = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
		l->addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		r->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		r->addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		s->rec.local.len = s->rec.remote.len = sizeof(*l);
	} else if (family == AF_INET6) {
		struct addr_in6 *l = (void *)local, *r = (void *)remote;

		l->family = r->family = family;
		l->flow = r->flow = l->scope = r->scope = 0;
		l->port = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
		bpf_core_read(l->addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		r->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		bpf_core_read(r->addr, 16, &sk->__sk_common.skc_v6_daddr);
		s->rec.local.len = s->rec.remote.len = sizeof(*l);
	} else if (family == AF_UNIX) {
		struct unix_sock *u = (void *)sk;

		s->rec.local.len = unix_name(local, sk);
		s->rec.remote.len = unix_name(remote, BPF_CORE_READ(u, peer));
	} else if (family == AF_NETLINK) {
		struct netlink_sock *nl = (void *)sk;
		struct addr_nl *l = (void *)local, *r = (void *)remote;

		l->family = r->family = family;
		l->pad = r->pad = 0;
		l->groups = netlink_groups(sk);
		r->groups = 0;
		l->pid = BPF_CORE_READ(nl, portid);
		r->pid = BPF_CORE_READ(nl, dst_portid);
		s->rec.local.len = s->rec.remote.len = sizeof(*l);
	} else {
		rare_names(s, local, remote, sk, family);
	}
	return 0;
}
