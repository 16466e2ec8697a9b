/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets. The socket's own addresses are the kernel's and travel with its object; what a call was
 * given (connect to, send to) is read from the caller. Addresses are looked at after the call, when
 * the kernel has chosen the local one.
 */
#include "message.bpf.h"
#include "owner.bpf.h"
#include "peer.bpf.h"

/* The socket as it is now; what it was at entry when its descriptor is gone meanwhile. */
static __always_inline u64 socket_now(struct call_exit *x, u32 fd)
{
	u64 id = exit_fd(fd);

	return (id & OBJ_KIND) == KIND_SOCKET ? id : x->st->obj;
}

static __always_inline u64 descriptor_now(struct call_exit *x, u32 fd)
{
	u64 id = exit_fd(fd);

	return id ? id : x->st->obj;
}

static __always_inline void no_text(struct espy_text *t)
{
	t->off = t->len = 0;
}

/* User space takes these from the socket. */
static __always_inline void no_ends(struct espy_text *local, struct espy_text *remote,
				    struct espy_text *protocol)
{
	no_text(local);
	no_text(remote);
	no_text(protocol);
}

SHARED(net_socket)
{
	struct espy_ev_net_socket *rec;
	struct call_exit x;
	s32 fds[2] = {-1, -1};
	bool pair;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	pair = x.c->form == ESPY_FORM_PAIR && ret >= 0;
	if (pair)
		bpf_probe_read_user(fds, sizeof(fds), (void *)call_arg(x.st, 4));
	path_of_object(&rec->path, ret >= 0 ? exit_fd(pair ? fds[0] : ret) : 0);
	path_of_object(&rec->path2, pair ? exit_fd(fds[1]) : 0);
	rec->first_fd = fds[0];
	rec->second_fd = fds[1];
	rec->family = (u32)call_arg(x.st, 1);
	rec->type = (u32)call_arg(x.st, 2);
	rec->protocol_number = (u32)call_arg(x.st, 3);
	no_text(&rec->protocol);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_net_socket, ESPY_CLASS_network, ret);
}

SHARED(net_bind)
{
	struct espy_ev_net_bind *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, descriptor_now(&x, call_arg(x.st, 1)));
	no_text(&rec->local);
	no_text(&rec->protocol);
	if (ret < 0)
		exit_bytes(&x, &rec->local, sizeof(*rec), call_arg(x.st, 2), call_arg(x.st, 3));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_net_bind, ESPY_CLASS_network, ret);
}

SHARED(net_listen)
{
	struct espy_ev_net_listen *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, descriptor_now(&x, call_arg(x.st, 1)));
	rec->backlog = (u32)call_arg(x.st, 2);
	no_text(&rec->local);
	no_text(&rec->protocol);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_net_listen, ESPY_CLASS_network, ret);
}

SHARED(net_connect)
{
	struct espy_ev_net_connect *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, descriptor_now(&x, call_arg(x.st, 1)));
	no_text(&rec->local);
	no_text(&rec->protocol);
	exit_bytes(&x, &rec->remote, sizeof(*rec), call_arg(x.st, 2), call_arg(x.st, 3));
	EXIT_PEER(&x, rec, ret >= 0 ? (s32)call_arg(x.st, 1) : -1);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_net_connect, ESPY_CLASS_network, ret);
}

SHARED(net_accept)
{
	struct espy_ev_net_accept *rec;
	struct call_exit x;
	struct sock *sk;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, ret >= 0 ? socket_now(&x, ret) : x.st->obj);
	rec->flags = x.c->arg[0] ? (u32)call_arg(x.st, x.c->arg[0]) : 0;
	no_ends(&rec->local, &rec->remote, &rec->protocol);
	EXIT_PEER(&x, rec, (s32)ret);
	rec->queue = rec->queue_max = 0;
	sk = sock_of_fd(call_arg(x.st, 1)); /* the listening one */
	if (sk && KR(sk, __sk_common.skc_family) != AF_UNIX) {
		rec->queue = KR(sk, sk_ack_backlog);
		rec->queue_max = KR(sk, sk_max_ack_backlog);
	}
	if (with_owners && ret >= 0)
		owner_accept(sock_of_fd(ret), x.st);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_net_accept, ESPY_CLASS_network, ret);
}

SHARED(net_shutdown)
{
	struct espy_ev_net_shutdown *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	rec->how = (u32)call_arg(x.st, 2);
	no_ends(&rec->local, &rec->remote, &rec->protocol);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_net_shutdown, ESPY_CLASS_network,
			 ret);
}

