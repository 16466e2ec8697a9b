/* SPDX-License-Identifier: MIT */
#include "cmd/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define QUIET_NS 1000000000 /* short work shows no progress */

void espy_progress_init(struct espy_progress *p, const char *what)
{
	*p = (struct espy_progress){.what = what, .percent = -1, .shown = isatty(STDERR_FILENO)};
	clock_gettime(CLOCK_MONOTONIC, &p->began);
}

void espy_progress_show(void *ctx, double part)
{
	struct espy_progress *p = ctx;
	int percent = (int)(part * 100);
	struct timespec now;

	if (!p->shown || percent == p->percent)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - p->began.tv_sec) * 1000000000 + now.tv_nsec - p->began.tv_nsec < QUIET_NS)
		return;
	p->percent = percent;
	fprintf(stderr, "\r%s %d%%", p->what, percent);
	fflush(stderr);
}

void espy_progress_clear(struct espy_progress *p)
{
	if (p->percent >= 0)
		fprintf(stderr, "\r%*s\r", (int)(strlen(p->what) + sizeof(" 100%")), "");
	p->percent = -1;
}
