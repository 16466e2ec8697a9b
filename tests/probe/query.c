/* SPDX-License-Identifier: MIT */
/* Asking about files without changing them. */
#include "probe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>

static char buf[65536];

static void stat_by_path(int dir)
{
	DO(stat, "a", buf);
	WANT(file_stat, PATH("a"), NUM(result, 0));
	DO(lstat, "link", buf);
	WANT(file_stat, PATH("link"));
	DO(stat, "missing", buf);
	WANT(file_stat, PATH("missing"), NUM(result, -ENOENT), STR(error, "ENOENT"));
	DO(newfstatat, AT_FDCWD, "a", buf, 0L);
	WANT(file_stat, PATH("a"), NUM(flags, 0));
	DO(newfstatat, dir, "in", buf, (long)AT_SYMLINK_NOFOLLOW);
	WANT(file_stat, PATH("dir/in"), NUM(flags, AT_SYMLINK_NOFOLLOW));
	DO(statx, AT_FDCWD, "a", 0L, 0x7ffL, buf);
	WANT(file_stat, PATH("a"), NUM(flags, 0));
	DO(statx, dir, "missing", 0L, 0x7ffL, buf);
	WANT(file_stat, PATH("dir/missing"));
	DO(oldstat, "a", buf);
	WANT(file_stat, PATH("a"));
	DO(oldlstat, "link", buf);
	WANT(file_stat, PATH("link"));
	DO(stat64, "a", buf);
	WANT(file_stat, PATH("a"));
	DO(lstat64, "link", buf);
	WANT(file_stat, PATH("link"));
	DO(fstatat64, dir, "in", buf, 0L);
	WANT(file_stat, PATH("dir/in"));
}

static void stat_by_fd(int dir)
{
	int fd = open("a", O_RDONLY), ev = eventfd(0, 0), p[2];

	DO(fstat, fd, buf);
	WANT(file_stat, PATH("a"), NUM(result, 0));
	DO(fstat64, fd, buf);
	WANT(file_stat, PATH("a"), NUM(result, 0));
	DO(oldfstat, fd, buf);
	WANT(file_stat, PATH("a"));
	DO(newfstatat, fd, "", buf, (long)AT_EMPTY_PATH);
	WANT(file_stat, PATH("a"), NUM(flags, AT_EMPTY_PATH), NUM(result, 0));
	DO(statx, fd, "", (long)AT_EMPTY_PATH, 0x7ffL, buf);
	WANT(file_stat, PATH("a"), NUM(flags, AT_EMPTY_PATH));
	DO(statx, AT_FDCWD, "", (long)AT_EMPTY_PATH, 0x7ffL, buf);
	WANT(file_stat, PATH(probe_dir));
	DO(fstatat64, fd, "", buf, (long)AT_EMPTY_PATH);
	WANT(file_stat, PATH("a"));
	DO(statx, 999, "x", 0L, 0x7ffL, buf);
	WANT(file_stat, ANY(path), NUM(result, -EBADF));
	DO(fstat, ev, buf);
	WANT(file_stat, STR(path, probe_fd_path(ev)));
	DO(fstat64, ev, buf);
	WANT(file_stat, STR(path, probe_fd_path(ev)));
	MUST(pipe(p) == 0);
	DO(statx, p[1], "", (long)AT_EMPTY_PATH, 0x7ffL, buf);
	WANT(file_stat, STR(path, probe_fd_path(p[1])));
	DO(fstat, 999, buf);
	WANT(file_stat, NUM(result, -EBADF));
	DO(fstat, dir, buf);
	WANT(file_stat, PATH("dir"));
}

static void make_tree(void)
{
	close(probe_file("a", "0123"));
	MUST(mkdir("dir", 0755) == 0);
	close(probe_file("dir/in", "x"));
	MUST(symlink("a", "link") == 0);
	MUST(symlink("dir", "dirlink") == 0);
}

PROBE(file_stat)
{
	int dir;

	make_tree();
	dir = open("dir", O_RDONLY | O_DIRECTORY);
	stat_by_path(dir);
	stat_by_fd(dir);
}

PROBE(file_statfs)
{
	int fd = probe_file("a", "");

	DO(statfs, "a", buf);
	WANT(file_statfs, PATH("a"), NUM(result, 0));
	DO(fstatfs, fd, buf);
	WANT(file_statfs, PATH("a"), NUM(result, 0));
	DO(statfs64, "a", (long)84, buf); /* size of the i386 struct statfs64 */
	WANT(file_statfs, PATH("a"));
	DO(fstatfs64, fd, (long)84, buf);
	WANT(file_statfs, PATH("a"));
	DO(statfs, "missing", buf);
	WANT(file_statfs, PATH("missing"), NUM(result, -ENOENT));
	DO(fstatfs, 999, buf);
	WANT(file_statfs, NUM(result, -EBADF));
}

