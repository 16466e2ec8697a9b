/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <signal.h>

int espy_thread_start(pthread_t *ret, void *(*fn)(void *), void *ctx)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	r = pthread_create(ret, NULL, fn, ctx);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

void espy_thread_name(pthread_t thread, const char *name)
{
	pthread_setname_np(thread, name);
}
