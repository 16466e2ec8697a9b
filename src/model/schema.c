/* SPDX-License-Identifier: MIT */
#include "model/schema.h"

#include "model/field.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Rows of every event; calls end with an empty one because an event may have none. */
#define EVENT(ev, ...) static const struct espy_field fields_##ev[] = {
#define FIELD(ev, type, name, column, fmt, sysmon, doc) \
	{                                               \
		#name,                                  \
		column,                                 \
		sysmon,                                 \
		doc,                                    \
		offsetof(struct espy_ev_##ev, name),    \
		ESPY_KIND_##type,                       \
		ESPY_FMT_##fmt},
#define CALL(...)
#define END(ev) \
	}       \
	;
#include "model/events.def"

#define EVENT(ev, ...) static const struct espy_call_row calls_##ev[] = {
#define FIELD(...)
#define CALL(ev, call, fd, dir, path, dir2, path2, a, b, c) \
	{#call, fd, dir, path, dir2, path2, a, b, c},
#define END(ev)      \
	{            \
		NULL \
	}            \
	}            \
	;
#include "model/events.def"

const struct espy_schema espy_schemas[] = {
#define EVENT(ev, id, class, op_, label_, sysmon_nr, sysmon_, procmon_, doc_) \
	{                                                                     \
		.name = #ev,                                                  \
		.op = #op_,                                                   \
		.label = label_,                                              \
		.sysmon = sysmon_,                                            \
		.procmon = procmon_,                                          \
		.doc = doc_,                                                  \
		.fields = fields_##ev,                                        \
		.calls = calls_##ev,                                          \
		.n_fields = ARRAY_SIZE(fields_##ev),                          \
		.n_calls = ARRAY_SIZE(calls_##ev) - 1,                        \
		.type = (id),                                                 \
		.size = sizeof(struct espy_ev_##ev),                          \
		.sysmon_id = (sysmon_nr),                                     \
		.class_id = ESPY_CLASS_##class,                               \
	},
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"
};
const size_t espy_n_schemas = ARRAY_SIZE(espy_schemas);

enum {
#define EVENT(ev, ...) PLACE_##ev,
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"
};

/* Place in espy_schemas plus one; 0 for ids that are not used. */
static const uint16_t place_of[ESPY_EVENT_ID_MAX] = {
#define EVENT(ev, id, ...) [id] = PLACE_##ev + 1,
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"
};

static const char *const class_names[] = {
#define CLASS(name, ...) #name,
#include "model/classes.def"
};

static const char *const class_docs[] = {
#define CLASS(name, procmon, doc) doc,
#include "model/classes.def"
};

const struct espy_schema *espy_schema_get(unsigned type)
{
	if (type >= ESPY_EVENT_ID_MAX || place_of[type] == 0)
		return NULL;
	return &espy_schemas[place_of[type] - 1];
}

const struct espy_schema *espy_schema_find(struct espy_str name)
{
	for (size_t i = 0; i < espy_n_schemas; i++)
		if (espy_str_eq(espy_str0(espy_schemas[i].name), name))
			return &espy_schemas[i];
	return NULL;
}

int espy_schema_field(const struct espy_schema *s, struct espy_str name)
{
	for (unsigned i = 0; i < s->n_fields; i++)
		if (espy_str_eq(espy_str0(s->fields[i].name), name))
			return (int)i;
	return -1;
}

bool espy_schema_is_optional(const struct espy_schema *s)
{
	static const bool optional[ESPY_EVENT_ID_MAX] = {
#define OPTIONAL(ev) [ESPY_EV_##ev] = true,
#include "model/optional.def"
	};

	return optional[s->type];
}

bool espy_schema_plain(unsigned type, uint64_t *ret_lacks)
{
	static const struct {
		bool sees;
		uint64_t lacks;
	} plain[ESPY_EVENT_ID_MAX] = {
#define LACKS(ev, field) (1ull << ESPY_FIELD_##ev##_##field)
#define SEES(ev, bits)   [ESPY_EV_##ev] = {true, (bits)},
#include "model/plain.def"
	};

	if (type >= ESPY_EVENT_ID_MAX || !plain[type].sees)
		return false;
	*ret_lacks = plain[type].lacks;
	return true;
}

const char *espy_fmt_name(unsigned fmt)
{
	static const char *const names[] = {
		[ESPY_FMT_DEC] = "DEC",         [ESPY_FMT_HEX] = "HEX",
		[ESPY_FMT_OCT] = "OCT",         [ESPY_FMT_MODE] = "MODE",
		[ESPY_FMT_DEV] = "DEV",         [ESPY_FMT_BYTES] = "BYTES",
		[ESPY_FMT_TIME] = "TIME",       [ESPY_FMT_WALL] = "WALL",
		[ESPY_FMT_NSEC] = "NSEC",       [ESPY_FMT_PID] = "PID",
		[ESPY_FMT_UID] = "UID",         [ESPY_FMT_GID] = "GID",
		[ESPY_FMT_PATH] = "PATH",       [ESPY_FMT_TEXT] = "TEXT",
		[ESPY_FMT_ARGV] = "ARGV",       [ESPY_FMT_ADDR] = "ADDR",
		[ESPY_FMT_ERRNO] = "ERRNO",     [ESPY_FMT_EXIT] = "EXIT",
		[ESPY_FMT_POINTER] = "POINTER", [ESPY_FMT_FD] = "FD",
		[ESPY_FMT_OFFSET] = "OFFSET",
#define BITS(set, ...)   [ESPY_FMT_FLAGS_##set] = "FLAGS_" #set,
#define VALUES(set, ...) [ESPY_FMT_ENUM_##set] = "ENUM_" #set,
#define NAME(...)
#define SET_END(set)
#include "model/flags.def"
	};

	return fmt < ARRAY_SIZE(names) && names[fmt] ? names[fmt] : "?";
}

const char *espy_class_name(unsigned class_id)
{
	return class_id < ESPY_CLASS__MAX ? class_names[class_id] : "?";
}

const char *espy_class_doc(unsigned class_id)
{
	return class_id < ESPY_CLASS__MAX ? class_docs[class_id] : "";
}

int espy_class_find(struct espy_str name)
{
	for (unsigned i = 0; i < ESPY_CLASS__MAX; i++)
		if (espy_str_eq(espy_str0(class_names[i]), name))
			return (int)i;
	return -1;
}

const char *espy_source_name(unsigned source)
{
	static const char *const names[] = {
		[ESPY_SOURCE_NONE] = "",
		[ESPY_SOURCE_KERNEL] = "kernel",
		[ESPY_SOURCE_USER] = "user",
		[ESPY_SOURCE_PARTIAL] = "partial",
	};

	return source < ARRAY_SIZE(names) ? names[source] : "";
}
