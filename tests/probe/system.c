/* SPDX-License-Identifier: MIT */
/* What the capture says about itself. */
#include "probe.h"
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* --- loss ------------------------------------------------------------------------------------ */

#define CALLS_DEFAULT 300000

/*
 * Stops the program that reads the events, makes more of them than any buffer holds, and lets it go
 * on: what was recorded and what is said to be lost must add up to what was done. To be run in a
 * capture of its own.
 */
PROBE(system_loss)
{
	const char *calls = getenv("PROBE_LOSS_CALLS");
	long n = calls ? atol(calls) : CALLS_DEFAULT;

	if (probe_starter <= 1)
		probe_skip("the program that records is not there");
	MUST(kill(probe_starter, SIGSTOP) == 0);
	for (long i = 0; i < n; i++)
		syscall(NR_lseek, -1, 0L, 0L);
	MUST(kill(probe_starter, SIGCONT) == 0);
	DID(lseek, -EBADF);
	WANT(file_seek, NUM(or_lost, n));
}
