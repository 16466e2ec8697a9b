/* SPDX-License-Identifier: MIT */
/* Names in directories: made, moved, removed. */
#include "probe.h"
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static void touch(const char *name)
{
	close(probe_file(name, "x"));
}

static void make_names(void *arg)
{
	(void)arg;
	MUST(mkdir("dir", 0755) == 0 && mkdir("dir2", 0755) == 0);
	MUST(mkdir("dir/sub", 0755) == 0 && mkdir("e", 0755) == 0);
	MUST(symlink("dir", "dirlink") == 0);
}

static int make_dirs(void)
{
	int dir;

	SETUP(make_names);
	dir = open("dir", O_RDONLY | O_DIRECTORY);
	MUST(dir >= 0);
	return dir;
}

PROBE(file_rename)
{
	int dir = make_dirs(), dir2 = open("dir2", O_RDONLY | O_DIRECTORY);

	touch("a");
	touch("other");
	DO(rename, "a", "b");
	WANT(file_rename, PATH("a"), PATH2("b"), NUM(result, 0));
	DO(renameat, AT_FDCWD, "b", dir, "c");
	WANT(file_rename, PATH("b"), PATH2("dir/c"), NUM(result, 0));
	DO(renameat2, dir, "c", dir2, "d", (long)RENAME_NOREPLACE);
	WANT(file_rename, PATH("dir/c"), PATH2("dir2/d"), NUM(flags, RENAME_NOREPLACE));
	DO(renameat2, dir2, "d", AT_FDCWD, "other", (long)RENAME_EXCHANGE);
	WANT(file_rename, PATH("dir2/d"), PATH2("other"), NUM(flags, RENAME_EXCHANGE));
	DO(rename, "missing", "x");
	WANT(file_rename, PATH("missing"), PATH2("x"), NUM(result, -ENOENT));
	DO(renameat2, AT_FDCWD, "other", AT_FDCWD, "dir2", (long)RENAME_NOREPLACE);
	WANT(file_rename, PATH("other"), PATH2("dir2"));
	DO(renameat, 999, "q", 998, "r");
	WANT(file_rename, ANY(path), ANY(path2), NUM(result, -EBADF));
	DO(rename, probe_at("other"), probe_at("third"));
	WANT(file_rename, PATH("other"), PATH2("third"), NUM(result, 0));
	DO(rename, "third", "dirlink/fourth");
	WANT(file_rename, PATH("third"),
	     EITHER(path2, probe_at("dirlink/fourth"), probe_at("dir/fourth")), NUM(result, 0));
}

PROBE(file_link)
{
	int dir = make_dirs(), fd = probe_file("a", "x");

	DO(link, "a", "b");
	WANT(file_link, PATH("a"), PATH2("b"), NUM(result, 0));
	DO(linkat, AT_FDCWD, "a", dir, "c", 0L);
	WANT(file_link, PATH("a"), PATH2("dir/c"), NUM(flags, 0), NUM(result, 0));
	DO(linkat, dir, "c", AT_FDCWD, "d", (long)AT_SYMLINK_FOLLOW);
	WANT(file_link, PATH("dir/c"), PATH2("d"), NUM(flags, AT_SYMLINK_FOLLOW));
	DO(linkat, fd, "", AT_FDCWD, "f", (long)AT_EMPTY_PATH);
	WANT(file_link, PATH("a"), PATH2("f"), NUM(flags, AT_EMPTY_PATH), NUM(result, 0));
	DO(link, "a", "b");
	WANT(file_link, PATH("a"), PATH2("b"), NUM(result, -EEXIST));
	DO(link, "missing", "g");
	WANT(file_link, PATH("missing"), PATH2("g"), NUM(result, -ENOENT));
}

PROBE(file_symlink)
{
	int dir = make_dirs();

	DO(symlink, "any where", "s1");
	WANT(file_symlink, PATH("s1"), STR(target, "any where"), NUM(result, 0));
	DO(symlinkat, "../x", dir, "s2");
	WANT(file_symlink, PATH("dir/s2"), STR(target, "../x"), NUM(result, 0));
	DO(symlinkat, "y", AT_FDCWD, "s1");
	WANT(file_symlink, PATH("s1"), STR(target, "y"), NUM(result, -EEXIST));
	DO(symlink, "", "s3");
	WANT(file_symlink, PATH("s3"), STR(target, ""), NUM(result, -ENOENT));
}

