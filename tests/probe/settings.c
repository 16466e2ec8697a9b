/* SPDX-License-Identifier: MIT */
/* Settings: of the kernel, with values before and after, and files that hold them. What would
 * change the machine is done in namespaces of its own, or sets what is there already. */
#include "probe.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define TTL     "/proc/sys/net/ipv4/ip_default_ttl"
#define RMEM    "/proc/sys/net/ipv4/tcp_rmem"
#define HOST    "/proc/sys/kernel/hostname"
#define QUEUE   "/sys/class/net/lo/tx_queue_len"
#define QUEUE_D "/sys/devices/virtual/net/lo/tx_queue_len"

/* As in model/event.h. */
enum { VALUE, CONTENT, TRUNCATED, REPLACED, MODE, OWNER, MADE, LINKED, REMOVED, MOVED, ASKED };
enum { UNKNOWN, KERNEL, EARLIER, INODE };

/* The file's content without its last newline; good until asked again. */
static char *content(const char *path)
{
	static char text[4][256];
	static unsigned next;
	char *to = text[next++ % 4];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, 255);

	MUST(n > 0);
	to[n - (to[n - 1] == '\n')] = 0;
	close(fd);
	return to;
}

#define SYSCTL(k, v, o)                                                                            \
	STR(setting, "sysctl"), STR(key, k), STR(value, v), STR(old_value, o), NUM(change, VALUE), \
		NUM(old_from, KERNEL)

static void set_ttl(int fd)
{
	struct iovec v[2] = {{"4", 1}, {"3\n", 2}};
	char *before = content(TTL);

	DO(write, fd, "99\n", 3L);
	WANT(settings_set, STR(path, TTL), SYSCTL("net.ipv4.ip_default_ttl", "99", before),
	     NUM(size, 3), NUM(result, 3));
	DO(pwrite64, fd, "77", 2L, OFF(0));
	WANT(settings_set, STR(path, TTL), SYSCTL("net.ipv4.ip_default_ttl", "77", "99"));
	/* refused: the value stays, and what it was is known all the same */
	DO(pwrite64, fd, "1000\n", 5L, OFF(0));
	WANT(settings_set, STR(path, TTL), SYSCTL("net.ipv4.ip_default_ttl", "1000", "77"),
	     NUM(result, -EINVAL));
	DO(pwrite64, fd, 8L, 2L, OFF(0));
	WANT(settings_set, STR(path, TTL), SYSCTL("net.ipv4.ip_default_ttl", "", "77"),
	     NUM(result, -EFAULT));
	DO(pwritev, fd, v, 2L, POS(0));
	WANT(settings_set, STR(path, TTL), SYSCTL("net.ipv4.ip_default_ttl", "4", "77"),
	     NUM(size, 3), NUM(truncated, 1));
}

static void set_sysfs(void)
{
	char *before = content(QUEUE);
	int fd = open(QUEUE, O_WRONLY | O_CLOEXEC);
	long n = (long)strlen(before);

	if (fd < 0) {
		probe_note("/sys is not to be written here");
		return;
	}
	DO(write, fd, before, n);
	WANT(settings_set, STR(path, QUEUE_D), STR(setting, "sysfs"),
	     STR(key, QUEUE_D + strlen("/sys/")), STR(value, before), NUM(old_from, UNKNOWN),
	     STR(old_value, ""), NUM(result, n));
	DO(pwrite64, fd, "many", 4L, OFF(0));
	WANT(settings_set, STR(path, QUEUE_D), STR(value, "many"), NUM(old_from, EARLIER),
	     STR(old_value, before), NUM(result, -EINVAL));
	close(fd);
}

