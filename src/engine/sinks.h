/* SPDX-License-Identifier: MIT */
/* The sinks that the engine itself has: a trace file, and lines in a format to a descriptor. */
#pragma once

#include "engine/sink.h"
#include "format/format.h"
#include "trace/trace.h"

struct espy_sink_trace {
	struct espy_sink sink;
	struct espy_trace_writer *writer; /* owned until `end` */
	uint64_t written;                 /* bytes, known after `end`: of all that was written */
	uint64_t bytes;                   /* known after `end`: of the trace as it is */
	uint64_t dropped, dropped_to;     /* likewise: as espy_trace_forgotten */
};

/* Takes the writer over. */
void espy_sink_trace_init(struct espy_sink_trace *s, struct espy_trace_writer *writer);
/* Bytes that were written so far; `sink` is a struct espy_sink_trace. */
uint64_t espy_sink_trace_written(const void *sink);

struct espy_sink_lines {
	struct espy_sink sink;
	struct espy_writer writer;
	struct espy_buf out;
	uint64_t written; /* bytes */
	int fd;           /* borrowed */
	bool begun;
};

/* 0 or -ENOMEM. `fd` gets whole lines; a reader that is gone (EPIPE) ends the capture with -EPIPE.
 */
int espy_sink_lines_init(struct espy_sink_lines *s, const struct espy_format *f,
			 const struct espy_writer_options *o, int fd);
/* Bytes that were written so far; `sink` is a struct espy_sink_lines. */
uint64_t espy_sink_lines_written(const void *sink);
void espy_sink_lines_done(struct espy_sink_lines *s);