PROBE(file_unlink)
{
	int dir = make_dirs();

	touch("a");
	touch("b");
	touch("dir/c");
	DO(unlink, "a");
	WANT(file_unlink, PATH("a"), NUM(result, 0));
	DO(unlinkat, AT_FDCWD, "b", 0L);
	WANT(file_unlink, PATH("b"), NUM(flags, 0), NUM(result, 0));
	DO(unlinkat, dir, "c", 0L);
	WANT(file_unlink, PATH("dir/c"), NUM(result, 0));
	DO(unlink, "a");
	WANT(file_unlink, PATH("a"), NUM(result, -ENOENT));
	DO(unlink, "dir");
	WANT(file_unlink, PATH("dir"), NUM(result, -EISDIR));
	/* A link is removed itself, not what it points at. */
	DO(unlink, "dirlink");
	WANT(file_unlink, PATH("dirlink"), NUM(result, 0));
	DO(unlinkat, 999, "c", 0L);
	WANT(file_unlink, ANY(path), NUM(result, -EBADF));
}

PROBE(file_rmdir)
{
	int dir = make_dirs();

	DO(rmdir, "e");
	WANT(file_rmdir, PATH("e"), NUM(result, 0));
	DO(rmdir, "dir");
	WANT(file_rmdir, PATH("dir"), NUM(result, -ENOTEMPTY));
	DO(unlinkat, dir, "sub", (long)AT_REMOVEDIR);
	WANT(file_rmdir, PATH("dir/sub"), NUM(flags, AT_REMOVEDIR), NUM(result, 0));
	DO(unlinkat, AT_FDCWD, "e", (long)AT_REMOVEDIR);
	WANT(file_rmdir, PATH("e"), NUM(flags, AT_REMOVEDIR), NUM(result, -ENOENT));
	DO(rmdir, "dirlink");
	WANT(file_rmdir, PATH("dirlink"), NUM(result, -ENOTDIR));
}

PROBE(file_mkdir)
{
	int dir = make_dirs();

	DO(mkdir, "m1", 0751L);
	WANT(file_mkdir, PATH("m1"), NUM(mode, 0751), NUM(result, 0));
	DO(mkdirat, dir, "m2", 0700L);
	WANT(file_mkdir, PATH("dir/m2"), NUM(mode, 0700), NUM(result, 0));
	DO(mkdirat, AT_FDCWD, "m1", 0755L);
	WANT(file_mkdir, PATH("m1"), NUM(mode, 0755), NUM(result, -EEXIST));
	DO(mkdir, "no/such", 0755L);
	WANT(file_mkdir, PATH("no/such"), NUM(result, -ENOENT));
	DO(mkdir, "dirlink/m3", 0755L);
	WANT(file_mkdir, EITHER(path, probe_at("dirlink/m3"), probe_at("dir/m3")), NUM(result, 0));
}

static void mknod_as_other(void *arg)
{
	(void)arg;
	DO(mknodat, AT_FDCWD, "d2", (long)(S_IFCHR | 0600), (long)makedev(1, 3));
	WANT(file_mknod, PATH("d2"), NUM(mode, S_IFCHR | 0600), NUM(result, -EPERM));
}

PROBE(file_mknod)
{
	int dir = make_dirs();

	DO(mknod, "fifo", (long)(S_IFIFO | 0600), 0L);
	WANT(file_mknod, PATH("fifo"), NUM(mode, S_IFIFO | 0600), NUM(result, 0));
	DO(mknod, "null", (long)(S_IFCHR | 0666), (long)makedev(1, 3));
	WANT(file_mknod, PATH("null"), NUM(mode, S_IFCHR | 0666), NUM(rdev, makedev(1, 3)));
	DO(mknodat, dir, "plain", (long)(S_IFREG | 0644), 0L);
	WANT(file_mknod, PATH("dir/plain"), NUM(mode, S_IFREG | 0644), NUM(result, 0));
	DO(mknodat, AT_FDCWD, "fifo", (long)(S_IFIFO | 0600), 0L);
	WANT(file_mknod, PATH("fifo"), NUM(result, -EEXIST));
	MUST(probe_as_nobody(mknod_as_other, NULL) == 0);
}
