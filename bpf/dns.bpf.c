/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs say to name servers and hear from them, as bytes: user space makes questions and
 * answers of it. Taken at the end of the call that moved them, by a tail call from send and receive
 * when the peer's port is one of theirs, so that every resolver is seen, whatever library it is of,
 * and other sockets pay for the look at a port only.
 */
#include "message.bpf.h"

#define DNS_PAYLOAD  8192 /* bytes of one message or piece of a stream; more is cut and said so */
#define DNS_MESSAGES 4    /* of one sendmmsg or recvmmsg */
#define DNS_IOVS     8    /* buffers of one message */

/* Buffers of the caller, one after another, into one place. */
struct gather {
	u64 iov, iovs, left;
	u32 off, native;
};

/* The compiler must not know the bounds, or it removes what shows them to the verifier. */
static __always_inline u32 take_bytes(char *to, u32 off, u64 user, u64 len)
{
	u32 n = len < DNS_PAYLOAD - 1 ? len : DNS_PAYLOAD - 1;

	if (n > DNS_PAYLOAD - 1 - off)
		n = DNS_PAYLOAD - 1 - off;
	asm volatile("" : "+r"(n), "+r"(off));
	off &= DNS_PAYLOAD - 1;
	n &= DNS_PAYLOAD - 1;
	if (!n || bpf_probe_read_user(to + off, n, (void *)user))
		return 0;
	return n;
}

static __noinline int gather_one(char *to, struct gather *g, u32 i)
{
	u32 narrow[2] = {};
	u64 v[2] = {}, len;
	u32 n;

	if (i >= g->iovs || !g->left)
		return -1;
	if (g->native) {
		bpf_probe_read_user(v, sizeof(v), (void *)(g->iov + i * sizeof(v)));
	} else {
		bpf_probe_read_user(narrow, sizeof(narrow), (void *)(g->iov + i * sizeof(narrow)));
		v[0] = narrow[0];
		v[1] = narrow[1];
	}
	len = v[1] < g->left ? v[1] : g->left;
	n = take_bytes(to, g->off, v[0], len);
	if (n < len)
		return -1; /* what follows would stand in the wrong place */
	g->off += n;
	g->left -= len;
	return 0;
}

/* How the bytes lie: a buffer, iovecs, one or several messages. */
enum shape { SHAPE_BUFFER, SHAPE_VECTOR, SHAPE_MESSAGE, SHAPE_MESSAGES };

static __always_inline u32 shape_of(const struct call_exit *x)
{
	if (x->st->type != ESPY_EV_net_send && x->st->type != ESPY_EV_net_recv)
		return x->c->flags & ESPY_CALL_VECTOR ? SHAPE_VECTOR : SHAPE_BUFFER;
	switch (x->c->form) {
	case ESPY_FORM_MSG:
		return SHAPE_MESSAGE;
	case ESPY_FORM_MMSG:
		return SHAPE_MESSAGES;
	}
	return SHAPE_BUFFER;
}

/* Where the payload begins in the text, behind the address. */
static __always_inline char *payload_of(struct call_exit *x)
{
	return x->s->text + SOCKADDR_MAX;
}

/* The payload out of the caller's buffers; how much it is. Global: verified once. */
__noinline u32 gather_all(u64 iov, u64 iovs, u64 left, u32 native)
{
	u32 user = SCRATCH_EXIT;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct gather g = {.iov = iov, .iovs = iovs, .left = left, .native = native};

	if (!s)
		return 0;
	for (u32 i = 0; i < DNS_IOVS; i++)
		if (gather_one(s->text + SOCKADDR_MAX, &g, i))
			break;
	return g.off;
}

static __always_inline void set_remote(struct call_exit *x, struct espy_ev_meta_dns *rec, u64 name,
				       u32 len)
{
	rec->remote.off = sizeof(*rec);
	rec->remote.len = 0;
	if (!name || !len)
		return;
	len = len < SOCKADDR_MAX - 1 ? len : SOCKADDR_MAX - 1;
	asm volatile("" : "+r"(len));
	if (!bpf_probe_read_user(x->s->text, len & (SOCKADDR_MAX - 1), (void *)name))
		rec->remote.len = len;
}

