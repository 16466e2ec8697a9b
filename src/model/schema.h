/* SPDX-License-Identifier: MIT */
/* What every event and field is called, how it lies in a record, and how it is shown: events.def as
 * const tables. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "model/event.h"

enum espy_kind { /* the wire type of a field; part of the trace format: append only */
		 ESPY_KIND_u32 = 1,
		 ESPY_KIND_s32 = 2,
		 ESPY_KIND_u64 = 3,
		 ESPY_KIND_s64 = 4,
		 ESPY_KIND_text = 5,
		 ESPY_KIND_path = 6,
		 ESPY_KIND__MAX
};

/* text and path are strings in a batch's dictionary, the others numbers. */
static inline bool espy_kind_is_string(unsigned kind)
{
	return kind == ESPY_KIND_text || kind == ESPY_KIND_path;
}

static inline bool espy_kind_is_signed(unsigned kind)
{
	return kind == ESPY_KIND_s32 || kind == ESPY_KIND_s64;
}

enum espy_fmt { /* how a value is shown and typed; append only */
		ESPY_FMT_DEC,
		ESPY_FMT_HEX,
		ESPY_FMT_OCT,
		ESPY_FMT_MODE,  /* st_mode: type and permission bits */
		ESPY_FMT_DEV,   /* dev_t as the system call takes it: major:minor */
		ESPY_FMT_BYTES, /* a size */
		ESPY_FMT_TIME,  /* boot clock, ns: shown as wall time */
		ESPY_FMT_WALL,  /* ns since 1970 */
		ESPY_FMT_NSEC,  /* a duration */
		ESPY_FMT_PID,
		ESPY_FMT_UID,
		ESPY_FMT_GID,
		ESPY_FMT_PATH,
		ESPY_FMT_TEXT,
		ESPY_FMT_ARGV,    /* strings, each ended by a NUL */
		ESPY_FMT_ADDR,    /* 127.0.0.1:80, [::1]:80, /run/x.sock, @abstract */
		ESPY_FMT_ERRNO,   /* value or negative errno */
		ESPY_FMT_EXIT,    /* exit code or minus a signal: the result of process_exit */
		ESPY_FMT_POINTER, /* an address or negative errno: the result of mmap */
		ESPY_FMT_FD,      /* a descriptor, -1 none; signed: 0 is none too */
		ESPY_FMT_OFFSET,  /* a position in a file; -1 is none */
		ESPY_FMT__FLAGS,  /* first of the named sets of flags.def: FLAGS_x and ENUM_x */
#define BITS(set, ...)   ESPY_FMT_FLAGS_##set,
#define VALUES(set, ...) ESPY_FMT_ENUM_##set,
#define NAME(...)
#define SET_END(set)
#include "model/flags.def"
		ESPY_FMT__MAX
};

struct espy_field {
	const char *name, *column, *sysmon, *doc;
	uint16_t offset; /* in the wire struct */
	uint8_t kind;    /* enum espy_kind */
	uint8_t fmt;     /* enum espy_fmt */
};

/* One CALL row: which arguments (1..6, 0 none) mean what. */
struct espy_call_row {
	const char *call;
	uint8_t fd, dir, path, dir2, path2, a, b, c;
};

struct espy_schema {
	const char *name;  /* file_open */
	const char *op;    /* open */
	const char *label; /* Create File */
	const char *sysmon, *procmon, *doc;
	const struct espy_field *fields;
	const struct espy_call_row *calls;
	uint16_t n_fields, n_calls;
	uint16_t type; /* enum espy_event_type */
	uint16_t size; /* of the wire struct */
	uint16_t sysmon_id;
	uint8_t class_id; /* enum espy_class */
};

extern const struct espy_schema espy_schemas[];
extern const size_t espy_n_schemas;

/* By id; NULL when unknown. */
const struct espy_schema *espy_schema_get(unsigned type);
/* By event name (file_open); NULL when unknown. */
const struct espy_schema *espy_schema_find(struct espy_str name);
/* Index into s->fields, or -1. */
int espy_schema_field(const struct espy_schema *s, struct espy_str name);
/* Recorded only when it is asked for: see optional.def. */
bool espy_schema_is_optional(const struct espy_schema *s);
/* Can the plain pack see it, and which fields (a bit by index) does it then never know? plain.def
 */
bool espy_schema_plain(unsigned type, uint64_t *ret_lacks);
/* Meta events are definitions, never shown and never stored. */
static inline bool espy_schema_is_shown(const struct espy_schema *s)
{
	return s->class_id != ESPY_CLASS_meta;
}

const char *espy_fmt_name(unsigned fmt); /* "DEC", "FLAGS_open", "ENUM_signal"; "?" when unknown */
const char *espy_class_name(unsigned class_id); /* "file"; "?" when unknown */
const char *espy_class_doc(unsigned class_id);
int espy_class_find(struct espy_str name);     /* enum espy_class, or -1 */
const char *espy_source_name(unsigned source); /* kernel, user, partial, "" */
