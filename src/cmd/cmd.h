/* SPDX-License-Identifier: MIT */
/*
 * Sub-commands: one file each, one const struct each, listed in main.c. Only cmd/ prints errors,
 * reads argv and exits. Exit codes: 0 good, 1 runtime failure, 2 wrong usage (run: see cli.md).
 */
#pragma once

#include <getopt.h>
#include "base/err.h"

struct espy_option {
	char letter;      /* 'o', or 0 for none */
	const char *name; /* "output" */
	const char *arg;  /* "FILE", NULL for none */
	const char *help; /* one line */
};

struct espy_command {
	const char *name;   /* "show" */
	const char *usage;  /* "FILE [FILTER] [options]" */
	const char *help;   /* one line for the list of commands */
	const char *detail; /* a paragraph for --help, may be NULL */
	/* Ended by a row without a name; --help is added. */
	const struct espy_option *options;
	/* argv[0] is the sub-command's name; returns the exit code. */
	int (*run)(int argc, char **argv);
};

extern const struct espy_command espy_cmd_run, espy_cmd_record, espy_cmd_live, espy_cmd_show,
	espy_cmd_tree, espy_cmd_summary, espy_cmd_schema, espy_cmd_filters, espy_cmd_doctor,
	espy_cmd_diff, espy_cmd_why, espy_cmd_convert, espy_cmd_count, espy_cmd_pmc, espy_cmd_serve,
	espy_cmd_mark;

/*
 * getopt_long over the command's table. Returns the letter (or 256 + index for an option without
 * one), -1 at the end of options (optind is the first operand), '?' after a usage error was
 * printed.
 * --help prints the help and exits 0. Options after the first operand are taken too unless `posix`.
 */
int espy_cmd_getopt(const struct espy_command *c, int argc, char **argv, int posix);
/* Prints "espy: " and the error with its place; a filter error gets the text and a caret under the
 * wrong place, or the place as a number where the text is long. Returns 1, for a filter error 2:
 * both are exit codes. */
int espy_cmd_fail(const struct espy_err *err, const char *filter);
/* Prints a usage error and the hint to --help; returns 2. */
int espy_cmd_usage(const struct espy_command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Operands from argv[optind] on, joined by spaces into one filter text (malloc); "" when none. */
char *espy_cmd_filter(int argc, char **argv, int from);

/* What the standard output is. `colour` honours NO_COLOR, TERM=dumb and a pipe; `width` is 0 when
 * it is not a terminal. */
struct espy_terminal {
	int is_tty, colour;
	unsigned width, height;
};
struct espy_terminal espy_cmd_terminal(int fd);
