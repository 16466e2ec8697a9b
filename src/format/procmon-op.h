/* SPDX-License-Identifier: MIT */
/* Process Monitor's operations: rows of procmon.def by what its files say and by number. */
#pragma once

#include "model/event.h"

struct espy_procmon_op {
	const char *name; /* "CreateFile" */
	uint16_t nr;
	uint16_t type; /* enum espy_event_type */
	uint16_t code;
	int16_t sub; /* -1 any */
	uint8_t class_id;
};

/* The row of an operation; one for any sub-operation where there is none for this. NULL when there
 * is none at all. */
const struct espy_procmon_op *espy_procmon_op_find(unsigned class_id, unsigned code, int sub);
/* By number; NULL when there is none. */
const struct espy_procmon_op *espy_procmon_op_get(unsigned nr);
/* "File System" of a class of PML events; "" when unknown. */
const char *espy_procmon_class_name(unsigned class_id);
