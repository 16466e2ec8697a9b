/* SPDX-License-Identifier: MIT */
/* Descriptors that were given or taken: whoever uses them never opened the file. */
#include "../probe/probe.h"
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static char buf[16];

static void send_fd(int to, int fd)
{
	union {
		struct cmsghdr c;
		char room[CMSG_SPACE(sizeof(int))];
	} u = {.c = {.cmsg_level = SOL_SOCKET,
		     .cmsg_type = SCM_RIGHTS,
		     .cmsg_len = CMSG_LEN(sizeof(int))}};
	struct iovec one = {buf, 1};
	struct msghdr m = {
		.msg_iov = &one, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u)};

	memcpy(CMSG_DATA(&u.c), &fd, sizeof(fd));
	MUST(sendmsg(to, &m, 0) == 1);
}

static int take_fd(int from)
{
	union {
		struct cmsghdr c;
		char room[CMSG_SPACE(sizeof(int))];
	} u;
	struct iovec one = {buf, 1};
	struct msghdr m = {
		.msg_iov = &one, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u)};
	int fd;

	MUST(recvmsg(from, &m, 0) == 1);
	memcpy(&fd, CMSG_DATA(&u.c), sizeof(fd));
	return fd;
}

static void take_and_read(void *arg)
{
	int fd = take_fd(*(int *)arg);

	DO(read, fd, buf, 10L);
	WANT(file_read, PATH("secret"), STR(source, "kernel"), NUM(result, 10));
	DO(pwrite64, fd, "x", 1L, OFF(3));
	WANT(file_write, PATH("secret"), STR(source, "kernel"), NUM(result, 1));
}

/* The one who opened it is gone when the other reads. */
PROBE(pass_rights)
{
	int s[2], fd = probe_file("secret", "0123456789");
	pid_t pid;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	send_fd(s[0], fd);
	MUST(close(fd) == 0);
	pid = probe_child(take_and_read, &s[1]);
	MUST(probe_wait(pid) == 0);
	WANT_NONE(file_open, pid);
}

static volatile int *held;

static void hold(void *arg)
{
	(void)arg;
	*held = open("secret", O_RDONLY);
	pause();
}

/* Taken from another process, which does not know. */
PROBE(pass_getfd)
{
	long pidfd, fd;
	pid_t pid;

	close(probe_file("secret", "0123456789"));
	held = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = probe_child(hold, NULL);
	while (!*held)
		sched_yield();
	pidfd = syscall(NR_pidfd_open, pid, 0L);
	fd = syscall(NR_pidfd_getfd, pidfd, *held, 0L);
	if (fd < 0)
		probe_skip("no descriptor can be taken here");
	DO(read, (int)fd, buf, 10L);
	WANT(file_read, PATH("secret"), STR(source, "kernel"), NUM(result, 10));
	kill(pid, SIGKILL);
	probe_wait(pid);
}
