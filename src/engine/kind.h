/* SPDX-License-Identifier: MIT */
/* The kinds of summary and what they group by: keys.def and summaries.def as const tables. A new
 * summary is one more row of summaries.def. */
#pragma once

#include "engine/measure.h"
#include "engine/table.h"

enum espy_key_id {
	ESPY_KEY__NONE,
#define KEY(name, ...) ESPY_KEY_##name,
#include "engine/keys.def"
	ESPY_KEY__MAX
};

enum espy_key_as {
	ESPY_AS_IS,
	ESPY_AS_FOLDER,   /* the directory that holds the path */
	ESPY_AS_EXT,      /* what follows the last dot of the file name */
	ESPY_AS_ENDPOINT, /* the remote address or, where there is none, the local one */
	ESPY_AS_FOUND,    /* where the same process found what it had missed */
};

struct espy_key {
	const char *name, *title, *column, *other, *none;
	uint8_t cell, flags, as;
};

const struct espy_key *espy_key_get(unsigned id);

#define ESPY_KIND_KEYS_MAX     3
#define ESPY_KIND_LABELS_MAX   3
#define ESPY_KIND_MEASURES_MAX 15

struct espy_summary_kind {
	const char *name;  /* "file" */
	const char *alias; /* another name, or NULL */
	const char *by;    /* "folder" of --by; "" for the usual grouping */
	const char *title; /* "Files" */
	const char *many;  /* what groups are called: "paths" */
	const char *help;  /* one sentence */
	uint16_t classes;  /* bit of each enum espy_class that counts; 0: all */
	uint8_t when;      /* enum espy_measure_when */
	bool sides;        /* the two paths of a copy or rename are two groups */
	bool sparse;       /* a row that adds to no measure is left out */
	bool nest;         /* text shows one section for each value of the first key */
	uint8_t overview;  /* rows that it has in the overview */
	uint8_t keys[ESPY_KIND_KEYS_MAX];         /* enum espy_key_id, ended by 0 */
	uint8_t labels[ESPY_KIND_LABELS_MAX];     /* of the group's last row */
	uint8_t measures[ESPY_KIND_MEASURES_MAX]; /* enum espy_measure_id; the first is the order */
	uint8_t n_measures;
	uint16_t types[ESPY_MEASURE_TYPES_MAX]; /* events that count; ended by 0, none: all */
};

/* i from 0 until NULL. */
const struct espy_summary_kind *espy_kind_at(unsigned i);
/* By name or alias, and grouping ("" for the usual one); NULL when there is none. */
const struct espy_summary_kind *espy_kind_find(const char *name, const char *by);
bool espy_kind_takes(const struct espy_summary_kind *k, const struct espy_schema *s);
