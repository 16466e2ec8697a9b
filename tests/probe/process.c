/* SPDX-License-Identifier: MIT */
/* How processes are made, named and ended. */
#include "probe.h"
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* clone(2) takes the signal in the low byte of its flags; the event has the rest. */
#define FLAGS(v) MASK(flags, ~0xffLL, v)

/* struct clone_args up to its first published size. */
struct clone3 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static void forked(pid_t pid)
{
	if (pid == 0)
		_exit(0);
	MUST(pid > 0);
	WANT_NONE(process_fork, pid);
}

static void fork_forms(void)
{
	struct clone3 c3 = {.exit_signal = SIGCHLD, .flags = CLONE_FS | CLONE_NEWUTS};
	pid_t pid;

	pid = DO(fork);
	forked(pid);
	WANT(process_fork, NUM(child_pid, pid), FLAGS(0));
	probe_wait(pid);
	pid = vfork(); /* by libc: the child of a raw one would return from syscall() */
	if (pid == 0)
		_exit(0);
	DID(vfork, pid);
	WANT(process_fork, NUM(child_pid, pid), FLAGS(CLONE_VFORK | CLONE_VM));
	probe_wait(pid);
	pid = DO(clone, (long)(CLONE_FS | SIGCHLD), 0L, 0L, 0L, 0L);
	forked(pid);
	WANT(process_fork, NUM(child_pid, pid), FLAGS(CLONE_FS));
	probe_wait(pid);
	/* A sibling: its parent is ours. */
	pid = DO(clone, (long)(CLONE_PARENT | SIGCHLD), 0L, 0L, 0L, 0L);
	forked(pid);
	WANT(process_fork, NUM(child_pid, pid), NUM(child_ppid, getppid()), FLAGS(CLONE_PARENT));
	NOTED();
	WANT(process_exit, OF(pid), NUM(ppid, getppid()), NUM(code, 0));
	pid = DO(clone3, &c3, sizeof(c3));
	if (pid >= 0)
		forked(pid);
	WANT(process_fork, NUM(child_pid, pid), FLAGS(CLONE_FS | CLONE_NEWUTS));
	probe_wait(pid);
}

static void fork_in_pid_namespace(void)
{
	long flags = CLONE_NEWPID | CLONE_NEWNS;
	pid_t pid = DO(clone, flags | SIGCHLD, 0L, 0L, 0L, 0L);

	if (pid < 0) {
		WANT(process_fork, NUM(child_pid, 0), FLAGS(flags));
		probe_note("no pid namespace can be made here");
		return;
	}
	forked(pid); /* sees itself as 1; everyone else sees `pid` */
	WANT(process_fork, NUM(child_pid, pid), FLAGS(flags));
	probe_wait(pid);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void fork_too_many(void *arg)
{
	struct rlimit none = {0, 0};

	(void)arg;
	MUST(setrlimit(RLIMIT_NPROC, &none) == 0);
	DO(fork);
	WANT(process_fork, NUM(child_pid, 0), NUM(result, -EAGAIN), STR(error, "EAGAIN"));
}

PROBE(process_fork)
{
	struct clone3 bad = {.flags = CLONE_SIGHAND};
	pid_t pid;

	fork_forms();
	fork_in_pid_namespace();
	DO(clone, (long)(CLONE_SIGHAND | SIGCHLD), 0L, 0L, 0L, 0L);
	WANT(process_fork, NUM(child_pid, 0), NUM(result, -EINVAL), FLAGS(CLONE_SIGHAND));
	DO(clone3, &bad, sizeof(bad));
	WANT(process_fork, NUM(child_pid, 0), FLAGS(CLONE_SIGHAND));
	/* By fork(3), whichever call that uses. */
	MUST(probe_as_nobody(fork_too_many, NULL) == 0);
	WANT(process_fork, ANY(syscall), MIN(result, 1), MIN(child_pid, 1));
	pid = probe_child(nothing, NULL);
	WANT(process_fork, ANY(syscall), NUM(result, pid), NUM(child_pid, pid));
	MUST(probe_wait(pid) == 0);
}

/* --- exit ---------------------------------------------------------------------------------- */

static void exited(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, __WALL) == pid);
	NOTED();
	if (WIFSIGNALED(status))
		WANT(process_exit, OF(pid), NUM(result, -WTERMSIG(status)), NUM(code, 0),
		     NUM(signal, WTERMSIG(status)), NUM(core, !!WCOREDUMP(status)));
	else
		WANT(process_exit, OF(pid), NUM(result, WEXITSTATUS(status)), NUM(signal, 0),
		     NUM(code, WEXITSTATUS(status)), NUM(core, 0));
}

static void leave_group(void *arg)
{
	syscall(NR_exit_group, (long)(intptr_t)arg);
}

static void leave_alone(void *arg)
{
	syscall(NR_exit, (long)(intptr_t)arg);
}

static void by_signal(void *arg)
{
	struct rlimit core = {RLIM_INFINITY, RLIM_INFINITY};
	int sig = (int)(intptr_t)arg;

	setrlimit(RLIMIT_CORE, &core);
	signal(sig, SIG_DFL);
	raise(sig);
	probe_die("raise");
}

