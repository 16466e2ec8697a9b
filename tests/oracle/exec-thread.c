/* SPDX-License-Identifier: MIT */
/* exec-thread PROGRAM ARG…: becomes PROGRAM from a thread that is not the first, while others
 * sleep. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static char **program;

static void *execute(void *arg)
{
	(void)arg;
	usleep(20000);
	execv(program[0], program);
	abort();
}

static void *wait_forever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (argc < 2)
		return 2;
	program = argv + 1;
	for (int i = 0; i < 3; i++)
		if (pthread_create(&t, NULL, wait_forever, NULL))
			abort();
	if (pthread_create(&t, NULL, execute, NULL))
		abort();
	pthread_join(t, NULL);
	return 1;
}
