/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a Unix socket, and what goes through it beside the bytes. */
#include "net.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#ifdef __i386__
#define PROBE_NAME "probe-32"
#else
#define PROBE_NAME "probe"
#endif

enum { SENT, RECEIVED };

static char byte[1];
static struct iovec one = {byte, 1};

/* A message with two descriptors, or as many as `n` says. */
struct rights {
	struct msghdr m;
	union {
		struct cmsghdr c;
		char room[CMSG_SPACE(253 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	};
};

static void fill_rights(struct rights *r, const int *fds, unsigned n)
{
	memset(r, 0, sizeof(*r));
	r->m = (struct msghdr){.msg_iov = &one, .msg_iovlen = 1, .msg_control = r->room};
	r->m.msg_controllen = CMSG_SPACE(n * sizeof(int));
	r->c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(n * sizeof(int))};
	memcpy(CMSG_DATA(&r->c), fds, n * sizeof(int));
}

static void room_for_rights(struct rights *r)
{
	memset(r, 0, sizeof(*r));
	r->m = (struct msghdr){.msg_iov = &one,
			       .msg_iovlen = 1,
			       .msg_control = r->room,
			       .msg_controllen = sizeof(r->room)};
}

static int got_fd(const struct rights *r, unsigned i)
{
	int fd;

	memcpy(&fd, CMSG_DATA(&r->c) + i * sizeof(int), sizeof(fd));
	return fd;
}

/* Of Unix sockets nobody but Espy has a name for one without an address: its inode. */
#define PASSED(p, number, way) \
	STR(path, p), NUM(fd, number), NUM(direction, way), STR(source, "user"), NUM(result, 0)

PROBE(ipc_pass_fd)
{
	int s[2], p[2], file = probe_file("passed", "x"), bad[1] = {999};
	struct mmsghdr mm[2];
	struct rights r, r2;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && pipe(p) == 0);
	fill_rights(&r, (int[]){file, p[1]}, 2);
	MUST(DO(sendmsg, s[0], &r.m, 0L) == 1);
	WANT(ipc_pass_fd, PASSED(probe_at("passed"), file, SENT), STR(path2, net_path(s[0])));
	WANT(ipc_pass_fd, PASSED(probe_fd_path(p[1]), p[1], SENT));
	room_for_rights(&r);
	MUST(DO(recvmsg, s[1], &r.m, 0L) == 1);
	WANT(ipc_pass_fd, PASSED(probe_at("passed"), got_fd(&r, 0), RECEIVED),
	     STR(path2, net_path(s[1])));
	WANT(ipc_pass_fd, PASSED(probe_fd_path(p[1]), got_fd(&r, 1), RECEIVED));

	/* Two messages in one call. */
	fill_rights(&r, &p[0], 1);
	fill_rights(&r2, &file, 1);
	mm[0].msg_hdr = r.m;
	mm[1].msg_hdr = r2.m;
	MUST(DO(sendmmsg, s[0], mm, 2L, 0L) == 2);
	WANT(ipc_pass_fd, PASSED(probe_fd_path(p[0]), p[0], SENT));
	WANT(ipc_pass_fd, PASSED(probe_at("passed"), file, SENT));
	room_for_rights(&r);
	MUST(DO(recvmsg, s[1], &r.m, (long)MSG_CMSG_CLOEXEC) == 1);
	WANT(ipc_pass_fd, PASSED(probe_fd_path(p[0]), got_fd(&r, 0), RECEIVED));

	/* One that cannot be sent, and one that is lost for want of room. */
	fill_rights(&r, bad, 1);
	MUST(DO(sendmsg, s[0], &r.m, 0L) == -EBADF);
	r.m.msg_controllen = 0;
	MUST(DO(recvmsg, s[1], &r.m, 0L) == 1);
}

/* As many as the kernel takes. */
PROBE(pass_many)
{
	int s[2], fds[253], fd = probe_file("many", "");
	struct rights r;

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
	for (int i = 0; i < 253; i++)
		fds[i] = fd;
	fill_rights(&r, fds, 253);
	MUST(DO(sendmsg, s[0], &r.m, 0L) == 1);
	WANT(ipc_pass_fd, PASSED(probe_at("many"), fd, SENT), COUNT(253));
}

PROBE(ipc_pass_creds)
{
	struct ucred me = {getpid(), getuid(), getgid()}, other = {getpid(), 4711, 4712};
	int s[2], on = 1;
	struct rights r;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	MUST(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
	fill_rights(&r, (const int *)&other, 3);
	r.c.cmsg_type = SCM_CREDENTIALS;
	MUST(DO(sendmsg, s[0], &r.m, 0L) == 1);
	WANT(ipc_pass_creds, NUM(direction, SENT), NUM(given_pid, other.pid), NUM(given_uid, 4711),
	     NUM(given_gid, 4712), STR(path, net_path(s[0])), NUM(result, 0));
	MUST(send(s[0], byte, 1, 0) == 1);
	room_for_rights(&r);
	MUST(DO(recvmsg, s[1], &r.m, 0L) == 1);
	WANT(ipc_pass_creds, NUM(direction, RECEIVED), NUM(given_pid, other.pid),
	     NUM(given_uid, 4711), NUM(given_gid, 4712), STR(path, net_path(s[1])), NUM(result, 0));
	room_for_rights(&r);
	MUST(DO(recvmsg, s[1], &r.m, 0L) == 1);
	WANT(ipc_pass_creds, NUM(direction, RECEIVED), NUM(given_pid, me.pid),
	     NUM(given_uid, me.uid), NUM(given_gid, me.gid), NUM(result, 0));
}

/* --- peers ---------------------------------------------------------------------------------- */

static int server;
static pid_t listener;

static void connect_once(void *arg)
{
	union net_addr a;
	socklen_t len = net_unix_addr(&a, "server");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)arg;
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, STR(remote, "server"), NUM(peer_pid, listener), STR(peer_user, "root"),
	     STR(peer_name, PROBE_NAME), NUM(result, 0));
	close(fd);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, NUM(peer_pid, 0), STR(peer_name, ""), NUM(result, -EPROTOTYPE));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	len = net_loopback(&a, AF_INET, 9);
	DO(connect, fd, &a, (long)len);
	WANT(net_connect, NUM(peer_pid, 0), STR(peer_name, ""), NUM(result, 0));
}

PROBE(net_peers)
{
	int s[2] = {-1, -1};
	pid_t pid;

	listener = getpid();
	server = net_server(AF_UNIX, SOCK_STREAM);
	pid = probe_child(connect_once, NULL);
	DO(accept4, server, 0L, 0L, 0L);
	WANT(net_accept, NUM(peer_pid, pid), STR(peer_user, "root"));
	MUST(probe_wait(pid) == 0);
	DO(socketpair, AF_UNIX, SOCK_DGRAM, 0L, s);
	WANT(net_socket, ANY(syscall), ANY(result));
	WANT(net_socket, STR(path, net_path(s[0])), STR(path2, net_path(s[1])), NUM(first_fd, s[0]),
	     NUM(second_fd, s[1]));
}
