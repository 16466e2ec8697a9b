/* SPDX-License-Identifier: MIT */
#include "base/self.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CPUCLOCK_SCHED      2u /* linux/posix-timers.h: the scheduler's count, */
#define CPUCLOCK_PER_THREAD 4u /* of one thread */

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static clockid_t clock_of_thread(uint32_t tid)
{
	return (clockid_t)(~tid << 3 | CPUCLOCK_SCHED | CPUCLOCK_PER_THREAD);
}

static void read_name(struct espy_self_thread *t)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%u/comm", t->tid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(t->name, sizeof(t->name), f))
		t->name[strcspn(t->name, "\n")] = '\0';
	fclose(f);
}

/* NULL: there are too many. */
static struct espy_self_thread *find(struct espy_self *s, uint32_t tid)
{
	for (size_t i = 0; i < s->n_threads; i++)
		if (s->thread[i].tid == tid)
			return &s->thread[i];
	if (s->n_threads == ESPY_SELF_THREADS_MAX)
		return NULL;
	s->thread[s->n_threads] = (struct espy_self_thread){.tid = tid};
	read_name(&s->thread[s->n_threads]);
	return &s->thread[s->n_threads++];
}

static void read_threads(struct espy_self *s)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		uint32_t tid = (uint32_t)strtoul(e->d_name, NULL, 10);
		struct espy_self_thread *t = tid ? find(s, tid) : NULL;
		uint64_t ns = t ? read_clock(clock_of_thread(tid)) : 0;

		if (ns)
			t->cpu_ns = ns;
	}
	if (d)
		closedir(d);
}

/* Bytes of a line as "VmRSS:     1234 kB", where it has this name; otherwise `old`. */
static uint64_t bytes_of(const char *line, const char *name, uint64_t old)
{
	size_t n = strlen(name);

	return strncmp(line, name, n) == 0 ? strtoull(line + n, NULL, 10) * 1024 : old;
}

static void read_memory(struct espy_self *s)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		s->resident = bytes_of(line, "VmRSS:", s->resident);
		s->own = bytes_of(line, "RssAnon:", s->own);
	}
	if (f)
		fclose(f);
}

void espy_self_read(struct espy_self *s)
{
	read_threads(s);
	read_memory(s);
	s->cpu_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
