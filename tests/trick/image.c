/* SPDX-License-Identifier: MIT */
/* Programs that are in no directory, that are gone before anyone looks, or that say they are
 * others. */
#include "../probe/probe.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

extern char **environ;

static char *plain[] = {(char *)"a name", (char *)"@exit", (char *)"5", NULL};

static void copy_to(int to)
{
	int from = open(probe_exe, O_RDONLY);

	while (sendfile(to, from, NULL, 1 << 30) > 0)
		;
	MUST(lseek(to, 0, SEEK_CUR) > 0 && close(from) == 0);
}

static void ran(void (*fn)(void *), int code)
{
	int rc = probe_wait(probe_child(fn, NULL));

	if (rc == 99)
		_exit(99);
	MUST(rc == code);
}

static void miss(const char *name)
{
	DO(faccessat, AT_FDCWD, name, F_OK);
	WANT(file_access, PATH(name), NUM(result, -ENOENT), STR(exe, probe_exe));
}

/* --- no directory -------------------------------------------------------------------------------
 */

static void exec_memfd(void *arg)
{
	int fd = memfd_create("[kworker/0:1]", 0);

	(void)arg;
	copy_to(fd);
	DID(execveat, 0);
	WANT(process_exec, STR(path, probe_fd_path(fd)), STR(memory, "memfd"),
	     STR(source, "kernel"), LIST(argv, plain));
	syscall(NR_execveat, fd, "", plain, environ, (long)AT_EMPTY_PATH);
	probe_die("execveat");
}

/* As fexecve does it where there is no execveat: by a name that is a descriptor. */
static void exec_memfd_by_proc(void *arg)
{
	char name[64];
	int fd = memfd_create("loader", 0);

	(void)arg;
	copy_to(fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	DID(execve, 0);
	WANT(process_exec, STR(path, "/memfd:loader (deleted)"), STR(given, name),
	     STR(memory, "memfd"));
	syscall(NR_execve, name, plain, environ);
	probe_die("execve");
}

PROBE(image_memfd)
{
	ran(exec_memfd, 5);
	ran(exec_memfd_by_proc, 5);
}

/* Deleted between its opening and its execution; run by its descriptor. */
static void exec_deleted(void *arg)
{
	int fd = open("copy", O_RDWR | O_CREAT, 0755);

	(void)arg;
	copy_to(fd);
	close(fd);
	fd = open("copy", O_RDONLY);
	MUST(unlink("copy") == 0);
	close(open("copy", O_RDWR | O_CREAT, 0755)); /* another of that name */
	DID(execveat, 0);
	WANT(process_exec, STR(path, probe_fd_path(fd)), STR(memory, "deleted"), LIST(argv, plain));
	syscall(NR_execveat, fd, "", plain, environ, (long)AT_EMPTY_PATH);
	probe_die("execveat");
}

PROBE(image_deleted)
{
	ran(exec_deleted, 5);
}

/* --- who executes -------------------------------------------------------------------------------
 */

static void *exec_here(void *arg)
{
	pid_t tid = syscall(SYS_gettid);

	(void)arg;
	DID(execve, 0);
	WANT(process_exec, NUM(pid, getpid()), NUM(tid, getpid()), NUM(old_tid, tid),
	     STR(path, probe_exe), LIST(argv, plain));
	syscall(NR_execve, probe_exe, plain, environ);
	probe_die("execve in a thread");
	return NULL;
}

static void exec_in_thread(void *arg)
{
	pthread_t t;

	(void)arg;
	NOTED();
	WANT(process_exit, NUM(tid, getpid()), NUM(code, 5)); /* of the new program, once */
	MUST(pthread_create(&t, NULL, exec_here, NULL) == 0);
	for (;;)
		pause();
}

PROBE(image_thread)
{
	ran(exec_in_thread, 5);
}

/* --- gone at once -------------------------------------------------------------------------------
 */

static char die[4200];

static void exec_and_die(void *arg)
{
	char *argv[] = {(char *)"short", (char *)"life", NULL};

	(void)arg;
	DID(execve, 0);
	WANT(process_exec, STR(path, die), LIST(argv, argv), NUM(argc, 2), STR(source, "kernel"));
	NOTED();
	WANT(process_exit, STR(exe, die), NUM(code, 33), NUM(result, 33));
	syscall(NR_execve, die, argv, environ);
	probe_die("execve");
}

/* A program of two instructions: nobody finds it in /proc. */
PROBE(image_at_once)
{
	snprintf(die, sizeof(die), "%s/die%s", probe_bin, *PROBE_ABI ? "-32" : "");
	for (int i = 0; i < 50; i++)
		ran(exec_and_die, 33);
}

/* --- disguised ----------------------------------------------------------------------------------
 */

/* Another name, and other arguments where ps looks for them: the program stays what it is. */
static void disguise(void *arg)
{
	(void)arg;
	miss("as itself");
	MUST(prctl(PR_SET_NAME, "[kthreadd]") == 0);
	miss("renamed");
	memset(program_invocation_name, 'x', strlen(program_invocation_name));
	miss("rewritten");
}

PROBE(image_disguised)
{
	MUST(probe_wait(probe_child(disguise, NULL)) == 0);
}

/* --- what is executed ---------------------------------------------------------------------------
 */

int probe_helper(int argc, char **argv)
{
	if (strcmp(argv[0], "@exit") == 0 && argc > 1)
		return (int)strtol(argv[1], NULL, 10);
	return 0;
}
