/* SPDX-License-Identifier: MIT */
/*
 * A report that must fit a screen: titled sections of lines that share a number of lines fairly. A
 * section that does not get all it has ends with "… and N more".
 */
#pragma once

#include "base/vec.h"
#include "engine/table.h"

#define ESPY_SECTIONS_MAX  12
#define ESPY_SECTION_TITLE 11u /* columns of the titles at the left */

struct espy_line {
	struct espy_str text; /* escaped; in the arena of the report */
	uint8_t mark;         /* enum espy_cell_mark */
	uint64_t stands_for;  /* of how many things it tells */
};

struct espy_section {
	const char *title;
	ESPY_VEC(struct espy_line) lines; /* the first is always shown, beside the title */
	uint64_t more;                    /* things that have no line at all */
	const char *what;                 /* they are called: "processes" */
	bool keep_last;                   /* the last line is always shown too */
	unsigned n_shown;                 /* lines that it gets */
};

struct espy_screen {
	struct espy_section sections[ESPY_SECTIONS_MAX];
	unsigned n_sections;
	struct espy_arena arena;
	struct espy_table_style style;
	struct espy_buf scratch; /* for callers, to make a line in */
	int error;
};

void espy_screen_init(struct espy_screen *s, const struct espy_table_style *style);
void espy_screen_done(struct espy_screen *s);
struct espy_section *espy_screen_section(struct espy_screen *s, const char *title,
					 const char *what);
/* Takes what is in s->scratch as another line. */
void espy_screen_line(struct espy_screen *s, struct espy_section *section, unsigned mark,
		      uint64_t stands_for);
/* Appends everything in at most `lines` lines (at least one of each section) of at most
 * style.width columns (0: 80; at most 110 are used). 0 or -ENOMEM. */
int espy_screen_print(struct espy_screen *s, struct espy_buf *out, unsigned lines);