SHARED(net_close)
{
	struct espy_ev_net_close *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	rec->fd = (u32)call_arg(x.st, 1);
	no_ends(&rec->local, &rec->remote, &rec->protocol);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_net_close, ESPY_CLASS_network, ret);
}

/* --- send and receive ----------------------------------------------------------------------- */

/* Bytes of the messages that sendmmsg or recvmmsg finished: msg_len behind each header. */
#define MESSAGES_MAX 1024 /* UIO_MAXIOV, as the kernel has it */
__noinline u64 messages_bytes(u64 user, u64 done, u32 native)
{
	struct lengths l = {.at = user + (native ? 56 : 28), .step = native ? 64 : 32, .size = 4};

	return sum_lengths(&l, done > MESSAGES_MAX ? MESSAGES_MAX : done);
}

/* send and recv have the same layout. */
_Static_assert(sizeof(struct espy_ev_net_send) == sizeof(struct espy_ev_net_recv), "send, recv");

/* How many bytes of text there are then. Global: verified once. */
__noinline u32 fill_message(s64 ret, u32 recv)
{
	struct espy_ev_net_send *rec;
	struct call_exit found, *x = &found;
	struct message m = {};
	bool native;
	u64 user;
	u32 len;

	if (!exit_begin(x))
		return 0;
	rec = EXIT_RECORD(x, rec);
	native = x->st->abi != ESPY_ABI_IA32;
	user = call_arg(x->st, 2);
	rec->flags = (u32)call_arg(x->st, x->c->form == ESPY_FORM_MSG ? 3 : 4);
	if (x->c->form == ESPY_FORM_TO) {
		rec->requested = call_arg(x->st, 3);
		m.name = call_arg(x->st, 5);
		m.name_len = call_arg(x->st, 6);
		if (recv && m.name) { /* a pointer to the length */
			len = 0;
			bpf_probe_read_user(&len, 4, (void *)call_arg(x->st, 6));
			m.name_len = len;
		}
	} else {
		read_message(&m, user, native);
		rec->requested = iov_bytes(m.iov, m.iovs, native);
		if (x->c->form == ESPY_FORM_MMSG && ret > 0)
			rec->bytes = messages_bytes(user, ret, native);
	}
	if (m.name_len > SOCKADDR_MAX)
		m.name_len = SOCKADDR_MAX;
	if (!recv || ret >= 0)
		exit_bytes(x, &rec->remote, sizeof(*rec), m.name, m.name_len);
	return x->off;
}

/* Behind the record of the bytes: programs that look for what went along with them. */
static __always_inline bool is_carrier(const struct call_exit *x, long ret)
{
	return ret >= 0 && (x->c->form == ESPY_FORM_MSG || x->c->form == ESPY_FORM_MMSG) &&
	       (event_on[ESPY_EV_ipc_pass_fd] | event_on[ESPY_EV_ipc_pass_creds]);
}

/* Both are one: a global function, verified once. */
__noinline int send_message(s64 ret, u32 recv)
{
	struct espy_ev_net_send *rec;
	struct call_exit x;
	bool dns;
	u64 entry;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, descriptor_now(&x, call_arg(x.st, 1)));
	no_ends(&rec->local, &rec->remote, &rec->protocol);
	rec->bytes = ret > 0 ? ret : 0;
	rec->flags = 0;
	entry = x.st->entry;
	if (x.st->type == ESPY_EV_net_send || x.st->type == ESPY_EV_net_recv)
		x.off = fill_message(ret, recv);
	else if (x.c->flags & ESPY_CALL_VECTOR) /* readv, writev */
		rec->requested =
			iov_bytes(call_arg(x.st, 2), call_arg(x.st, 3), x.st->abi != ESPY_ABI_IA32);
	else
		rec->requested = call_arg(x.st, 3);
	dns = with_dns && ret > 0 && !(recv && rec->flags & (MSG_PEEK_FLAG | MSG_ERRQUEUE_FLAG)) &&
	      carries_dns(x.off, rec->path.obj, recv);
	if (exit_wanted(x.st, ret, x.end))
		exit_send_here(&x, &rec->hdr, sizeof(*rec),
			       recv ? ESPY_EV_net_recv : ESPY_EV_net_send, ESPY_CLASS_network, ret);
	if (dns) {
		x.st->entry = entry;
		return ESPY_EV_net_dns;
	}
	if (is_carrier(&x, ret)) {
		x.st->entry = entry;
		return event_on[ESPY_EV_ipc_pass_fd] ? ESPY_EV_ipc_pass_fd : ESPY_EV_ipc_pass_creds;
	}
	x.st->entry = 0;
	return 0;
}

SHARED(net_send)
{
	return send_message(ret, false);
}

SHARED(net_recv)
{
	return send_message(ret, true);
}
