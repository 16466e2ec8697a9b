/* SPDX-License-Identifier: MIT */
/* Threads beside the one that records. */
#pragma once

#include <pthread.h>

/* pthread_create with all signals blocked: they are for the thread that records. 0 or negative
 * errno. */
int espy_thread_start(pthread_t *ret, void *(*fn)(void *), void *ctx);
/* What it is called in ps(1) and by `--cost`; at most 15 bytes. */
void espy_thread_name(pthread_t thread, const char *name);
