/* SPDX-License-Identifier: MIT */
#include "sense/connector.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECEIVE_BYTES  (8u << 20)
#define DATAGRAM_BYTES 1024 /* one message is 76 bytes; the kernel sends them one by one */
#define ANSWER_MS      2000 /* the answer comes from within the call that asks */

/* Inodes of the machine's own namespaces: include/linux/proc_ns.h. */
#define INITIAL_PID_NS  0xEFFFFFFCu
#define INITIAL_USER_NS 0xEFFFFFFDu

/* --- taking apart --------------------------------------------------------------------------- */

#define EVENT_HEAD offsetof(struct proc_event, event_data)

/* How much of event_data each kind needs. */
static size_t needed(uint32_t what)
{
	const struct proc_event *p = NULL;

	switch ((int)what) {
	case ESPY_CONNECTOR_ACK:
		return sizeof(p->event_data.ack);
	case ESPY_CONNECTOR_FORK:
		return sizeof(p->event_data.fork);
	case ESPY_CONNECTOR_EXEC:
		return sizeof(p->event_data.exec);
	case ESPY_CONNECTOR_UID:
	case ESPY_CONNECTOR_GID:
		return sizeof(p->event_data.id);
	case ESPY_CONNECTOR_SID:
		return sizeof(p->event_data.sid);
	case ESPY_CONNECTOR_PTRACE:
		return sizeof(p->event_data.ptrace);
	case ESPY_CONNECTOR_COMM_CHANGE:
		return sizeof(p->event_data.comm);
	case ESPY_CONNECTOR_COREDUMP: /* its parent is not used, and came with 4.18 */
		return offsetof(struct coredump_proc_event, parent_pid);
	case ESPY_CONNECTOR_EXIT:
		return offsetof(struct exit_proc_event, parent_pid);
	default:
		return SIZE_MAX;
	}
}

/* `p` is as long as needed() says, zeros behind it. */
static void fill(struct espy_connector_event *e, const struct proc_event *p)
{
	/* all but fork, whose parent comes first, and the answer begin with thread and process */
	if (e->what != ESPY_CONNECTOR_ACK) {
		e->tid = (uint32_t)p->event_data.exec.process_pid;
		e->pid = (uint32_t)p->event_data.exec.process_tgid;
	}
	switch ((int)e->what) {
	case ESPY_CONNECTOR_ACK:
		e->real = p->event_data.ack.err;
		break;
	case ESPY_CONNECTOR_FORK:
		e->other_tid = (uint32_t)p->event_data.fork.child_pid;
		e->other_pid = (uint32_t)p->event_data.fork.child_tgid;
		break;
	case ESPY_CONNECTOR_UID:
	case ESPY_CONNECTOR_GID:
		e->real = p->event_data.id.r.ruid;
		e->effective = p->event_data.id.e.euid;
		break;
	case ESPY_CONNECTOR_PTRACE:
		e->other_tid = (uint32_t)p->event_data.ptrace.tracer_pid;
		e->other_pid = (uint32_t)p->event_data.ptrace.tracer_tgid;
		break;
	case ESPY_CONNECTOR_COMM_CHANGE:
		memcpy(e->comm, p->event_data.comm.comm, sizeof(e->comm) - 1);
		break;
	case ESPY_CONNECTOR_EXIT:
		e->exit_code = p->event_data.exit.exit_code;
		break;
	}
}

/* The payload of one netlink message. It lies on four bytes, its times need eight. */
static bool parse_message(const char *data, size_t n, struct espy_connector_event *ret)
{
	struct proc_event p = {0};
	struct cn_msg head;
	size_t len;

	if (n < sizeof(head))
		return false;
	memcpy(&head, data, sizeof(head));
	len = n - sizeof(head) < head.len ? n - sizeof(head) : head.len;
	if (head.id.idx != CN_IDX_PROC || head.id.val != CN_VAL_PROC || len < EVENT_HEAD)
		return false;
	memcpy(&p, data + sizeof(head), len < sizeof(p) ? len : sizeof(p));
	memset(ret, 0, sizeof(*ret));
	ret->what = (uint32_t)p.what;
	if (needed(ret->what) > len - EVENT_HEAD)
		return false;
	ret->cpu = p.cpu;
	ret->seq = head.seq;
	ret->ack = head.ack;
	ret->time = p.timestamp_ns;
	fill(ret, &p);
	return true;
}

unsigned espy_connector_parse(const void *data, size_t n, espy_connector_fn fn, void *ctx)
{
	const char *at = data;
	unsigned count = 0;

	while (n >= sizeof(struct nlmsghdr)) {
		struct espy_connector_event e;
		struct nlmsghdr head;
		size_t step;

		memcpy(&head, at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > n)
			break;
		if (head.nlmsg_type != NLMSG_NOOP && head.nlmsg_type != NLMSG_ERROR &&
		    head.nlmsg_type != NLMSG_OVERRUN &&
		    parse_message(at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN, &e)) {
			fn(ctx, &e);
			count++;
		}
		step = NLMSG_ALIGN(head.nlmsg_len);
		at += step < n ? step : n;
		n -= step < n ? step : n;
	}
	return count;
}

/* --- asking --------------------------------------------------------------------------------- */

struct request {
	struct nlmsghdr head;
	struct cn_msg msg;
	uint32_t op;
} __attribute__((packed));

