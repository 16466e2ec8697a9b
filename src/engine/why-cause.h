/* SPDX-License-Identifier: MIT */
/*
 * From what failed to why it went wrong: which bad end came of which other, and what failed before
 * the first of them. The link is a guess from order, time and exit codes: a trace does not hold
 * what programs think.
 */
#pragma once

#include "engine/why-rank.h"

#define ESPY_WHY_NONE UINT32_MAX

struct espy_why_finding {
	uint32_t proc;    /* number in the tree */
	uint32_t failure; /* number, or ESPY_WHY_NONE: the end itself */
	uint8_t kind;     /* enum espy_why_kind */
	int score;        /* the larger the sooner */
	bool is_cause;    /* the run as a whole ended badly because of it */
	bool is_bad;      /* its process ended badly */
};

struct espy_why_findings {
	ESPY_VEC(struct espy_why_finding) list; /* by score */
	uint32_t *cause;  /* of each process: the child whose end was the reason */
	uint32_t target;  /* the program that was run, or ESPY_WHY_NONE */
	uint64_t n_usual; /* failures of no account */
};

/* After the last batch. `target_pid` 0: a part of the machine was recorded. 0 or -ENOMEM. */
int espy_why_find(struct espy_why_findings *ret, struct espy_why *w, uint32_t target_pid);
void espy_why_findings_done(struct espy_why_findings *f);
/* The parent of the process within the capture, or ESPY_WHY_NONE. */
uint32_t espy_why_parent(const struct espy_why *w, uint32_t proc);
