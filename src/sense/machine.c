/* SPDX-License-Identifier: MIT */
#include "sense/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

uint64_t espy_machine_now(void)
{
	return (uint64_t)clock_ns(CLOCK_BOOTTIME);
}

int64_t espy_machine_apart(clockid_t clock, clockid_t other, unsigned tries)
{
	int64_t best = INT64_MAX, apart = 0;

	for (unsigned i = 0; i < tries; i++) {
		int64_t a = clock_ns(clock), between = clock_ns(other), b = clock_ns(clock);

		if (b - a < best) {
			best = b - a;
			apart = between - (a + (b - a) / 2);
		}
	}
	return apart;
}

static void read_line(const char *path, char *to, size_t size)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	if (fgets(to, (int)size, f))
		to[strcspn(to, "\n")] = 0;
	fclose(f);
}

static void read_os(char *to, size_t size)
{
	char line[512];
	FILE *f = fopen("/etc/os-release", "re");

	while (f && fgets(line, sizeof(line), f)) {
		char *v = line + strlen("PRETTY_NAME=");
		size_t n;

		if (strncmp(line, "PRETTY_NAME=", strlen("PRETTY_NAME=")) != 0)
			continue;
		v += *v == '"';
		n = strcspn(v, "\"\n");
		if (n >= size)
			n = size - 1;
		memcpy(to, v, n);
		to[n] = 0;
		break;
	}
	if (f)
		fclose(f);
}

void espy_machine_read(struct espy_machine *m)
{
	struct utsname u;
	time_t now = time(NULL);
	struct tm tm;

	if (uname(&u) == 0) {
		snprintf(m->host, sizeof(m->host), "%s", u.nodename);
		snprintf(m->kernel, sizeof(m->kernel), "%s", u.release);
		snprintf(m->arch, sizeof(m->arch), "%.*s", (int)sizeof(m->arch) - 1, u.machine);
	}
	read_os(m->os, sizeof(m->os));
	read_line("/proc/sys/kernel/random/boot_id", m->boot_id, sizeof(m->boot_id));
	m->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	m->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	if (localtime_r(&now, &tm))
		m->utc_offset = (int32_t)tm.tm_gmtoff;
	m->wall_offset = espy_machine_apart(CLOCK_BOOTTIME, CLOCK_REALTIME, 10);
	m->started = espy_machine_now();
}
