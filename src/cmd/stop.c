/* SPDX-License-Identifier: MIT */
#include "cmd/stop.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "sense/machine.h"

#define SHOW_EVERY_NS 250000000ull

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	stopped = sig;
}

void espy_stop_catch(void)
{
	struct sigaction sa = {.sa_handler = on_signal}, hup;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, &hup);
	if (hup.sa_handler == SIG_IGN) /* nohup(1): goes on without its terminal */
		sigaction(SIGHUP, &hup, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool espy_stop_asked(void)
{
	return stopped != 0;
}

static void show(struct espy_stop *s, struct espy_capture *c, uint64_t now)
{
	if (!s->progress || now - s->shown < SHOW_EVERY_NS)
		return;
	s->shown = now;
	fprintf(stderr, "\r%llu events, %llu lost; Ctrl-C ends \033[K",
		(unsigned long long)espy_capture_events(c),
		(unsigned long long)espy_capture_lost(c));
	fflush(stderr);
}

int espy_stop_tick(void *ctx, struct espy_capture *c, struct espy_ending *e)
{
	struct espy_stop *s = ctx;
	uint64_t now = espy_machine_now();
	const char *why = NULL;

	show(s, c, now);
	if (s->cost)
		espy_cost_tick(s->cost, c);
	if (stopped)
		why = stopped == SIGINT ? "interrupted" : "terminated";
	else if (s->until && now >= s->until)
		why = "the time was over";
	else if (s->follows && espy_capture_alive(c) <= 0)
		why = "the processes ended";
	if (!why)
		return 0;
	if (s->progress)
		fputs("\r\033[K", stderr);
	snprintf(e->reason, sizeof(e->reason), "%s", why);
	return 1;
}