/* Files: told at the first write, at truncation, and when another one takes the name. */
static void set_files(void)
{
	int fd = probe_file(".bashrc", "x"), other = probe_file("other", "y");

	WANT(settings_set, PATH(".bashrc"), NUM(change, CONTENT), NUM(size, 1),
	     STR(setting, "shell"), STR(key, probe_at(".bashrc")), STR(value, ""),
	     NUM(old_from, UNKNOWN), ANY(syscall), ANY(result));
	MUST(write(fd, "more", 4) == 4);
	DO(ftruncate, fd, 0L);
	WANT(settings_set, PATH(".bashrc"), NUM(change, TRUNCATED));
	DO(fchmod, fd, 0600L);
	WANT(settings_set, PATH(".bashrc"), NUM(change, MODE), STR(value, "0600"),
	     NUM(old_from, INODE), STR(old_value, "0644"));
	DO(chmod, ".bashrc", 0640L);
	WANT(settings_set, PATH(".bashrc"), NUM(change, MODE), STR(value, "0640"),
	     EITHER(old_value, "", "0600")); /* the plus pack knows */
	DO(fchownat, AT_FDCWD, ".bashrc", 0L, -1L, 0L);
	WANT(settings_set, PATH(".bashrc"), NUM(change, OWNER), STR(value, "0:"));
	close(fd);
	fd = DO(openat, AT_FDCWD, ".bashrc", (long)(O_WRONLY | O_TRUNC), 0L);
	WANT(settings_set, PATH(".bashrc"), NUM(change, TRUNCATED), NUM(result, fd));
	MUST(write(fd, "again", 5) == 5 && lseek(other, 0, SEEK_SET) == 0);
	close(fd);
	fd = open(".bashrc", O_WRONLY | O_CLOEXEC);
	DO(sendfile64, fd, other, 0L, 10L);
	WANT(settings_set, PATH(".bashrc"), NUM(change, CONTENT), NUM(size, 1),
	     STR(content, probe_at("other")), NUM(result, 1));
	DO(rename, "other", ".bashrc");
	WANT(settings_set, PATH(".bashrc"), NUM(change, REPLACED), STR(content, probe_at("other")),
	     NUM(result, 0));
}

static void set_as_other(void *arg)
{
	(void)arg;
	DO(openat, AT_FDCWD, TTL, (long)O_WRONLY, 0L);
	WANT(settings_set, STR(path, TTL), NUM(change, ASKED), STR(setting, "sysctl"),
	     STR(key, "net.ipv4.ip_default_ttl"), NUM(result, -EACCES));
	DO(openat, AT_FDCWD, ".profile", (long)O_RDWR, 0L);
}

