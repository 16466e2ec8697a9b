/* SPDX-License-Identifier: MIT */
#include "sense/sampler.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_clock(unsigned cpu, unsigned hz)
{
	struct perf_event_attr a = {
		.size = sizeof(a),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = hz,
	};
	long fd = syscall(SYS_perf_event_open, &a, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static int start_one(struct espy_sampler *s, int program, unsigned cpu, unsigned hz)
{
	int fd = open_clock(cpu, hz), e;

	if (fd == -ENODEV)
		return 0;
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) < 0) {
		e = errno;
		close(fd);
		return -e;
	}
	s->clocks[s->n++] = fd;
	return 0;
}

int espy_sampler_start(struct espy_sampler *s, int program, unsigned cpus, unsigned hz,
		       struct espy_err *err)
{
	int r = 0;

	s->clocks = calloc(cpus, sizeof(*s->clocks));
	if (!s->clocks)
		return -ENOMEM;
	for (unsigned i = 0; i < cpus && r == 0; i++)
		r = start_one(s, program, i, hz);
	if (r < 0) {
		espy_sampler_stop(s);
		return espy_err_set(
			err, r, "cannot sample %u times a second: %s%s", hz, strerror(-r),
			r == -EINVAL ? " (see /proc/sys/kernel/perf_event_max_sample_rate)" : "");
	}
	return 0;
}

void espy_sampler_stop(struct espy_sampler *s)
{
	for (unsigned i = 0; i < s->n; i++)
		close(s->clocks[i]);
	free(s->clocks);
	*s = (struct espy_sampler){0};
}
