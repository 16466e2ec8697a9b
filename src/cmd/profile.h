/* SPDX-License-Identifier: MIT */
/* --stacks, --sample and --profile, for every command that captures. espy_cmd_getopt takes them off
 * for every command that has them in its table. */
#pragma once

#include "engine/capture.h"

#define ESPY_PROFILE_OPTIONS                                                                   \
	{0, "stacks", "[=WHAT]",                                                               \
	 "also the calls that led to each event: user, kernel or both; default user"},         \
		{0, "sample", "RATE", "what each processor does, so many times a second: 99"}, \
	{                                                                                      \
		0, "profile", "TIME",                                                          \
			"CPU time, memory, faults and input of what runs, every so often: 1s"  \
	}

/* 0, or an exit code after an error was printed. */
int espy_stacks_option(const char *what);
int espy_sample_option(const char *rate);
int espy_profile_option(const char *time);
/* What was asked for. */
struct espy_capture_profile espy_profile_options(void);
