/* SPDX-License-Identifier: MIT */
/* The column Detail for events of this machine, as Process Monitor would word it: one function for
 * each word of the last column of procmon-map.def. Used by procmon-map.c only. */
#pragma once

#include "base/buf.h"
#include "model/batch.h"

typedef void espy_procmon_detail_fn(struct espy_buf *out, const struct espy_batch *b, uint32_t row);

#define espy_procmon_detail_none NULL
espy_procmon_detail_fn espy_procmon_detail_defined, espy_procmon_detail_create,
	espy_procmon_detail_start, espy_procmon_detail_exit, espy_procmon_detail_thread,
	espy_procmon_detail_thread_exit, espy_procmon_detail_image, espy_procmon_detail_open,
	espy_procmon_detail_mkdir, espy_procmon_detail_mknod, espy_procmon_detail_transfer,
	espy_procmon_detail_position, espy_procmon_detail_dacl, espy_procmon_detail_owner,
	espy_procmon_detail_rename, espy_procmon_detail_link, espy_procmon_detail_dispose,
	espy_procmon_detail_end_of_file, espy_procmon_detail_allocation, espy_procmon_detail_times,
	espy_procmon_detail_lock, espy_procmon_detail_control, espy_procmon_detail_watch,
	espy_procmon_detail_network;

/* A field of the row's event by name; 0 and "" when it has no such field. */
int64_t espy_procmon_num(const struct espy_batch *b, uint32_t row, const char *field);
struct espy_str espy_procmon_str(const struct espy_batch *b, uint32_t row, const char *field);

/* Does an open count as writing: did it make or empty a file, or, when it failed, ask for that? */
bool espy_procmon_open_writes(const struct espy_batch *b, uint32_t row);
/* 0 a lock, 1 an unlock, -1 a question about one. */
int espy_procmon_lock_kind(const struct espy_batch *b, uint32_t row);
/* 0 TCP, 1 UDP, -1 anything else. */
int espy_procmon_net_kind(const struct espy_batch *b, uint32_t row);
/* "10.0.0.1:50000 -> 10.0.0.2:443" */
void espy_procmon_net_path(struct espy_buf *out, const struct espy_batch *b, uint32_t row);
/* Arguments, each ended by a NUL, as Windows shows a command line: with blanks between them. */
void espy_procmon_command(struct espy_buf *out, struct espy_str argv);
