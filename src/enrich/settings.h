/* SPDX-License-Identifier: MIT */
/*
 * Rows of the class settings: what a settings_set record of the kernel side leaves out, and rows
 * beside events of files that hold settings (setting.h). An attempt that was refused is told too
 * (EACCES, EPERM, EROFS); one that failed otherwise, a deletion of what is not there above all, is
 * not. Of the writes of a process to a file the first one is told, until it opens it again.
 */
#pragma once

#include "base/map.h"
#include "enrich/follow.h"
#include "enrich/sysctl.h"
#include "enrich/told.h"

#define ESPY_SETTINGS_NONE      1u    /* in espy_settings.known */
#define ESPY_SETTINGS_KEPT_MAX  4096u /* settings whose last value is remembered */
#define ESPY_SETTINGS_VALUE_MAX 1024u /* bytes of one, see DATA_MAX in bpf/exit.bpf.h */

struct espy_settings {
	struct espy_sysctls sysctls;
	struct espy_map kept; /* object id → struct kept: the value that was written last */
	struct espy_told told;
	/* By dictionary id of the batch: ESPY_SETTINGS_NONE, or what setting.h has and 2; 0: not
	 * looked at yet. */
	uint8_t *known;
	size_t n_known;
	struct espy_buf scratch;
	const struct espy_batch *batch;
	uint32_t generation;
	bool on[ESPY_EVENT_ID_MAX]; /* which events are wanted */
};

/* `on`: which events are wanted, by id; NULL all. */
void espy_settings_init(struct espy_settings *s, const bool *on);
void espy_settings_done(struct espy_settings *s);

/* Can rows follow an event of this type? */
bool espy_settings_concern(unsigned type);
/* Is it known already that the path is no setting? Asked for every write. */
static inline bool espy_settings_is_none(const struct espy_settings *s, const struct espy_batch *b,
					 uint32_t generation, uint32_t path)
{
	return s->batch == b && s->generation == generation && path < s->n_known &&
	       s->known[path] == ESPY_SETTINGS_NONE;
}
/* Adds the rows that follow from this one: 0 or negative errno. */
int espy_settings_follow(struct espy_settings *s, const struct espy_follow *f);
/* Fills in what a settings_set record leaves to us, before it becomes a row. */
void espy_settings_fill(struct espy_settings *s, const struct espy_event *rec, struct espy_batch *b,
			struct espy_decoded *v);
/* Adds the events that wanted ones are made of. */
void espy_settings_sources(bool *type);
