/* SPDX-License-Identifier: MIT */
#include "cmd/symbols.h"

#include <pthread.h>
#include "enrich/symbols.h"
#include "trace/trace.h"

static struct espy_symbols *symbols; /* for as long as the program runs */

static void make(void)
{
	if (espy_symbols_new(&symbols) < 0)
		symbols = NULL;
}

static void name_stacks(void *ctx, struct espy_batch *b)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)ctx;
	pthread_once(&once, make);
	if (symbols)
		espy_symbols_batch(symbols, b);
}

void espy_symbols_use(void)
{
	espy_trace_on_stacks(name_stacks, NULL);
}

int espy_symbols_option(const char *none)
{
	(void)none;
	espy_trace_on_stacks(NULL, NULL);
	return 0;
}
