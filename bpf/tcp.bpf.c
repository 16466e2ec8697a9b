/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of TCP connections: states, retransmissions, resets. Tracepoints, because most of it
 * is in no system call; each of them exists on 5.10. Later kernels append arguments (6.10 to
 * tcp_send_reset, 6.16 to tcp_retransmit_skb), which are not looked at.
 */
#include "owner.bpf.h"

enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_CLOSE = 7, TCP_LISTEN = 10 };

#define IPPROTO_TCP 6

/* Two addresses and "tcp", behind the fixed part of a record. */
#define END_MAX  32
#define ENDS_MAX (2 * END_MAX + 8)

struct tcp_texts {
	struct espy_text local, remote, protocol;
};

/* skc_num is 0 as soon as the socket is closed. */
static __always_inline u16 local_port(struct sock *sk)
{
	struct inet_sock *inet = (void *)sk;
	u16 port = BPF_CORE_READ(inet, inet_sport);

	return port ? port : bpf_htons(KR(sk, __sk_common.skc_num));
}

/* The addresses of a socket, or of what begins like one. */
static __always_inline u32 put_ends(char *to, struct sock *sk, u16 port)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct addr_in6 *l6 = (void *)to, *r6 = (void *)(to + END_MAX);
	struct addr_in *l = (void *)to, *r = (void *)(to + END_MAX);

	l->family = r->family = family;
	l->port = port;
	r->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (family == AF_INET6) {
		l6->flow = r6->flow = l6->scope = r6->scope = 0;
		bpf_core_read(l6->addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(r6->addr, 16, &sk->__sk_common.skc_v6_daddr);
		return sizeof(*l6);
	}
	l->zero = r->zero = 0;
	l->addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	r->addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	return sizeof(*l);
}

static __always_inline void put_texts(struct tcp_texts *t, char *to, u32 fixed, u32 len)
{
	t->local.off = fixed;
	t->remote.off = fixed + END_MAX;
	t->local.len = len;
	t->remote.len = ((struct addr_in *)(to + END_MAX))->port ? len : 0; /* none: it listens */
	t->protocol.off = fixed + 2 * END_MAX;
	t->protocol.len = 3;
	__builtin_memcpy(to + 2 * END_MAX, "tcp", 4);
}

#define SET_TEXTS(rec, len)                                              \
	({                                                               \
		struct tcp_texts t;                                      \
		put_texts(&t, (char *)((rec) + 1), sizeof(*(rec)), len); \
		path_of_object(&(rec)->path, 0);                         \
		(rec)->path.source = ESPY_SOURCE_KERNEL;                 \
		(rec)->local = t.local;                                  \
		(rec)->remote = t.remote;                                \
		(rec)->protocol = t.protocol;                            \
	})

/* Is something of this owner recorded? Nobody's is where everything is. */
static __always_inline bool owner_wanted(const struct sock_owner *o)
{
	return o ? o->recorded : !only_targets && !only_uids && !only_cgroup;
}

static __always_inline void owner_header(struct espy_event *e, const struct sock_owner *o, u16 type,
					 u32 seq, u32 size)
{
	e->time = bpf_ktime_get_boot_ns();
	e->duration = 0;
	e->start = o ? o->start : 0;
	e->result = 0;
	e->pid = o ? o->pid : 0;
	e->tid = o ? o->tid : 0;
	e->seq = seq;
	e->size = size;
	e->type = type;
	e->call = 0;
	e->cpu = bpf_get_smp_processor_id();
	e->abi = ESPY_ABI_NONE;
	e->flags = 0;
}

/* --- states -------------------------------------------------------------------------------------
 */

