/* SPDX-License-Identifier: MIT */
/* What a message of the process connector does to the table of processes, and the records that come
 * of it. */
#pragma once

#include "base/buf.h"
#include "sense/connector.h"
#include "sense/exec-names.h"
#include "sense/plain-proc.h"
#include "sense/plain-record.h"
#include "sense/plain-task.h"
#include "sense/sense.h"

struct espy_plain_events {
	/* what is wanted */
	bool type[ESPY_EVENT_ID_MAX];
	bool with_env, only_targets;
	uint32_t *uids;
	size_t n_uids;
	uint32_t self;  /* this process, of which nothing is told */
	uint64_t since; /* boot clock: what happened before only changes the table; 0: all */

	struct espy_plain_tasks tasks;
	struct espy_plain_cgroups cgroups;
	struct espy_exec_names names;
	bool has_names;
	int64_t to_boot;      /* boot clock minus monotonic clock */
	struct espy_buf made; /* records, each at a multiple of 8 */
	uint64_t n_made, unmade;

	/* Did the process have another exec, a new name or its end after the message that is
	 * handled? Asked before /proc is read, and with `now` after it. */
	struct espy_plain_later {
		bool exec, comm, exit;
	} (*later)(void *ctx, uint32_t pid, bool now);
	void *ctx;

	/* scratch */
	struct espy_plain_image image;
	struct espy_proc_info info;
	struct espy_record record;
};

void espy_plain_events_done(struct espy_plain_events *x);
/* Clocks are set anew now and then: suspending moves them apart. */
void espy_plain_set_clock(struct espy_plain_events *x);

void espy_plain_event(struct espy_plain_events *x, const struct espy_connector_event *e);
void espy_plain_lost(struct espy_plain_events *x, uint32_t cpu, uint64_t lost, uint64_t from,
		     uint64_t to, const char *reason);

/* The record under construction goes into `made`. */
void espy_plain_send(struct espy_plain_events *x);
/* Who the process is now, for those who know it from before. */
void espy_plain_tell_task(struct espy_plain_events *x, struct espy_plain_process *p, uint64_t time);
/* As plain-proc.h, with definitions sent. */
void espy_plain_read_who(struct espy_plain_events *x, struct espy_plain_process *p, int dir,
			 bool all);