static int ask(int fd, uint32_t op, uint32_t ack)
{
	struct request q = {
		.head = {.nlmsg_len = sizeof(q), .nlmsg_type = NLMSG_DONE},
		.msg = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC},
			.ack = ack,
			.len = sizeof(q.op)},
		.op = op,
	};

	return send(fd, &q, sizeof(q), 0) < 0 ? -errno : 0;
}

struct answer {
	uint32_t ack;
	bool is_here;
	int error;
};

static void take_answer(void *ctx, const struct espy_connector_event *e)
{
	struct answer *a = ctx;

	if (e->what != ESPY_CONNECTOR_ACK || e->ack != a->ack)
		return;
	a->is_here = true;
	a->error = (int)e->real;
}

static bool is_in_namespace(const char *path, ino_t initial)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino != initial;
}

/* Nobody answers where the kernel does not want to say why. */
static int tell_silence(struct espy_err *err)
{
	if (is_in_namespace("/proc/self/ns/pid", INITIAL_PID_NS))
		return espy_err_set(err, -ENOTSUP,
				    "the process connector does not answer in a pid namespace of "
				    "one's own: run Espy on the host, or with --pid=host");
	if (is_in_namespace("/proc/self/ns/user", INITIAL_USER_NS))
		return espy_err_set(err, -ENOTSUP,
				    "the process connector does not answer in a user namespace of "
				    "one's own: run Espy outside of it");
	return espy_err_set(err, -ENOTSUP,
			    "the process connector does not answer: the kernel may be built "
			    "without CONFIG_PROC_EVENTS");
}

static int tell_failure(int r, struct espy_err *err)
{
	switch (r) {
	case -EPERM:
	case -EACCES:
		return espy_err_set(err, r,
				    "the kernel does not let this user listen to the process "
				    "connector: run as root, or with CAP_NET_ADMIN");
	case -ECONNREFUSED:
		return espy_err_set(err, r,
				    "the process connector does not answer: it is only in the "
				    "machine's own network namespace, of kernels with "
				    "CONFIG_PROC_EVENTS; in a container, use --network=host");
	case -EPROTONOSUPPORT:
		return espy_err_set(err, r,
				    "this kernel has no process connector: it is built without "
				    "CONFIG_CONNECTOR");
	default:
		return espy_err_set(err, r, "the process connector: %s", strerror(-r));
	}
}

static int await(int fd, struct answer *a, struct espy_err *err)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (!a->is_here) {
		int r = poll(&p, 1, ANSWER_MS);

		if (r == 0)
			return tell_silence(err);
		if (r < 0 && errno != EINTR)
			return tell_failure(-errno, err);
		r = espy_connector_receive(fd, take_answer, a);
		if (r < 0 && r != -ENOBUFS)
			return tell_failure(r, err);
	}
	return a->error ? tell_failure(-a->error, err) : 0;
}

/* As large as we may: beyond net.core.rmem_max only with CAP_NET_ADMIN. */
static void set_room(int fd, size_t bytes)
{
	int n = (int)(bytes ? bytes : RECEIVE_BYTES);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &n, sizeof(n)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
}

int espy_connector_open(size_t receive_bytes, struct espy_err *err)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	struct answer answer = {.ack = (uint32_t)getpid() + 1};
	int r;

	if (fd < 0)
		return tell_failure(-errno, err);
	set_room(fd, receive_bytes);
	r = bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : 0;
	if (r == 0)
		r = ask(fd, PROC_CN_MCAST_LISTEN, answer.ack - 1);
	r = r < 0 ? tell_failure(r, err) : await(fd, &answer, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

void espy_connector_mute(int fd)
{
	(void)ask(fd, PROC_CN_MCAST_IGNORE, 0);
}

int espy_connector_ping(int fd)
{
	/* the number of listeners is the same afterwards; only one that is told off may listen */
	int r = ask(fd, PROC_CN_MCAST_IGNORE, 0);

	return r < 0 ? r : ask(fd, PROC_CN_MCAST_LISTEN, 0);
}

/* --- receiving ------------------------------------------------------------------------------ */

/* Other programs can send to a netlink socket too: only the kernel has port 0. */
static bool is_from_kernel(const struct mmsghdr *m)
{
	const struct sockaddr_nl *from = m->msg_hdr.msg_name;

	return m->msg_hdr.msg_namelen == sizeof(*from) && from->nl_pid == 0;
}

int espy_connector_receive(int fd, espy_connector_fn fn, void *ctx)
{
	char data[ESPY_CONNECTOR_AT_ONCE][DATAGRAM_BYTES];
	struct sockaddr_nl from[ESPY_CONNECTOR_AT_ONCE];
	struct mmsghdr m[ESPY_CONNECTOR_AT_ONCE];
	struct iovec iov[ESPY_CONNECTOR_AT_ONCE];
	int n;

	for (int i = 0; i < ESPY_CONNECTOR_AT_ONCE; i++) {
		iov[i] = (struct iovec){data[i], sizeof(data[i])};
		m[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
						    .msg_namelen = sizeof(from[i]),
						    .msg_iov = &iov[i],
						    .msg_iovlen = 1}};
	}
	do
		n = recvmmsg(fd, m, ESPY_CONNECTOR_AT_ONCE, MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (int i = 0; i < n; i++)
		if (is_from_kernel(&m[i]))
			espy_connector_parse(data[i], m[i].msg_len, fn, ctx);
	return n;
}
