/* SPDX-License-Identifier: MIT */
#include "cmd/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/parse.h"
#include "sense/sense.h"
#include "sense/wire.h"

#define EVERY_MIN_NS 10000000ull /* 10 ms: every task of the machine is looked at */

static struct espy_capture_profile asked;

int espy_stacks_option(const char *what)
{
	static const char *const names[] = {
		[ESPY_STACK_USER] = "user",
		[ESPY_STACK_KERNEL] = "kernel",
		[ESPY_STACK_USER | ESPY_STACK_KERNEL] = "both",
	};

	for (unsigned i = 1; i < sizeof(names) / sizeof(*names); i++)
		if (!what || strcmp(what, names[i]) == 0) {
			asked.stacks = i;
			return 0;
		}
	fprintf(stderr, "espy: --stacks=%s: there are user, kernel and both\n", what);
	return 2;
}

int espy_sample_option(const char *rate)
{
	char *end;
	unsigned long n = strtoul(rate, &end, 10);

	if (end == rate || *end || n < 1 || n > ESPY_SENSE_HZ_MAX) {
		fprintf(stderr, "espy: --sample %s: a number of samples a second, 1 to %u\n", rate,
			ESPY_SENSE_HZ_MAX);
		return 2;
	}
	asked.sample_hz = (unsigned)n;
	return 0;
}

int espy_profile_option(const char *time)
{
	if (espy_parse_duration(time, &asked.every_ns) == 0 && asked.every_ns >= EVERY_MIN_NS)
		return 0;
	fprintf(stderr, "espy: --profile %s: a time of 10ms or more, such as 1s\n", time);
	return 2;
}

struct espy_capture_profile espy_profile_options(void)
{
	return asked;
}
