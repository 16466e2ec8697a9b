/* SPDX-License-Identifier: MIT */
/*
 * What was executed, by its name, of processes that are gone before /proc can be read: the
 * tracepoint sched_process_exec in a tracing instance of our own, read in binary. The name is the
 * kernel's copy of what the caller gave.
 *
 * Needs tracefs (root), which is used where it is mounted, else by a mount that nobody else sees
 * (fsmount(2)). Sources: Documentation/trace/{ftrace,events,ring-buffer-design}.rst,
 * linux/ring_buffer.h: enum ring_buffer_type, kernel/trace/ring_buffer.c: struct buffer_data_page.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

#define ESPY_EXEC_NAME_MAX 4096u      /* bytes of one name */
#define ESPY_EXEC_NAMES    (1u << 20) /* bytes of names that wait for their event */

/* Where the fields of the event lie, as its format file says. */
struct espy_exec_format {
	uint16_t id;
	uint32_t name, pid; /* offsets; the name's is that of a __data_loc */
};

/* Takes the text of a format file apart; false: not what we know. */
bool espy_exec_format_parse(struct espy_exec_format *ret, const char *text);

/*
 * Takes a page of the ring apart. `fn` gets each exec: time as the instance's clock has it,
 * process, name. Any bytes may be in it: what does not fit ends it.
 */
typedef void (*espy_exec_fn)(void *ctx, uint64_t time, uint32_t pid, struct espy_str name);
void espy_exec_page_parse(const struct espy_exec_format *f, const void *page, size_t n,
			  espy_exec_fn fn, void *ctx);

struct espy_exec_names {
	int tracing, instance; /* directories, -1 none */
	char name[32];         /* of the instance */
	struct espy_exec_format format;
	int *cpus; /* trace_pipe_raw of each */
	unsigned n_cpus;
	char *page;
	size_t page_bytes;
	struct espy_buf waiting;
};

/* 0, or negative errno: there are no names, which is no matter. */
int espy_exec_names_open(struct espy_exec_names *ret);
void espy_exec_names_close(struct espy_exec_names *x);

/*
 * The name that `pid` executed at `time` (CLOCK_MONOTONIC ns) or just before, on `cpu` or another.
 * False: not known. Valid until the next call; it and what is older of this process is forgotten.
 */
bool espy_exec_names_find(struct espy_exec_names *x, uint32_t pid, uint64_t time, unsigned cpu,
			  struct espy_str *ret);
