/* SPDX-License-Identifier: MIT */
/*
 * More than anyone does by accident: storm WHAT N. Each prints "done N" with what it really did, so
 * that the test can say how much of it must have been recorded or counted as lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stddef.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(x) ((x) ? (void)0 : die(#x))

extern char **environ;

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void done(long n)
{
	printf("done %ld\n", n);
}

/* --- processes ------------------------------------------------------------------------------ */

#define AT_ONCE 40

static void reap(int *running)
{
	if (wait(NULL) > 0)
		(*running)--;
}

/* Each child becomes this program again, which ends with the code that it is given. */
static void storm_processes(long n)
{
	char code[16], *argv[] = {(char *)"storm", (char *)"exit", code, NULL};
	int running = 0;
	pid_t pid;

	for (long i = 0; i < n; i++) {
		snprintf(code, sizeof(code), "%ld", i % 200);
		MUST(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
		if (++running >= AT_ONCE)
			reap(&running);
	}
	while (running)
		reap(&running);
	done(n);
}

/* --- files ---------------------------------------------------------------------------------- */

static void storm_opens(long n)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	close(fd);
	for (long i = 0; i < n; i++) {
		fd = open("file", O_RDONLY);
		MUST(fd >= 0);
		close(fd);
	}
	done(n);
}

/* Two processes, as fast as they can: a call that does next to nothing. */
static void storm_seeks(long n)
{
	pid_t pid;
	int fd;

	fflush(stdout);
	pid = fork();
	fd = open("file", O_RDWR | O_CREAT, 0600);
	for (long i = 0; i < n; i++)
		lseek(fd, i, SEEK_SET);
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	done(2 * n);
}

/* Reads and writes in turns, of three bytes; then a pause. */
static void storm_copies(long n)
{
	int from = open("/dev/zero", O_RDONLY), to = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char three[3];

	for (long i = 0; i < n; i++) {
		MUST(read(from, three, sizeof(three)) == sizeof(three));
		MUST(write(to, three, sizeof(three)) == sizeof(three));
	}
	sleep(1); /* not recorded, so that the runs are not ended by it */
	close(to);
	done(n);
}

static void *seek_for_ever(void *arg)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	for (const atomic_bool *stop = arg; !atomic_load(stop);)
		lseek(fd, 0, SEEK_SET);
	close(fd);
	return NULL;
}

/* Processes come and go while a thread does nothing but fill the buffers. */
static void storm_crowd(long n)
{
	atomic_bool stop = false;
	pthread_t thread;
	pid_t pid;

	MUST(pthread_create(&thread, NULL, seek_for_ever, &stop) == 0);
	for (long i = 0; i < n; i++) {
		char *argv[] = {(char *)"storm", (char *)"exit", (char *)"7", NULL};

		MUST(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
		waitpid(pid, NULL, 0);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	usleep(300000);
	for (int i = 0; i < 1000; i++) /* again as much as can be taken: it is over */
		access("over", F_OK);
	done(n);
}

/* A tree far deeper than PATH_MAX; at its end one file is opened and one is missed. */
static void storm_deep(long n)
{
	char name[201];

	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	for (long i = 0; i < n; i++) {
		name[0] = 'a' + (char)(i % 26);
		MUST(mkdir(name, 0755) == 0 && chdir(name) == 0);
	}
	MUST(open("bottom", O_RDWR | O_CREAT, 0600) >= 0);
	MUST(open("missing", O_RDONLY) < 0);
	done(n);
}

/* --- threads -------------------------------------------------------------------------------- */

static pthread_barrier_t together;

static void *miss_a_file(void *arg)
{
	char name[32];

	pthread_barrier_wait(&together);
	snprintf(name, sizeof(name), "thread-%ld", (long)arg);
	if (access(name, F_OK) == 0)
		abort();
	return NULL;
}

static void storm_threads(long n)
{
	pthread_t *t = calloc(n, sizeof(*t));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_barrier_init(&together, NULL, n);
	for (long i = 0; i < n; i++)
		MUST(pthread_create(&t[i], &attr, miss_a_file, (void *)i) == 0);
	for (long i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	free(t);
	done(n);
}

/* --- arguments ------------------------------------------------------------------------------ */

static void storm_arguments(long n)
{
	char **argv = calloc(n + 4, sizeof(*argv)), *word = malloc(1001);
	pid_t pid;

	memset(word, 'w', 1000);
	word[1000] = 0;
	argv[0] = (char *)"storm";
	argv[1] = (char *)"exit";
	argv[2] = (char *)"0";
	for (long i = 0; i < n; i++)
		argv[i + 3] = word;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execve("/proc/self/exe", argv, environ);
		die("execve");
	}
	int status;

	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	done(n);
}

/* --- names ---------------------------------------------------------------------------------- */

static const char *const names[] = {
	"\x1b]0;owned\a",
	"\x1b[2J\x1b[H",
	"new\nline",
	"carriage\rreturn",
	"\xff\xfe\xfd",
	"back\b\b\bspace",
	"\xc2\x9b"
	"31mc1",
	"\xe2\x80\xae"
	"gnp.exe",
	"\xe2\x81\xa6"
	"isolate",
	"\x7f",
	"\x1bP1$r\x1b\\",
	"tab\tand\vvt",
	"\xed\xa0\x80 surrogate",
	"\xf4\x90\x80\x80 beyond",
	"\xe2\x80\xa8 separator",
};

static void say_hostile(const char *name)
{
	char *argv[] = {(char *)name, (char *)"exit", (char *)"0", (char *)name, NULL};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	char link[PATH_MAX];
	pid_t pid;

	MUST(open(name, O_RDWR | O_CREAT, 0600) >= 0);
	snprintf(link, sizeof(link), "link to %s", name);
	MUST(symlink(name, link) == 0);
	MUST(access(link + 5, F_OK) < 0);
	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "%s", name);
	connect(s, (void *)&un, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
	prctl(PR_SET_NAME, name);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execve(link + 3, argv, environ); /* not there: a failed exec */
		prctl(PR_SET_NAME, name);
		execve("/proc/self/exe", argv, environ);
		die("execve");
	}
	waitpid(pid, NULL, 0);
}

static void storm_hostile(long n)
{
	size_t all = sizeof(names) / sizeof(names[0]);

	(void)n;
	for (size_t i = 0; i < all; i++)
		say_hostile(names[i]);
	for (size_t i = 0; i < all; i++) {
		char dir[300];

		snprintf(dir, sizeof(dir), "dir %s", names[i]);
		MUST(mkdir(dir, 0755) == 0 && chdir(dir) == 0);
		access("inside", F_OK);
	}
	done(all);
}

static const struct {
	const char *name;
	void (*fn)(long n);
} storms[] = {
	{"processes", storm_processes}, {"opens", storm_opens},     {"seeks", storm_seeks},
	{"deep", storm_deep},           {"threads", storm_threads}, {"arguments", storm_arguments},
	{"hostile", storm_hostile},     {"copies", storm_copies},   {"crowd", storm_crowd},
};

int main(int argc, char **argv)
{
	long n = argc > 2 ? atol(argv[2]) : 0;

	if (argc > 1 && strcmp(argv[1], "exit") == 0) {
		access("before-exit", F_OK); /* one call that is recorded as such */
		return n;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(storms) / sizeof(storms[0]); i++)
		if (strcmp(storms[i].name, argv[1]) == 0) {
			storms[i].fn(n);
			return 0;
		}
	fprintf(stderr, "usage: storm WHAT N\n");
	return 2;
}
