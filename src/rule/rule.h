/* SPDX-License-Identifier: MIT */
/* The filter language: text → tree, checked against the event table → evaluated over batches. */
#pragma once

#include "base/err.h"
#include "model/batch.h"
#include "model/column.h"

struct espy_rule;

/*
 * Compiles one expression (docs/reference/filter.md). "" matches everything. An error has the
 * 1-based column in err->column and says what was expected or which names there are.
 */
int espy_rule_new(struct espy_rule **ret, const char *text, struct espy_err *err);
void espy_rule_free(struct espy_rule *r);

#define ESPY_RULE_WORDS(rows) (((rows) + 63u) / 64u)

/* A rule that is stateful (espy_rule_columns) must be given every batch, once and in order.
 *
 * Sets bit r of `bits` (ESPY_RULE_WORDS(b->n) words) for each row that matches; the others are 0.
 * Returns how many match, or -ENOMEM. Not thread-safe for one rule. */
int espy_rule_match(struct espy_rule *r, const struct espy_batch *b, uint64_t *bits);

/* When the capture started (boot clock ns), for times such as +2.5s and 10:00:00. Without it the
 * first batch that espy_rule_match sees stands for the start. */
void espy_rule_set_start(struct espy_rule *r, uint64_t start);

/* On how many texts a regular expression hit a limit so far; such a text does not match. */
uint64_t espy_rule_gave_up(const struct espy_rule *r);

/* How many names of files or descriptors same_file() and follow() could not take, being full. */
uint64_t espy_rule_dropped(const struct espy_rule *r);

/* What espy_rule_gave_up and espy_rule_dropped were of all rules that this program freed so far,
 * for one sentence at its end. Thread-safe. */
struct espy_rule_tally {
	uint64_t gave_up, dropped;
};
struct espy_rule_tally espy_rule_tally(void);

static inline bool espy_rule_bit(const uint64_t *bits, uint32_t row)
{
	return bits[row / 64] >> (row % 64) & 1;
}

/* Bounds of a text: it is one of these, lies under one as a directory, or begins with one. */
#define ESPY_BOUNDS_MAX 8u
enum espy_bound_kind { ESPY_BOUND_IS, ESPY_BOUND_UNDER, ESPY_BOUND_STARTS };
struct espy_text_bound {
	struct espy_str text; /* the rule's */
	enum espy_bound_kind kind;
};
struct espy_text_bounds {
	struct espy_text_bound v[ESPY_BOUNDS_MAX];
	uint32_t n; /* 0: any text */
};
bool espy_text_bounds_have(const struct espy_text_bounds *b, struct espy_str s);

/* What a rule can only match: everything outside this cannot match, things inside may; of a rule
 * that is stateful also all that it must have seen to know. It decides which operations the kernel
 * side records. */
struct espy_rule_needs {
	bool type[ESPY_EVENT_ID_MAX]; /* events that can match */
	/* of them: those whose class, op or event the rule names, so that optional ones are meant
	 * too */
	bool asked[ESPY_EVENT_ID_MAX];
	bool failed_only;                /* only rows with result < 0 */
	uint64_t min_duration;           /* ns; only rows at least this long */
	uint32_t pids[64], n_pids;       /* only these pids; n_pids 0: any */
	uint32_t uids[64], n_uids;       /* only these real uids; n_uids 0: any */
	struct espy_text_bounds exes;    /* only executables with these paths */
	struct espy_text_bounds cgroups; /* only where a name in the path of the cgroup has such a
				       text in it */
	struct espy_text_bounds paths;   /* only these paths, of events of the types … */
	bool path_bound[ESPY_EVENT_ID_MAX]; /* … that are set here; without any, paths.n is 0 */
};
/* Texts in *ret are good as long as the rule is. */
void espy_rule_needs(const struct espy_rule *r, struct espy_rule_needs *ret);
/* Widens `n` by what another rule needs. */
void espy_rule_needs_add(struct espy_rule_needs *n, const struct espy_rule *other);

#define ESPY_RULE_COLUMNS 512u /* ids of columns are below this */

/*
 * Which columns evaluation may look at, by espy_column.id, those that functions look at included; a
 * reader may leave the others of a batch 0. What is not a column is always looked at: n, type,
 * slot, flags, the rows of groups, the dictionary, the table of processes with its parents,
 * first_seq and wall_offset. (source stands for path_source, syscall for abi and call, any column
 * of a process for proc.)
 */
struct espy_rule_columns {
	uint64_t bits[ESPY_RULE_COLUMNS / 64];
	bool all;      /* every column and field, whatever the bits say */
	bool stateful; /* every batch must be seen, in order: what matches depends on rows before */
	bool exits;    /* results of process_exit are judged otherwise than those of other events */
};
void espy_rule_columns(const struct espy_rule *r, struct espy_rule_columns *ret);

static inline bool espy_rule_reads(const struct espy_rule_columns *c, unsigned column_id)
{
	return c->all || column_id >= ESPY_RULE_COLUMNS ||
	       c->bits[column_id / 64] >> (column_id % 64) & 1;
}

/* What is known of a block of rows without looking at one. */
struct espy_rule_facts {
	int64_t wall_offset;
	bool is_plain; /* no row is pending, none lacks its entry */
	uint32_t (*rows_of)(void *ctx, unsigned type);
	/* Smallest and largest number of a column; `type` matters when it is a field. False: not
	 * known. */
	bool (*range)(void *ctx, const struct espy_column *c, unsigned type, __int128 *ret_min,
		      __int128 *ret_max);
	void *ctx;
};

enum espy_rule_chance {
	ESPY_RULE_NONE, /* no row matches */
	ESPY_RULE_SOME, /* look */
	ESPY_RULE_ALL,  /* every row matches */
};

/* The first and the last are sure. A stateful rule says SOME. */
enum espy_rule_chance espy_rule_chance(struct espy_rule *r, const struct espy_rule_facts *f);
