/* SPDX-License-Identifier: MIT */
/*
 * Protocol Buffers on the wire, and the numbers of Perfetto's messages that Espy writes.
 * https://protobuf.dev/programming-guides/encoding/,
 * https://github.com/google/perfetto: protos/perfetto/trace/
 */
#pragma once

#include "base/buf.h"

enum { /* fields */
       TRACE_PACKET = 1,
       PACKET_CLOCK_SNAPSHOT = 6,
       PACKET_TIMESTAMP = 8,
       PACKET_SEQUENCE_ID = 10,
       PACKET_TRACK_EVENT = 11,
       PACKET_INTERNED = 12,
       PACKET_SEQUENCE_FLAGS = 13,
       PACKET_SYSTEM_INFO = 45,
       PACKET_TRACK = 60,
       CLOCKS_CLOCK = 1,
       CLOCKS_PRIMARY = 2,
       CLOCK_ID = 1,
       CLOCK_TIMESTAMP = 2,
       SYSTEM_UTSNAME = 1,
       UTSNAME_SYSNAME = 1,
       UTSNAME_RELEASE = 3,
       UTSNAME_MACHINE = 4,
       EVENT_CATEGORY_IID = 3,
       EVENT_ANNOTATION = 4,
       EVENT_TYPE = 9,
       EVENT_NAME_IID = 10,
       EVENT_TRACK_UUID = 11,
       ANNOTATION_NAME_IID = 1,
       ANNOTATION_UINT = 3,
       ANNOTATION_INT = 4,
       ANNOTATION_STRING = 6,
       ANNOTATION_STRING_IID = 17,
       INTERNED_CATEGORY = 1,
       INTERNED_EVENT_NAME = 2,
       INTERNED_ANNOTATION_NAME = 3,
       INTERNED_STRING = 29,
       ENTRY_IID = 1,
       ENTRY_VALUE = 2,
       TRACK_UUID = 1,
       TRACK_NAME = 2,
       TRACK_PROCESS = 3,
       TRACK_THREAD = 4,
       TRACK_PARENT_UUID = 5,
       PROCESS_PID = 1,
       PROCESS_CMDLINE = 2,
       PROCESS_NAME = 6,
       PROCESS_START = 7,
       THREAD_PID = 1,
       THREAD_TID = 2,
       THREAD_NAME = 5
};
enum { EVENT_BEGIN = 1, EVENT_END = 2, EVENT_INSTANT = 3 };
enum { STATE_CLEARED = 1, STATE_NEEDED = 2 };
enum { CLOCK_REAL = 1, CLOCK_BOOT = 6 };

void espy_proto_number(struct espy_buf *out, unsigned field, uint64_t v);
void espy_proto_bytes(struct espy_buf *out, unsigned field, struct espy_str s);
/* The same with U+FFFD for what is no UTF-8: fields of type string. Returns whether there was. */
int espy_proto_string(struct espy_buf *out, unsigned field, struct espy_str s);
/* A message within: its place is kept, and its length filled in at the end. Up to 256 MiB. */
size_t espy_proto_begin(struct espy_buf *out, unsigned field);
void espy_proto_end(struct espy_buf *out, size_t begun);
