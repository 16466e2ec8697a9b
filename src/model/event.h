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
	ESPY_F_PENDING = 1, /* not finished: result says nothing, duration is the time so far */
	ESPY_F_TRUNCATED =
		2, /* some text of this record was cut at a stated limit, or could not be read */
	ESPY_F_NO_ENTRY = 4, /* the entry was not seen: duration is 0 and means nothing */
	ESPY_F_APART = 8,    /* made in an interrupt: `seq` is 0 and no number of the sequence */
	ESPY_F_DELETED = 16, /* the file of `path` had no name left when it was used */
	ESPY_F_PLAIN = 32,   /* by the plain pack: fields that it never knows are missing */
};

#define ESPY_STACK_LOST   1   /* there was a stack, but no room to tell it */
#define ESPY_STACK_FRAMES 127 /* of each side: the kernel's own limit (perf_event_max_stack) */

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
	u64 stack;    /* id of a meta_stack; 0 none, ESPY_STACK_LOST */
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

/* The sets of flags/settings.def. */
enum espy_setting_change {
	ESPY_SETTING_VALUE = 0,     /* written to the kernel */
	ESPY_SETTING_CONTENT = 1,   /* of the file */
	ESPY_SETTING_TRUNCATED = 2, /* and what is written next belongs to it */
	ESPY_SETTING_REPLACED = 3,  /* another file took the name */
	ESPY_SETTING_MODE = 4,
	ESPY_SETTING_OWNER = 5,
	ESPY_SETTING_MADE = 6,
	ESPY_SETTING_LINKED = 7, /* the name is a new link, hard or symbolic */
	ESPY_SETTING_REMOVED = 8,
	ESPY_SETTING_MOVED = 9,
	ESPY_SETTING_ASKED = 10, /* opened for writing in vain */
};
enum espy_setting_from {
	ESPY_SETTING_FROM_UNKNOWN = 0,
	ESPY_SETTING_FROM_KERNEL = 1,  /* the kernel's memory when the write began */
	ESPY_SETTING_FROM_EARLIER = 2, /* the last recorded write of it */
	ESPY_SETTING_FROM_INODE = 3,
};
enum espy_executable {
	ESPY_EXECUTABLE_ELF = 1,
	ESPY_EXECUTABLE_SCRIPT = 2,
	ESPY_EXECUTABLE_PE = 3,
};
enum espy_executable_seen {
	ESPY_EXECUTABLE_WRITTEN = 1, /* as it was written */
	ESPY_EXECUTABLE_READ = 2,    /* from the file, afterwards */
};

/*
 * Behind `old_value` of settings_set as the kernel side sends it: what is needed to tell the value
 * before. `old` and `now` are the memory behind a sysctl before and after the write
 * (linux/sysctl.h), `n` bytes of each; how it is to be read is known by `handler`, or by what the
 * write made of it.
 */
#define ESPY_SETTING_RAW 256
struct espy_setting_raw {
	u64 magic;   /* of the file system, linux/magic.h */
	u64 handler; /* address of the function that reads and writes it; 0: not a sysctl */
	u64 data;    /* where it is */
	u32 maxlen, n;
	char old[ESPY_SETTING_RAW], now[ESPY_SETTING_RAW];
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