/* connect and listen: always in the call of the task, or of a kernel thread that does it. */
static __always_inline void owner_learn(struct sock *sk, bool listens)
{
	struct task_state *st = state_seen(current_task(), SEEN_INSIDE);
	struct listen_key port = {.net = (u64)KR(sk, __sk_common.skc_net.net),
				  .port = KR(sk, __sk_common.skc_num)};
	struct sock_owner o;
	u64 key = (u64)sk;

	if (!st) {
		bpf_map_delete_elem(&sock_owners, &key);
		return;
	}
	owner_fill(&o, st, 0); /* the state before has no beginning */
	bpf_map_update_elem(&sock_owners, &key, &o, BPF_ANY);
	if (listens)
		bpf_map_update_elem(&listen_owners, &port, &o, BPF_ANY);
}

/* A connection that nobody has accepted yet is the listener's. */
static __always_inline void owner_inherit(struct sock *sk)
{
	struct listen_key port = {.net = (u64)KR(sk, __sk_common.skc_net.net),
				  .port = KR(sk, __sk_common.skc_num)};
	struct sock_owner *o = bpf_map_lookup_elem(&listen_owners, &port), new;
	u64 key = (u64)sk;

	if (!o) {
		bpf_map_delete_elem(&sock_owners, &key);
		return;
	}
	new = *o;
	new.since = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&sock_owners, &key, &new, BPF_ANY);
}

static __always_inline bool state_wanted(s64 result, u64 duration)
{
	return event_on[ESPY_EV_net_tcp] && !(failed_only && result >= 0) &&
	       duration >= min_duration;
}

