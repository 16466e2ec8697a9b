/* SPDX-License-Identifier: MIT */
/* Programs that replace themselves. Each exec happens in a child, which says before what must come.
 */
#include "probe.h"
#include <linux/fs.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;

static char *plain[] = {(char *)"a name", (char *)"@exit", (char *)"5", NULL};

static void exec_failed(const char *what)
{
	probe_die(what);
}

static void by_path(void *arg)
{
	(void)arg;
	DID(execve, 0);
	WANT(process_exec, PATH(probe_exe), STR(given, probe_exe), STR(cwd, probe_dir),
	     LIST(argv, plain), NUM(argc, 3), NUM(argv_bytes, 7 + 6 + 2), NUM(uid, 0), NUM(euid, 0),
	     NUM(old_tid, getpid()), STR(interpreter, ""), NUM(truncated, 0));
	syscall(NR_execve, probe_exe, plain, environ);
	exec_failed("execve");
}

static void by_relative_link(void *arg)
{
	(void)arg;
	MUST(mkdir("sub", 0755) == 0);
	MUST(symlink(probe_exe, "link") == 0 && chdir("sub") == 0);
	DID(execve, 0);
	WANT(process_exec, PATH(probe_exe), STR(given, "../link"), STR(cwd, probe_at("sub")),
	     LIST(argv, plain));
	syscall(NR_execve, "../link", plain, environ);
	exec_failed("execve of a link");
}

static void by_directory(void *arg)
{
	int dir = open(probe_bin, O_RDONLY | O_DIRECTORY);
	const char *name = strrchr(probe_exe, '/') + 1;

	(void)arg;
	DID(execveat, 0);
	WANT(process_exec, PATH(probe_exe), LIST(argv, plain), NUM(argc, 3));
	syscall(NR_execveat, dir, name, plain, environ, 0L);
	exec_failed("execveat by directory");
}

static void by_descriptor(void *arg)
{
	int fd = open(probe_exe, O_RDONLY);

	(void)arg;
	DID(execveat, 0);
	WANT(process_exec, PATH(probe_exe), LIST(argv, plain));
	syscall(NR_execveat, fd, "", plain, environ, (long)AT_EMPTY_PATH);
	exec_failed("execveat by descriptor");
}

static void by_memory(void *arg)
{
	int mem = memfd_create("no file", 0), fd = open(probe_exe, O_RDONLY);

	(void)arg;
	while (sendfile(mem, fd, NULL, 1 << 30) > 0)
		;
	DID(execveat, 0);
	WANT(process_exec, PATH("/memfd:no file (deleted)"), LIST(argv, plain));
	syscall(NR_execveat, mem, "", plain, environ, (long)AT_EMPTY_PATH);
	exec_failed("execveat of memory");
}

/* The kernel puts the program of the first line and its argument before the rest. */
static void by_script(void *arg)
{
	char line[5000];
	char *given[] = {(char *)"script", (char *)"5", NULL};
	char *seen[] = {probe_exe, (char *)"@script", (char *)"./script", (char *)"5", NULL};
	int fd;

	(void)arg;
	snprintf(line, sizeof(line), "#!%s @script\n", probe_exe);
	fd = probe_file("script", line);
	MUST(fchmod(fd, 0755) == 0 && close(fd) == 0);
	DID(execve, 0);
	WANT(process_exec, PATH(probe_exe), STR(given, "./script"), STR(interpreter, probe_exe),
	     LIST(argv, seen), NUM(argc, 4));
	syscall(NR_execve, "./script", given, environ);
	exec_failed("execve of a script");
}

static void *exec_in_thread(void *arg)
{
	pid_t tid = syscall(SYS_gettid);

	(void)arg;
	DID(execve, 0);
	WANT(process_exec, OF(getpid()), NUM(old_tid, tid), PATH(probe_exe), LIST(argv, plain));
	syscall(NR_execve, probe_exe, plain, environ);
	exec_failed("execve in a thread");
	return NULL;
}

static void by_thread(void *arg)
{
	pthread_t t;

	(void)arg;
	MUST(pthread_create(&t, NULL, exec_in_thread, NULL) == 0);
	pthread_join(t, NULL);
}

#define MANY 1000

/* Cut at 16 KiB, and it says so. */
static void by_many_arguments(void *arg)
{
	static char *argv[MANY + 1], word[100];

	(void)arg;
	memset(word, 'w', sizeof(word) - 1);
	for (int i = 0; i < MANY; i++)
		argv[i] = word;
	argv[1] = (char *)"@exit";
	argv[2] = (char *)"5";
	DID(execve, 0);
	WANT(process_exec, PATH(probe_exe), NUM(argc, MANY), NUM(truncated, 1),
	     NUM(argv_bytes, (MANY - 2) * sizeof(word) + 6 + 2));
	syscall(NR_execve, probe_exe, argv, environ);
	exec_failed("execve with many arguments");
}

