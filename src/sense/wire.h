/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the loader and the BPF programs share besides the events: the call table, the settings and
 * the counters of each CPU. Layouts only; included by bpf/ and by src/sense/. */
#pragma once

#include "model/event.h"

#define ESPY_CALLS     1024 /* system call numbers are below this (x32's own begin at 512) */
#define ESPY_CPUS      1024 /* processors with counters of their own */
#define ESPY_ABIS      2    /* call tables: native (with x32), ia32 */
#define ESPY_TARGETS   4096
#define ESPY_OBJ_SLOTS 4096 /* objects that each processor finds at once */

/* Number of the helper that bpf/core.bpf.h calls where the loader enters the kernel function
 * bpf_rdonly_cast. No helper has it. */
#define ESPY_CALL_CAST 0x65737079

/* How a plain argument lies in its register. PAIR: a 64-bit value in two 32-bit arguments, low one
 * first; PAIR_HIGH: its high one is the argument before. */
enum espy_width {
	ESPY_W_U64,
	ESPY_W_U32,
	ESPY_W_S32,
	ESPY_W_S16,
	ESPY_W_PAIR,
	ESPY_W_PAIR_HIGH,
};

/* One system call. Argument numbers are 1..6, 0 for none; see CALL in events.def. */
struct espy_call {
	u16 type; /* enum espy_event_type, 0: not known */
	u8 on;    /* enum espy_call_on; 0: no event that it can be is recorded */
	u8 fd, dir, path, dir2, path2;
	u8 arg[3];   /* a, b, c */
	u8 width[3]; /* enum espy_width of each */
	u8 form;     /* enum espy_form, which of the event's layouts */
	u8 flags;    /* enum espy_call_flags */
};

enum espy_call_on {
	ESPY_ON = 1,        /* some event that it can be is recorded */
	ESPY_ON_QUIET = 2,  /* also of tasks of which only the process table is told */
	ESPY_ON_INSIDE = 4, /* only of objects that are not outside the paths asked for */
};

enum espy_call_flags {
	ESPY_CALL_INLINE = 1,  /* recorded by the sys_exit program itself, not by a tail call */
	ESPY_CALL_VECTOR = 2,  /* arg[0] counts the iovecs at argument 2 */
	ESPY_CALL_POS = 4,     /* reads or writes at the file's position */
	ESPY_CALL_OLD = 8,     /* keep the inode's attributes from before */
	ESPY_CALL_MOVES = 32,  /* a success may change paths that are known already */
	ESPY_CALL_NARROW = 16, /* times in 32 bits */
	ESPY_CALL_EXEC = 64,   /* only wanted where argument 3 says PROT_EXEC */
	ESPY_CALL_CREDS = 128, /* may give the caller other credentials */
};

/* What a number is in any table: which table it is of costs more to know. */
enum espy_number {
	ESPY_NUMBER_ON = 1,
	ESPY_NUMBER_MOVES = 2, /* has ESPY_CALL_MOVES */
};

enum espy_form {
	ESPY_FORM_PLAIN = 0,
	ESPY_FORM_CLONE = 1,       /* flags in argument 1 */
	ESPY_FORM_CLONE3 = 2,      /* argument 1 is a struct clone_args */
	ESPY_FORM_PAGES = 3,       /* mmap2: offset in pages */
	ESPY_FORM_PAIR = 4,        /* socketpair: descriptors at argument 4 */
	ESPY_FORM_TO = 5,          /* sendto, recvfrom: address at argument 5 */
	ESPY_FORM_MSG = 6,         /* sendmsg, recvmsg */
	ESPY_FORM_MMSG = 7,        /* sendmmsg, recvmmsg */
	ESPY_FORM_SECONDS = 8,     /* utime: two seconds */
	ESPY_FORM_TIMEVAL = 9,     /* utimes, futimesat */
	ESPY_FORM_TIMESPEC = 10,   /* utimensat */
	ESPY_FORM_HOW = 11,        /* openat2: struct open_how at argument 3 */
	ESPY_FORM_CREAT = 12,      /* creat: flags are implied */
	ESPY_FORM_XATTRAT = 13,    /* struct xattr_args at argument 5 */
	ESPY_FORM_PIVOT = 14,      /* pivot_root: the process's own root need not change */
	ESPY_FORM_EACH = 15,       /* io_submit: requests that each have an outcome */
	ESPY_FORM_MAP_STRUCT = 40, /* mmap of ia32: argument 1 is where the six are */

	/* Something is noted when these begin: enter_note() in bpf/target.bpf.h. */
	ESPY_FORM__NOTED = 48,
	ESPY_FORM_MAPPING = 48,     /* the mapping that argument 1 lies in */
	ESPY_FORM_PROTECT = 49,     /* and what of argument 1, 2 was not executable */
	ESPY_FORM_PTRACE = 50,      /* the thread of argument 2, and its registers */
	ESPY_FORM_TARGET = 51,      /* the thread of argument 1 */
	ESPY_FORM_PIDFD = 52,       /* the process whose pidfd argument 1 is */
	ESPY_FORM_PROTECT_KEY = 53, /* as PROTECT, with a key */
	ESPY_FORM__NOTED_END,

