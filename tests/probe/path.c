/* SPDX-License-Identifier: MIT */
/* Paths that are long, strange, or seen from another root; processes that are not children. */
#include "probe.h"
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DEPTH   64
#define LONGEST (PATH_MAX - 1)

/* An absolute path of exactly 64 components and 4,095 bytes. */
static char deepest[PATH_MAX];

static void name_deepest(void)
{
	char *path = deepest;
	size_t n = strlen(probe_dir), have = 0, left, name;

	for (const char *p = probe_dir; *p; p++)
		have += *p == '/';
	memcpy(path, probe_dir, n);
	for (; have < DEPTH; have++) {
		left = DEPTH - have;
		name = (LONGEST - n - left) / left; /* a slash for each that is left */
		path[n++] = '/';
		memset(path + n, 'a' + (int)(have % 26), name);
		n += name;
	}
	MUST(n == LONGEST);
}

static void make_deepest(void *arg)
{
	(void)arg;
	for (char *p = deepest + strlen(probe_dir) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = 0;
		MUST(mkdir(deepest, 0755) == 0);
	}
}

PROBE(path_deep)
{
	const char *path = deepest;
	char other[PATH_MAX], parent[PATH_MAX], st[512];
	int fd;

	name_deepest();
	SETUP(make_deepest);
	DO(open, path, O_RDWR | O_CREAT, 0600);
	WANT(file_open, STR(path, path), ANY(syscall), NUM(created, 1), NUM(truncated, 0));
	fd = DO(openat, AT_FDCWD, path, O_RDONLY, 0);
	WANT(file_open, STR(path, path), NUM(truncated, 0));
	DO(read, fd, st, 10L);
	WANT(file_read, STR(path, path));
	DO(access, path, R_OK);
	WANT(file_access, STR(path, path));
	strcpy(other, path);
	other[LONGEST - 1] = '!';
	DO(rename, path, other);
	WANT(file_rename, STR(path, path), PATH2(other), NUM(result, 0));
	DO(read, fd, st, 10L);
	WANT(file_read, PATH(other));
	strcpy(parent, path);
	*strrchr(parent, '/') = 0;
	MUST(chdir(parent) == 0);
	DO(openat, AT_FDCWD, strrchr(path, '/') + 1, O_RDONLY, 0);
	WANT(file_open, STR(path, path), NUM(result, -ENOENT));
	DO(unlinkat, AT_FDCWD, strrchr(other, '/') + 1, 0L);
	WANT(file_unlink, PATH(other), NUM(result, 0));
}

static void hostile(const char *name)
{
	static unsigned n;
	char other[300], target[4096];
	int fd;

	snprintf(other, sizeof(other), "%u%.200s", n++, name);
	fd = DO(openat, AT_FDCWD, name, O_RDWR | O_CREAT, 0600);
	WANT(file_open, PATH(name), NUM(created, 1));
	DO(write, fd, "x", 1L);
	WANT(file_write, PATH(name));
	DO(symlinkat, name, AT_FDCWD, other);
	WANT(file_symlink, PATH(other), STR(target, name), NUM(result, 0));
	DO(readlinkat, AT_FDCWD, other, target, sizeof(target));
	WANT(file_readlink, PATH(other), STR(target, name));
	DO(renameat, AT_FDCWD, name, AT_FDCWD, other);
	WANT(file_rename, PATH(name), PATH2(other), NUM(result, 0));
	DO(faccessat, AT_FDCWD, name, F_OK);
	WANT(file_access, PATH(name), NUM(result, -ENOENT));
	DO(unlinkat, AT_FDCWD, other, 0L);
	WANT(file_unlink, PATH(other), NUM(result, 0));
}

PROBE(path_hostile)
{
	static char longest[256];

	hostile("new\nline");
	hostile("\x1b[2J\x1b]0;title\a");
	hostile("\xff\xfe\x80");
	hostile("half \xe2\x82");
	hostile("tab\tcr\rbell\abackspace\b");
	hostile("quote\"'`$(x)\\");
	hostile("\xe2\x80\xae"
		"desrever");
	hostile("\xc2\x9b"
		"31m c1 control");
	hostile(" leading, trailing ");
	hostile("{\"json\":1},<xml>&amp;");
	hostile("\xf0\x9f\x98\x80 \xe4\xb8\xad\xe6\x96\x87");
	memset(longest, '\x7f', 255);
	hostile(longest);
}

/* --- roots and mounts ----------------------------------------------------------------------- */

static void in_jail(void *arg)
{
	int fd;

	(void)arg;
	MUST(chroot("jail") == 0);
	DO(chdir, "/");
	WANT(file_chdir, PATH("jail"), NUM(result, 0));
	fd = DO(openat, AT_FDCWD, "/in/file", O_RDWR | O_CREAT, 0600);
	WANT(file_open, PATH("jail/in/file"), NUM(created, 1));
	DO(openat, AT_FDCWD, "/missing", O_RDONLY, 0);
	WANT(file_open, PATH("jail/missing"), NUM(result, -ENOENT));
	DO(openat, AT_FDCWD, "in/missing", O_RDONLY, 0);
	WANT(file_open, PATH("jail/in/missing"), NUM(result, -ENOENT));
	DO(openat, AT_FDCWD, "/../../missing", O_RDONLY, 0); /* nothing is above the root */
	WANT(file_open, PATH("jail/missing"), NUM(result, -ENOENT));
	DO(faccessat, AT_FDCWD, "/in/file", F_OK);
	WANT(file_access, PATH("jail/in/file"), NUM(result, 0));
	DO(write, fd, "x", 1L);
	WANT(file_write, PATH("jail/in/file"));
	DO(chdir, "/in");
	WANT(file_chdir, PATH("jail/in"), NUM(result, 0));
	DO(renameat, AT_FDCWD, "file", AT_FDCWD, "/out");
	WANT(file_rename, PATH("jail/in/file"), PATH2("jail/out"), NUM(result, 0));
}

