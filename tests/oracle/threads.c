/* SPDX-License-Identifier: MIT */
/* threads N ROUNDS: threads that use files, each its own and one together. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int rounds, together;

static void *work(void *arg)
{
	char name[64], buf[512];
	int id = *(int *)arg, fd;

	for (int i = 0; i < rounds; i++) {
		snprintf(name, sizeof(name), "thread-%d-%d", id, i % 5);
		fd = open(name, O_RDWR | O_CREAT | O_APPEND, 0600);
		if (fd < 0 || write(fd, name, sizeof(name)) < 0)
			abort();
		if (pread(fd, buf, sizeof(buf), 0) < 0 || pwrite(together, buf, 10, id * 10) < 0)
			abort();
		close(fd);
		if (i % 7 == 0 && unlink(name) < 0)
			abort();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 4, ids[64];
	pthread_t t[64];

	rounds = argc > 2 ? atoi(argv[2]) : 10;
	together = open("together", O_RDWR | O_CREAT, 0600);
	for (int i = 0; i < n && i < 64; i++) {
		ids[i] = i;
		if (pthread_create(&t[i], NULL, work, &ids[i]))
			abort();
	}
	for (int i = 0; i < n && i < 64; i++)
		pthread_join(t[i], NULL);
	return 0;
}