static __always_inline int send_state(struct sock *sk, int old, int new)
{
	u64 key = (u64)sk, now = bpf_ktime_get_boot_ns(), since = 0;
	struct sock_owner *o = bpf_map_lookup_elem(&sock_owners, &key);
	s64 result = new == TCP_CLOSE ? -(s64)KR(sk, sk_err) : 0;
	struct espy_ev_net_tcp *rec;
	u32 seq;

	if (o) {
		since = o->since;
		o->since = now;
	}
	if (!owner_wanted(o) || !state_wanted(result, since ? now - since : 0))
		return 0;
	rec = record_reserve(sizeof(*rec) + ENDS_MAX, ESPY_CLASS_network, &seq);
	if (!rec)
		return 0;
	owner_header(&rec->hdr, o, ESPY_EV_net_tcp, seq, sizeof(*rec) + ENDS_MAX);
	rec->hdr.time = now;
	rec->hdr.duration = since ? now - since : 0;
	rec->hdr.flags = since ? 0 : ESPY_F_NO_ENTRY;
	rec->hdr.result = result;
	rec->old_state = old;
	rec->state = new;
	SET_TEXTS(rec, put_ends((char *)(rec + 1), sk, local_port(sk)));
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(net_tcp, struct sock *sk, int old, int new)
{
	if (!armed || KR(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (new == TCP_SYN_SENT || new == TCP_LISTEN) {
		owner_learn(sk, new == TCP_LISTEN);
	} else if (new == TCP_SYN_RECV && old == TCP_LISTEN) {
		owner_inherit(sk); /* a copy of the listener, not yet anything of its own */
		return 0;
	}
	return send_state(sk, old, new);
}

/* --- retransmissions ----------------------------------------------------------------------------
 */

/* `sk` is whose owner counts, `ends` what has the addresses. */
static __always_inline int send_retransmit(struct sock *sk, struct sock *ends, u32 state,
					   u32 retries)
{
	u64 key = (u64)sk;
	struct sock_owner *o = bpf_map_lookup_elem(&sock_owners, &key);
	struct espy_ev_net_retransmit *rec;
	u32 seq;
	u16 port;

	if (!armed || !event_on[ESPY_EV_net_retransmit] || failed_only || min_duration ||
	    !owner_wanted(o))
		return 0;
	rec = record_reserve(sizeof(*rec) + ENDS_MAX, ESPY_CLASS_network, &seq);
	if (!rec)
		return 0;
	owner_header(&rec->hdr, o, ESPY_EV_net_retransmit, seq, sizeof(*rec) + ENDS_MAX);
	rec->state = state;
	rec->retries = retries;
	port = sk == ends ? local_port(sk) : bpf_htons(KR(ends, __sk_common.skc_num));
	SET_TEXTS(rec, put_ends((char *)(rec + 1), ends, port));
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(net_retransmit, struct sock *sk, struct sk_buff *skb)
{
	struct inet_connection_sock *icsk = (void *)sk;

	return send_retransmit(sk, sk, KR(sk, __sk_common.skc_state),
			       BPF_CORE_READ(icsk, icsk_retransmits));
}

SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(net_retransmit__synack, struct sock *sk, struct request_sock *req)
{
	return send_retransmit(sk, (void *)req, TCP_SYN_RECV, BPF_CORE_READ(req, num_retrans));
}

/* --- resets -------------------------------------------------------------------------------------
 */

/* An argument that may be NULL: older verifiers believe that none can be, and remove the question.
 */
static __always_inline u64 maybe(u64 *ctx, u32 i)
{
	u64 v = 0;

	bpf_probe_read_kernel(&v, sizeof(v), &ctx[i]);
	return v;
}

struct ports {
	u16 from, to;
};

/* The ends as the packet that is refused has them: it came from the other side. */
static __always_inline u32 put_packet_ends(char *to, struct sk_buff *skb)
{
	struct addr_in6 *l6 = (void *)to, *r6 = (void *)(to + END_MAX);
	struct addr_in *l = (void *)to, *r = (void *)(to + END_MAX);
	unsigned char *head = BPF_CORE_READ(skb, head), version = 0;
	unsigned char *ip = head + BPF_CORE_READ(skb, network_header);
	struct ports ports = {};

	bpf_probe_read_kernel(&version, 1, ip);
	bpf_probe_read_kernel(&ports, sizeof(ports), head + BPF_CORE_READ(skb, transport_header));
	l->port = ports.to;
	r->port = ports.from;
	if (version >> 4 == 6) {
		l->family = r->family = AF_INET6;
		l6->flow = r6->flow = l6->scope = r6->scope = 0;
		bpf_probe_read_kernel(r6->addr, 16, ip + 8);
		bpf_probe_read_kernel(l6->addr, 16, ip + 24);
		return sizeof(*l6);
	}
	l->family = r->family = AF_INET;
	l->zero = r->zero = 0;
	bpf_probe_read_kernel(&r->addr, 4, ip + 12);
	bpf_probe_read_kernel(&l->addr, 4, ip + 16);
	return sizeof(*l);
}

static __always_inline int send_reset(struct sock *sk, struct sk_buff *skb, bool sent)
{
	u64 key = (u64)sk;
	struct sock_owner *o = sk ? bpf_map_lookup_elem(&sock_owners, &key) : NULL;
	struct espy_ev_net_reset *rec;
	u32 seq, len;

	if (!armed || !event_on[ESPY_EV_net_reset] || failed_only || min_duration ||
	    !owner_wanted(o))
		return 0;
	rec = record_reserve(sizeof(*rec) + ENDS_MAX, ESPY_CLASS_network, &seq);
	if (!rec)
		return 0;
	owner_header(&rec->hdr, o, ESPY_EV_net_reset, seq, sizeof(*rec) + ENDS_MAX);
	rec->sent = sent;
	rec->state = sk ? BPF_CORE_READ(sk, __sk_common.skc_state) : 0;
	len = skb ? put_packet_ends((char *)(rec + 1), skb)
		  : put_ends((char *)(rec + 1), sk, local_port(sk));
	SET_TEXTS(rec, len);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Both may be missing: no socket where a connection is refused, no packet where close() resets. */
SEC("tp_btf/tcp_send_reset")
int net_reset__sent(u64 *ctx)
{
	u64 sk = maybe(ctx, 0), skb = maybe(ctx, 1);

	return sk || skb ? send_reset((void *)sk, (void *)skb, true) : 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(net_reset, struct sock *sk)
{
	return send_reset(sk, NULL, false);
}
