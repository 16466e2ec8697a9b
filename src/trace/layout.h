/* SPDX-License-Identifier: MIT */
/* The trace file in C. docs/format/trace.md is the specification; what is not explained here is
 * explained there. Structs are as in the file: little-endian. */
#pragma once

#include <endian.h>
#include <stdint.h>

#define ESPY_TRACE_MAGIC \
	"\x89"           \
	"ESPY\r\n\x1a"
#define ESPY_TRACE_MAGIC_SIZE 8
#define ESPY_TRACE_VERSION    1
#define ESPY_TRACE_BLOCK      0x4b4c4245u /* "EBLK" */
#define ESPY_TRACE_TRAILER    "espy-end"
#define ESPY_TRACE_ALIGN      8u

/* Limits of what is read; a writer stays within them. */
#define ESPY_TRACE_HEADER_MAX   4096u
#define ESPY_TRACE_HEAD_MAX     (1u << 20) /* block header and directory */
#define ESPY_TRACE_PAYLOAD_MAX  (512u << 20)
#define ESPY_TRACE_RAW_MAX      (512u << 20) /* all segments of a block, decompressed */
#define ESPY_TRACE_SEGMENTS_MAX 4096u
#define ESPY_TRACE_TABLES_MAX   1024u
#define ESPY_TRACE_COLUMNS_MAX  8192u
#define ESPY_TRACE_EVENTS_MAX   4096u /* events of a schema block */
#define ESPY_TRACE_FIELDS_MAX   256u  /* fields of one of them */
#define ESPY_TRACE_INDEX_MAX    4096u /* blocks of an index block */

struct espy_trace_header {
	uint8_t magic[ESPY_TRACE_MAGIC_SIZE];
	uint32_t version;
	uint32_t header_size;
	uint64_t incompatible; /* flags */
	uint64_t compatible;   /* flags */
	uint8_t id[16];
	uint64_t created; /* ns since 1970 */
	uint64_t hash;
};
_Static_assert(sizeof(struct espy_trace_header) == 64, "file header");

struct espy_trace_block {
	uint32_t magic;
	uint16_t type;  /* enum espy_trace_type */
	uint16_t flags; /* enum espy_trace_block_flags */
	uint32_t head_length;
	uint32_t payload_length;
	uint64_t first_seq;
	uint64_t start, end; /* earliest, latest */
	uint32_t rows;
	uint32_t reserved;
	uint64_t directory_hash;
	uint64_t hash;
};
_Static_assert(sizeof(struct espy_trace_block) == 64, "block header");

struct espy_trace_trailer {
	uint64_t index; /* offset of the last index block, 0 none */
	uint8_t magic[8];
};
_Static_assert(sizeof(struct espy_trace_trailer) == 16, "trailer");

/* What the hash of a block header covers. */
#define ESPY_TRACE_HASHED offsetof(struct espy_trace_block, hash)

enum espy_trace_block_flags {
	ESPY_TRACE_NEEDED = 1, /* not to be skipped when unknown */
};

enum espy_trace_type {
	ESPY_TRACE_SCHEMA = 1,
	ESPY_TRACE_MACHINE = 2,
	ESPY_TRACE_SNAPSHOT = 3,
	ESPY_TRACE_EVENTS = 4,
	ESPY_TRACE_INDEX = 5,
	ESPY_TRACE_END = 6,
};

enum espy_trace_section {
	ESPY_SECTION_SEGMENTS = 1,
	ESPY_SECTION_TABLES = 2,
};

enum espy_codec {
	ESPY_CODEC_NONE = 0,
	ESPY_CODEC_ZSTD = 1,
};

enum espy_encoding {
	ESPY_ENC_CONST = 0,
	ESPY_ENC_PLAIN = 1,
	ESPY_ENC_DELTA = 2,
	ESPY_ENC_PALETTE = 3,
	ESPY_ENC_BYTES = 4,
	ESPY_ENC__MAX
};
#define ESPY_FORM_ENCODING 15u /* mask of the form byte */
#define ESPY_FORM_SIGNED   16u