static void access_as_other(void *arg)
{
	(void)arg;
	DO(access, "secret", R_OK);
	WANT(file_access, PATH("secret"), NUM(mode, R_OK), NUM(result, -EACCES));
}

PROBE(file_access)
{
	int dir;

	make_tree();
	dir = open("dir", O_RDONLY | O_DIRECTORY);
	MUST(mknod("secret", S_IFREG | 0600, 0) == 0);
	DO(access, "a", R_OK | W_OK);
	WANT(file_access, PATH("a"), NUM(mode, R_OK | W_OK), NUM(result, 0));
	DO(access, "missing", F_OK);
	WANT(file_access, PATH("missing"), NUM(mode, F_OK), NUM(result, -ENOENT));
	DO(faccessat, dir, "in", X_OK);
	WANT(file_access, PATH("dir/in"), NUM(mode, X_OK));
	DO(faccessat2, dir, "in", R_OK, (long)AT_EACCESS);
	WANT(file_access, PATH("dir/in"), NUM(mode, R_OK), NUM(flags, AT_EACCESS));
	DO(faccessat2, dir, "", R_OK, (long)AT_EMPTY_PATH);
	WANT(file_access, PATH("dir"), NUM(flags, AT_EMPTY_PATH));
	DO(faccessat, 999, "in", X_OK);
	WANT(file_access, ANY(path), NUM(result, -EBADF));
	MUST(probe_as_nobody(access_as_other, NULL) == 0);
}

PROBE(file_readlink)
{
	static char proc_exe[32];
	int dir, link;

	make_tree();
	dir = open("dir", O_RDONLY | O_DIRECTORY);
	link = open("link", O_PATH | O_NOFOLLOW);
	DO(readlink, "link", buf, 100L);
	WANT(file_readlink, PATH("link"), NUM(size, 100), STR(target, "a"), NUM(result, 1));
	DO(readlinkat, AT_FDCWD, "dirlink", buf, 100L);
	WANT(file_readlink, PATH("dirlink"), STR(target, "dir"), NUM(result, 3));
	DO(readlinkat, AT_FDCWD, "dirlink", buf, 2L);
	WANT(file_readlink, PATH("dirlink"), NUM(size, 2), STR(target, "di"), NUM(result, 2));
	DO(readlinkat, link, "", buf, 100L);
	WANT(file_readlink, PATH("link"), STR(target, "a"));
	DO(readlinkat, dir, "../link", buf, 100L);
	WANT(file_readlink, EITHER(path, probe_at("link"), probe_at("dir/../link")),
	     STR(target, "a"));
	DO(readlinkat, AT_FDCWD, "a", buf, 100L);
	WANT(file_readlink, PATH("a"), STR(target, ""), NUM(result, -EINVAL));
	DO(readlink, "missing", buf, 100L);
	WANT(file_readlink, PATH("missing"), NUM(result, -ENOENT));
	snprintf(proc_exe, sizeof(proc_exe), "/proc/%d/exe", getpid()); /* by the plus pack */
	DO(readlinkat, AT_FDCWD, "/proc/self/exe", buf, 4000L);
	WANT(file_readlink, EITHER(path, "/proc/self/exe", proc_exe), STR(target, probe_exe));
}

PROBE(file_readdir)
{
	int dir, fd;

	make_tree();
	dir = open("dir", O_RDONLY | O_DIRECTORY);
	fd = open("a", O_RDONLY);
	DO(getdents64, dir, buf, 4096L);
	WANT(file_readdir, PATH("dir"), NUM(requested, 4096));
	DO(getdents64, dir, buf, 4096L);
	WANT(file_readdir, PATH("dir"), NUM(requested, 4096), NUM(result, 0));
	MUST(lseek(dir, 0, SEEK_SET) == 0);
	DO(getdents, dir, buf, 1000L);
	WANT(file_readdir, PATH("dir"), NUM(requested, 1000));
	DO(getdents64, fd, buf, 4096L);
	WANT(file_readdir, PATH("a"), NUM(result, -ENOTDIR));
	DO(getdents64, 999, buf, 4096L);
	WANT(file_readdir, NUM(result, -EBADF));
}
