/* SPDX-License-Identifier: MIT */
/* Reading, writing, copying between descriptors, positions. */
#include "probe.h"
#include <linux/fs.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static char buf[65536];

static struct iovec two[2] = {{buf, 3}, {buf + 3, 4}}; /* 7 bytes */

static void read_forms(int fd)
{
	DO(read, fd, buf, 4L);
	WANT(file_read, PATH("a"), NUM(requested, 4), NUM(result, 4), NUM(offset, 0));
	DO(read, fd, buf, 100L);
	WANT(file_read, PATH("a"), NUM(requested, 100), NUM(result, 6), NUM(offset, 4));
	DO(read, fd, buf, 100L);
	WANT(file_read, PATH("a"), NUM(requested, 100), NUM(result, 0), NUM(offset, 10));
	DO(pread64, fd, buf, 5L, OFF(2));
	WANT(file_read, PATH("a"), NUM(requested, 5), NUM(result, 5), NUM(offset, 2));
	MUST(lseek(fd, 1, SEEK_SET) == 1);
	DO(readv, fd, two, 2L);
	WANT(file_read, PATH("a"), NUM(requested, 7), NUM(result, 7), NUM(offset, 1));
	DO(preadv, fd, two, 2L, POS(6));
	WANT(file_read, PATH("a"), NUM(requested, 7), NUM(result, 4), NUM(offset, 6));
	DO(preadv2, fd, two, 2L, POS(0), 0L);
	WANT(file_read, PATH("a"), NUM(requested, 7), NUM(result, 7), NUM(offset, 0));
	MUST(lseek(fd, 4, SEEK_SET) == 4);
	DO(preadv2, fd, two, 2L, POS(-1), 0L); /* here -1 is the descriptor's own position */
	WANT(file_read, PATH("a"), NUM(requested, 7), NUM(result, 6), NUM(offset, 4));
	DO(preadv2, fd, two, 2L, POS(0), 0x4000L);
	WANT(file_read, PATH("a"), NUM(requested, 7)); /* a flag that no kernel knows */
	DO(pread64, fd, buf, 1L, OFF(0x123456789aLL));
	WANT(file_read, PATH("a"), NUM(requested, 1), NUM(result, 0), NUM(offset, 0x123456789aLL));
}

static void read_failures(int fd)
{
	int dir = open(".", O_RDONLY), wr = open("a", O_WRONLY), p[2];

	DO(read, 999, buf, 4L);
	WANT(file_read, NUM(requested, 4), NUM(result, -EBADF), STR(error, "EBADF"));
	DO(read, wr, buf, 4L);
	WANT(file_read, PATH("a"), NUM(requested, 4), NUM(result, -EBADF));
	DO(read, dir, buf, 4L);
	WANT(file_read, PATH(probe_dir), NUM(requested, 4), NUM(result, -EISDIR));
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	DO(read, fd, 8L, 4L);
	WANT(file_read, PATH("a"), NUM(result, -EFAULT));
	DO(pread64, fd, buf, 4L, OFF(-1));
	WANT(file_read, PATH("a"), NUM(result, -EINVAL), NUM(offset, -1));
	MUST(pipe2(p, O_NONBLOCK) == 0);
	DO(read, p[0], buf, 4L);
	WANT(file_read, STR(path, probe_fd_path(p[0])), NUM(result, -EAGAIN), NUM(offset, -1));
}

static void write_late(void *arg)
{
	probe_until_asleep(getppid());
	probe_sleep_ms(60);
	MUST(write(*(int *)arg, "late", 4) == 4);
}

