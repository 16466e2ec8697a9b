/* SPDX-License-Identifier: MIT */
/* Threads, and the directory and descriptors that they share or not. */
#include "net.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#define THREADS 8
#define SHARED  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static pid_t gettid_now(void)
{
	return syscall(SYS_gettid);
}

static pid_t tids[THREADS];

static void *note_tid(void *arg)
{
	*(volatile pid_t *)arg = gettid_now();
	return NULL;
}

static void make_threads(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++) {
		MUST(pthread_create(&t[i], NULL, note_tid, &tids[i]) == 0);
		MUST(pthread_join(t[i], NULL) == 0);
	}
}

/* Runs on a bare stack without thread-local storage of its own: nothing of libc here. */
static int bare_thread(void *arg)
{
	*(volatile pid_t *)arg = 1;
	return 0;
}

PROBE(thread_create)
{
	static char stack[65536] __attribute__((aligned(64)));
	static volatile pid_t there;
	pid_t tid;

	make_threads();
	for (int i = 0; i < THREADS; i++) {
		NOTED();
		WANT(thread_create, NUM(child_tid, tids[i]), NUM(result, tids[i]), NUM(kernel, 0),
		     MASK(flags, SHARED, SHARED));
	}
	tid = clone(bare_thread, stack + sizeof(stack), SHARED, (void *)&there);
	MUST(tid > 0);
	while (!there)
		sched_yield();
	DID(clone, tid);
	WANT(thread_create, NUM(child_tid, tid), MASK(flags, ~0xffLL, SHARED));
}

static void *sleep_and_end(void *arg)
{
	probe_sleep_ms(60);
	return note_tid(arg);
}

static void *never_ends(void *arg)
{
	note_tid(arg);
	for (;;)
		pause();
	return NULL;
}

/* Threads that still run when the process exits end too, one by one. */
static void leave_threads(void *arg)
{
	pthread_t t[3];

	(void)arg;
	for (int i = 0; i < 3; i++) {
		tids[i] = 0;
		MUST(pthread_create(&t[i], NULL, never_ends, &tids[i]) == 0);
		while (!*(volatile pid_t *)&tids[i])
			sched_yield();
		NOTED();
		WANT(thread_exit, NUM(tid, tids[i]));
	}
	_exit(0);
}

PROBE(thread_exit)
{
	pthread_t t;

	make_threads();
	for (int i = 0; i < THREADS; i++) {
		NOTED();
		WANT(thread_exit, NUM(tid, tids[i]), MIN(lifetime, 1));
	}
	MUST(pthread_create(&t, NULL, sleep_and_end, &tids[0]) == 0);
	MUST(pthread_join(t, NULL) == 0);
	WANT(thread_exit, NUM(tid, tids[0]), MIN(lifetime, 60000000));
	probe_wait(probe_child(leave_threads, NULL));
}

/* --- relative paths of threads that no longer share the directory ------------------------------
 */

static void *own_directory(void *arg)
{
	const char *dir = arg;
	char path[64];

	if (unshare(CLONE_FS) < 0 || chdir(dir) < 0)
		return (void *)"unshare";
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/f", dir);
		DO(openat, AT_FDCWD, "f", O_RDWR | O_CREAT, 0600);
		WANT(file_open, PATH(path), NUM(created, i == 0));
		snprintf(path, sizeof(path), "%s/missing%d", dir, i);
		DO(openat, AT_FDCWD, strchr(path, '/') + 1, O_RDONLY, 0);
		WANT(file_open, PATH(path), NUM(result, -ENOENT));
	}
	return NULL;
}

