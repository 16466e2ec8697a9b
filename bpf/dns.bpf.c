/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs say to name servers and hear from them, as bytes: user space makes questions and
 * answers of it. Taken at the end of the call that moved them, by a tail call from send and receive
 * when the peer's port is one of theirs, so that every resolver is seen, whatever library it is of,
 * and other sockets pay for the look at a port only.
 */
#include "message.bpf.h"

#define DNS_PAYLOAD  8192 /* bytes of one message or piece of a stream; more is cut and said so */
#define DNS_MESSAGES 16   /* of one sendmmsg or recvmmsg */
#define DNS_IOVS     8    /* buffers of one message */

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

#define STOP (1u << 31)

/* The iovec at `at`, behind the `off` bytes that are there: how many it adds, at most `left`, and
 * STOP when what follows would stand in the wrong place. Global: verified once, not for each. */
__noinline u32 dns_iovec(u64 at, u32 off, u64 left, u32 native)
{
	u32 user = SCRATCH_EXIT, narrow[2] = {}, n;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	u64 v[2] = {};

	if (!s)
		return STOP;
	if (native) {
		bpf_probe_read_user(v, sizeof(v), (void *)at);
	} else {
		bpf_probe_read_user(narrow, sizeof(narrow), (void *)at);
		v[0] = narrow[0];
		v[1] = narrow[1];
	}
	if (v[1] > left)
		v[1] = left;
	n = take_bytes(s->text + SOCKADDR_MAX, off, v[0], v[1]);
	return n < v[1] ? n | STOP : n;
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

#define NATIVE (1ull << 32) /* beside the length of an address: how iovecs lie */

static __always_inline u32 put_iovecs(u64 iov, u64 iovs, u64 left, bool native)
{
	u32 off = 0, n;

	for (u32 i = 0; i < DNS_IOVS && i < iovs && left > off; i++) {
		n = dns_iovec(iov + i * (native ? 16 : 8), off, left - off, native);
		off += n & (DNS_PAYLOAD - 1);
		if (n & STOP)
			break;
	}
	return off;
}

static __always_inline u32 put_remote(struct scratch *s, u64 name, u32 len)
{
	if (!name || !len)
		return 0;
	len = len < SOCKADDR_MAX - 1 ? len : SOCKADDR_MAX - 1;
	asm volatile("" : "+r"(len));
	len &= SOCKADDR_MAX - 1;
	return bpf_probe_read_user(s->text, len, (void *)name) ? 0 : len;
}

/*
 * One message, or piece of a stream, of `bytes`: out of `iovs` iovecs, or the buffer at `iov` when
 * there are none. The record before it in the scratch area is filled but for its texts. Global,
 * with numbers for arguments, so that it is verified once.
 */
__noinline int dns_message(u64 iov, u64 iovs, u64 bytes, u64 name, u64 name_len)
{
	u32 user = SCRATCH_EXIT;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct espy_ev_meta_dns *rec;
	u32 n;

	if (!s)
		return 0;
	rec = (void *)s->text - sizeof(*rec);
	rec->bytes = bytes;
	rec->remote.off = sizeof(*rec);
	rec->remote.len = put_remote(s, name, name_len);
	n = iovs ? put_iovecs(iov, iovs, bytes, name_len & NATIVE)
		 : take_bytes(s->text + SOCKADDR_MAX, 0, iov, bytes);
	rec->payload.off = sizeof(*rec) + SOCKADDR_MAX;
	rec->payload.len = n;
	n += SOCKADDR_MAX;
	asm volatile("" : "+r"(n));
	n &= 2 * DNS_PAYLOAD - 1;
	return record_output(&rec->hdr, sizeof(*rec) + n, ESPY_CLASS_network);
}

static __always_inline u64 is_native(const struct call_exit *x)
{
	return x->st->abi != ESPY_ABI_IA32 ? NATIVE : 0;
}

static __always_inline void send_buffer(struct call_exit *x, bool sent, u64 len)
{
	u64 name = 0, name_len = 0, room = call_arg(x->st, 3);
	u32 n = 0;

	if (x->c->form == ESPY_FORM_TO) {
		name = call_arg(x->st, 5);
		name_len = (u32)call_arg(x->st, 6);
		if (!sent && name) { /* a pointer to the length */
			bpf_probe_read_user(&n, sizeof(n), (void *)call_arg(x->st, 6));
			name_len = n;
		}
	}
	if (len > room) /* MSG_TRUNC tells the whole length */
		len = room;
	dns_message(call_arg(x->st, 2), 0, len, name, name_len);
}

static __always_inline void send_vector(struct call_exit *x, u64 len)
{
	dns_message(call_arg(x->st, 2), call_arg(x->st, 3), len, 0, is_native(x));
}

/* Global: a loop of it has no ways of its own. */
__noinline int send_one(u64 user, u64 len, u64 native)
{
	struct message m = {};

	read_message(&m, user, native);
	return dns_message(m.iov, m.iovs, len, m.name, m.name_len | native);
}

/* sendmmsg, recvmmsg: headers in a row, each with the length of its message behind it. */
static __always_inline void send_messages(struct call_exit *x, u64 done)
{
	u64 at = call_arg(x->st, 2), native = is_native(x);
	struct espy_cpu *cpu;

	for (u32 i = 0; i < DNS_MESSAGES; i++) {
		u32 len = 0;

		if (i >= done)
			return;
		bpf_probe_read_user(&len, sizeof(len), (void *)(at + (native ? 56 : 28)));
		send_one(at, len, native);
		at += native ? 64 : 32;
	}
	cpu = this_cpu(); /* more than anybody sends: said to be lost */
	cpu->seq += done - DNS_MESSAGES;
	cpu->lost[ESPY_CLASS_network] += done - DNS_MESSAGES;
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

SHARED(net_dns)
{
	struct espy_ev_meta_dns *rec;
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
	if (shape == SHAPE_BUFFER)
		send_buffer(&x, rec->sent, ret);
	else if (shape == SHAPE_VECTOR)
		send_vector(&x, ret);
	else if (shape == SHAPE_MESSAGE)
		send_one(call_arg(x.st, 2), ret, is_native(&x));
	else
		send_messages(&x, ret);
	x.st->entry = 0;
	return 0;
}