PROBE(settings_set)
{
	char *before;
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		probe_skip("no network namespace can be made");
	fd = open(TTL, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		probe_skip("/proc/sys is not to be written");
	set_ttl(fd);
	close(fd);
	fd = open(RMEM, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		before = content(RMEM);
		DO(write, fd, "4096 16384 4194304\n", 19L);
		WANT(settings_set, STR(path, RMEM),
		     SYSCTL("net.ipv4.tcp_rmem", "4096 16384 4194304", before));
		close(fd);
	}
	set_sysfs();
	set_files();
	MUST(probe_as_nobody(set_as_other, NULL) == 0);
}

/* A sysctl whose memory is not where the table says: of another namespace than the first one. What
 * was before is not known, and must not be made up. */
PROBE(settings_away)
{
	int fd;

	if (unshare(CLONE_NEWUTS) < 0)
		probe_skip("no UTS namespace can be made");
	fd = open(HOST, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		probe_skip("/proc/sys is not to be written");
	DO(write, fd, "espy-probe-1\n", 13L);
	WANT(settings_set, STR(path, HOST), STR(setting, "sysctl"), STR(key, "kernel.hostname"),
	     STR(value, "espy-probe-1"), NUM(old_from, UNKNOWN), STR(old_value, ""));
	close(fd);
	fd = open(HOST, O_WRONLY | O_CLOEXEC);
	DO(write, fd, "espy-probe-2\n", 13L);
	WANT(settings_set, STR(path, HOST), STR(value, "espy-probe-2"), NUM(old_from, EARLIER),
	     STR(old_value, "espy-probe-1"));
}

static void make_dirs(void)
{
	MUST(mkdir(".config", 0755) == 0 && mkdir(".config/systemd", 0755) == 0);
}

#define UNITS ".config/systemd/user"

PROBE(settings_create)
{
	int fd;

	make_dirs();
	DO(mkdir, UNITS, 0755L);
	WANT(settings_create, PATH(UNITS), NUM(change, MADE), STR(setting, "unit"), NUM(result, 0));
	fd = DO(openat, AT_FDCWD, UNITS "/a.service", (long)(O_WRONLY | O_CREAT), 0644L);
	WANT(settings_create, PATH(UNITS "/a.service"), NUM(change, MADE), STR(setting, "unit"),
	     STR(key, "a.service"), NUM(result, fd));
	DO(openat, AT_FDCWD, UNITS "/a.service", (long)(O_WRONLY | O_CREAT), 0644L);
	DO(symlink, "a.service", UNITS "/b.service");
	WANT(settings_create, PATH(UNITS "/b.service"), NUM(change, LINKED), STR(key, "b.service"));
	DO(link, UNITS "/a.service", UNITS "/c.service");
	WANT(settings_create, PATH(UNITS "/c.service"), NUM(change, LINKED), STR(key, "c.service"));
	DO(mknod, UNITS "/d.timer", (long)(S_IFREG | 0644), 0L);
	WANT(settings_create, PATH(UNITS "/d.timer"), NUM(change, MADE), STR(key, "d.timer"));
	DO(mkdir, UNITS "/e.service.d", 0755L);
	WANT(settings_create, PATH(UNITS "/e.service.d"), NUM(change, MADE),
	     STR(key, "e.service.d"));
	DO(symlink, "x", UNITS "/b.service"); /* there already: no change, and nobody refused it */
	DO(mkdir, "no-setting", 0755L);
	MUST(syscall(NR_chmod, UNITS, 0700L) == 0);
}

static void delete_as_other(void *arg)
{
	(void)arg;
	DO(unlink, "dir/.profile");
	WANT(settings_delete, PATH("dir/.profile"), NUM(change, REMOVED), NUM(result, -EACCES));
}

PROBE(settings_delete)
{
	MUST(mkdir("dir", 0755) == 0);
	probe_file("dir/.profile", "x");
	probe_file(".zshrc", "x");
	probe_file(".bash_login", "x");
	MUST(probe_as_nobody(delete_as_other, NULL) == 0);
	DO(unlink, ".zshrc");
	WANT(settings_delete, PATH(".zshrc"), NUM(change, REMOVED), STR(setting, "shell"),
	     STR(key, probe_at(".zshrc")), STR(path2, ""), NUM(result, 0));
	DO(unlink, ".zshrc"); /* nothing there */
	DO(unlinkat, AT_FDCWD, "dir/.profile", 0L);
	WANT(settings_delete, PATH("dir/.profile"), NUM(change, REMOVED), NUM(result, 0));
	DO(rename, ".bash_login", "away");
	WANT(settings_delete, PATH(".bash_login"), PATH2("away"), NUM(change, MOVED));
	make_dirs();
	MUST(mkdir(UNITS, 0755) == 0);
	DO(rmdir, UNITS);
	WANT(settings_delete, PATH(UNITS), NUM(change, REMOVED), STR(setting, "unit"));
}

PROBE(settings_rename)
{
	make_dirs();
	MUST(mkdir(UNITS, 0755) == 0);
	probe_file(UNITS "/a.service", "x");
	DO(rename, UNITS "/a.service", UNITS "/b.service");
	WANT(settings_rename, PATH(UNITS "/a.service"), PATH2(UNITS "/b.service"),
	     STR(setting, "unit"), STR(key, "a.service"), NUM(change, MOVED), NUM(result, 0));
	DO(renameat2, AT_FDCWD, UNITS "/b.service", AT_FDCWD, UNITS "/c.service", 1L);
	WANT(settings_rename, PATH(UNITS "/b.service"), PATH2(UNITS "/c.service"),
	     STR(key, "b.service"));
	DO(rename, UNITS "/missing", UNITS "/c.service");
}
