/* SPDX-License-Identifier: MIT */
/* What one row adds to a sum: measures.def as a const table, and the facts of a row that summaries,
 * process trees and reports must agree on. */
#pragma once

#include "model/batch.h"

enum espy_measure_id {
#define MEASURE(name, ...) ESPY_MEASURE_##name,
#include "engine/measures.def"
	ESPY_MEASURE__MAX
};

enum espy_measure_how { ESPY_HOW_SUM, ESPY_HOW_MAX, ESPY_HOW_DISTINCT, ESPY_HOW_RATIO };

enum espy_measure_of {
	ESPY_OF_ONE,
	ESPY_OF_DURATION,
	ESPY_OF_TIMED,
	ESPY_OF_BYTES,
	ESPY_OF_CPU,
	ESPY_OF_MEMORY,
	ESPY_OF_CREATED,
	ESPY_OF_TIME,
	ESPY_OF_MADE_AT,
	ESPY_OF_PROCESS,
	ESPY_OF_PATH,
};

enum espy_measure_when { ESPY_WHEN_ANY, ESPY_WHEN_GOOD, ESPY_WHEN_FAILED };

/* Which of an event's two paths a row is counted for; both when it has one or they are not told
 * apart. */
enum espy_side { ESPY_SIDE_FROM = 1, ESPY_SIDE_TO = 2, ESPY_SIDE_BOTH = 3 };

#define ESPY_MEASURE_TYPES_MAX 8

struct espy_measure {
	const char *name, *title, *doc;
	uint16_t types[ESPY_MEASURE_TYPES_MAX]; /* ended by 0; of a RATIO: two enum espy_measure_id
						 */
	uint8_t cell;                           /* enum espy_cell_type */
	uint8_t how, of, when, side;
};

const struct espy_measure *espy_measure_get(unsigned id);

/* Is it only there for others to be worked out from, in no table? */
bool espy_measure_is_hidden(unsigned id);

/* Can rows of this type count at all? False for every type when it is a RATIO. */
bool espy_measure_takes(const struct espy_measure *m, unsigned type);

/* What a row of a type that it takes adds for these sides, 0 when nothing. For DISTINCT: 1 when the
 * row's process or path counts. */
uint64_t espy_measure_row(const struct espy_measure *m, const struct espy_batch *b, uint32_t row,
			  unsigned sides);

/* The operation failed: it ended with an errno that is no success in disguise. A connection in
 * progress is not a failure, nor is the exit of a process (its result is a status). */
bool espy_measure_failed(const struct espy_batch *b, uint32_t row);
/* Bytes that went through the operation, 0 when it moved none. */
uint64_t espy_measure_bytes(const struct espy_batch *b, uint32_t row);
/* The open made the file, or the operation is one that always makes one. */
bool espy_measure_created(const struct espy_batch *b, uint32_t row);
/* The second path of copy, rename and link; "" for other events. */
struct espy_str espy_measure_path2(const struct espy_batch *b, uint32_t row);
/* When the operation ended, boot clock ns. */
static inline uint64_t espy_measure_end(const struct espy_batch *b, uint32_t row)
{
	return b->time[row] + b->duration[row];
}