PROBE(path_chroot)
{
	MUST(mkdir("jail", 0755) == 0 && mkdir("jail/in", 0755) == 0);
	MUST(probe_wait(probe_child(in_jail, NULL)) == 0);
}

static int open_said(const char *path, int flags)
{
	int fd = DO(openat, AT_FDCWD, path, flags, 0600);

	MUST(fd >= 0);
	WANT(file_open, PATH(path));
	return fd;
}

static void make_mount_points(void *arg)
{
	(void)arg;
	MUST(mkdir("real", 0755) == 0 && mkdir("real/sub", 0755) == 0);
	MUST(mkdir("bound", 0755) == 0 && mkdir("mem", 0755) == 0);
	probe_file("one", "1");
	probe_file("other", "2");
}

PROBE(path_mount)
{
	int fd, below;
	char buf[8];

	SETUP(make_mount_points);
	if (unshare(CLONE_NEWNS) < 0)
		probe_skip("no mount namespace can be made here");
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	MUST(mount("real", "bound", NULL, MS_BIND, NULL) == 0);
	below = open_said("real/sub/f", O_RDWR | O_CREAT);
	open_said("bound/sub/f", O_RDWR);
	MUST(mount("x", "mem", "tmpfs", 0, "size=64k") == 0);
	fd = open_said("mem/f", O_RDWR | O_CREAT);
	MUST(mkdir("mem/deeper", 0755) == 0);
	MUST(mount("y", "mem/deeper", "tmpfs", 0, "size=64k") == 0);
	open_said("mem/deeper/g", O_RDWR | O_CREAT);
	/* Mounted over what is open already. */
	MUST(mount("z", "real/sub", "tmpfs", 0, "size=64k") == 0);
	open_said("real/sub/h", O_RDWR | O_CREAT);
	DO(read, below, buf, 1L);
	WANT(file_read, STR(path, probe_fd_path(below)));
	/* Moved and taken away below an open file. */
	MUST(umount2("mem", MNT_DETACH) == 0);
	DO(read, fd, buf, 1L);
	WANT(file_read, STR(path, probe_fd_path(fd)));
	/* A file alone can be bound too. */
	MUST(mount("one", "other", NULL, MS_BIND, NULL) == 0);
	open_said("other", O_RDONLY);
}

/* --- who did it ----------------------------------------------------------------------------- */

static void deed(const char *name)
{
	DO(faccessat, AT_FDCWD, name, F_OK);
	WANT(file_access, PATH(name), NUM(result, -ENOENT), NUM(ppid, getppid()),
	     STR(exe, probe_exe), NUM(uid, getuid()));
}

/* How the orphan says that it did something as a child, and by its end that it did the rest. */
struct orphan {
	int did[2], ended[2];
};

static void grandchild(void *arg)
{
	struct orphan *o = arg;
	pid_t parent = getppid();

	deed("by a grandchild");
	if (o) { /* its parent ends; someone else takes it */
		MUST(write(o->did[1], "d", 1) == 1);
		while (getppid() == parent)
			probe_sleep_ms(5);
		DO(faccessat, AT_FDCWD, "by an orphan", F_OK);
		WANT(file_access, PATH("by an orphan"), STR(exe, probe_exe));
	}
}

static void child(void *arg)
{
	struct orphan *o = arg;
	char did;

	deed("by a child");
	if (!o) {
		MUST(probe_wait(probe_child(grandchild, NULL)) == 0);
		return;
	}
	MUST(setsid() > 0);
	probe_child(grandchild, o);
	MUST(read(o->did[0], &did, 1) == 1);
}

PROBE(process_tree)
{
	struct orphan o;
	char end;

	deed("by the first");
	MUST(probe_wait(probe_child(child, NULL)) == 0);
	MUST(pipe(o.did) == 0 && pipe(o.ended) == 0);
	MUST(probe_wait(probe_child(child, &o)) == 0);
	close(o.ended[1]);
	MUST(read(o.ended[0], &end, 1) == 0); /* nobody has the other end any more */
}

static void as_nobody(void *arg)
{
	(void)arg;
	DO(faccessat, AT_FDCWD, "as nobody", F_OK);
	WANT(file_access, PATH("as nobody"), NUM(uid, 65534), STR(user, "nobody"));
}

static void step_by_step(void *arg)
{
	(void)arg;
	DO(faccessat, AT_FDCWD, "as root", F_OK);
	WANT(file_access, PATH("as root"), NUM(uid, 0), STR(user, "root"));
	MUST(seteuid(65534) == 0); /* the real user is who it is */
	DO(faccessat, AT_FDCWD, "half", F_OK);
	WANT(file_access, PATH("half"), NUM(uid, 0), STR(user, "root"));
	MUST(seteuid(0) == 0);
	MUST(setresuid(12345, 12345, 12345) == 0);
	DO(faccessat, AT_FDCWD, "for good", F_OK);
	WANT(file_access, PATH("for good"), NUM(uid, 12345));
}

PROBE(process_users)
{
	MUST(probe_as_nobody(as_nobody, NULL) == 0);
	MUST(probe_wait(probe_child(step_by_step, NULL)) == 0);
}
