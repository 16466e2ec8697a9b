/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What goes through a Unix socket beside the bytes: descriptors (SCM_RIGHTS) and credentials
 * (SCM_CREDENTIALS). Reached by tail call behind net_send and net_recv, at the end of the call: the
 * receiver's descriptors exist then, the sender's most likely still do. The numbers are read from
 * the caller's memory, where another thread may have changed them: so the path says `user`.
 *
 * One record for each. The loops are in functions of their own that take numbers only: each is
 * verified once.
 */
#include "peer.bpf.h"

#define SOL_SOCKET      1
#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2
#define SCM_PIDFD       4

#define RIGHTS_MAX   253 /* SCM_MAX_FD */
#define CONTROLS_MAX 32  /* of one message that are looked at */
#define MESSAGES_CUT 64  /* of one sendmmsg or recvmmsg */

enum pass_how { PASS_RECEIVED = 1, PASS_IA32 = 2 };

/* Sends, and leaves the call as if it had not yet been recorded. */
static __always_inline int pass_send(struct call_exit *x, struct espy_event *hdr, u32 size,
				     u32 type)
{
	u64 entry = x->st->entry;

	exit_send(x, hdr, size, type, ESPY_CLASS_ipc, 0);
	x->st->entry = entry;
	x->st->end = hdr->time; /* what follows is not before it */
	return 0;
}

/* With few functions below it: the kernel allows eight, one in another. */
__noinline int pass_descriptor(u32 fd, u32 how)
{
	struct espy_ev_ipc_pass_fd *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, fd == ~0u ? 0 : object_of_fd(current_task(), fd, SCRATCH_EXIT));
	rec->path.source = rec->path.obj ? ESPY_SOURCE_USER : ESPY_SOURCE_PARTIAL;
	path_of_object(&rec->path2, x.st->obj);
	rec->fd = fd;
	rec->direction = how & PASS_RECEIVED;
	if (fd == ~0u)
		x.flags |= ESPY_F_TRUNCATED;
	return pass_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_pass_fd);
}

#define RIGHTS_ROW 16 /* a loop in a loop: to the verifier they are 32 steps and not 256 */

/* At address 0 there are none that can be read: the mark that something was left out. */
__noinline int pass_row(u64 at, u32 n, u32 how)
{
	u32 fd;

	for (u32 i = 0; i < RIGHTS_ROW; i++) {
		if (i >= n)
			break;
		fd = ~0u;
		bpf_probe_read_user(&fd, sizeof(fd), (void *)at + i * sizeof(fd));
		pass_descriptor(fd, how);
	}
	return 0;
}

static __always_inline void pass_rights(u64 at, u32 n, u32 how)
{
	for (u32 i = 0; i < RIGHTS_MAX; i += RIGHTS_ROW) {
		if (i >= n)
			break;
		pass_row(at + i * sizeof(u32), n - i, how);
	}
}

__noinline int pass_credentials(u64 at, u32 how)
{
	struct espy_ev_ipc_pass_creds *rec;
	u32 creds[3] = {0, ~0u, ~0u}; /* struct ucred */
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	if (bpf_probe_read_user(creds, sizeof(creds), (void *)at))
		x.flags |= ESPY_F_TRUNCATED;
	path_of_object(&rec->path, x.st->obj);
	rec->direction = how & PASS_RECEIVED;
	rec->given_pid = creds[0];
	rec->given_uid = creds[1];
	rec->given_gid = creds[2];
	return pass_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_pass_creds);
}

struct control {
	u64 len;
	s32 level, type;
};

static __always_inline bool read_control(struct control *c, u64 at, u32 how)
{
	u32 narrow[3] = {};

	if (!(how & PASS_IA32))
		return !bpf_probe_read_user(c, sizeof(*c), (void *)at);
	if (bpf_probe_read_user(narrow, sizeof(narrow), (void *)at))
		return false;
	c->len = narrow[0];
	c->level = narrow[1];
	c->type = narrow[2];
	return true;
}

