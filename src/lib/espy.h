/* SPDX-License-Identifier: MIT */
/*
 * libespy: events of a trace file, or of a running `espy serve`, one after the other.
 *
 *	struct espy *e = espy_open("/run/espy.sock", "exec");
 *
 *	while (espy_next(e) > 0)
 *		printf("%s %s\n", espy_text(e, "process"), espy_text(e, "path"));
 *	if (espy_error(e))
 *		fprintf(stderr, "%s\n", espy_error(e));
 *	espy_close(e);
 *
 * Columns and fields have the names that `espy schema` lists. Not thread-safe for one stream;
 * several streams do not know of each other. Link with `pkg-config --cflags --libs libespy`.
 */
#ifndef ESPY_H
#define ESPY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct espy;

/*
 * Opens a trace file, or connects when `source` is a socket. `filter` in Espy's language; NULL or
 * "" for everything. NULL only when memory is out: what else is wrong, espy_next and espy_error
 * say.
 */
struct espy *espy_open(const char *source, const char *filter);
/* Goes to the next event: 1; 0 at the end; -1 when something is wrong. Waits for a live event. */
int espy_next(struct espy *e);
/* One sentence, NULL when all is well. Valid until espy_close. */
const char *espy_error(const struct espy *e);
/* For poll(2) of a live stream: it is readable when espy_next has something to look at, which may
 * turn out to be nothing that the filter lets through. -1 for a file. */
int espy_fd(const struct espy *e);
void espy_close(struct espy *e);

/* --- the current event ------------------------------------------------------------------------ */

/* A column or field as text output shows it, unescaped bytes ended by a NUL; "" when the event has
 * none of that name. Valid until the stream's next espy_next or espy_close. */
const char *espy_text(struct espy *e, const char *column);
/* A column or field as a number: times in ns since 1970, durations in ns. 0 when it has none or is
 * text; *ret_has (may be NULL) says which. */
int64_t espy_number(struct espy *e, const char *column, int *ret_has);
/* The whole event as one line of JSON, as `espy show -f json` writes it. Valid likewise. */
const char *espy_json(struct espy *e);

#ifdef __cplusplus
}
#endif

#endif
