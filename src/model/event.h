/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Wire layout: what the BPF programs put into the rings. Shared by bpf/ and user space.
 *
 * A record is a fixed part (struct espy_ev_<event>, made from events.def) and, behind it, a text
 * area. Every field of kind `text` or `path` points into that area by (off, len), off counted from
 * the start of the record. All numbers are in host order; times are CLOCK_BOOTTIME nanoseconds.
 */
#pragma once

#ifdef __BPF__
#include "kernel.h"
#else
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
#endif

/* Where a path was learned. */
enum espy_source {
	ESPY_SOURCE_NONE = 0,    /* there is no path */
	ESPY_SOURCE_KERNEL = 1,  /* from the kernel's own object */
	ESPY_SOURCE_USER = 2,    /* from the caller's memory: could have changed under us */
	ESPY_SOURCE_PARTIAL = 3, /* some of it is missing (too deep, unreadable, object unknown) */
	ESPY_SOURCE__MAX
};

/* Which system call table `call` is an index of. */
enum espy_abi {
	ESPY_ABI_NONE = 0, /* no system call did this */
	ESPY_ABI_NATIVE = 1,
	ESPY_ABI_IA32 = 2,
	ESPY_ABI_X32 = 3,
	ESPY_ABI_PROCMON = 4, /* not of this machine: an operation of procmon.def */
	ESPY_ABI_URING = 5,   /* a request to an io_uring: an opcode, see uring.def */
	ESPY_ABI__MAX
};

enum espy_event_flags {
	ESPY_F_PENDING = 1,   /* not finished: result says nothing, duration is the time so far */
	ESPY_F_TRUNCATED = 2, /* some text of this record was cut at a stated limit */
	ESPY_F_NO_ENTRY = 4,  /* the entry was not seen: duration is 0 and means nothing */
};

struct espy_text {
	u16 off, len;
};

/*
 * A path: an object the kernel side has defined before (meta_object), a string, or both.
 *   obj only    the path of that object
 *   obj + text  text is relative to that object (a directory, or the root of a chroot)
 *   text only   text is absolute
 */
struct espy_path {
	u64 obj;
	struct espy_text text;
	u8 source; /* enum espy_source */
	u8 pad[3];
};

struct espy_event {
	u64 time;     /* end of the operation */
	u64 duration; /* ns */
	u64 start;    /* start of the process: with pid, its identity */
	s64 result;   /* value, or negative errno */
	u32 pid, tid; /* in the initial pid namespace; pid is the thread group */
	u32 seq;      /* per CPU, counts every attempt: a gap is a loss */
	u32 size;     /* of the whole record, bytes */
	u16 type;     /* enum espy_event_type */
	u16 call;     /* system call number, index of the table `abi` */
	u16 cpu;
	u8 abi;   /* enum espy_abi */
	u8 flags; /* enum espy_event_flags */
};

enum espy_event_type {
#define EVENT(ev, id, ...) ESPY_EV_##ev = (id),
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "events.def"
};

/* Flags of meta_object. */
enum espy_object_flags {
	ESPY_OBJ_UNLINKED = 1, /* no name left: shown as /proc does, with " (deleted)" */
	ESPY_OBJ_PARTIAL =
		2, /* deeper than the kernel side follows: the head of the path is missing */
	ESPY_OBJ_PSEUDO = 4, /* not in a directory tree: pipe, socket, memfd, anonymous inode */
	ESPY_OBJ_ANON = 8,   /* the name is that of an anonymous inode */
	ESPY_OBJ_NS = 16,    /* the name is the kind of a namespace, the inode its number */
};

#define ESPY_EVENT_ID_MAX 512 /* ids are below this */

enum espy_class {
#define CLASS(name, ...) ESPY_CLASS_##name,
#include "classes.def"
	ESPY_CLASS__MAX
};

#define ESPY_C_u32  u32
#define ESPY_C_s32  s32
#define ESPY_C_u64  u64
#define ESPY_C_s64  s64
#define ESPY_C_text struct espy_text
#define ESPY_C_path struct espy_path

#define EVENT(ev, ...)        \
	struct espy_ev_##ev { \
		struct espy_event hdr;
#define FIELD(ev, type, name, ...) ESPY_C_##type name;
#define CALL(...)
#define END(ev) \
	}       \
	;
#include "events.def"

/* No holes: the sum of the fields, rounded up to 8, is the size of the struct. */
#define EVENT(ev, ...)                                \
	_Static_assert(sizeof(struct espy_ev_##ev) ==                                              \
			       ((sizeof(struct espy_event)
#define FIELD(ev, type, name, ...) +sizeof(ESPY_C_##type)
#define CALL(...)
#define END(ev) \
	+7) & ~7ul), "hole in " #ev);
#include "events.def"