	ESPY_FORM_ADD_KEY = 64,
	ESPY_FORM_REQUEST_KEY = 65,
	ESPY_FORM_RULESET = 66, /* landlock_create_ruleset */
	ESPY_FORM_RULE = 67,    /* landlock_add_rule */
	ESPY_FORM_FS_ID = 68,   /* the result is the old id, whatever happened */
	ESPY_FORM_AFFINITY = 69,
	ESPY_FORM_SCHED_ATTR = 70,   /* struct sched_attr at argument 2 */
	ESPY_FORM_SCHED_PARAM = 71,  /* struct sched_param at argument 2 */
	ESPY_FORM_SCHED_POLICY = 72, /* the policy, and struct sched_param at argument 3 */
	ESPY_FORM_PRIORITY = 73,
	ESPY_FORM_IOPRIO = 74,
	ESPY_FORM_NICE = 75,
	ESPY_FORM_SETRLIMIT = 76, /* of the caller, at argument 2 */
	ESPY_FORM_SETTIME = 77,   /* clock_settime */
	ESPY_FORM_STIME = 78,
	/* from here on: something is kept at entry */
	ESPY_FORM_KEEP = 240,
	ESPY_FORM_NAMESPACES = 240, /* setns, unshare: the namespaces before */
	ESPY_FORM_TIMEX = 241,      /* adjtimex, clock_adjtime: what was asked for */
};

/*
 * What a filter bounds texts by (only.h). The first names of a path, from the root; masks choose
 * the bytes that count, the NUL behind a whole name among them.
 */
#define ESPY_ONLY_MAX   8u /* paths, executables, words of cgroups, of each */
#define ESPY_ONLY_NAMES 8u /* of a path; what is deeper is not compared */
#define ESPY_ONLY_WORDS 8u /* of a name; what is longer is not compared */
#define ESPY_ONLY_PIDS  64u

struct espy_only_name {
	u64 word[ESPY_ONLY_WORDS], mask[ESPY_ONLY_WORDS];
};

struct espy_only_path {
	u32 n; /* names */
	u32 is_exact;
	struct espy_only_name name[ESPY_ONLY_NAMES];
};

/* The beginning of a text that is looked for in the names of a cgroup. */
struct espy_only_word {
	u64 word[2], mask[2];
};

/* Set in the id of a meta_cgroup that is one of version 1's memory hierarchy. */
#define ESPY_CGROUP_V1 (1ull << 63)

/* Where `shared` is in the array of programs behind sys_exit, besides its events' own places: no
 * event has this number. A jump to a place that is known beforehand costs less than half. */
#define ESPY_TAIL_SHARED (ESPY_EVENT_ID_MAX - 1)

#define ESPY_URINGS 128 /* opcodes of io_uring are below this */

/* An operation of io_uring. */
struct espy_uring {
	u16 type; /* enum espy_event_type */
	u8 on;    /* some event that it can be is recorded */
	u8 pad;
};

/* Fields of an event, which lie from wide to narrow: paths, 64 bits, then 32 bits and texts. */
struct espy_layout {
	u16 size;
	u8 class_id;
	u8 paths, words, halves;
	u8 shared; /* recorded by the program `shared`, see ESPY_TAIL_SHARED */
	u8 text; /* which of `halves` is a text that the caller gives (name, target, address), from
		    1 */
};

/* Set in `command` of file_lock where it is fcntl's, whose numbers overlap with flock's. */
#define ESPY_LOCK_FCNTL 0x10000u

/* Which sides of a stack are taken. */
enum espy_stack_parts { ESPY_STACK_USER = 1, ESPY_STACK_KERNEL = 2 };

/* Counters of one CPU, written by the BPF programs, read by mapping them. */
struct espy_cpu {
	u64 seq;                   /* records attempted */
	u64 lost[ESPY_CLASS__MAX]; /* of them: not written, by class of the event */
	u64 busy;                  /* task states that could not be had */
	u64 learned;               /* objects that were looked up the slow way */
	u64 learned_before;        /* when the record of the call that ended was begun */
	u64 apart;                 /* records of interrupts that found no room */
	u64 samples_lost;          /* records without a number that found no room */
	u32 level;                 /* ENUM_overload: the step that is taken */
	u32 root_gen;              /* path_gen when this was found to be the top of all paths: */
	u64 root_dentry, root_mnt;
	u64 other;     /* address of a task that is not followed, as */
	u32 other_gen; /* long as tree_gen is this */
} __attribute__((aligned(128)));