static void by_hostile_arguments(void *arg)
{
	char *argv[] = {(char *)"",
			(char *)"@exit",
			(char *)"5",
			(char *)"new\nline",
			(char *)"\x1b[31mred",
			(char *)"\xff\xfe",
			(char *)"",
			NULL};

	(void)arg;
	DID(execve, 0);
	WANT(process_exec, PATH(probe_exe), NUM(argc, 7), LIST(argv, argv));
	syscall(NR_execve, probe_exe, argv, environ);
	exec_failed("execve with hostile arguments");
}

/* A program of the other word size: the number of the call means another one there. */
static void by_other_abi(void *arg)
{
	const char *other = arg;

	DID(execve, 0);
	WANT(process_exec, PATH(other), LIST(argv, plain));
	syscall(NR_execve, other, plain, environ);
	exec_failed("execve of the other word size");
}

static void by_set_uid(void *arg)
{
	(void)arg;
	DID(execve, 0);
	WANT(process_exec, PATH("suid"), NUM(uid, 0), NUM(euid, 65534), LIST(argv, plain));
	syscall(NR_execve, "suid", plain, environ);
	exec_failed("execve of a set-user-id program");
}

static void ran(void (*fn)(void *), void *arg)
{
	int rc = probe_wait(probe_child(fn, arg));

	if (rc == 99) /* it said why */
		_exit(99);
	MUST(rc == 5);
}

static void set_uid(void)
{
	struct statvfs vfs;
	int in = open(probe_exe, O_RDONLY), out = open("suid", O_WRONLY | O_CREAT, 0755);

	MUST(statvfs(".", &vfs) == 0);
	if (vfs.f_flag & (ST_NOSUID | ST_NOEXEC)) {
		probe_note("no set-user-id programs on this file system");
		return;
	}
	while (sendfile(out, in, NULL, 1 << 30) > 0)
		;
	close(in);
	MUST(fchown(out, 65534, 65534) == 0 && fchmod(out, 04755) == 0);
	close(out);
	ran(by_set_uid, NULL);
}

static void other_abi(void)
{
	static char other[4200];
	struct stat st;

	snprintf(other, sizeof(other), "%s/%s", probe_bin, *PROBE_ABI ? "probe" : "probe-32");
	if (stat(other, &st) == 0)
		ran(by_other_abi, other);
	else
		probe_note("%s is not there", other);
}

/* --- what does not run --------------------------------------------------------------------- */

/*
 * An exec that fails early has not looked at its arguments, so what cannot be read without a page
 * fault stays unknown; here they have been touched.
 */
static void fail(const char *path, const char *said)
{
	for (char *const *a = plain; *a; a++)
		(void)*(volatile const char *)*a;
	DO(execve, path, plain, environ);
	WANT(process_exec, PATH(said), STR(given, path), NUM(old_tid, getpid()), LIST(argv, plain));
}

static void exec_failures(void *arg)
{
	static char huge[200000], *many[3] = {huge, NULL};
	int fd;

	(void)arg;
	fail("missing", "missing");
	fail("./missing", "missing");
	fail("/no/such/program", "/no/such/program");
	close(probe_file("data", "no program"));
	fail("data", "data"); /* EACCES */
	fd = probe_file("garbage", "\1\2\3\4");
	MUST(fchmod(fd, 0755) == 0);
	close(fd);
	fail("garbage", "garbage"); /* ENOEXEC */
	fail(probe_dir, probe_dir);
	fd = probe_file("orphan", "#!/no/such/interpreter\n");
	MUST(fchmod(fd, 0755) == 0);
	close(fd);
	fail("orphan", "orphan");
	DO(execveat, 999, "x", plain, environ, 0L);
	WANT(process_exec, ANY(path), NUM(result, -EBADF), LIST(argv, plain));
	memset(huge, 'h', sizeof(huge) - 1);
	DO(execve, probe_exe, many, environ); /* one argument beyond 128 KiB */
	WANT(process_exec, PATH(probe_exe), NUM(result, -E2BIG));
	DO(execve, 8L, plain, environ);
	WANT(process_exec, ANY(path), NUM(result, -EFAULT));
}

PROBE(process_exec)
{
	ran(by_path, NULL);
	ran(by_relative_link, NULL);
	ran(by_directory, NULL);
	ran(by_descriptor, NULL);
	ran(by_memory, NULL);
	ran(by_script, NULL);
	ran(by_thread, NULL);
	ran(by_many_arguments, NULL);
	ran(by_hostile_arguments, NULL);
	other_abi();
	set_uid();
	MUST(probe_wait(probe_child(exec_failures, NULL)) == 0);
}

/* --- what is executed ----------------------------------------------------------------------- */

int probe_helper(int argc, char **argv)
{
	if (strcmp(argv[0], "@exit") == 0)
		return argc > 1 ? atoi(argv[1]) : 0;
	if (strcmp(argv[0], "@script") == 0) /* the script's name, then its arguments */
		return argc > 2 ? atoi(argv[2]) : 0;
	if (strcmp(argv[0], "@ready") == 0 && argc > 1) { /* says so, and waits for a signal */
		if (write(atoi(argv[1]), "r", 1) == 1)
			pause();
		return 1;
	}
	return 0;
}
