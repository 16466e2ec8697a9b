/* SPDX-License-Identifier: MIT */
/*
 * Saved filters: names for expressions, used as @name or @name(value, …) in any filter. A file of
 * them has one definition per line:
 *
 *     # a comment
 *     secrets = path under /etc/ssl or path endswith .key
 *     slow(limit) = duration > $limit
 *         and not process == cron
 *
 * A line that begins with a blank goes on with the one before it.
 * The rule floor reads no files: a program gives the definitions, once, when a filter first asks.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define ESPY_MACROS_MAX       1024u        /* definitions of a program */
#define ESPY_MACRO_PARAMS_MAX 8u           /* parameters of one */
#define ESPY_MACRO_NAME_MAX   64u          /* bytes of a name */
#define ESPY_MACRO_DEEP_MAX   16u          /* saved filters in each other */
#define ESPY_MACRO_USES_MAX   1024u        /* in one filter, those inside of others included */
#define ESPY_MACRO_FILE_MAX   (256u << 10) /* bytes of one file */

struct espy_macro {
	struct espy_str name, text;
	struct espy_str params[ESPY_MACRO_PARAMS_MAX];
	unsigned n_params;
	const char *source; /* the file */
	unsigned line;      /* in it, from 1 */
	struct espy_macro *next;
};

/* A zeroed one is ready for use. */
struct espy_macros {
	struct espy_arena arena;
	struct espy_macro *first; /* newest first */
	unsigned n;
};
void espy_macros_done(struct espy_macros *m);

/* Adds the definitions of one file; one of the same name is replaced. 0; -EINVAL or -EOVERFLOW with
 * file, line and column in *err; -ENOMEM. */
int espy_macros_add(struct espy_macros *m, struct espy_str text, const char *source,
		    struct espy_err *err);
/* NULL: there is none. */
const struct espy_macro *espy_macros_find(const struct espy_macros *m, struct espy_str name);

/* What all filters of the program use: `load` fills an empty set when the first of them has an @.
 * Not thread-safe before that. */
void espy_macros_set_loader(int (*load)(struct espy_macros *m, struct espy_err *err));
/* The set, loaded by now. 0, or what the loader said. */
int espy_macros_get(const struct espy_macros **ret, struct espy_err *err);