static __always_inline void pass_control(const struct control *c, u64 data, u64 bytes, u32 how,
					 bool creds)
{
	if (c->level != SOL_SOCKET)
		return;
	if (creds && c->type == SCM_CREDENTIALS)
		pass_credentials(data, how);
	if (!creds && c->type == SCM_RIGHTS)
		pass_rights(data, bytes / 4, how);
	if (!creds && c->type == SCM_PIDFD && how & PASS_RECEIVED)
		pass_row(data, 1, how);
}

/* One thing that a message has beside its bytes; where the next one is, 0: there is none, 1:
 * unknown. Global: a loop of it then has no ways of its own. */
#define CONTROL_UNREADABLE 1

__noinline u64 pass_one(u64 at, u64 end, u32 how, u32 creds)
{
	u64 head = how & PASS_IA32 ? 12 : 16, align = how & PASS_IA32 ? 3 : 7;
	struct control c = {};

	if (end - at < head || end < at)
		return 0;
	if (!read_control(&c, at, how))
		return CONTROL_UNREADABLE;
	if (c.len < head || c.len > end - at)
		return 0; /* here the kernel stops, too */
	pass_control(&c, at + head, c.len - head, how, creds);
	return at + ((c.len + align) & ~align);
}

/* One message by its header. */
__noinline int pass_message(u64 user, u32 how, u32 creds)
{
	u64 control = 0, controls = 0;
	u32 narrow[2] = {};

	/* just the two: the stack of all functions in one another is 512 bytes */
	if (how & PASS_IA32) {
		bpf_probe_read_user(narrow, sizeof(narrow),
				    (void *)user + __builtin_offsetof(struct msghdr_ia32, control));
		control = narrow[0];
		controls = narrow[1];
	} else {
		bpf_probe_read_user(&control, sizeof(control),
				    (void *)user +
					    __builtin_offsetof(struct msghdr_native, control));
		bpf_probe_read_user(&controls, sizeof(controls),
				    (void *)user +
					    __builtin_offsetof(struct msghdr_native, controls));
	}
	if (!control)
		return 0;
	controls += control;
	for (u32 i = 0; i < CONTROLS_MAX && control > CONTROL_UNREADABLE; i++)
		control = pass_one(control, controls, how, creds);
	if (control && !creds) /* there may be more */
		pass_row(0, 1, how);
	return 0;
}

static __always_inline u32 how_of(const struct task_state *st)
{
	return (st->type == ESPY_EV_net_recv ? PASS_RECEIVED : 0) |
	       (st->abi == ESPY_ABI_IA32 ? PASS_IA32 : 0);
}

/* False: there are more messages than are looked at. */
static __always_inline bool pass(struct task_state *st, long ret, bool creds)
{
	const struct espy_call *c = call_of(st);
	u64 user = call_arg(st, 2);
	u32 step = 64, n = 1, how = how_of(st);

	if (how & PASS_IA32)
		step = 32;
	if (c->form == ESPY_FORM_MMSG)
		n = ret;
	for (u32 i = 0; i < MESSAGES_CUT; i++) {
		if (i >= n)
			return true;
		pass_message(user + i * step, how, creds);
	}
	return n <= MESSAGES_CUT;
}

/* Can this socket carry such things, or did the call name none that is there still? */
static __always_inline u32 pass_family(struct task_state *st)
{
	struct sock *sk = sock_of_fd(call_arg(st, 1));

	return sk ? KR(sk, __sk_common.skc_family) : AF_UNIX;
}

/* A program of its own, whichever of the two is wanted: its functions are as deep in one another as
 * the kernel allows. */
AT_EXIT(ipc_pass)
{
	struct task_state *st = state_current(false);
	u32 family;

	if (!st)
		return 0;
	family = pass_family(st);
	if (event_on[ESPY_EV_ipc_pass_fd] && family == AF_UNIX && !pass(st, ret, false))
		pass_row(0, 1, how_of(st));
	if (event_on[ESPY_EV_ipc_pass_creds] && (family == AF_UNIX || family == AF_NETLINK))
		pass(st, ret, true);
	st->entry = 0;
	return 0;
}