static void read_others(void)
{
	uint64_t n = 7;
	int p[2], fd;
	pid_t pid;

	MUST(pipe(p) == 0);
	pid = probe_child(write_late, &p[1]);
	DO(read, p[0], buf, 10L);
	WANT(file_read, STR(path, probe_fd_path(p[0])), NUM(result, 4), NUM(offset, -1),
	     MIN(duration_ns, 30000000));
	MUST(probe_wait(pid) == 0);
	fd = eventfd(3, 0);
	DO(read, fd, &n, 8L);
	WANT(file_read, STR(path, probe_fd_path(fd)), NUM(result, 8));
	fd = memfd_create("m", 0);
	DO(read, fd, buf, 8L);
	WANT(file_read, STR(path, probe_fd_path(fd)), NUM(result, 0));
	fd = probe_file("gone", "12345");
	MUST(unlink("gone") == 0);
	DO(read, fd, buf, 8L);
	WANT(file_read, STR(path, probe_fd_path(fd)), NUM(result, 5), NUM(offset, 0));
	fd = open("/dev/zero", O_RDONLY);
	DO(read, fd, buf, 65536L);
	WANT(file_read, PATH("/dev/zero"), NUM(result, 65536));
	fd = open("/proc/self/stat", O_RDONLY);
	DO(read, fd, buf, 16L);
	WANT(file_read, STR(path, probe_fd_path(fd)), NUM(result, 16));
}

PROBE(file_read)
{
	int fd = probe_file("a", "0123456789");

	read_forms(fd);
	read_failures(fd);
	read_others();
}

static void write_forms(int fd)
{
	DO(write, fd, "abcd", 4L);
	WANT(file_write, PATH("w"), NUM(requested, 4), NUM(result, 4), NUM(offset, 0));
	DO(write, fd, "efgh", 4L);
	WANT(file_write, PATH("w"), NUM(requested, 4), NUM(result, 4), NUM(offset, 4));
	DO(pwrite64, fd, "xy", 2L, OFF(1));
	WANT(file_write, PATH("w"), NUM(requested, 2), NUM(result, 2), NUM(offset, 1));
	DO(writev, fd, two, 2L);
	WANT(file_write, PATH("w"), NUM(requested, 7), NUM(result, 7), NUM(offset, 8));
	DO(pwritev, fd, two, 2L, POS(100));
	WANT(file_write, PATH("w"), NUM(requested, 7), NUM(result, 7), NUM(offset, 100));
	DO(pwritev2, fd, two, 2L, POS(50), 0L);
	WANT(file_write, PATH("w"), NUM(requested, 7), NUM(result, 7), NUM(offset, 50));
	DO(write, fd, buf, 0L);
	WANT(file_write, PATH("w"), NUM(requested, 0), NUM(result, 0));
}

PROBE(file_write)
{
	int fd = open("w", O_RDWR | O_CREAT, 0600), rd = open("w", O_RDONLY), full, p[2], ev;
	uint64_t one = 1;

	write_forms(fd);
	DO(write, 999, buf, 4L);
	WANT(file_write, NUM(requested, 4), NUM(result, -EBADF));
	DO(write, rd, buf, 4L);
	WANT(file_write, PATH("w"), NUM(result, -EBADF));
	DO(write, fd, 8L, 4L);
	WANT(file_write, PATH("w"), NUM(result, -EFAULT));
	full = open("/dev/full", O_WRONLY);
	DO(write, full, buf, 4L);
	WANT(file_write, PATH("/dev/full"), NUM(result, -ENOSPC), STR(error, "ENOSPC"));

	MUST(pipe(p) == 0);
	DO(write, p[1], "pipe", 4L);
	WANT(file_write, STR(path, probe_fd_path(p[1])), NUM(result, 4), NUM(offset, -1));
	DO(vmsplice, p[1], two, 2L, 0L);
	WANT(file_write, STR(path, probe_fd_path(p[1])), NUM(requested, 7), NUM(result, 7));
	ev = eventfd(0, 0);
	DO(write, ev, &one, 8L);
	WANT(file_write, STR(path, probe_fd_path(ev)), NUM(result, 8));
	MUST(fcntl(rd = open("w", O_WRONLY | O_APPEND), F_GETFL) >= 0);
	DO(write, rd, "end", 3L); /* goes to the end wherever the position is */
	WANT(file_write, PATH("w"), NUM(result, 3), NUM(offset, 107));
	MUST(unlink("w") == 0);
	DO(write, fd, "after", 5L);
	WANT(file_write, STR(path, probe_fd_path(fd)), NUM(result, 5));
}

