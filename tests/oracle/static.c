/* SPDX-License-Identifier: MIT */
/* static IN OUT: copies a file in several ways; linked statically for 32 bits. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void copy(int in, int out)
{
	char a[100], b[100];
	struct iovec v[2] = {{a, sizeof(a)}, {b, sizeof(b)}};
	ssize_t n;

	n = readv(in, v, 2);
	if (n < 0 || write(out, a, n > 100 ? 100 : n) < 0)
		abort();
	n = pread(in, b, sizeof(b), 300);
	if (n < 0 || pwrite(out, b, n, 200) < 0)
		abort();
	if (lseek(in, 0, SEEK_SET) < 0 || sendfile(out, in, NULL, 1000) < 0)
		abort();
	if (ftruncate(out, 5000) < 0 || fcntl(out, F_SETFD, FD_CLOEXEC) < 0)
		abort();
}

static void talk(void)
{
	int s[2], status;
	pid_t pid;
	char c;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
		abort();
	pid = fork();
	if (pid == 0)
		_exit(send(s[1], "x", 1, 0) == 1 ? 9 : 1);
	if (recv(s[0], &c, 1, 0) != 1 || waitpid(pid, &status, 0) != pid)
		abort();
}

int main(int argc, char **argv)
{
	struct dirent *e;
	struct stat st;
	int in, out, entries = 0;
	DIR *d;

	if (argc < 3)
		return 2;
	in = open(argv[1], O_RDONLY);
	out = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		return 1;
	copy(in, out);
	talk();
	d = opendir(".");
	while (d && (e = readdir(d)))
		entries++;
	if (d)
		closedir(d);
	if (rename(argv[2], "renamed") < 0 || chmod("renamed", 0600) < 0 ||
	    access("none", F_OK) == 0)
		return 1;
	printf("%d %ld\n", entries > 2, (long)st.st_size);
	return 0;
}
