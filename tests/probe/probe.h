/* SPDX-License-Identifier: MIT */
/*
 * Workloads that each perform one event in every form it has and state what must be recorded.
 *
 * A probe is a function PROBE(<event>) { … }, run in a process of its own whose working directory
 *is private and empty. It makes system calls with DO, which forces the exact call, and says with
 *WANT what Espy must have recorded of the last one:
 *
 *	fd = DO(openat, AT_FDCWD, "a", O_RDONLY, 0);
 *	WANT(file_open, PATH("a"), NUM(flags, O_RDONLY), NUM(created, 0));
 *
 * The statements go to stdout, one JSON object per line; `run` compares. Of every operation that a
 * process states once it must state all: anything else recorded of it is an error too. They are
 *kept in shared memory until the probe is over, so that saying them makes no system call, and what
 *a killed process said is not lost.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* Numbers of every call, from the same table that Espy has; -1 where this ABI lacks it. */
enum {
#ifdef __i386__
#define SYSCALL(name, x86_64, i386, ...) NR_##name = (i386),
#define PROBE_ABI                        "ia32:"
/* A 64-bit argument takes two registers. */
#define OFF(x) (long)(uint32_t)(x), (long)((int64_t)(x) >> 32)
#else
#define SYSCALL(name, x86_64, i386, ...) NR_##name = (x86_64),
#define PROBE_ABI                        ""
#define OFF(x)                           (long)(x)
#endif
#include "model/syscalls.def"
};
/* The two registers of preadv's position: low and high part in both ABIs. */
#define POS(x) (long)(x), (long)((int64_t)(x) >> 32)

#define HAVE(call) (NR_##call >= 0)
/* Makes the call and remembers it. Result or negative errno; -ENOSYS when this ABI lacks it. */
#define DO(call, ...) \
	probe_did(#call, HAVE(call) ? syscall(NR_##call, ##__VA_ARGS__) : (errno = ENOSYS, -1L))
/* A call made by other means: `result` is -1 and errno, as libc gives it. */
long probe_did(const char *call, long result);
/* The same by the kernel's own convention: negative errno. */
#define DID(call, result) probe_did_kernel(#call, (result))
long probe_did_kernel(const char *call, long result);
/* Nothing but what WANT says: an event that no call of this thread made. */
#define NOTED() probe_did_kernel(NULL, 0)

enum probe_kind {
	PROBE_NUM = 1, /* equal */
	PROBE_MIN,     /* at least */
	PROBE_MASK,    /* the bits `num2` are those of `num` */
	PROBE_STR,     /* equal bytes */
	PROBE_EITHER,  /* one of two strings */
	PROBE_HONEST,  /* the first string, or the second if the source does not say kernel */
	PROBE_LIST,    /* strings of a NULL-terminated vector */
	PROBE_SKIP,    /* whatever it is: takes back what WANT says by itself */
};

struct probe_value {
	const char *name;
	enum probe_kind kind;
	long long num, num2;
	const char *str, *str2;
	char *const *list;
};

#define NUM(field, v)                                                    \
	{                                                                \
		.name = #field, .kind = PROBE_NUM, .num = (long long)(v) \
	}
#define MIN(field, v)                                                    \
	{                                                                \
		.name = #field, .kind = PROBE_MIN, .num = (long long)(v) \
	}
#define MASK(field, mask, v)                                               \
	{                                                                  \
		.name = #field, .kind = PROBE_MASK, .num = (long long)(v), \
		.num2 = (long long)(mask)                                  \
	}
#define STR(field, s)                                         \
	{                                                     \
		.name = #field, .kind = PROBE_STR, .str = (s) \
	}
#define EITHER(field, a, b)                                                   \
	{                                                                     \
		.name = #field, .kind = PROBE_EITHER, .str = (a), .str2 = (b) \
	}
/* What happened and what the caller wanted to be believed: the record has the first, or the other
 * and says that it is the caller's (source user), or that it is partial. */
#define HONEST(field, truth, lie)                                                   \
	{                                                                           \
		.name = #field, .kind = PROBE_HONEST, .str = (truth), .str2 = (lie) \
	}
#define LIST(field, v)                                                         \
	{                                                                      \
		.name = #field, .kind = PROBE_LIST, .list = (char *const *)(v) \
	}
#define ANY(field)                                 \
	{                                          \
		.name = #field, .kind = PROBE_SKIP \
	}
/* Paths: relative ones are meant in the private directory. */
#define PATH(p)  STR(path, probe_at(p))
#define PATH2(p) STR(path2, probe_at(p))
/* Recorded so often, one after the other. */
#define COUNT(n) NUM(count, n)
/* Recorded of another process (and its first thread), not of the caller. */
#define OF(p) NUM(pid, p), NUM(tid, p)

/* States what must be recorded of the last DO: system call, result, process and thread are said by
 * themselves unless given. */
#define WANT(event, ...) \
	probe_want(#event, (const struct probe_value[]){__VA_ARGS__ __VA_OPT__(, ){.name = NULL}})
void probe_want(const char *event, const struct probe_value *values);

/* Of `event` nothing at all may be recorded of process `pid`; for what must not be there. */
#define WANT_NONE(event, pid) probe_want_none(#event, (pid))
void probe_want_none(const char *event, pid_t pid);

/* What every record of this process must say about it. */
void probe_identity(pid_t pid, pid_t ppid, const char *exe, unsigned uid);

/* Part of the probe cannot be done here; it goes on. */
void probe_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The probe cannot be done here at all: ends the process. */
void probe_skip(const char *why) __attribute__((noreturn));
/* The workload itself went wrong, which is a failure of the test: ends the process. */
void probe_die(const char *what) __attribute__((noreturn));
#define MUST(x) ((x) ? (void)0 : probe_die(#x))

/* "<private directory>/<rel>"; absolute paths and "" as they are. Good until 16 more were made. */
const char *probe_at(const char *rel);
extern char probe_dir[4096];
/* What the descriptor refers to, as /proc says it: the kernel's own words. */
const char *probe_fd_path(int fd);
/* A file with that content, made with openat and pwrite64; returns a descriptor. */
int probe_file(const char *rel, const char *content);
/* Runs `fn` in a child of its own and waits for it; 0, or minus the number of the signal, or code.
 */
pid_t probe_child(void (*fn)(void *), void *arg);
int probe_wait(pid_t pid);
/* What must be there first, made by a child, so that nothing of it need be stated. */
#define SETUP(fn) MUST(probe_wait(probe_child(fn, NULL)) == 0)
/* Same, as user 65534 without any privilege. */
int probe_as_nobody(void (*fn)(void *), void *arg);
void probe_sleep_ms(unsigned ms);
/* Until that process waits inside a call: /proc says that its first thread sleeps. */
void probe_until_asleep(pid_t pid);

/* The program of the probes and the directory that it and its helpers lie in. */
extern char probe_exe[4096], probe_bin[4096];
/* Who started it: Espy, in a capture. */
extern pid_t probe_starter;

/*
 * A name in the table of probes. Weak there: one that is missing is a failed test, not a failed
 * link.
 */
#define PROBE(event)              \
	void probe_##event(void); \
	void probe_##event(void)

/* What this program does when another probe executes it: "@exit 3", "@ready FD" … */
int probe_helper(int argc, char **argv);
