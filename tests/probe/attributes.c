/* SPDX-License-Identifier: MIT */
/* Changing what a file is like: size, space, permissions, owner, times, extended attributes. */
#include "probe.h"
#include <linux/falloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <time.h>
#include <utime.h>

PROBE(file_truncate)
{
	int fd = probe_file("a", "0123456789");

	DO(truncate, "a", 5L);
	WANT(file_truncate, PATH("a"), NUM(length, 5), NUM(result, 0));
	DO(ftruncate, fd, 3L);
	WANT(file_truncate, PATH("a"), NUM(length, 3), NUM(result, 0));
	DO(truncate64, "a", OFF(0x100000001LL));
	WANT(file_truncate, PATH("a"), NUM(length, 0x100000001LL));
	DO(ftruncate64, fd, OFF(7));
	WANT(file_truncate, PATH("a"), NUM(length, 7));
	DO(truncate, "a", -1L);
	WANT(file_truncate, PATH("a"), NUM(length, -1), NUM(result, -EINVAL));
	DO(truncate, "missing", 0L);
	WANT(file_truncate, PATH("missing"), NUM(length, 0), NUM(result, -ENOENT));
	DO(ftruncate, 999, 0L);
	WANT(file_truncate, NUM(result, -EBADF));
}

PROBE(file_fallocate)
{
	int fd = probe_file("a", "0123456789");

	DO(fallocate, fd, 0L, OFF(0), OFF(4096));
	WANT(file_fallocate, PATH("a"), NUM(mode, 0), NUM(offset, 0), NUM(length, 4096));
	DO(fallocate, fd, (long)(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE), OFF(16), OFF(32));
	WANT(file_fallocate, PATH("a"), NUM(mode, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE),
	     NUM(offset, 16), NUM(length, 32));
	DO(fallocate, fd, 0L, OFF(0), OFF(0));
	WANT(file_fallocate, PATH("a"), NUM(length, 0), NUM(result, -EINVAL));
	DO(fallocate, 999, 0L, OFF(0x200000000LL), OFF(1));
	WANT(file_fallocate, NUM(offset, 0x200000000LL), NUM(length, 1), NUM(result, -EBADF));
}

static void chmod_as_other(void *arg)
{
	(void)arg;
	DO(chmod, "a", 0777L);
	WANT(file_chmod, PATH("a"), NUM(mode, 0777), NUM(result, -EPERM));
}

PROBE(file_chmod)
{
	int fd = probe_file("a", "x");

	MUST(symlink("a", "link") == 0);
	DO(chmod, "a", 0640L);
	WANT(file_chmod, PATH("a"), NUM(mode, 0640), NUM(result, 0));
	DO(fchmod, fd, 0600L);
	WANT(file_chmod, PATH("a"), NUM(mode, 0600), NUM(old_mode, 0640), NUM(result, 0));
	DO(fchmodat, AT_FDCWD, "a", 0644L);
	WANT(file_chmod, PATH("a"), NUM(mode, 0644), NUM(result, 0));
	DO(fchmodat, AT_FDCWD, "link", 0604L);
	WANT(file_chmod, EITHER(path, probe_at("link"), probe_at("a")), NUM(mode, 0604));
	DO(fchmodat2, AT_FDCWD, "link", 0600L, (long)AT_SYMLINK_NOFOLLOW);
	WANT(file_chmod, PATH("link"), NUM(mode, 0600), NUM(flags, AT_SYMLINK_NOFOLLOW));
	DO(fchmodat2, fd, "", 0606L, (long)AT_EMPTY_PATH);
	WANT(file_chmod, PATH("a"), NUM(mode, 0606), NUM(flags, AT_EMPTY_PATH));
	DO(chmod, "missing", 0600L);
	WANT(file_chmod, PATH("missing"), NUM(result, -ENOENT), NUM(old_mode, -1));
	DO(fchmod, 999, 0600L);
	WANT(file_chmod, NUM(result, -EBADF), NUM(old_mode, -1));
	MUST(probe_as_nobody(chmod_as_other, NULL) == 0);
}

