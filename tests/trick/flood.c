/* SPDX-License-Identifier: MIT */
/*
 * flood KIND MS PROGRAM: makes noise on every processor for so long; in the midst of it, once,
 * PROGRAM is executed and the file "needle" deleted. Prints how much noise there was, and between
 * which two times (ns since 1970) the deed was done.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64

static _Atomic int stop;
static _Atomic long made;
static char name[4096]; /* the longest that a call takes, of a file that is not there */
static int noise;

static void read_a_byte(void)
{
	char c;

	if (pread(noise, &c, 1, 0) < 0)
		abort();
}

static void miss_a_long_name(void)
{
	if (access(name, F_OK) == 0)
		abort();
}

static void live_shortly(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(7);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		abort();
}

static const struct kind {
	const char *name;
	void (*act)(void);
} kinds[] = {{"reads", read_a_byte}, {"names", miss_a_long_name}, {"processes", live_shortly}};

struct worker {
	const struct kind *kind;
	int cpu;
};

static void *work(void *arg)
{
	const struct worker *w = arg;
	cpu_set_t set;
	long n = 0;

	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (; !stop; n++)
		w->kind->act();
	made += n;
	return NULL;
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void the_deed(char *program)
{
	char *argv[] = {program, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execv(program, argv);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid || unlink("needle") < 0)
		abort();
}

int main(int argc, char **argv)
{
	static struct worker w[THREADS_MAX];
	long long from, to;
	pthread_t t[THREADS_MAX];
	long n = sysconf(_SC_NPROCESSORS_ONLN), ms = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
	const struct kind *kind = NULL;

	for (size_t i = 0; argc == 4 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			kind = &kinds[i];
	if (!kind)
		return 2;
	close(open("needle", O_CREAT | O_WRONLY, 0600));
	noise = open("noise", O_CREAT | O_RDWR, 0600);
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 200 ? 'n' : '/';
	for (long i = 0; i < n && i < THREADS_MAX; i++) {
		w[i] = (struct worker){kind, (int)i};
		pthread_create(&t[i], NULL, work, &w[i]);
	}
	sleep_ms(ms / 2);
	from = now_ns();
	the_deed(argv[3]);
	to = now_ns();
	sleep_ms(ms / 2);
	stop = 1;
	for (long i = 0; i < n && i < THREADS_MAX; i++)
		pthread_join(t[i], NULL);
	printf("made %ld from %lld to %lld\n", (long)made, from, to);
	return 0;
}
