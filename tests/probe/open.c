/* SPDX-License-Identifier: MIT */
/* Opening and closing. */
#include "probe.h"
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct handle {
	unsigned handle_bytes;
	int handle_type;
	unsigned char f_handle[128];
};

static void open_forms(void)
{
	struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0640};

	DO(open, "a", O_RDWR | O_CREAT, 0600);
	WANT(file_open, PATH("a"), NUM(flags, O_RDWR | O_CREAT), NUM(mode, 0600), NUM(created, 1),
	     STR(source, "kernel"));
	DO(creat, "b", 0644);
	WANT(file_open, PATH("b"), NUM(created, 1), NUM(mode, 0644));
	DO(openat, AT_FDCWD, "a", O_RDONLY | O_CLOEXEC, 0);
	WANT(file_open, PATH("a"), NUM(flags, O_RDONLY | O_CLOEXEC), NUM(created, 0));
	/* O_CREAT of a file that is there creates nothing. */
	DO(openat, AT_FDCWD, "a", O_WRONLY | O_CREAT, 0600);
	WANT(file_open, PATH("a"), NUM(flags, O_WRONLY | O_CREAT), NUM(created, 0));
	DO(openat2, AT_FDCWD, "c", &how, sizeof(how));
	WANT(file_open, PATH("c"), NUM(flags, how.flags), NUM(mode, 0640), NUM(created, 1));
	how = (struct open_how){.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
	DO(openat2, AT_FDCWD, "c", &how, sizeof(how));
	WANT(file_open, PATH("c"), NUM(resolve, RESOLVE_BENEATH), NUM(created, 0));
	DO(openat2, AT_FDCWD, "../x", &how, sizeof(how));
	WANT(file_open, ANY(path), NUM(resolve, RESOLVE_BENEATH));
}

static void open_by_handle(void)
{
	struct handle h = {.handle_bytes = sizeof(h.f_handle)};
	int mount_id, dir = open(".", O_RDONLY | O_DIRECTORY);

	WANT(file_open, PATH(probe_dir), MASK(flags, O_DIRECTORY, O_DIRECTORY), ANY(syscall),
	     NUM(result, dir));
	if (syscall(SYS_name_to_handle_at, AT_FDCWD, "a", &h, &mount_id, 0) < 0) {
		probe_note("open_by_handle_at: this file system has no handles");
		return;
	}
	DO(open_by_handle_at, dir, &h, O_RDONLY);
	WANT(file_open, PATH("a"), NUM(flags, O_RDONLY), NUM(created, 0));
	DO(open_by_handle_at, 999, &h, O_RDONLY);
	WANT(file_open, ANY(path));
}

static void open_as_other(void *arg)
{
	(void)arg;
	DO(openat, AT_FDCWD, "secret", O_RDONLY, 0);
	WANT(file_open, PATH("secret"), NUM(result, -EACCES), NUM(created, 0));
	DO(openat, AT_FDCWD, "/etc/shadow", O_RDWR, 0);
	WANT(file_open, PATH("/etc/shadow"), NUM(flags, O_RDWR));
}

static void open_failures(void)
{
	static char long_name[300];

	DO(openat, AT_FDCWD, "missing", O_RDONLY, 0);
	WANT(file_open, PATH("missing"), NUM(result, -ENOENT), STR(error, "ENOENT"),
	     STR(source, "user"));
	DO(openat, AT_FDCWD, "/nowhere/at/all", O_RDONLY, 0);
	WANT(file_open, PATH("/nowhere/at/all"), NUM(result, -ENOENT));
	DO(openat, 999, "x", O_RDONLY, 0);
	WANT(file_open, ANY(path), NUM(result, -EBADF), STR(error, "EBADF"));
	DO(openat, AT_FDCWD, "a/x", O_RDONLY, 0);
	WANT(file_open, PATH("a/x"), NUM(result, -ENOTDIR));
	DO(openat, AT_FDCWD, "a", O_RDWR | O_CREAT | O_EXCL, 0600);
	WANT(file_open, PATH("a"), NUM(result, -EEXIST), NUM(created, 0));
	DO(openat, AT_FDCWD, "link", O_RDONLY | O_NOFOLLOW, 0);
	WANT(file_open, PATH("link"), NUM(result, -ELOOP));
	DO(openat, AT_FDCWD, ".", O_RDWR, 0);
	WANT(file_open, EITHER(path, probe_dir, probe_at(".")), NUM(result, -EISDIR));
	memset(long_name, 'n', sizeof(long_name) - 1);
	DO(openat, AT_FDCWD, long_name, O_RDONLY, 0);
	WANT(file_open, PATH(long_name), NUM(result, -ENAMETOOLONG));
	DO(openat, AT_FDCWD, 8L, O_RDONLY, 0);
	WANT(file_open, ANY(path), NUM(result, -EFAULT), STR(source, "partial"));
}

