/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The messages of send, receive and their kin as they lie in the caller's memory, and whether they
 * go to or come from a name server.
 */
#pragma once

#include "exit.bpf.h"

#define SOCKADDR_MAX 128

/* One message of sendmsg and its kin. */
struct message {
	u64 name, iov, iovs;
	u32 name_len;
};

struct msghdr_native {
	u64 name;
	u32 name_len, pad;
	u64 iov, iovs, control, controls;
	u32 flags, pad2;
};
struct msghdr_ia32 {
	u32 name, name_len, iov, iovs, control, controls, flags;
};

static __always_inline void read_message(struct message *m, u64 user, bool native)
{
	struct msghdr_native n = {};
	struct msghdr_ia32 i = {};

	if (native) {
		bpf_probe_read_user(&n, sizeof(n), (void *)user);
		m->name = n.name;
		m->name_len = n.name_len;
		m->iov = n.iov;
		m->iovs = n.iovs;
	} else {
		bpf_probe_read_user(&i, sizeof(i), (void *)user);
		m->name = i.name;
		m->name_len = i.name_len;
		m->iov = i.iov;
		m->iovs = i.iovs;
	}
}

/* --- name servers --------------------------------------------------------------------------- */

/*
 * Sockets without a peer that have sent a question, for answers that are taken without asking for
 * their sender. By address of the socket; a forgotten one is a question without an answer.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u32);
} dns_asked SEC(".maps");

#define MSG_PEEK_FLAG     2
#define MSG_ERRQUEUE_FLAG 0x2000

/* Is it an address of a name server that lies at the beginning of the text, as the call gave it?
 * Family 0 is taken for IPv4 by udp_sendmsg(). */
static __always_inline bool is_dns_addr(const struct scratch *s)
{
	const struct addr_in *a = (void *)s->text;

	return (a->family == AF_INET || a->family == AF_INET6 || !a->family) &&
	       is_dns_port(a->port);
}

/* Is what the call moved for a name server or from one? `off` bytes of address are there. Global:
 * verified once. */
__noinline int carries_dns(u32 off, u64 obj, u32 recv)
{
	struct call_exit x;
	struct sock *sk;
	u16 family, port;
	u64 key;

	if (!exit_begin(&x))
		return false;
	if (off >= 8)
		return is_dns_addr(x.s);
	if (!(obj & OBJ_ASKS) && (obj & ~(u64)OBJ_KIND) != OBJ_UNTOLD)
		return false;
	sk = sock_of_fd(call_arg(x.st, 1));
	if (!sk)
		return false;
	family = KR(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return false;
	port = KR(sk, __sk_common.skc_dport);
	if (port || !recv || KR(sk, sk_type) != SOCK_DGRAM)
		return is_dns_port(port);
	key = (u64)sk;
	return bpf_map_lookup_elem(&dns_asked, &key) != NULL;
}
