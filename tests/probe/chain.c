/* SPDX-License-Identifier: MIT */
/*
 * Does one thing at the end of a known chain of calls, main → outer → middle → inner, compiled with
 * frame pointers: what `stacks` looks for. Calls of the system are made by hand, because a C
 * library without frame pointers hides its caller from whoever walks the stack.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES 512

static const char *what;
static int number;

/* Three arguments are enough for all that is done here. */
static inline __attribute__((always_inline)) long call3(long nr, long a, long b, long c)
{
	long ret;

#ifdef __i386__
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
#else
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
#endif
	return ret;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Its own time is in itself: it asks for the clock rarely. */
__attribute__((noinline)) static void spin(void)
{
	double end = cpu_seconds() + number / 1000.0;
	volatile unsigned long x = 0;

	while (cpu_seconds() < end)
		for (unsigned i = 0; i < 3000000; i++)
			x += i;
}

/* Waits and page faults, a known number of each at least. */
__attribute__((noinline)) static void use(void)
{
	for (int i = 0; i < number; i++) {
		char *p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		for (int k = 0; p != MAP_FAILED && k < PAGES; k++)
			*(volatile char *)(p + k * 4096) = 1;
		munmap(p, PAGES * 4096);
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
}

__attribute__((noinline)) static int inner(int depth)
{
	char *argv[] = {"chain", "nothing", NULL};
	volatile int ret = depth; /* keeps the frame */

	if (depth > 0)
		ret = inner(depth - 1);
	else if (!strcmp(what, "open") || !strcmp(what, "deep"))
		ret = (int)call3(SYS_open, (long)"/not/there", O_RDONLY, 0);
	else if (!strcmp(what, "exec"))
		ret = (int)call3(SYS_execve, (long)"/proc/self/exe", (long)argv, (long)(argv + 2));
	else if (!strcmp(what, "exit"))
		ret = (int)call3(SYS_exit_group, 7, 0, 0);
	else if (!strcmp(what, "fork"))
		ret = (int)call3(SYS_fork, 0, 0, 0);
	else if (!strcmp(what, "spin"))
		spin();
	else if (!strcmp(what, "use"))
		use();
	return ret;
}

__attribute__((noinline)) static int middle(int depth)
{
	volatile int ret = inner(depth);

	return ret;
}

__attribute__((noinline)) static int outer(int depth)
{
	volatile int ret = middle(depth);

	return ret;
}

static void *in_thread(void *arg)
{
	(void)arg;
	outer(0);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t;

	what = argc > 1 ? argv[1] : "nothing";
	number = argc > 2 ? atoi(argv[2]) : 0;
	if (argc > 3 && (pthread_create(&t, NULL, in_thread, NULL) || pthread_join(t, NULL)))
		return 1;
	if (outer(strcmp(what, "deep") ? 0 : number) > 0 && !strcmp(what, "fork"))
		wait(NULL);
	return 0;
}
