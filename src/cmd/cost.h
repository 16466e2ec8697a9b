/* SPDX-License-Identifier: MIT */
/*
 * --cost: what recording costs, on the standard error: a line every so often, and tables at the
 * end. espy_cmd_getopt takes the option off for every command that has it in its table.
 */
#pragma once

#include "base/self.h"
#include "engine/capture.h"

#define ESPY_COST_OPTION                                                                      \
	{                                                                                     \
		0, "cost", "[=TIME]",                                                         \
			"show what recording costs, so often; default 5s, 1s on a terminal, " \
			"and by program at the end"                                           \
	}

/* 0, or an exit code after an error was printed. */
int espy_cost_option(const char *time);
bool espy_cost_wanted(void);

/* All that is counted up, at one moment. */
struct espy_cost_counts {
	uint64_t time; /* boot clock ns */
	uint64_t events, lost, bytes;
	uint64_t agent_ns, programs_ns;
};

struct espy_cost {
	/* The command's: bytes that were written so far; are lines JSON objects? */
	uint64_t (*bytes)(const void *sink);
	const void *sink;
	bool json;
	bool to_stdout; /* the events go there: its terminal is theirs */

	struct espy_cost_counts first, last;
	uint64_t next;      /* when the next line is due */
	uint64_t fullest;   /* most that was seen in a ring, bytes */
	int measured;       /* of espy_capture_measure */
	bool on_terminal;   /* the line is written over the last one */
	bool is_line_shown; /* it stands there and is not ended */
	struct espy_self self, self_first;
};

/* All of these do nothing when --cost is not given. Before the capture starts: */
void espy_cost_begin(struct espy_cost *cost, struct espy_capture *c);
/* Every few ms: */
void espy_cost_tick(struct espy_cost *cost, struct espy_capture *c);
/* When it has ended, and is not closed: */
void espy_cost_end(struct espy_cost *cost, struct espy_capture *c);
