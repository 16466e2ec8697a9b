/* SPDX-License-Identifier: MIT */
/* Lines that a program puts into the stream. */
#include "probe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MARK "/espy-mark:"

PROBE(profile_mark)
{
	static char far[5000];
	struct stat st;
	char statx_to[256];

	DO(access, MARK "plain", (long)F_OK);
	WANT(profile_mark, STR(text, "plain"), NUM(result, 0));
	DO(faccessat, AT_FDCWD, MARK "a/b/../c d", (long)R_OK);
	WANT(profile_mark, STR(text, "a/b/../c d"), NUM(result, 0));
	DO(faccessat2, AT_FDCWD, MARK "\033[31m\n\xff\xfe\"", 0L, 0x200L);
	WANT(profile_mark, STR(text, "\033[31m\n\xff\xfe\""), NUM(result, 0));
	DO(stat, MARK "by stat", &st);
	WANT(profile_mark, STR(text, "by stat"), NUM(result, 0));
	DO(lstat, MARK "by lstat", &st);
	WANT(profile_mark, STR(text, "by lstat"), NUM(result, 0));
	DO(newfstatat, AT_FDCWD, MARK "by newfstatat", &st, 0L);
	WANT(profile_mark, STR(text, "by newfstatat"), NUM(result, 0));
	DO(fstatat64, AT_FDCWD, MARK "by fstatat64", &st, 0L);
	WANT(profile_mark, STR(text, "by fstatat64"), NUM(result, 0));
	DO(statx, AT_FDCWD, MARK "by statx", 0L, 0L, statx_to);
	WANT(profile_mark, STR(text, "by statx"), NUM(result, 0));
	DO(access, MARK, (long)F_OK);
	WANT(profile_mark, STR(text, ""), NUM(result, 0));

	/* A name that cannot be read is not the last one that could. */
	DO(access, 8L, (long)F_OK);
	WANT(file_access, ANY(path), NUM(result, -EFAULT));

	/* The longest, and one byte more than the kernel looks at. */
	memset(far, 'x', sizeof(far));
	memcpy(far, MARK, sizeof(MARK) - 1);
	far[4095] = '\0';
	DO(access, far, (long)F_OK);
	WANT(profile_mark, STR(text, far + sizeof(MARK) - 1), NUM(result, 0));

	/* What only looks like one. */
	DO(access, "/espy-mark", (long)F_OK);
	WANT(file_access, PATH("/espy-mark"), NUM(result, -ENOENT));
	DO(access, "espy-mark:here", (long)F_OK);
	WANT(file_access, PATH("espy-mark:here"), NUM(result, -ENOENT));
	DO(access, "//espy-mark:x", (long)F_OK);
	WANT(file_access, PATH("/espy-mark:x"), NUM(result, -ENOENT));
}

static void in_a_root_of_its_own(void *arg)
{
	(void)arg;
	MUST(mkdir("root", 0755) == 0 && chroot("root") == 0 && chdir("/") == 0);
	MUST(mkdir(MARK "there", 0755) == 0);
	DO(access, MARK "there", (long)F_OK);
	WANT(file_access, PATH("root" MARK "there"), NUM(result, 0));
	DO(access, MARK "not there", (long)F_OK);
	WANT(profile_mark, STR(text, "not there"), NUM(result, 0));
}

/* A file of that name is a file; elsewhere the name is as good as in the usual root. */
PROBE(mark_file)
{
	MUST(probe_wait(probe_child(in_a_root_of_its_own, NULL)) == 0);
}

/* As people do it, in a shell and by Espy's own command where it is beside us. */
PROBE(mark_shell)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "test ! -e '/espy-mark:from a shell'", (char *)NULL);
		_exit(127);
	}
	MUST(probe_wait(pid) == 0);
	NOTED();
	WANT(profile_mark, OF(pid), STR(text, "from a shell"));
}
