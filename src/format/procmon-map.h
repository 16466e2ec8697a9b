/* SPDX-License-Identifier: MIT */
/*
 * What an event of this machine is in Process Monitor's words: a row of procmon-map.def for each
 * event of events.def, and a function for each kind of detail. Not for rows of its own captures
 * (abi ESPY_ABI_PROCMON): those bring their words with them.
 *
 * Events without a counterpart keep their own name and the detail that Espy shows.
 *
 * Source of its words: real CSV files of Process Monitor 3.60, and docs/format/pml.md.
 */
#pragma once

#include "base/buf.h"
#include "model/batch.h"

struct espy_procmon_map {
	const char *operation;   /* "CreateFile", or our own label */
	const char *event_class; /* "File System" */
	enum espy_category category;
	uint32_t status; /* NTSTATUS */
	bool is_own;     /* no counterpart: `operation` is ours */
};

void espy_procmon_map(const struct espy_batch *b, uint32_t row, struct espy_procmon_map *ret);

/* Append the texts of the columns Path and Detail, not quoted and not escaped. */
void espy_procmon_map_path(struct espy_buf *out, const struct espy_batch *b, uint32_t row);
void espy_procmon_map_detail(struct espy_buf *out, const struct espy_batch *b, uint32_t row);

/* NTSTATUS of a result: 0, or that of the negative errno; 0xC0000001 where none is near. */
uint32_t espy_procmon_map_status(int64_t result);

/* Every name that espy_procmon_map gives to events of this type as its operation, separated by
 * commas: what a filter on operations has to know. */
const char *espy_procmon_map_operations(unsigned type);
/* The category of all events of this type, ESPY_CATEGORY_NONE where it depends on the event. */
enum espy_category espy_procmon_map_category(unsigned type);
/* Does no sensor of this machine make such events? */
bool espy_procmon_map_is_imported(unsigned type);
