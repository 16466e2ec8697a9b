/* SPDX-License-Identifier: MIT */
/* Strings in pages that are not there when they are looked at first, and that end where pages do.
 */
#include "../probe/net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

extern char **environ;

enum where { INSIDE, ACROSS, AT_END, RAGGED };

/*
 * The bytes in a file that was mapped just now, none of whose pages is there: within a page, across
 * the border of two, up to the last byte before memory that is not mapped, or on into it.
 */
static char *absent_bytes(const void *bytes, size_t n, enum where where)
{
	static unsigned made;
	size_t page = 4096, at;
	char name[32], *map;
	int fd;

	switch (where) {
	case INSIDE:
		at = 100;
		break;
	case ACROSS:
		at = page - n / 2;
		break;
	default:
		at = 2 * page - n;
	}
	snprintf(name, sizeof(name), ".text-%u", made++);
	fd = syscall(SYS_memfd_create, name, 0);
	MUST(fd >= 0 && ftruncate(fd, 3 * page) == 0);
	MUST(pwrite(fd, bytes, n, at) == (ssize_t)n);
	map = mmap(NULL, 3 * page, PROT_READ, MAP_PRIVATE, fd, 0);
	MUST(map != MAP_FAILED && munmap(map + 2 * page, page) == 0 && close(fd) == 0);
	MUST(madvise(map, 2 * page, MADV_RANDOM) == 0); /* one page comes, not its neighbours */
	return map + at;
}

static char *absent(const char *s, enum where where)
{
	return absent_bytes(s, strlen(s) + (where != RAGGED), where);
}

static int pagemap;

static void open_pagemap(void)
{
	pagemap = DO(openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY, 0);
	WANT(file_open, ANY(path), NUM(result, pagemap));
}

/* Did the kernel look at it? Some kernels refuse a call before they do, others after. */
static bool is_there(const void *p)
{
	off64_t at = (off64_t)((uintptr_t)p / 4096 * sizeof(uint64_t));
	uint64_t entry = 0;

	MUST(pread64(pagemap, &entry, sizeof(entry), at) == sizeof(entry));
	return entry >> 63;
}

static void paths(enum where w)
{
	const char *name = absent("user.name", w);
	int fd;

	DO(mkdir, absent("dir", w), 0700L);
	WANT(file_mkdir, PATH("dir"), NUM(result, 0));
	fd = DO(openat, AT_FDCWD, absent("dir/file", w), O_CREAT | O_WRONLY, 0600);
	WANT(file_open, PATH("dir/file"), STR(source, "kernel"));
	close(fd);
	DO(openat, AT_FDCWD, absent("dir/none", w), O_RDONLY, 0);
	WANT(file_open, PATH("dir/none"), STR(source, "user"), NUM(result, -ENOENT));
	DO(rename, absent("dir/file", w), absent("dir/moved", w));
	WANT(file_rename, PATH("dir/file"), PATH2("dir/moved"), NUM(result, 0));
	DO(symlink, absent("target of it", w), absent("dir/link", w));
	WANT(file_symlink, PATH("dir/link"), STR(target, "target of it"), NUM(result, 0));
	DO(chmod, absent("dir/moved", w), 0640L);
	WANT(file_chmod, PATH("dir/moved"), NUM(result, 0));
	DO(setxattr, absent("dir/none", w), name, "v", 1L, 0L);
	WANT(file_setxattr, PATH("dir/none"), STR(name, is_there(name) ? "user.name" : ""),
	     NUM(truncated, !is_there(name)), NUM(result, -ENOENT));
	DO(unlink, absent("dir/link", w));
	WANT(file_unlink, PATH("dir/link"), NUM(result, 0));
	DO(unlink, absent("dir/moved", w));
	WANT(file_unlink, PATH("dir/moved"), NUM(result, 0));
	DO(rmdir, absent("dir", w));
	WANT(file_rmdir, PATH("dir"), NUM(result, 0));
}

static void addresses(enum where w)
{
	char name[32];
	union net_addr a;
	socklen_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(name, sizeof(name), "@absent-%d", getpid());
	n = net_unix_addr(&a, name);
	DO(connect, fd, absent_bytes(&a, n, w), (long)n);
	WANT(net_connect, STR(remote, name), NUM(result, -ECONNREFUSED));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	n = net_loopback(&a, AF_INET, 9);
	DO(sendto, fd, absent("bytes", w), 5L, 0L, absent_bytes(&a, n, w), (long)n);
	WANT(net_send, STR(remote, "127.0.0.1:9"), NUM(result, 5));
}

/* Nobody has touched the page: the kernel brings it in, and then it can be read. */
PROBE(string_absent)
{
	open_pagemap();
	paths(INSIDE);
	addresses(INSIDE);
}

PROBE(string_border)
{
	char *ragged = absent("no end", RAGGED);

	open_pagemap();
	paths(ACROSS);
	paths(AT_END);
	addresses(ACROSS);
	addresses(AT_END);
	DO(openat, AT_FDCWD, ragged, O_RDONLY, 0);
	WANT(file_open, ANY(path), STR(source, "partial"), NUM(result, -EFAULT));
}

/* --- arguments of programs ------------------------------------------------------------------- */

static char **absent_arguments(char *const *words, enum where w)
{
	char *at[4];
	size_t n = 0;

	for (; words[n]; n++)
		at[n] = absent(words[n], w);
	at[n++] = NULL;
	return (char **)absent_bytes(at, n * sizeof(*at), w == ACROSS ? INSIDE : w);
}

/* `run` looks at these, which are recorded on request. */
static char *const variables[] = {(char *)"TRICK=one", (char *)"SECOND=two", NULL};
static char *const words[] = {(char *)"its name", (char *)"@exit", (char *)"5", NULL};

static void exec_absent(void *arg)
{
	enum where w = (enum where)(uintptr_t)arg;

	DID(execve, 0);
	WANT(process_exec, STR(path, probe_exe), STR(given, probe_exe), LIST(argv, words),
	     NUM(argc, 3), NUM(truncated, 0));
	syscall(NR_execve, absent(probe_exe, w), absent_arguments(words, w),
		absent_arguments(variables, w));
	probe_die("execve");
}

/* Refused, on most kernels before they look at the arguments: what is missing is marked. */
static void exec_absent_failed(void *arg)
{
	char **argv = absent_arguments(words, INSIDE);

	(void)arg;
	open_pagemap(); /* its own: the page map is of who opens it */
	DO(execve, absent("missing", INSIDE), argv, environ);
	WANT(process_exec, PATH("missing"), STR(source, "user"), NUM(truncated, !is_there(argv)),
	     NUM(result, -ENOENT));
}

PROBE(string_exec)
{
	static const enum where all[] = {INSIDE, ACROSS, AT_END};

	for (unsigned i = 0; i < 3; i++)
		MUST(probe_wait(probe_child(exec_absent, (void *)(uintptr_t)all[i])) == 5);
	MUST(probe_wait(probe_child(exec_absent_failed, NULL)) == 0);
}