enum espy_table_id {
	ESPY_TABLE_STRINGS = 1,
	ESPY_TABLE_PROCS = 2,
	ESPY_TABLE_ROWS = 3,
	ESPY_TABLE_PROPERTIES = 4,
	ESPY_TABLE_EVENTS = 5,
	ESPY_TABLE_FIELDS = 6,
	ESPY_TABLE_BLOCKS = 7,
	ESPY_TABLE_CHAIN = 8,
	ESPY_TABLE_PROC_STRINGS = 9,
	ESPY_TABLE_GROUP = 1024, /* + type of event */
};
#define ESPY_TABLE_GROUP_END (ESPY_TABLE_GROUP + 65536u)

/* Of both tables of strings. */
enum { ESPY_STRINGS_SHARED = 1, ESPY_STRINGS_MORE, ESPY_STRINGS_BYTES };

enum {
	ESPY_PROCS_START = 1,
	ESPY_PROCS_PARENT_START,
	ESPY_PROCS_CGROUP,
	ESPY_PROCS_PID,
	ESPY_PROCS_PPID,
	ESPY_PROCS_PARENT, /* + 1, 0 unknown */
	ESPY_PROCS_UID,
	ESPY_PROCS_GID,
	ESPY_PROCS_EUID,
	ESPY_PROCS_EGID,
	ESPY_PROCS_SID,
	ESPY_PROCS_LOGIN_UID,
	ESPY_PROCS_NAME,
	ESPY_PROCS_EXE,
	ESPY_PROCS_CMDLINE,
	ESPY_PROCS_USER,
	ESPY_PROCS_TTY,
	ESPY_PROCS_FLAGS,
	ESPY_PROCS_MORE,
};

enum {
	ESPY_ROWS_END = 1,
	ESPY_ROWS_DURATION,
	ESPY_ROWS_RESULT,
	ESPY_ROWS_PROC,
	ESPY_ROWS_TID, /* minus pid */
	ESPY_ROWS_PATH,
	ESPY_ROWS_CPU_STEP,
	ESPY_ROWS_TYPE,
	ESPY_ROWS_CALL,
	ESPY_ROWS_CPU,
	ESPY_ROWS_ABI,
	ESPY_ROWS_FLAGS,
	ESPY_ROWS_PATH_SOURCE,
	ESPY_ROWS_WALL_OFFSET,
	ESPY_ROWS_STACK, /* this and the following are left out when all are 0 */
	ESPY_ROWS_DETAIL,
	ESPY_ROWS_STATUS,
	ESPY_ROWS_CATEGORY,
};

enum { ESPY_PROPERTIES_NAME = 1, ESPY_PROPERTIES_NUMBER, ESPY_PROPERTIES_TEXT };

enum {
	ESPY_EVENTS_ID = 1,
	ESPY_EVENTS_NAME,
	ESPY_EVENTS_OP,
	ESPY_EVENTS_CLASS,
	ESPY_EVENTS_LABEL,
	ESPY_EVENTS_SYSMON,
	ESPY_EVENTS_PROCMON,
	ESPY_EVENTS_DOC,
	ESPY_EVENTS_SYSMON_ID,
	ESPY_EVENTS_FIELDS,
};

enum {
	ESPY_FIELDS_NAME = 1,
	ESPY_FIELDS_KIND,
	ESPY_FIELDS_FORMAT,
	ESPY_FIELDS_TITLE,
	ESPY_FIELDS_SYSMON,
	ESPY_FIELDS_DOC,
};

enum {
	ESPY_BLOCKS_OFFSET = 1,
	ESPY_BLOCKS_LENGTH,
	ESPY_BLOCKS_TYPE,
	ESPY_BLOCKS_ROWS,
	ESPY_BLOCKS_FIRST,
	ESPY_BLOCKS_START,
	ESPY_BLOCKS_END,
	ESPY_BLOCKS_TYPES, /* first of eight */
};

enum { ESPY_CHAIN_PREVIOUS = 1 };

static inline uint32_t espy_trace_align(uint32_t n)
{
	return (n + ESPY_TRACE_ALIGN - 1) & ~(ESPY_TRACE_ALIGN - 1);
}
