/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings, maps and the state of tasks. */
#pragma once

#include "sense/wire.h"
#include "core.bpf.h"

/* All with an initialiser: without one a compiler lays them out in the order of their first use,
 * which differs between the objects, and the loader knows only one layout. */

/* --- settings, fixed at load ---------------------------------------------------------------- */

const volatile u32 self_pid = 0;           /* Espy itself, as seen in its own pid namespace */
const volatile u64 ns_dev = 0, ns_ino = 0; /* Espy's pid namespace; 0: it is the initial one */
const volatile bool only_targets = 0;      /* record only `targets` and their descendants */
const volatile bool only_uids = 0;         /* record only tasks whose real user is in `uids` */
const volatile bool only_cgroup =
	0; /* record only tasks in or below the cgroup in slot 0 of `cgroups` */
/* Of what is recorded: what a filter bounds; 0: any. See only.bpf.h. */
const volatile u32 n_only_pids = 0, n_only_paths = 0, n_only_exes = 0, n_only_cgroups = 0;
const volatile u32 only_pids[ESPY_ONLY_PIDS] = {};
const volatile bool failed_only = 0; /* record only calls that failed */
const volatile u64 min_duration = 0; /* ns */
const volatile bool with_env = 0;    /* environment of exec */
const volatile u32 max_argv = 16384; /* bytes */
const volatile bool watch_creds = 0; /* changes of credentials without a call are looked for */

const volatile bool with_dns = 0;                   /* questions to name servers */
const volatile bool with_owners = 0;                /* of TCP sockets: see owner.bpf.h */
const volatile u8 event_on[ESPY_EVENT_ID_MAX] = {}; /* recorded */
const volatile u8 wanted[ESPY_EVENT_ID_MAX] = {};   /* its function is needed, for it or another */
const volatile u8 stacks = 0;                       /* of every event: enum espy_stack_parts */
const volatile u8 sample_stacks = 0;                /* of every sample */
const volatile u64 sample_ns = 0;                   /* CPU time between two samples */
const volatile u64 ring_room = 0;                   /* bytes of a ring; 0: no steps of overload */
const volatile bool merge_always = 0;               /* runs of reads and writes are told as one */

/* --- live, mapped by user space ------------------------------------------------------------- */

struct espy_call calls[ESPY_ABIS][ESPY_CALLS] = {};
u8 numbers[ESPY_CALLS] = {}; /* enum espy_number: whether to look into `calls` */
struct espy_uring urings[ESPY_URINGS] = {};
struct espy_layout layouts[ESPY_EVENT_ID_MAX] = {};
struct espy_cpu cpus[ESPY_CPUS] = {};
struct espy_only_path only_paths[2 * ESPY_ONLY_MAX] = {}; /* paths, then executables */
struct espy_only_word only_cgroups[ESPY_ONLY_MAX] = {};
u32 epoch = 1;         /* a new one makes every object be defined again */
u32 path_gen = 1;      /* moves when a known path may have changed: rename, rmdir, mount */
u32 tree_gen = 1;      /* moves with each task that is begun by one that is followed */
u32 armed = 0;         /* 0: nothing is recorded yet */
s64 alive = 0;         /* targets and descendants that live */
s64 runs_open = 0;     /* threads with a run that is not told yet */
u32 press_episode = 0; /* how often threads began to be left out */

/* --- tasks ---------------------------------------------------------------------------------- */

enum verdict {
	V_KNOWN = 1,     /* the others are decided */
	V_RECORD = 2,    /* recorded */
	V_TREE = 4,      /* a target or below one; children inherit it */
	V_ANNOUNCED = 8, /* user space was told who this is */
	V_DONE = 16,     /* the call in flight was recorded by another hook, or was the parent's */
	V_CREDS = 32,    /* `cred` and `ids` are known, from before the first event */
	V_QUIET = 64,    /* of what is recorded only what the process table needs is asked for */
	V_OTHER_EXE = 128, /* it runs none of the files asked for; children inherit it */
};

#define END_UNSEEN ~0ull /* in task_state.end: it may be in a call whose entry was not seen */

/* Where task_state.args keeps what adjtimex and clock_adjtime, which have two, are asked for. */
enum { TIMEX_MODES = 3, TIMEX_SHIFT = 4, TIMEX_FREQUENCY = 5 };

enum descriptor_kind { KIND_NONE, KIND_FILE, KIND_SOCKET, KIND_OTHER };

/* What credentials say: kept, because the kernel frees the old ones as soon as they are replaced.
 * Ids are those of the initial user namespace. */
struct cred_ids {
	u64 effective, permitted, inheritable, ambient, bounding;
	u64 groups; /* address of the list of groups */
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u32 securebits;
	u32 user_ns; /* inode number */
	s32 session_key;
	u32 pad;
};

/* Reads, or writes, of one thread on one file that are to be one record. */
struct run {
	u64 obj, requested;
	s64 bytes, offset; /* offset: of the first */
	u64 began, ended;  /* the first, the last */
	u64 inside;        /* ns in the calls */
	u32 times;         /* 0: there is no run */
	u32 pad;
	u16 type, nr; /* of the calls */
	u8 abi, pad2[3];
};

enum { RUN_READS, RUN_WRITES, RUNS };