static void wait_for_signal(void *arg)
{
	(void)arg;
	pause();
}

/*
 * Burns CPU time, touches memory, lives a while. Five times as much time as must be recorded: the
 * kernel counts it in ticks, of which a processor that a hypervisor takes away gets fewer.
 */
static void heavy(void *arg)
{
	struct rusage u;
	size_t n = 24 << 20;
	char *p = malloc(n);

	(void)arg;
	MUST(p);
	memset(p, 1, n);
	__asm__ volatile("" : : "r"(p) : "memory"); /* the bytes count */
	do {
		for (volatile int i = 0; i < 100000; i++)
			;
		getrusage(RUSAGE_SELF, &u);
	} while (u.ru_utime.tv_sec * 1000 + u.ru_utime.tv_usec / 1000 < 200);
	probe_sleep_ms(50);
	_exit(3);
}

PROBE(process_exit)
{
	static const int codes[] = {0, 1, 42, 255, 256 + 7};
	static const int signals[] = {SIGTERM, SIGSEGV, SIGABRT, SIGUSR1, SIGXCPU, 40};
	pid_t pid;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		exited(probe_child(leave_group, (void *)(intptr_t)codes[i]));
		exited(probe_child(leave_alone, (void *)(intptr_t)codes[i]));
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		exited(probe_child(by_signal, (void *)(intptr_t)signals[i]));
	pid = probe_child(wait_for_signal, NULL);
	kill(pid, SIGKILL);
	exited(pid);
	pid = probe_child(heavy, NULL);
	MUST(probe_wait(pid) == 3);
	NOTED();
	WANT(process_exit, OF(pid), NUM(code, 3), NUM(result, 3), MIN(lifetime, 250000000),
	     MIN(user_time, 40000000), MIN(peak_memory, 24 << 20));
}

/* --- names --------------------------------------------------------------------------------- */

static void rename_by_proc(const char *name, const char *old)
{
	int fd = open("/proc/self/comm", O_WRONLY);

	MUST(fd >= 0);
	MUST(write(fd, name, strlen(name)) == (ssize_t)strlen(name));
	close(fd);
	NOTED();
	WANT(process_comm, NUM(renamed_tid, getpid()), STR(name, name), STR(old_name, old));
}

PROBE(process_comm)
{
	char old[32] = "";

	prctl(PR_GET_NAME, old);
	prctl(PR_SET_NAME, "first");
	NOTED();
	WANT(process_comm, NUM(renamed_tid, getpid()), STR(name, "first"), STR(old_name, old),
	     NUM(result, 0));
	prctl(PR_SET_NAME, "more than fifteen bytes");
	WANT(process_comm, STR(name, "more than fifte"), STR(old_name, "first"));
	rename_by_proc("by proc", "more than fifte");
	prctl(PR_SET_NAME, "\x1b]0;x\a\xff\n");
	WANT(process_comm, STR(name, "\x1b]0;x\a\xff\n"), STR(old_name, "by proc"));
	prctl(PR_SET_NAME, "");
	WANT(process_comm, STR(name, ""), STR(old_name, "\x1b]0;x\a\xff\n"));
}

/* --- what was there before ----------------------------------------------------------------- */

static size_t read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t got = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && (n = read(fd, buf + got, size - 1 - got)) > 0)
		got += n;
	if (fd >= 0)
		close(fd);
	buf[got] = 0;
	return got;
}

static const char *proc_link(pid_t pid, const char *name)
{
	char path[64], to[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	return strdup(to);
}

/* As much of a command line as Espy takes; see src/enrich/proc.c. */
#define CMDLINE_BYTES 16384

static char **proc_argv(pid_t pid)
{
	static char text[CMDLINE_BYTES + 1], *argv[CMDLINE_BYTES + 1];
	size_t n = read_proc(pid, "cmdline", text, sizeof(text)), used = 0;

	for (char *p = text; p < text + n; p += strlen(p) + 1)
		argv[used++] = p;
	argv[used] = NULL;
	return argv;
}

static pid_t parent_of(pid_t pid)
{
	char buf[1024], *p;

	read_proc(pid, "stat", buf, sizeof(buf));
	p = strrchr(buf, ')');
	return p ? atoi(p + 4) : 0;
}

/* Who started the capture was there before it: everyone above Espy. */
PROBE(process_running)
{
	const char *espy = getenv("PROBE_ESPY_PARENT");
	pid_t pid = espy ? atoi(espy) : 0;
	char comm[64];
	size_t n;

	if (!pid)
		probe_skip("PROBE_ESPY_PARENT does not say who started the capture");
	for (; pid > 0; pid = parent_of(pid)) {
		n = read_proc(pid, "comm", comm, sizeof(comm));
		comm[n ? n - 1 : 0] = 0; /* without the line's end: a name may have others */
		NOTED();
		WANT(process_running, OF(pid), NUM(ppid, parent_of(pid)), NUM(kernel, 0),
		     NUM(sid, getsid(pid)), STR(path, proc_link(pid, "exe")),
		     STR(cwd, proc_link(pid, "cwd")), STR(comm, comm), LIST(argv, proc_argv(pid)));
	}
}
