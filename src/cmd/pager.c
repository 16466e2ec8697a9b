/* SPDX-License-Identifier: MIT */
#include "cmd/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Quit when one screen holds it all, let colours through, leave the screen as it is. */
#define LESS_OPTIONS "FRX"

/* Is the program in a directory of PATH? */
static bool is_installed(const char *name)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char file[4096];

		if (snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, name) <
			    (int)sizeof(file) &&
		    access(file, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

static const char *choose(void)
{
	const char *pager = getenv("PAGER"), *term = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || !term || strcmp(term, "dumb") == 0)
		return NULL;
	if (!pager)
		return is_installed("less") ? "less" : NULL;
	return pager[0] && strcmp(pager, "cat") != 0 ? pager : NULL;
}

/* In the child. `go` tells the parent by its close that exec was done, or by a byte that it was
 * not. */
static void become_pager(const char *command, int input, int go)
{
	signal(SIGPIPE, SIG_DFL);
	dup2(input, STDIN_FILENO);
	setenv("LESS", LESS_OPTIONS, 0);
	setenv("LESSCHARSET", "utf-8", 0);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	if (write(go, "x", 1) < 0)
		_exit(127);
	_exit(127);
}

/* Waits for the exec in the child: true when it was done. */
static bool has_started(int go)
{
	char c;
	ssize_t n;

	do
		n = read(go, &c, 1);
	while (n < 0 && errno == EINTR);
	return n == 0;
}

static pid_t start(const char *command, int text[2], int go[2])
{
	pid_t pid = fork();

	if (pid < 0)
		return 0;
	if (pid == 0)
		become_pager(command, text[0], go[1]);
	close(go[1]);
	go[1] = -1;
	if (!has_started(go[0])) {
		waitpid(pid, NULL, 0);
		return 0;
	}
	/* Ctrl-C is the pager's now, and when it goes we wait for it instead of dying before it */
	signal(SIGINT, SIG_IGN);
	fflush(stdout);
	dup2(text[1], STDOUT_FILENO);
	return pid;
}

static void close_pair(const int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

pid_t espy_pager_start(void)
{
	const char *command = choose();
	int text[2], go[2];
	pid_t pid = 0;

	if (!command || pipe2(text, O_CLOEXEC) < 0)
		return 0;
	if (pipe2(go, O_CLOEXEC) == 0) {
		pid = start(command, text, go);
		close_pair(go);
	}
	close_pair(text);
	return pid;
}

void espy_pager_finish(pid_t pager)
{
	if (!pager)
		return;
	fflush(stdout);
	close(STDOUT_FILENO);
	while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
		;
}