static void open_kinds(void)
{
	int dir = DO(openat, AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY, 0);
	int fd;

	WANT(file_open, PATH("dir"));
	DO(openat, dir, "inner", O_RDWR | O_CREAT, 0600);
	WANT(file_open, PATH("dir/inner"), NUM(created, 1));
	DO(openat, dir, "../a", O_RDONLY, 0);
	WANT(file_open, PATH("a"));
	DO(openat, dir, "none", O_RDONLY, 0);
	WANT(file_open, PATH("dir/none"), NUM(result, -ENOENT));
	DO(openat, 999, probe_at("a"), O_RDONLY, 0); /* absolute: the descriptor does not matter */
	WANT(file_open, PATH("a"));
	DO(openat, AT_FDCWD, "link", O_RDONLY, 0);
	WANT(file_open, PATH("a"));
	DO(openat, AT_FDCWD, "dirlink/inner", O_RDONLY, 0);
	WANT(file_open, PATH("dir/inner"));
	DO(openat, AT_FDCWD, "link", O_PATH | O_NOFOLLOW, 0);
	WANT(file_open, PATH("link"), NUM(flags, O_PATH | O_NOFOLLOW));
	DO(openat, AT_FDCWD, ".//dir/../dir/./inner", O_RDONLY, 0);
	WANT(file_open, PATH("dir/inner"));
	DO(openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
	WANT(file_open, PATH("/dev/null"));
	fd = DO(openat, AT_FDCWD, ".", O_TMPFILE | O_RDWR, 0600);
	WANT(file_open, PATH(fd >= 0 ? probe_fd_path(fd) : "."));
	fd = DO(openat, AT_FDCWD, "/proc/self/status", O_RDONLY, 0);
	WANT(file_open, STR(path, probe_fd_path(fd)));
}

PROBE(file_open)
{
	int fd;

	MUST(mkdir("dir", 0755) == 0);
	MUST(symlink("a", "link") == 0);
	MUST(symlink("dir", "dirlink") == 0);
	MUST(mknod("secret", S_IFREG | 0600, 0) == 0);
	MUST(mkfifo("fifo", 0600) == 0);
	open_forms();
	open_by_handle();
	open_failures();
	open_kinds();
	fd = DO(openat, AT_FDCWD, "fifo", O_RDWR, 0);
	WANT(file_open, PATH("fifo"));
	MUST(fd >= 0);
	MUST(probe_as_nobody(open_as_other, NULL) == 0);
}

static void close_said(int fd, const char *path)
{
	DO(close, fd);
	WANT(file_close, STR(path, path), NUM(fd, fd), NUM(last, 0), NUM(result, 0));
}

static void close_ranges(void)
{
	int first = probe_file("r0", "");

	for (int i = 1; i < 5; i++)
		MUST(dup2(first, first + i) == first + i);
	DO(close_range, first, first + 4, 0);
	WANT(file_close, NUM(fd, first), NUM(last, first + 4), ANY(path));
	DO(close_range, 5, 3, 0);
	WANT(file_close, NUM(fd, 5), NUM(last, 3), ANY(path));
}

PROBE(file_close)
{
	int fd = probe_file("a", "x"), p[2];

	close_said(fd, probe_at("a"));
	DO(close, fd);
	WANT(file_close, NUM(fd, fd), NUM(result, -EBADF));
	DO(close, -1);
	WANT(file_close, NUM(result, -EBADF), ANY(fd));

	fd = probe_file("gone", "x");
	MUST(unlink("gone") == 0);
	close_said(fd, probe_fd_path(fd));
	MUST(pipe(p) == 0);
	close_said(p[0], probe_fd_path(p[0]));
	close_said(p[1], probe_fd_path(p[1]));
	fd = eventfd(0, 0);
	close_said(fd, probe_fd_path(fd));
	fd = memfd_create("probe memory", 0);
	close_said(fd, probe_fd_path(fd));
	fd = probe_file("before", "x");
	MUST(rename("before", "after") == 0);
	close_said(fd, probe_at("after"));
	close_ranges();
}
