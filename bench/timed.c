/* SPDX-License-Identifier: MIT */
/*
 * timed FILE CMD [ARG…]: runs CMD and appends "wall_ns user_ns system_ns" to FILE. Started by a
 * recorder, it times the work alone, without the recorder's own start and end. Exits as CMD does.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

static int note(const char *path, uint64_t wall, const struct rusage *r)
{
	FILE *f = fopen(path, "a");

	if (!f)
		return -1;
	fprintf(f, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", wall, ns(r->ru_utime), ns(r->ru_stime));
	return fclose(f);
}

int main(int argc, char **argv)
{
	uint64_t start = now();
	struct rusage r;
	int status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: timed FILE CMD [ARG…]\n");
		return 2;
	}
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		fprintf(stderr, "timed: %s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &r) != pid || note(argv[1], now() - start, &r) < 0) {
		fprintf(stderr, "timed: %s\n", strerror(errno));
		return 1;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