PROBE(file_chown)
{
	int fd = probe_file("a", "x");

	MUST(symlink("a", "link") == 0);
	DO(chown, "a", 1L, 2L);
	WANT(file_chown, PATH("a"), NUM(owner, 1), NUM(group, 2));
	DO(fchown, fd, 3L, -1L);
	WANT(file_chown, PATH("a"), ANY(owner), ANY(group), NUM(old_owner, 1), NUM(old_group, 2));
	DO(lchown, "link", 5L, 6L);
	WANT(file_chown, PATH("link"), NUM(owner, 5), NUM(group, 6));
	DO(fchownat, AT_FDCWD, "a", 7L, 8L, 0L);
	WANT(file_chown, PATH("a"), NUM(owner, 7), NUM(group, 8), NUM(flags, 0), NUM(result, 0));
	DO(fchownat, fd, "", 70000L, -1L, (long)AT_EMPTY_PATH);
	WANT(file_chown, PATH("a"), NUM(owner, 70000), NUM(group, -1), NUM(flags, AT_EMPTY_PATH),
	     NUM(result, 0));
	DO(chown32, "a", 70001L, -1L);
	WANT(file_chown, PATH("a"), NUM(owner, 70001), NUM(group, -1));
	DO(lchown32, "link", 70002L, -1L);
	WANT(file_chown, PATH("link"), NUM(owner, 70002));
	DO(fchown32, fd, 0L, 0L);
	WANT(file_chown, PATH("a"), NUM(owner, 0), NUM(group, 0), NUM(old_owner, 70001));
	DO(fchownat, AT_FDCWD, "missing", 1L, 1L, 0L);
	WANT(file_chown, PATH("missing"), NUM(result, -ENOENT), NUM(old_owner, -1));
}

#define S 1000000000LL

/* Times before are those that fstat tells just before the call. */
static long long file_times(int fd, long long *mtime)
{
	struct stat st;

	MUST(fstat(fd, &st) == 0);
	*mtime = st.st_mtim.tv_sec * S + st.st_mtim.tv_nsec;
	return st.st_atim.tv_sec * S + st.st_atim.tv_nsec;
}

static void utime_old_forms(void)
{
	struct {
		long a, m;
	} u = {1000, 2000};
	struct {
		long s, us;
	} tv[2] = {{3000, 5}, {4000, 6}};

	DO(utime, "a", &u);
	WANT(file_utime, PATH("a"), NUM(atime, 1000 * S), NUM(mtime, 2000 * S), NUM(result, 0));
	DO(utime, "a", 0L);
	WANT(file_utime, PATH("a"), NUM(atime, -1), NUM(mtime, -1), NUM(result, 0));
	DO(utimes, "a", tv);
	WANT(file_utime, PATH("a"), NUM(atime, 3000 * S + 5000), NUM(mtime, 4000 * S + 6000));
	DO(futimesat, AT_FDCWD, "a", tv);
	WANT(file_utime, PATH("a"), NUM(atime, 3000 * S + 5000), NUM(mtime, 4000 * S + 6000));
}

PROBE(file_utime)
{
	struct {
		long s, ns;
	} ts[2] = {{5000, 7}, {6000, 8}};
	struct {
		int64_t s, ns;
	} ts64[2] = {{5000000000LL, 7}, {6000000000LL, 8}};
	int fd = probe_file("a", "x");
	long long atime, mtime;

	MUST(symlink("a", "link") == 0);
	utime_old_forms();
	atime = file_times(fd, &mtime);
	DO(utimensat, fd, 0L, ts, 0L);
	WANT(file_utime, PATH("a"), NUM(atime, 5000 * S + 7), NUM(mtime, 6000 * S + 8),
	     NUM(old_atime, atime), NUM(old_mtime, mtime), NUM(flags, 0), NUM(result, 0));
	ts[0].ns = UTIME_OMIT;
	ts[1].ns = UTIME_NOW;
	DO(utimensat, AT_FDCWD, "a", ts, 0L);
	WANT(file_utime, PATH("a"), NUM(atime, -2), NUM(mtime, -1), NUM(result, 0));
	DO(utimensat, AT_FDCWD, "link", 0L, (long)AT_SYMLINK_NOFOLLOW);
	WANT(file_utime, PATH("link"), NUM(atime, -1), NUM(mtime, -1),
	     NUM(flags, AT_SYMLINK_NOFOLLOW));
	DO(utimensat_time64, AT_FDCWD, "a", ts64, 0L);
	WANT(file_utime, PATH("a"), NUM(atime, 5 * S * S + 7), NUM(mtime, 6 * S * S + 8));
	DO(utimensat, AT_FDCWD, "missing", 0L, 0L);
	WANT(file_utime, PATH("missing"), NUM(result, -ENOENT), NUM(old_atime, -3),
	     NUM(old_mtime, -3));
}

/* struct xattr_args of setxattrat and getxattrat. */
struct xattr_at {
	uint64_t value;
	uint32_t size, flags;
};

static void make_linked(int *ret_fd)
{
	*ret_fd = probe_file("a", "x");
	MUST(symlink("a", "link") == 0);
	/* Not every file system has attributes: what the calls say then is as good to record. */
	if (setxattr("a", "user.here", "12345", 5, 0) < 0)
		probe_note("this file system has no user attributes");
}

