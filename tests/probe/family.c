/* SPDX-License-Identifier: MIT */
/* Processes that begin, live and end in less usual ways. */
#include "probe.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;

static void miss(const char *name)
{
	DO(faccessat, AT_FDCWD, name, F_OK);
}

/* --- the first thread leaves first ----------------------------------------------------------- */

static void *outlive(void *arg)
{
	(void)arg;
	probe_sleep_ms(50);
	miss("the first thread is gone");
	WANT(file_access, PATH("the first thread is gone"), NUM(result, -ENOENT));
	_exit(9);
	return NULL;
}

static void leave_first(void *arg)
{
	pthread_t t;

	(void)arg;
	MUST(pthread_create(&t, NULL, outlive, NULL) == 0);
	syscall(SYS_exit, 3);
}

static void *leave_last(void *arg)
{
	(void)arg;
	probe_sleep_ms(30);
	syscall(SYS_exit, 4);
	return NULL;
}

/* No thread asks the whole process to end: its code is that of the first. */
static void leave_one_by_one(void *arg)
{
	pthread_t t;

	(void)arg;
	MUST(pthread_create(&t, NULL, leave_last, NULL) == 0);
	syscall(SYS_exit, 6);
}

static void *wait_forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void killed_with_threads(void *arg)
{
	pthread_t t;

	(void)arg;
	for (int i = 0; i < 6; i++)
		MUST(pthread_create(&t, NULL, wait_forever, NULL) == 0);
	probe_sleep_ms(1);
	raise(SIGKILL);
}

static void ended(void (*fn)(void *))
{
	pid_t pid = probe_child(fn, NULL);
	int status;

	MUST(waitpid(pid, &status, 0) == pid);
	NOTED();
	WANT(process_exit, NUM(pid, pid), ANY(tid),
	     NUM(result, WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status)),
	     NUM(code, WIFEXITED(status) ? WEXITSTATUS(status) : 0),
	     NUM(signal, WIFSIGNALED(status) ? WTERMSIG(status) : 0), MIN(lifetime, 1000000));
}

PROBE(process_last_thread)
{
	ended(leave_first);
	ended(leave_one_by_one);
	/* All at once on all processors: still only one of them is the last. */
	for (int i = 0; i < 80; i++)
		ended(killed_with_threads);
}

/* --- spawn ----------------------------------------------------------------------------------- */

/* The child shares its parent's memory until it executes: what it does is its own all the same. */
PROBE(process_spawn)
{
	char *argv[] = {(char *)"spawned", (char *)"@exit", (char *)"8", NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 77, "by the child", O_RDWR | O_CREAT, 0600);
	MUST(posix_spawn(&pid, probe_exe, &actions, NULL, argv, environ) == 0);
	MUST(probe_wait(pid) == 8);
	NOTED();
	WANT(process_fork, NUM(child_pid, pid), NUM(result, pid),
	     MASK(flags, CLONE_VM | CLONE_VFORK, CLONE_VM | CLONE_VFORK));
	WANT(process_exec, OF(pid), STR(path, probe_exe), LIST(argv, argv), NUM(ppid, getpid()));
	WANT(process_exit, OF(pid), NUM(code, 8));
	/* It fails before it executes anything. */
	MUST(posix_spawn(&pid, "/no/such/program", NULL, NULL, argv, environ) == ENOENT);
	WANT(process_fork, MIN(child_pid, 1), MIN(result, 1));
}

/* --- names and programs of a process as they change --------------------------------------------
 */

static void script_of_script(void *arg)
{
	char line[5000], *argv[] = {(char *)"x", (char *)"5", NULL};
	int fd;

	(void)arg;
	snprintf(line, sizeof(line), "#!%s @script\n", probe_exe);
	fd = probe_file("inner", line);
	MUST(fchmod(fd, 0755) == 0 && close(fd) == 0);
	snprintf(line, sizeof(line), "#!%s/inner\n", probe_dir);
	fd = probe_file("outer", line);
	MUST(fchmod(fd, 0755) == 0 && close(fd) == 0);
	DID(execve, 0);
	WANT(process_exec, STR(path, probe_exe), STR(given, "./outer"), NUM(argc, 5));
	syscall(NR_execve, "./outer", argv, environ);
	probe_die("execve of a script of a script");
}

PROBE(process_names)
{
	const char *own = strrchr(probe_exe, '/') + 1;
	pid_t pid;

	miss("one");
	WANT(file_access, PATH("one"), STR(process, own), STR(exe, probe_exe));
	prctl(PR_SET_NAME, "other name");
	miss("two");
	WANT(file_access, PATH("two"), STR(process, "other name"), STR(exe, probe_exe));
	pid = probe_child(script_of_script, NULL);
	probe_wait(pid); /* its code is that of "./inner" as a number: none */
}

/* --- namespaces ------------------------------------------------------------------------------ */

static void inside(void)
{
	faccessat(AT_FDCWD, probe_at("inside"), F_OK, 0);
	_exit(2);
}

PROBE(process_namespaces)
{
	long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | SIGCHLD;
	pid_t pid = syscall(NR_clone, flags, 0L, 0L, 0L, 0L);

	if (pid == 0)
		inside(); /* as process 1 */
	if (pid < 0)
		probe_skip("no namespaces can be made here");
	MUST(probe_wait(pid) == 2);
	NOTED();
	WANT(file_access, OF(pid), PATH("inside"), NUM(result, -ENOENT), NUM(uid, 0),
	     NUM(ppid, getpid()));
	WANT(process_exit, OF(pid), NUM(code, 2), NUM(ppid, getpid()));
	/* In a user namespace nobody is who they say: users are those of the machine. */
	pid = syscall(NR_clone, (long)(CLONE_NEWUSER | SIGCHLD), 0L, 0L, 0L, 0L);
	if (pid == 0)
		inside();
	if (pid < 0) {
		probe_note("no user namespace can be made here");
		return;
	}
	MUST(probe_wait(pid) == 2);
	WANT(file_access, OF(pid), PATH("inside"), NUM(uid, 0), STR(user, "root"));
}

/* --- what the kernel refuses before it looks ----------------------------------------------------
 */

static void forbid(int nr, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		probe_skip("no seccomp filters here");
}

/* A filter answers in the kernel's place: the program tried, and it failed. */
PROBE(call_seccomp)
{
	/* On the stack, whose page is there: the kernel never looks at the name of a refused call,
	 * and what is not in memory cannot be read afterwards (its path is then partial). */
	char forbidden[] = "forbidden";
	int fd = probe_file("a", "x");
	char buf[4];

	miss("before");
	WANT(file_access, PATH("before"), NUM(result, -ENOENT));
	DO(read, fd, buf, 1L);
	WANT(file_read, PATH("a"), NUM(result, 1));
	forbid(NR_faccessat, EPERM);
	forbid(NR_read, EIO);
	miss(forbidden);
	WANT(file_access, PATH("forbidden"), NUM(result, -EPERM), STR(error, "EPERM"));
	DO(read, fd, buf, 1L);
	WANT(file_read, PATH("a"), NUM(requested, 1), NUM(result, -EIO));
	DO(pread64, fd, buf, 1L, OFF(0));
	WANT(file_read, PATH("a"), NUM(result, 1));
}
