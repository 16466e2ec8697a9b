/* SPDX-License-Identifier: MIT */
/* Calls that signals interrupt: some start again by themselves, some fail, one is where its process
 * dies. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(int sig)
{
	(void)sig;
}

static void alarm_every(long us, int flags)
{
	struct sigaction sa = {.sa_handler = nothing, .sa_flags = flags};
	struct itimerval t = {{0, us}, {0, us}};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

/* A child that writes or sends one byte, late. */
static pid_t late(int fd)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	alarm_every(0, 0);
	usleep(100000);
	_exit(write(fd, "x", 1) == 1 ? 0 : 1);
}

/* A child that waits in read(2) until it is killed. */
static void killed_in_a_call(int sig)
{
	int p[2], status;
	pid_t pid;

	if (pipe(p) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		alarm_every(0, 0);
		read(p[0], &status, 1);
		_exit(1);
	}
	usleep(50000);
	kill(pid, sig);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

int main(void)
{
	int p[2], s[2];
	char c;

	if (pipe(p) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
		return 1;
	alarm_every(20000, SA_RESTART);
	late(p[1]);
	if (read(p[0], &c, 1) != 1)
		return 2;
	late(s[1]);
	if (recv(s[0], &c, 1, 0) != 1)
		return 3;
	alarm_every(20000, 0);
	late(p[1]);
	while (read(p[0], &c, 1) < 0)
		if (errno != EINTR)
			return 4;
	alarm_every(0, 0);
	killed_in_a_call(SIGKILL);
	killed_in_a_call(SIGTERM);
	while (wait(NULL) > 0)
		;
	return 0;
}
