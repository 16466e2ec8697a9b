/* SPDX-License-Identifier: MIT */
/* The same number, inode, name or directory that means another thing than before. */
#include "net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

static char buf[64];

static int open_said(const char *path, const char *said, int flags)
{
	int fd = DO(openat, AT_FDCWD, path, flags, 0600);

	WANT(file_open, PATH(said));
	return fd;
}

static void read_said(int fd, const char *said)
{
	DO(read, fd, buf, 4L);
	WANT(file_read, PATH(said));
}

static void make_links(void *arg)
{
	(void)arg;
	probe_file("linked", "0123456789");
	MUST(mkdir("d", 0755) == 0);
	MUST(link("linked", "second") == 0 && link("linked", "d/third") == 0);
}

/* One inode, three names: each descriptor has the name that it was opened by. */
PROBE(path_links)
{
	int a, b, c;

	SETUP(make_links);
	a = open_said("linked", "linked", O_RDONLY);
	b = open_said("second", "second", O_RDONLY);
	c = open_said("d/third", "d/third", O_RDONLY);
	for (int i = 0; i < 2; i++) {
		read_said(a, "linked");
		read_said(b, "second");
		read_said(c, "d/third");
	}
	MUST(unlink("second") == 0);
	read_said(b, probe_fd_path(b));
	read_said(a, "linked");
	MUST(rename("d/third", "d/fourth") == 0);
	read_said(c, "d/fourth");
}

#define ROUNDS 60

/* File systems give the inode number of what was just deleted to what is made next. */
PROBE(path_reused)
{
	char name[32];
	int fd;

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		fd = open_said(name, name, O_RDWR | O_CREAT);
		DO(write, fd, name, 4L);
		WANT(file_write, PATH(name));
		DO(close, fd);
		WANT(file_close, PATH(name));
		MUST(unlink(name) == 0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "dir-%d", i);
		MUST(mkdir(name, 0755) == 0);
		fd = open_said(name, name, O_RDONLY | O_DIRECTORY);
		DO(openat, fd, "missing", O_RDONLY, 0);
		strcat(name, "/missing");
		WANT(file_open, PATH(name), NUM(result, -ENOENT));
		DO(close, fd);
		*strchr(name, '/') = 0;
		WANT(file_close, PATH(name));
		MUST(rmdir(name) == 0);
	}
}

static void miss(const char *given, const char *said)
{
	DO(faccessat, AT_FDCWD, given, F_OK);
	WANT(file_access, PATH(said), NUM(result, -ENOENT));
}

/* Relative paths while the working directory is renamed, moved and removed. */
PROBE(path_cwd)
{
	char deleted[4200];

	MUST(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0 && mkdir("a/in", 0755) == 0);
	MUST(chdir("a/in") == 0);
	miss("x", "a/in/x");
	MUST(rename(probe_at("a"), probe_at("c")) == 0);
	miss("x", "c/in/x");
	MUST(rename(probe_at("c/in"), probe_at("b/moved")) == 0);
	miss("x", "b/moved/x");
	miss("../x", "b/x");
	MUST(rmdir(probe_at("b/moved")) == 0);
	snprintf(deleted, sizeof(deleted), "%s (deleted)/x", probe_at("b/moved"));
	miss("x", deleted);
	MUST(chdir(probe_dir) == 0);
	miss("x", "x");
}

/* Descriptors beyond the first table, which grows. */
PROBE(fd_high)
{
	struct rlimit all;
	int fd, high[] = {63, 64, 255, 256, 1023, 1024, 4095, 60000};

	MUST(getrlimit(RLIMIT_NOFILE, &all) == 0);
	all.rlim_cur = all.rlim_max;
	setrlimit(RLIMIT_NOFILE, &all);
	fd = open("a", O_RDWR | O_CREAT, 0600);
	for (size_t i = 0; i < sizeof(high) / sizeof(high[0]); i++) {
		if ((rlim_t)high[i] >= all.rlim_cur) {
			probe_note("descriptors end at %ld", (long)all.rlim_cur);
			break;
		}
		DO(dup2, fd, high[i]);
		WANT(file_dup, PATH("a"), NUM(new_fd, high[i]), NUM(result, high[i]));
		DO(read, high[i], buf, 4L);
		WANT(file_read, PATH("a"), NUM(result, 0));
	}
	DO(read, 1 << 20, buf, 4L);
	WANT(file_read, NUM(result, -EBADF), STR(path, ""));
	DO(read, -7, buf, 4L);
	WANT(file_read, NUM(result, -EBADF), STR(path, ""));
}

/* A path in a page that nobody has touched yet. */
PROBE(path_untouched)
{
	static const char text[] = "in a file that is mapped";
	int fd = probe_file("text", text), gap;
	char *map, *last;

	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	MUST(map != MAP_FAILED);
	DO(faccessat, AT_FDCWD, map, F_OK);
	WANT(file_access, PATH(text), NUM(result, -ENOENT));
	/* A string that runs into a page that is not there. */
	gap = getpagesize();
	map = mmap(NULL, 2 * gap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(map != MAP_FAILED && munmap(map + gap, gap) == 0);
	last = map + gap - 3;
	memcpy(last, "abc", 3);
	DO(faccessat, AT_FDCWD, last, F_OK);
	WANT(file_access, ANY(path), NUM(result, -EFAULT), STR(source, "partial"));
	memcpy(last, "ab", 3);
	DO(faccessat, AT_FDCWD, last, F_OK);
	WANT(file_access, PATH("ab"), NUM(result, -ENOENT));
}

/* A socket that is connected to one, then to another, then to none. */
PROBE(net_again)
{
	int one = net_server(AF_INET, SOCK_DGRAM), two = net_server(AF_INET, SOCK_DGRAM);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), in = probe_file("in", "0123456789"), s[2];
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	union net_addr a;
	socklen_t len;

	for (int i = 0; i < 4; i++) {
		len = sizeof(a);
		MUST(getsockname(i % 2 ? one : two, &a.sa, &len) == 0);
		MUST(connect(fd, &a.sa, len) == 0);
		DO(sendto, fd, buf, 4L, 0L, 0L, 0L);
		WANT(net_send, STR(remote, net_text(&a, len)), STR(local, net_local(fd)),
		     STR(path, net_path(fd)));
	}
	MUST(connect(fd, &none, sizeof(none)) == 0);
	DO(sendto, fd, buf, 4L, 0L, 0L, 0L);
	WANT(net_send, STR(remote, ""), NUM(result, -EDESTADDRREQ));
	MUST(net_pair(AF_INET, SOCK_STREAM, s));
	DO(sendfile, s[0], in, 0L, 6L);
	WANT(file_copy, PATH("in"), STR(path2, net_path(s[0])), NUM(result, 6));
	/* Closed, and the number given to another. */
	for (int i = 0; i < 4; i++) {
		MUST(net_pair(i % 2 ? AF_UNIX : AF_INET, SOCK_STREAM, s));
		DO(sendto, s[1], buf, 4L, 0L, 0L, 0L);
		WANT(net_send, STR(local, net_local(s[1])), STR(remote, net_remote(s[1])),
		     STR(path, net_path(s[1])));
		close(s[0]);
		close(s[1]);
	}
}