PROBE(path_threads)
{
	static char names[THREADS][8];
	pthread_t t[THREADS];
	void *failed;

	for (int i = 0; i < THREADS; i++) {
		snprintf(names[i], sizeof(names[i]), "d%d", i);
		MUST(mkdir(names[i], 0755) == 0);
		MUST(pthread_create(&t[i], NULL, own_directory, names[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(t[i], &failed) == 0 && !failed);
}

/* --- descriptors from elsewhere ------------------------------------------------------------- */

static char buf[4096];

static void read_one(int fd)
{
	const char *path = probe_fd_path(fd);

	DO(read, fd, buf, 1L);
	if (strncmp(path, "socket:", 7) == 0)
		WANT(net_recv, STR(path, net_path(fd)), STR(local, net_local(fd)),
		     STR(remote, net_remote(fd)), NUM(requested, 1));
	else
		WANT(file_read, STR(path, path), NUM(requested, 1));
}

static void stat_one(int fd)
{
	if (fd < 0)
		return; /* not in this kernel */
	DO(fstat, fd, buf);
	WANT(file_stat, STR(path, probe_fd_path(fd)));
}

/* What has no name in any directory; many of these share one inode. */
PROBE(fd_kinds)
{
	sigset_t none;
	int fds[16], n = 0, p[2];

	sigemptyset(&none);
	fds[n++] = eventfd(0, 0);
	fds[n++] = epoll_create1(0);
	fds[n++] = timerfd_create(CLOCK_MONOTONIC, 0);
	fds[n++] = signalfd(-1, &none, 0);
	fds[n++] = inotify_init1(0);
	fds[n++] = memfd_create("one", 0);
	fds[n++] = memfd_create("two", 0);
	fds[n++] = (int)syscall(NR_pidfd_open, getpid(), 0L);
	fds[n++] = (int)syscall(NR_userfaultfd, 0L);
	fds[n++] = (int)syscall(NR_fanotify_init, 0L, 0L);
	fds[n++] = open("/proc/self/ns/mnt", O_RDONLY);
	fds[n++] = open("/proc/self/ns/pid", O_RDONLY);
	fds[n++] = eventfd(0, 0);
	MUST(pipe(p) == 0);
	fds[n++] = p[0];
	fds[n++] = p[1];
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < n; i++)
			stat_one(fds[i]);
}

/* PROBE_FDS: descriptors that whoever started the capture had opened before. */
PROBE(fd_inherited)
{
	const char *list = getenv("PROBE_FDS");

	if (!list || !*list)
		probe_skip("PROBE_FDS names no descriptors from before the capture");
	for (char *s = strdup(list), *p; (p = strtok(s, ",")); s = NULL)
		read_one(atoi(p));
}

static void send_fd(int sock, int fd)
{
	char data = 'x', control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&data, 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	MUST(sendmsg(sock, &m, 0) == 1);
}

static int receive_fd(int sock)
{
	char data, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&data, 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	int fd;

	MUST(recvmsg(sock, &m, 0) == 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static void *read_in_thread(void *arg)
{
	read_one(*(int *)arg);
	return NULL;
}

static void read_sent(void *arg)
{
	int fd = receive_fd(*(int *)arg);

	read_one(fd);
	/* The same number, another file: nothing that was learned of it may stay. */
	MUST(dup2(probe_file("other", "other"), fd) == fd);
	read_one(fd);
}

PROBE(fd_shared)
{
	int fd = probe_file("a", "0123456789"), s[2], p;
	pthread_t t;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	read_one(fd);
	MUST(rename("a", "b") == 0);
	read_one(fd);
	MUST(pthread_create(&t, NULL, read_in_thread, &fd) == 0);
	pthread_join(t, NULL);
	p = probe_child(read_sent, &s[1]);
	send_fd(s[0], fd);
	MUST(probe_wait(p) == 0);
	MUST(unlink("b") == 0);
	read_one(fd);
	/* Renamed above: the directory of an open file. */
	MUST(mkdir("d", 0755) == 0);
	MUST(dup2(probe_file("d/in", "xyz"), fd) == fd);
	read_one(fd);
	MUST(rename("d", "e") == 0);
	read_one(fd);
}