PROBE(file_setxattr)
{
	struct xattr_at at = {(uintptr_t) "123", 3, 0};
	static char large[2000];
	int fd;

	make_linked(&fd);
	WANT(file_setxattr, PATH("a"), NUM(size, 5), STR(name, "user.here"), STR(value, "12345"),
	     ANY(syscall), ANY(result));
	DO(setxattr, "a", "user.one", "12345", 5L, (long)XATTR_CREATE);
	WANT(file_setxattr, PATH("a"), NUM(size, 5), NUM(flags, XATTR_CREATE),
	     STR(name, "user.one"), STR(value, "12345"));
	DO(lsetxattr, "link", "user.two", "1", 1L, 0L);
	WANT(file_setxattr, PATH("link"), NUM(size, 1), NUM(flags, 0), STR(name, "user.two"),
	     STR(value, "1"));
	DO(fsetxattr, fd, "user.three", "", 0L, (long)XATTR_REPLACE);
	WANT(file_setxattr, PATH("a"), NUM(size, 0), NUM(flags, XATTR_REPLACE),
	     STR(name, "user.three"), STR(value, ""));
	DO(setxattrat, AT_FDCWD, "a", 0L, "user.four", &at, sizeof(at));
	WANT(file_setxattr, PATH("a"), STR(name, "user.four"),
	     STR(value, HAVE(setxattrat) ? "123" : ""), ANY(size));
	memset(large, 'v', sizeof(large));
	DO(setxattr, "a", "user.large", large, (long)sizeof(large), 0L);
	large[1024] = 0;
	WANT(file_setxattr, PATH("a"), NUM(size, sizeof(large)), STR(value, large),
	     NUM(truncated, 1));
	DO(setxattr, "a", "user.bad", 8L, 5L, 0L);
	WANT(file_setxattr, PATH("a"), NUM(size, 5), STR(value, ""), NUM(result, -EFAULT));
	DO(setxattr, "missing", "user.x", "1", 1L, 0L);
	WANT(file_setxattr, PATH("missing"), STR(name, "user.x"), NUM(result, -ENOENT));
	DO(fsetxattr, 999, "user.x", "1", 1L, 0L);
	WANT(file_setxattr, NUM(result, -EBADF), STR(name, "user.x"));
	DO(setxattr, "a", "bad name", "1", 1L, 0L);
	WANT(file_setxattr, PATH("a"), STR(name, "bad name"));
}

PROBE(file_getxattr)
{
	char buf[100];
	struct xattr_at at = {(uintptr_t)buf, sizeof(buf), 0};
	int fd;

	make_linked(&fd);
	DO(getxattr, "a", "user.here", buf, 100L);
	WANT(file_getxattr, PATH("a"), NUM(size, 100), STR(name, "user.here"));
	DO(lgetxattr, "link", "user.here", buf, 100L);
	WANT(file_getxattr, PATH("link"), NUM(size, 100), STR(name, "user.here"));
	DO(fgetxattr, fd, "user.here", 0L, 0L);
	WANT(file_getxattr, PATH("a"), NUM(size, 0), STR(name, "user.here"));
	DO(getxattrat, AT_FDCWD, "a", 0L, "user.here", &at, sizeof(at));
	WANT(file_getxattr, PATH("a"), STR(name, "user.here"), ANY(size));
	DO(getxattr, "a", "security.none", buf, 100L);
	WANT(file_getxattr, PATH("a"), STR(name, "security.none"));
	DO(fgetxattr, 999, "user.here", buf, 100L);
	WANT(file_getxattr, NUM(result, -EBADF), STR(name, "user.here"));
}

PROBE(file_listxattr)
{
	char buf[1000];
	int fd;

	make_linked(&fd);
	DO(listxattr, "a", buf, 1000L);
	WANT(file_listxattr, PATH("a"), NUM(size, 1000));
	DO(llistxattr, "link", buf, 999L);
	WANT(file_listxattr, PATH("link"), NUM(size, 999));
	DO(flistxattr, fd, 0L, 0L);
	WANT(file_listxattr, PATH("a"), NUM(size, 0));
	DO(listxattrat, AT_FDCWD, "a", 0L, buf, 998L);
	WANT(file_listxattr, PATH("a"), NUM(size, 998));
	DO(listxattr, "missing", buf, 1000L);
	WANT(file_listxattr, PATH("missing"), NUM(result, -ENOENT));
}

PROBE(file_removexattr)
{
	int fd;

	make_linked(&fd);
	DO(removexattr, "a", "user.here");
	WANT(file_removexattr, PATH("a"), STR(name, "user.here"));
	DO(lremovexattr, "link", "user.none");
	WANT(file_removexattr, PATH("link"), STR(name, "user.none"));
	DO(fremovexattr, fd, "user.none");
	WANT(file_removexattr, PATH("a"), STR(name, "user.none"));
	DO(removexattrat, AT_FDCWD, "a", 0L, "user.none");
	WANT(file_removexattr, PATH("a"), STR(name, "user.none"));
	DO(removexattr, "missing", "user.x");
	WANT(file_removexattr, PATH("missing"), STR(name, "user.x"), NUM(result, -ENOENT));
}
