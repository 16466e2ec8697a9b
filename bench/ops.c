/* SPDX-License-Identifier: MIT */
#include "ops.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMPONENTS 8 /* of the path that is opened, unless it is said */
#define FILE_BYTES 4096
#define MESSAGE    64 /* bytes of an echo */

/* --- what they need --------------------------------------------------------------------------- */

static int no_set_up(struct ops_state *s)
{
	(void)s;
	return 0;
}

/* A file of a page below `dir`, so deep in all however deep `dir` is. */
static int make_path(struct ops_state *s)
{
	size_t n = (size_t)snprintf(s->path, sizeof(s->path), "%s", s->dir);
	int depth = 0, fd, all = s->components ? (int)s->components : COMPONENTS;

	for (const char *p = s->path; *p; p++)
		depth += *p == '/';
	for (; depth < all - 1 && n < sizeof(s->path) - 32; depth++) {
		n += (size_t)snprintf(s->path + n, sizeof(s->path) - n, "/folder%d", depth);
		if (mkdir(s->path, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	snprintf(s->path + n, sizeof(s->path) - n, "/file-%d", (int)getpid());
	fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, FILE_BYTES) < 0)
		return -errno;
	s->fd = fd;
	return 0;
}

static int open_null(struct ops_state *s)
{
	s->fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static int open_pipe(struct ops_state *s)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	s->fd = fd[0];
	s->fd2 = fd[1];
	return 0;
}

static int send_back(int listener)
{
	char message[MESSAGE];
	int fd = accept(listener, NULL, NULL), one = 1;
	ssize_t got;

	if (fd < 0)
		return 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while ((got = recv(fd, message, sizeof(message), 0)) > 0)
		if (send(fd, message, (size_t)got, 0) != got)
			return 1;
	return 0;
}

/* A server in a process of its own, reached over TCP on the loopback. */
static int start_echo(struct ops_state *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (listener < 0 || bind(listener, (struct sockaddr *)&a, len) < 0 ||
	    listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&a, &len) < 0)
		return -errno;
	s->helper = fork();
	if (s->helper == 0)
		_exit(send_back(listener));
	close(listener);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->helper < 0 || s->fd < 0 || connect(s->fd, (struct sockaddr *)&a, len) < 0)
		return -errno;
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return 0;
}

/* --- the loops -------------------------------------------------------------------------------- */

/* getppid is the cheapest call that does nothing; the library's wrapper adds nothing either. */
static int run_getppid(struct ops_state *s, unsigned n)
{
	(void)s;
	for (unsigned i = 0; i < n; i++)
		syscall(SYS_getppid);
	return 0;
}

static int run_lseek(struct ops_state *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (lseek(s->fd, i & 1023, SEEK_SET) < 0)
			return -errno;
	return 0;
}

static int run_pread(struct ops_state *s, unsigned n)
{
	char c;

	for (unsigned i = 0; i < n; i++)
		if (pread(s->fd, &c, 1, i & 1023) != 1)
			return -errno;
	return 0;
}

static int run_pwrite(struct ops_state *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (pwrite(s->fd, "x", 1, i & 1023) != 1)
			return -errno;
	return 0;
}

static int run_write(struct ops_state *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (write(s->fd, "x", 1) != 1)
			return -errno;
	return 0;
}

/* From the start again after each chunk, so that the file stays as it is. */
static int run_write_file(struct ops_state *s, unsigned n)
{
	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return -errno;
	return run_write(s, n);
}

static int run_pipe(struct ops_state *s, unsigned n)
{
	char c;

	for (unsigned i = 0; i < n; i++)
		if (write(s->fd2, "x", 1) != 1 || read(s->fd, &c, 1) != 1)
			return -errno;
	return 0;
}

static int run_open(struct ops_state *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int fd = open(s->path, O_RDONLY);

		if (fd < 0)
			return -errno;
		close(fd);
	}
	return 0;
}

static int run_stat(struct ops_state *s, unsigned n)
{
	struct stat st;

	for (unsigned i = 0; i < n; i++)
		if (stat(s->path, &st) < 0)
			return -errno;
	return 0;
}

static int run_fork(struct ops_state *s, unsigned n)
{
	char *argv[] = {(char *)s->program, NULL}, *env[] = {NULL};
	int status;

	for (unsigned i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (pid == 0) {
			execve(s->program, argv, env);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			return -ECHILD;
	}
	return 0;
}

static int run_echo(struct ops_state *s, unsigned n)
{
	char message[MESSAGE] = "a message";

	for (unsigned i = 0; i < n; i++) {
		if (send(s->fd, message, sizeof(message), 0) != sizeof(message))
			return -errno;
		if (recv(s->fd, message, sizeof(message), MSG_WAITALL) != sizeof(message))
			return -EPIPE;
	}
	return 0;
}

static const struct op ops[] = {
	{"getppid", 64, no_set_up, run_getppid},  {"lseek", 64, make_path, run_lseek},
	{"pread", 64, make_path, run_pread},      {"pwrite", 64, make_path, run_pwrite},
	{"write-null", 64, open_null, run_write}, {"write-file", 64, make_path, run_write_file},
	{"pipe", 32, open_pipe, run_pipe},        {"open-close", 8, make_path, run_open},
	{"stat", 16, make_path, run_stat},        {"fork-exec", 4, no_set_up, run_fork},
	{"echo", 8, start_echo, run_echo},
};

/* --- life ------------------------------------------------------------------------------------- */

const struct op *espy_ops_find(const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

void espy_ops_print(void)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		fprintf(stderr, " %s", ops[i].name);
	fputc('\n', stderr);
}

int espy_ops_begin(struct ops_state *s, const struct op *op)
{
	s->fd = s->fd2 = -1;
	return op->set_up(s);
}

void espy_ops_end(struct ops_state *s)
{
	if (s->path[0])
		unlink(s->path);
	if (s->fd >= 0)
		close(s->fd);
	if (s->fd2 >= 0)
		close(s->fd2);
	if (s->helper > 0)
		waitpid(s->helper, NULL, 0);
}