static __always_inline int send_payload(struct call_exit *x, struct espy_ev_meta_dns *rec, u32 n,
					u64 bytes)
{
	rec->bytes = bytes;
	rec->payload.off = sizeof(*rec) + SOCKADDR_MAX;
	rec->payload.len = n;
	n += SOCKADDR_MAX;
	asm volatile("" : "+r"(n));
	n &= 2 * DNS_PAYLOAD - 1;
	return record_output(&rec->hdr, sizeof(*rec) + n, ESPY_CLASS_network);
}

static __noinline int send_buffer(struct call_exit *x, struct espy_ev_meta_dns *rec, u64 len)
{
	u64 name = 0, name_len = 0, room = call_arg(x->st, 3);

	if (x->c->form == ESPY_FORM_TO) {
		name = call_arg(x->st, 5);
		name_len = call_arg(x->st, 6);
		if (!rec->sent && name) { /* a pointer to the length */
			u32 n = 0;

			bpf_probe_read_user(&n, sizeof(n), (void *)name_len);
			name_len = n;
		}
	}
	set_remote(x, rec, name, name_len);
	if (len > room) /* MSG_TRUNC tells the whole length */
		len = room;
	return send_payload(x, rec, take_bytes(payload_of(x), 0, call_arg(x->st, 2), len), len);
}

static __noinline int send_vector(struct call_exit *x, struct espy_ev_meta_dns *rec,
				  const struct message *m, u64 len)
{
	u32 n = gather_all(m->iov, m->iovs, len, x->st->abi != ESPY_ABI_IA32);

	set_remote(x, rec, m->name, m->name_len);
	return send_payload(x, rec, n, len);
}

/* sendmmsg, recvmmsg: headers in a row, each with the length of its message behind it. */
static __always_inline int send_messages(struct call_exit *x, struct espy_ev_meta_dns *rec,
					 u64 done)
{
	bool native = x->st->abi != ESPY_ABI_IA32;
	u64 at = call_arg(x->st, 2);

	for (u32 i = 0; i < DNS_MESSAGES; i++) {
		struct message m = {};
		u32 len = 0;

		if (i >= done)
			break;
		read_message(&m, at, native);
		bpf_probe_read_user(&len, sizeof(len), (void *)(at + (native ? 56 : 28)));
		send_vector(x, rec, &m, len);
		at += native ? 64 : 32;
	}
	return 0;
}

/* A socket without a peer has asked: see dns_asked. */
static __always_inline void note_asked(struct sock *sk)
{
	u64 key = (u64)sk;
	u32 one = 1;

	if (!KR(sk, __sk_common.skc_dport))
		bpf_map_update_elem(&dns_asked, &key, &one, BPF_ANY);
}

static __always_inline bool was_sent(u32 type)
{
	return type == ESPY_EV_net_send || type == ESPY_EV_file_write;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(net_dns, struct pt_regs *regs, long ret)
{
	struct espy_ev_meta_dns *rec;
	struct message m = {};
	struct call_exit x;
	struct file *file;
	struct sock *sk;
	u32 shape, fd;
	u64 now;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	fd = call_arg(x.st, 1);
	file = file_of_fd(current_task(), fd);
	sk = sock_of_fd(fd);
	if (!file || !sk) { /* closed by another thread meanwhile */
		x.st->entry = 0;
		return 0;
	}
	path_of_object(&rec->path, exit_fd(fd));
	now = bpf_ktime_get_boot_ns(); /* behind the record of the call itself */
	header_call(&rec->hdr, x.st, ESPY_EV_meta_dns, now, now, ret);
	rec->socket = KR((struct inode *)KR(file, f_inode), i_ino);
	rec->sent = was_sent(x.st->type);
	rec->stream = KR(sk, sk_type) == SOCK_STREAM;
	if (rec->sent)
		note_asked(sk);
	shape = shape_of(&x);
	if (shape == SHAPE_BUFFER) {
		send_buffer(&x, rec, ret);
	} else if (shape == SHAPE_VECTOR) {
		m.iov = call_arg(x.st, 2);
		m.iovs = call_arg(x.st, 3);
		send_vector(&x, rec, &m, ret);
	} else if (shape == SHAPE_MESSAGE) {
		read_message(&m, call_arg(x.st, 2), x.st->abi != ESPY_ABI_IA32);
		send_vector(&x, rec, &m, ret);
	} else {
		send_messages(&x, rec, ret);
	}
	x.st->entry = 0;
	return 0;
}