/* A thread: who it is, and the call it is in. */
struct task_state {
	u64 entry;           /* when the call began; 0: not in a call that is recorded */
	u64 end;             /* for the program that the exit is handed to */
	u64 start;           /* of the process */
	u64 args[8];         /* 1..6 */
	u64 obj, obj2;       /* what the descriptors meant at entry */
	s64 pos;             /* position in the file at entry, -1 none */
	s64 old[2];          /* attributes before */
	u64 cred;            /* address of the credentials last looked at */
	u64 ns, cset;        /* likewise of the set of namespaces and the set of cgroups */
	struct cred_ids ids; /* and what the credentials said */
	u64 stack;           /* of the call; 0: not taken yet */
	u32 pid, tid;
	u16 call, nr; /* index in the call table; the number as it was made */
	u16 type;
	u8 abi, verdict;
	u16 next; /* the event whose record is made now, where it is not made by sys_exit */
	u32 made; /* records under overload, since `window` began */
	u32 window;
	u32 left_out;  /* press_episode in which that was told */
	u32 runs_busy; /* somebody is at the runs */
	struct run run[RUNS];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} task_store SEC(".maps");

/* Where there is no task storage; by thread id, freed at thread exit. Not an LRU: a thread that
 * finds no room is counted, one that is pushed out would be forgotten in silence. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct task_state);
} task_hash SEC(".maps");

/* Processes whose end was told. */
struct exit_key {
	u64 start;
	u32 pid, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct exit_key);
	__type(value, u32);
} exits_told SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ESPY_TARGETS);
	__type(key, u32);
	__type(value, u32);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, u32);
} uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cgroups SEC(".maps");

/* --- the way out ---------------------------------------------------------------------------- */

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ESPY_CPUS);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* Programs for events with more than plain values, by event type. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, ESPY_EVENT_ID_MAX);
	__type(key, u32);
	__type(value, u32);
} exits SEC(".maps");

/* --- scratch -------------------------------------------------------------------------------- */

/* Who uses a scratch area: a program may interrupt another one, never itself. */
enum scratch_user {
	SCRATCH_ENTER,
	SCRATCH_EXIT,
	SCRATCH_SCHED,
	SCRATCH_ITER,
	SCRATCH_PLUS,
	SCRATCH_SAMPLE,
	SCRATCH__MAX
};

#define TEXT_MAX  4096 /* one path or string from a user */
#define TEXT_AREA 16384

/* A record under construction: the fixed part ends where the text begins. */
struct scratch {
	u64 record[64]; /* at most 512 bytes */
	char text[TEXT_AREA + TEXT_MAX];
};

/* Text of one definition: the deepest path that is followed, with room for one more name. */
#define OBJ_TEXT 8192
struct walk {
	volatile u64 dentry, mount, mnt_root, parent;
	u64 hash;
	volatile u32 off, names, top;
	volatile u32 at[ESPY_ONLY_NAMES]; /* where the last names begin, by their number */
};

struct obj_scratch {
	struct walk walk;
	volatile u64 sk; /* of what is looked for, with its slot */
	u32 mode, pad;
	struct espy_ev_meta_object rec;
	char text[OBJ_TEXT + 256 + 512];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH__MAX);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH__MAX);
	__type(key, u32);
	__type(value, struct obj_scratch);
} obj_scratches SEC(".maps");

/* exec: arguments and environment are more than a per-CPU value may hold. */
#define EXEC_TEXT 65536
struct exec_scratch {
	struct espy_ev_process_exec rec;
	char text[EXEC_TEXT];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the loader makes it one per CPU */
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

/* --- stacks --------------------------------------------------------------------------------- */

#define STACK_BYTES (ESPY_STACK_FRAMES * 8)
struct stack_scratch {
	u64 busy; /* somebody was interrupted while using it */
	volatile u64
		mm; /* a pointer comes back from here as a number, which it may be counted with */
	struct espy_ev_meta_stack rec;
	char frames[2048]; /* of the user, and behind them of the kernel */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH__MAX);
	__type(key, u32);
	__type(value, struct stack_scratch);
} stack_scratches SEC(".maps");

/* Ids that user space was told of, and in which epoch. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768); /* 1 when no stacks are taken */
	__type(key, u64);
	__type(value, u32);
} stack_sent SEC(".maps");

/* --- objects -------------------------------------------------------------------------------- */

/* What a file was when its id was made; the id holds while all of it is as it was. A cache line. */
struct obj_slot {
	volatile u64 dentry, mnt, inode;
	u64 name;  /* its hash and length; bit 0: it is in no directory any more */
	u64 rest;  /* of inode number and address */
	u64 chain; /* of all names up to the root */
	u32 gen, epoch;
	u64 id;
};

/* Each processor has its own. An array, since a map with a value for each processor is allocated
 * value by value: 5 ms of the start. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ESPY_OBJ_SLOTS); /* the loader makes it so many per CPU */
	__uint(map_flags, BPF_F_MMAPABLE);   /* begins on a page */
	__type(key, u32);
	__type(value, struct obj_slot);
} obj_slots SEC(".maps");

/* Ids that user space was told of, as told_key() makes them, by their hash. Two with one place push
 * each other out: then one is told again, which costs and does no harm. */
#define OBJ_TOLD (1 << 17)
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OBJ_TOLD);
	__type(key, u32);
	__type(value, u64);
} obj_told SEC(".maps");
