/* SPDX-License-Identifier: MIT */
/* How much a failure tells by itself, before it is known what became of the process. */
#pragma once

#include "engine/why.h"

enum espy_why_kind {
	ESPY_WHY_MISSING,   /* a file that was looked for and not there */
	ESPY_WHY_LIBRARY,   /* a shared library */
	ESPY_WHY_PROGRAM,   /* a program that could not be started */
	ESPY_WHY_REFUSED,   /* no permission */
	ESPY_WHY_FULL,      /* no room, no memory, no descriptor: a limit */
	ESPY_WHY_NETWORK,   /* a connection that could not be made */
	ESPY_WHY_NO_ANSWER, /* one that nothing came of */
	ESPY_WHY_TAKEN,     /* an address or a file that somebody else has */
	ESPY_WHY_FAILED,    /* anything else that failed */
	ESPY_WHY_MODULE,    /* a search for a module that ended nowhere */
	ESPY_WHY_SIGNAL,    /* ended by a signal */
	ESPY_WHY_EXIT,      /* ended badly, and nothing failed */
	ESPY_WHY__MAX
};

#define ESPY_WHY_SCORE_USUAL  10  /* and below: every run has it */
#define ESPY_WHY_SCORE_WORTH  40  /* and above: worth saying of a process that ended badly */
#define ESPY_WHY_SCORE_GRAVE  65  /* and above: worth saying of one that ended well */
#define ESPY_WHY_SCORE_SIGNAL 100 /* of most signals */

const char *espy_why_kind_name(unsigned kind); /* "missing" */
enum espy_why_kind espy_why_kind_of(const struct espy_why *w, const struct espy_why_failure *f);
/* 0 to 100. */
int espy_why_score(struct espy_why *w, const struct espy_why_failure *f);
/* The same of a signal. */
int espy_why_score_signal(unsigned signal);
/* What a signal means, as the end of a sentence: "it touched memory that is not its own". */
const char *espy_why_signal_means(unsigned signal);
/* Programs whose exit code is an answer and not a fault: grep, test, diff … */
bool espy_why_is_answer(struct espy_str program, unsigned code);
/* Programs that end with a code of their own when one that they ran ended badly: make, xargs … */
bool espy_why_is_relay(struct espy_str program, unsigned code);
/* It is the name of a shared library. */
bool espy_why_is_library(struct espy_str name);