static void copy_pipes(int in)
{
	int a[2], b[2];
	const char *pa, *pb;

	MUST(pipe(a) == 0 && pipe(b) == 0);
	pa = probe_fd_path(a[0]), pb = probe_fd_path(b[0]);
	MUST(lseek(in, 0, SEEK_SET) == 0);
	DO(splice, in, 0L, a[1], 0L, 6L, 0L);
	WANT(file_copy, PATH("in"), STR(path2, pa), NUM(requested, 6), NUM(result, 6));
	DO(tee, a[0], b[1], 4L, 0L);
	WANT(file_copy, STR(path, pa), STR(path2, pb), NUM(requested, 4), NUM(result, 4));
	DO(splice, b[0], 0L, a[1], 0L, 100L, 0L);
	WANT(file_copy, STR(path, pb), STR(path2, pa), NUM(requested, 100), NUM(result, 4));
	DO(splice, a[0], 0L, 999, 0L, 4L, 0L);
	WANT(file_copy, STR(path, pa), ANY(path2), NUM(result, -EBADF));
}

PROBE(file_copy)
{
	int in = probe_file("in", "0123456789"), out = probe_file("out", "");

	DO(sendfile, out, in, 0L, 4L);
	WANT(file_copy, PATH("in"), PATH2("out"), NUM(requested, 4), NUM(result, 4));
	DO(sendfile64, out, in, 0L, 100L);
	WANT(file_copy, PATH("in"), PATH2("out"), NUM(requested, 100));
	DO(copy_file_range, in, 0L, out, 0L, 100L, 0L); /* the end of `in`: nothing is left */
	WANT(file_copy, PATH("in"), PATH2("out"), NUM(requested, 100));
	MUST(lseek(in, 2, SEEK_SET) == 2);
	DO(copy_file_range, in, 0L, out, 0L, 5L, 0L);
	WANT(file_copy, PATH("in"), PATH2("out"), NUM(requested, 5), NUM(result, 5));
	DO(copy_file_range, 999, 0L, out, 0L, 5L, 0L);
	WANT(file_copy, ANY(path), PATH2("out"), NUM(result, -EBADF));
	DO(sendfile, 998, 999, 0L, 5L);
	WANT(file_copy, NUM(result, -EBADF), NUM(requested, 5));
	copy_pipes(in);
}

PROBE(file_seek)
{
	int fd = probe_file("a", "0123456789"), p[2];
	long long at;

	DO(lseek, fd, 5L, SEEK_SET);
	WANT(file_seek, PATH("a"), NUM(offset, 5), NUM(whence, SEEK_SET), NUM(result, 5));
	DO(lseek, fd, -2L, SEEK_CUR);
	WANT(file_seek, PATH("a"), NUM(offset, -2), NUM(whence, SEEK_CUR), NUM(result, 3));
	DO(lseek, fd, -1L, SEEK_END);
	WANT(file_seek, PATH("a"), NUM(offset, -1), NUM(whence, SEEK_END), NUM(result, 9));
	DO(lseek, fd, 0L, SEEK_DATA);
	WANT(file_seek, PATH("a"), NUM(whence, SEEK_DATA));
	DO(lseek, fd, 0L, SEEK_HOLE);
	WANT(file_seek, PATH("a"), NUM(whence, SEEK_HOLE));
	DO(lseek, fd, -20L, SEEK_SET);
	WANT(file_seek, PATH("a"), NUM(offset, -20), NUM(result, -EINVAL));
	DO(lseek, fd, 0L, 77L);
	WANT(file_seek, PATH("a"), NUM(whence, 77), NUM(result, -EINVAL));
	DO(lseek, 999, 0L, SEEK_SET);
	WANT(file_seek, NUM(result, -EBADF));
	MUST(pipe(p) == 0);
	DO(lseek, p[0], 0L, SEEK_CUR);
	WANT(file_seek, STR(path, probe_fd_path(p[0])), NUM(result, -ESPIPE));
	DO(_llseek, fd, 1L, 2L, &at, SEEK_SET);
	WANT(file_seek, PATH("a"), NUM(offset, 0x100000002LL), NUM(whence, SEEK_SET));
}
