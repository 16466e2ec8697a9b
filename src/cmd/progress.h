/* SPDX-License-Identifier: MIT */
/* How far long work is, on a terminal: "reading 42%" on the standard error. */
#pragma once

#include <stdbool.h>
#include <time.h>

struct espy_progress {
	const char *what; /* "reading" */
	struct timespec began;
	int percent; /* on the terminal, -1 nothing so far */
	bool shown;  /* the standard error is a terminal */
};

void espy_progress_init(struct espy_progress *p, const char *what);
/* 0..1; work of less than a second shows nothing. ctx is a struct espy_progress. */
void espy_progress_show(void *ctx, double part);
/* The line is free again. */
void espy_progress_clear(struct espy_progress *p);
