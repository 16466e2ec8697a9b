/* SPDX-License-Identifier: MIT */
/* Processes whose numbers, parents and memory are not what they usually are. */
#include "../probe/probe.h"
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void miss(const char *name)
{
	DO(faccessat, AT_FDCWD, name, F_OK);
	WANT(file_access, PATH(name), NUM(result, -ENOENT), STR(exe, probe_exe));
}

/* --- a number twice -----------------------------------------------------------------------------
 */

struct clone3 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

static long clone_as(pid_t *number)
{
	struct clone3 c = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)number, .set_tid_size = 1};

	return syscall(NR_clone3, &c, sizeof(c));
}

/* The same number, again and again, each time another process; `run` looks at their starts. */
PROBE(life_reused)
{
	pid_t number = getpid() + 1000;
	char name[16];
	long pid;

	while (kill(number, 0) == 0 || errno != ESRCH)
		number++;
	for (int i = 0; i < 5; i++) {
		pid = clone_as(&number);
		if (pid < 0)
			probe_skip("no process number can be chosen here");
		snprintf(name, sizeof(name), "life %d", i);
		if (pid == 0) {
			miss(name);
			_exit(10 + i);
		}
		MUST(pid == number && probe_wait((pid_t)pid) == 10 + i);
		NOTED();
		WANT(process_exit, OF(number), NUM(code, 10 + i), NUM(ppid, getpid()));
	}
}

/* --- memory and descriptors of others ----------------------------------------------------------
 */

static volatile long opened;

/* In its parent's memory, while that waits. */
PROBE(life_vfork)
{
	pid_t pid = vfork();
	char buf[4];

	if (pid == 0) {
		opened = syscall(NR_openat, AT_FDCWD, "by the child", O_CREAT | O_RDWR, 0600);
		_exit(4);
	}
	MUST(pid > 0 && probe_wait(pid) == 4);
	NOTED();
	WANT(file_open, OF(pid), PATH("by the child"), NUM(created, 1), NUM(result, opened),
	     NUM(ppid, getpid()), STR(exe, probe_exe));
	WANT(process_exit, OF(pid), NUM(code, 4));
	DO(read, (int)opened, buf, 1L); /* descriptors are its own */
	WANT(file_read, NUM(result, -EBADF), STR(path, ""));
}

static int open_for_all(void *arg)
{
	(void)arg;
	opened = syscall(NR_openat, AT_FDCWD, "for all", O_CREAT | O_RDWR, 0600);
	return 6;
}

/* One memory, one table of descriptors, yet not a thread: another process. */
PROBE(life_shared)
{
	static char stack[65536] __attribute__((aligned(64)));
	char buf[4];
	pid_t pid = clone(open_for_all, stack + sizeof(stack),
			  CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, NULL);

	MUST(pid > 0 && probe_wait(pid) == 6);
	NOTED();
	WANT(process_fork, NUM(child_pid, pid), ANY(syscall), MIN(result, 1),
	     MASK(flags, CLONE_VM | CLONE_FILES | CLONE_THREAD, CLONE_VM | CLONE_FILES));
	WANT(file_open, OF(pid), PATH("for all"), NUM(created, 1), NUM(result, opened));
	WANT(process_exit, OF(pid), NUM(code, 6), NUM(ppid, getpid()));
	DO(read, (int)opened, buf, 1L);
	WANT(file_read, PATH("for all"), NUM(result, 0));
}

/* --- other parents ------------------------------------------------------------------------------
 */

/* A child that is its maker's sibling. */
PROBE(life_sibling)
{
	pid_t parent = getppid(), pid;
	int ended[2];
	char end;

	MUST(pipe(ended) == 0);
	pid = (pid_t)syscall(NR_clone, (long)(CLONE_PARENT | SIGCHLD), 0L, 0L, 0L, 0L);
	if (pid == 0) {
		MUST(getppid() == parent);
		miss("by a sibling");
		_exit(3);
	}
	MUST(pid > 0 && close(ended[1]) == 0);
	MUST(read(ended[0], &end, 1) == 0); /* nobody has the other end any more */
	NOTED();
	WANT(process_fork, NUM(child_pid, pid), NUM(child_ppid, parent), ANY(syscall),
	     NUM(result, pid));
	WANT(process_exit, OF(pid), NUM(code, 3), NUM(ppid, parent));
}

/* --- other numbers -------------------------------------------------------------------------------
 */

/* The first of its namespace; `run` looks at the number that it has there. */
PROBE(life_namespace)
{
	pid_t *inner = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = (pid_t)syscall(NR_clone, (long)(CLONE_NEWPID | SIGCHLD), 0L, 0L, 0L, 0L);

	if (pid < 0)
		probe_skip("no pid namespace can be made here");
	if (pid == 0) {
		MUST(getpid() == 1);
		inner[0] = getpid();
		faccessat(AT_FDCWD, "the first", F_OK, 0);
		_exit(1);
	}
	MUST(probe_wait(pid) == 1 && inner[0] == 1);
	NOTED();
	WANT(file_access, OF(pid), PATH("the first"), NUM(result, -ENOENT), NUM(ppid, getpid()));
	WANT(process_exit, OF(pid), NUM(code, 1));
}
