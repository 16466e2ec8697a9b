/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is at the other end of a Unix socket: the kernel notes process and credentials of the one who
 * listened for the one who connects, and of the one who connected for the one who accepts
 * (SO_PEERCRED, unix(7)). Datagram sockets have no such note.
 */
#pragma once

#include "other.bpf.h"

struct peer {
	struct target who;
	u32 uid;
};

static __noinline int peer_of(struct peer *ret, u32 fd)
{
	struct sock *sk = sock_of_fd(fd);
	struct cred *cred;

	if (!sk || KR(sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	target_of_pid(&ret->who, KR(sk, sk_peer_pid));
	cred = KR(sk, sk_peer_cred);
	if (cred)
		ret->uid = KR(cred, euid.val);
	return 0;
}

/* A user as four bytes that user space names; none where it is not known. */
static __always_inline void exit_user(struct call_exit *x, struct espy_text *t, u32 fixed, u32 uid)
{
	__builtin_memcpy(x->s->text + (x->off & (TEXT_AREA - 1)), &uid, sizeof(uid));
	t->off = fixed + x->off;
	t->len = uid == ~0u ? 0 : sizeof(uid);
	x->off += sizeof(uid);
}

/* The fields of a record that say it; nothing where there is no descriptor. */
#define EXIT_PEER(x, rec, fd)                                              \
	do {                                                               \
		struct peer __p = {.uid = ~0u};                            \
                                                                           \
		if ((fd) >= 0)                                             \
			peer_of(&__p, fd);                                 \
		(rec)->peer_pid = __p.who.pid;                             \
		(rec)->peer_start = __p.who.start;                         \
		exit_user(x, &(rec)->peer_user, sizeof(*(rec)), __p.uid);  \
		exit_name(x, &(rec)->peer_name, sizeof(*(rec)), &__p.who); \
	} while (0)
