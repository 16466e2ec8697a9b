/* SPDX-License-Identifier: MIT */
/* Other names for the same file. */
#include "../probe/probe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void make_files(void *arg)
{
	(void)arg;
	MUST(mkdir("real", 0755) == 0 && symlink("real", "link") == 0);
	close(probe_file("real/file", "0123456789"));
	MUST(symlink("../real/file", "real/name") == 0);
}

static void opens(const char *given, const char *truth)
{
	int fd = DO(openat, AT_FDCWD, given, O_RDONLY, 0);

	MUST(fd >= 0);
	WANT(file_open, PATH(truth), STR(source, "kernel"));
	close(fd);
}

/* The ways through /proc lead to the file and past every directory that is looked at. */
PROBE(alias_proc)
{
	char name[4300];
	int fd, dir;

	SETUP(make_files);
	fd = DO(openat, AT_FDCWD, "real/file", O_PATH, 0);
	WANT(file_open, PATH("real/file"), STR(source, "kernel"));
	dir = DO(openat, AT_FDCWD, "real", O_DIRECTORY, 0);
	WANT(file_open, PATH("real"));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	opens(name, "real/file");
	snprintf(name, sizeof(name), "/proc/thread-self/fd/%d/file", dir);
	opens(name, "real/file");
	snprintf(name, sizeof(name), "/proc/self/root%s", probe_at("real/file"));
	opens(name, "real/file");
	opens("/proc/self/cwd/link/../real/file", "real/file");
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	opens(name, "real/file");
	/* What does not open: the caller's words, or the kernel's where the plus pack has them. */
	snprintf(name, sizeof(name), "/proc/self/fd/%d/file", dir);
	DO(unlink, name);
	WANT(file_unlink, HONEST(path, probe_at("real/file"), name), NUM(result, 0));
}

PROBE(alias_link)
{
	SETUP(make_files);
	opens("link/file", "real/file");
	opens("link/name", "real/file");
	opens("link/../link/name", "real/file");
	DO(chmod, "link/name", 0600L);
	WANT(file_chmod, HONEST(path, probe_at("real/file"), probe_at("link/name")),
	     NUM(result, 0));
	DO(rename, "link/file", "link/moved");
	WANT(file_rename, HONEST(path, probe_at("real/file"), probe_at("link/file")),
	     HONEST(path2, probe_at("real/moved"), probe_at("link/moved")), NUM(result, 0));
	DO(unlink, "link/moved");
	WANT(file_unlink, HONEST(path, probe_at("real/moved"), probe_at("link/moved")),
	     NUM(result, 0));
}

/* A number instead of a name. */
PROBE(alias_handle)
{
	struct {
		struct file_handle h;
		char room[128];
	} h = {.h.handle_bytes = 128};
	int mount_id;
	long fd, dir;

	SETUP(make_files);
	dir = DO(openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	WANT(file_open, STR(path, probe_dir));
	if (syscall(NR_name_to_handle_at, AT_FDCWD, "real/file", &h, &mount_id, 0L) < 0)
		probe_skip("this file system has no handles");
	MUST(chmod("real", 0) == 0); /* whoever may open handles need not pass the directory */
	NOTED();
	fd = syscall(NR_open_by_handle_at, dir, &h, (long)O_RDONLY);
	if (fd < 0)
		probe_skip("no file may be opened by handle here");
	WANT(file_open, STR(syscall, PROBE_ABI "open_by_handle_at"), STR(source, "kernel"),
	     STR(path, probe_fd_path(fd)), NUM(result, fd));
}

/* --- deeper than a path can say
 * ------------------------------------------------------------------- */

#define NAME_BYTES 200

/* Goes down; the working directory is then that much longer than what any call takes. */
static char *descend(unsigned depth)
{
	static char path[80000];
	size_t n = strlen(probe_dir);
	char name[NAME_BYTES + 1];

	memcpy(path, probe_dir, n);
	snprintf(name, sizeof(name), "depth-%u", depth);
	MUST(mkdir(name, 0755) == 0 && chdir(name) == 0);
	path[n++] = '/';
	memcpy(path + n, name, strlen(name));
	n += strlen(name);
	for (unsigned i = 0; i < depth; i++) {
		memset(name, 'a' + (int)(i % 26), NAME_BYTES);
		name[NAME_BYTES] = 0;
		MUST(mkdir(name, 0755) == 0 && chdir(name) == 0);
		path[n++] = '/';
		memcpy(path + n, name, NAME_BYTES);
		n += NAME_BYTES;
	}
	memcpy(path + n, "/file", 6);
	return path;
}

static void in_depth(void *arg)
{
	unsigned depth = (unsigned)(uintptr_t)arg;
	const char *path = descend(depth);
	bool whole = strlen(path) < 8000; /* Espy's own limit: 8 KiB */
	long fd;

	fd = DO(openat, AT_FDCWD, "file", O_CREAT | O_RDWR, 0600);
	MUST(fd >= 0);
	if (whole)
		WANT(file_open, STR(path, path), STR(source, "kernel"), NUM(created, 1));
	else
		WANT(file_open, ANY(path), STR(source, "partial"), NUM(created, 1));
	DO(unlink, "file");
	if (whole)
		WANT(file_unlink, STR(path, path), NUM(result, 0));
	else
		WANT(file_unlink, ANY(path), STR(source, "partial"), NUM(result, 0));
}

PROBE(alias_chain)
{
	MUST(probe_wait(probe_child(in_depth, (void *)30)) == 0);  /* 6 KiB */
	MUST(probe_wait(probe_child(in_depth, (void *)100)) == 0); /* 20 KiB */
}
