/* SPDX-License-Identifier: MIT */
/* What a comparison of two runs tells apart about a subject, and which events say it. */
#pragma once

#include "base/str.h"
#include "model/event.h"

enum espy_diff_op {
	ESPY_DIFF_EXIT,
	ESPY_DIFF_RUN,
	ESPY_DIFF_ENV, /* a variable that a program was started with */
	ESPY_DIFF_LOAD,
	ESPY_DIFF_CONNECT,
	ESPY_DIFF_LISTEN,
	ESPY_DIFF_CREATE,
	ESPY_DIFF_DELETE,
	ESPY_DIFF_RENAME,
	ESPY_DIFF_WRITE,
	ESPY_DIFF_SET,
	ESPY_DIFF_OPEN,
	ESPY_DIFF_READ,
	ESPY_DIFF_LOOK,
	ESPY_DIFF__MAX /* plus the type of an event: any other that failed */
};

/* What the operation was about. */
enum espy_diff_subject {
	ESPY_DIFF_OF_PATH,
	ESPY_DIFF_OF_PATH2,
	ESPY_DIFF_OF_BOTH, /* "from -> to" */
	ESPY_DIFF_OF_COMMAND,
	ESPY_DIFF_OF_VARIABLES, /* one key for each */
	ESPY_DIFF_OF_REMOTE,
	ESPY_DIFF_OF_LOCAL,
	ESPY_DIFF_OF_PROGRAM, /* the process itself */
};

/* An event and what it is counted as. An event may have two. */
struct espy_diff_rule {
	uint16_t type;
	uint8_t op, subject;
};

/* The rules of a type, one after the other, *ret_n of them; NULL and 0 when it has none. */
const struct espy_diff_rule *espy_diff_rules(unsigned type, unsigned *ret_n);
/* "open"; of an operation beyond ESPY_DIFF__MAX the event's. */
const char *espy_diff_op_name(unsigned op);
/* How much it tells when only one run did it: 0 most. */
unsigned espy_diff_op_rank(unsigned op);
