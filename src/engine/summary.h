/* SPDX-License-Identifier: MIT */
/*
 * Groups the rows of batches by a kind's keys and adds up its measures. Memory grows with the
 * number of groups, never with the number of rows; past the limits they are counted as left
 * over. Counts are of operations, of which a merged row has many (model/merged.h).
 */
#pragma once

#include "engine/kind.h"
#include "model/batch.h"

#define ESPY_SUMMARY_GROUPS_MAX (1u << 20)
#define ESPY_SUMMARY_PROCS_MAX  (1u << 20) /* processes told apart */

struct espy_summary;

/* max_groups 0: ESPY_SUMMARY_GROUPS_MAX. 0 or -ENOMEM. */
int espy_summary_new(struct espy_summary **ret, const struct espy_summary_kind *kind,
		     uint32_t max_groups);
void espy_summary_free(struct espy_summary *s);

/* Adds the rows whose bit is set; bits NULL: all. All batches of a trace go through here in order,
 * also those without a bit: what was missed may be found in them. 0 or -ENOMEM. */
int espy_summary_batch(struct espy_summary *s, const struct espy_batch *b, const uint64_t *bits);

const struct espy_summary_kind *espy_summary_kind(const struct espy_summary *s);
uint32_t espy_summary_groups(const struct espy_summary *s);
/* Operations that were added, those that found no group any more included. */
uint64_t espy_summary_operations(const struct espy_summary *s);
uint64_t espy_summary_left_over(const struct espy_summary *s);
/* A count of different things hit its limit: such counts are lower bounds. */
bool espy_summary_is_clipped(const struct espy_summary *s);
/* ns to add to a boot-clock time, from the batches. */
int64_t espy_summary_wall_offset(const struct espy_summary *s);

/* Of a group by its number, 0 to espy_summary_groups(): a measure of the kind (0 for others), and a
 * key or label (a string, or a number and an empty string). */
uint64_t espy_summary_value(const struct espy_summary *s, uint32_t group, unsigned measure);
struct espy_cell espy_summary_key(struct espy_summary *s, uint32_t group, unsigned key);

/*
 * Numbers of all groups in order, malloc'ed. `by` names a measure (largest first) or a key
 * (ascending); NULL is the kind's own order. Groups that are equal in it are ordered by their keys,
 * so the order is the same in every run. A kind with sections has them by their sum, and in them
 * what was never found first. -ENOMEM, or -EINVAL: the kind has no such column.
 */
int espy_summary_order(struct espy_summary *s, const char *by, uint32_t **ret);
