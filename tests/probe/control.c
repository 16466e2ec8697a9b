/* SPDX-License-Identifier: MIT */
/* Descriptors and their properties: flush, lock, ioctl, dup, fcntl; the working directory. */
#include "probe.h"
#include <linux/fs.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

PROBE(file_sync)
{
	int fd = probe_file("a", "x"), p[2];

	DO(fsync, fd);
	WANT(file_sync, PATH("a"), NUM(result, 0));
	DO(fdatasync, fd);
	WANT(file_sync, PATH("a"), NUM(result, 0));
	DO(sync_file_range, fd, OFF(0), OFF(0), 0L);
	WANT(file_sync, PATH("a"));
	MUST(pipe(p) == 0);
	DO(fsync, p[0]);
	WANT(file_sync, STR(path, probe_fd_path(p[0])), NUM(result, -EINVAL));
	DO(syncfs, 999);
	WANT(file_sync, NUM(result, -EBADF));
	DO(syncfs, fd);
	WANT(file_sync, PATH("a"), NUM(result, 0));
}

/* Espy's numbers of fcntl(2) commands among those of flock(2); see flags/file.def. */
#define LOCK_COMMAND(c) NUM(command, 0x10000 | (c))

/* Of the calls themselves: libc's own names may stand for the 64-bit forms. */
enum { GET_LOCK = 5, SET_LOCK = 6, SET_LOCK_WAIT = 7 };

struct range { /* struct flock of the ABI that is compiled for, or flock64 of i386 */
	short type, whence;
	long start, len;
	int pid;
};
struct range64 {
	short type, whence;
	int64_t start, len;
	int pid;
} __attribute__((packed, aligned(4)));

static void lock_by_fcntl(int fd)
{
	struct range r = {.type = F_WRLCK, .whence = SEEK_SET, .start = 3, .len = 4};
	struct range64 r64 = {.type = F_RDLCK, .start = 0x100000000LL, .len = 5};

	DO(fcntl, fd, (long)SET_LOCK, &r);
	WANT(file_lock, PATH("a"), LOCK_COMMAND(SET_LOCK), NUM(kind, F_WRLCK), NUM(offset, 3),
	     NUM(length, 4), NUM(whence, SEEK_SET), NUM(result, 0));
	r.type = F_RDLCK;
	DO(fcntl, fd, (long)GET_LOCK, &r);
	WANT(file_lock, PATH("a"), LOCK_COMMAND(GET_LOCK), NUM(offset, 3), NUM(length, 4),
	     NUM(result, 0));
	r = (struct range){.type = F_UNLCK, .whence = SEEK_SET};
	DO(fcntl, fd, (long)SET_LOCK_WAIT, &r);
	WANT(file_lock, PATH("a"), LOCK_COMMAND(SET_LOCK_WAIT), NUM(kind, F_UNLCK), NUM(offset, 0),
	     NUM(length, 0), NUM(result, 0));
	r = (struct range){.type = F_RDLCK, .whence = SEEK_CUR, .start = 1, .len = 1};
	DO(fcntl, fd, 37L /* F_OFD_SETLK */, &r);
	WANT(file_lock, PATH("a"), LOCK_COMMAND(37));
	DO(fcntl64, fd, 13L /* F_SETLK64 */, &r64);
	WANT(file_lock, PATH("a"), LOCK_COMMAND(13), NUM(kind, F_RDLCK), NUM(offset, 0x100000000LL),
	     NUM(length, 5), NUM(result, 0));
	DO(fcntl, 999, (long)SET_LOCK, &r);
	WANT(file_lock, NUM(result, -EBADF), LOCK_COMMAND(SET_LOCK));
}

PROBE(file_lock)
{
	int fd = probe_file("a", "0123456789"), again = open("a", O_RDWR);

	DO(flock, fd, (long)LOCK_EX);
	WANT(file_lock, PATH("a"), NUM(command, LOCK_EX), NUM(result, 0));
	DO(flock, again, (long)(LOCK_SH | LOCK_NB));
	WANT(file_lock, PATH("a"), NUM(command, LOCK_SH | LOCK_NB), NUM(result, -EAGAIN));
	DO(flock, fd, (long)LOCK_UN);
	WANT(file_lock, PATH("a"), NUM(command, LOCK_UN), NUM(result, 0));
	DO(flock, 999, (long)LOCK_EX);
	WANT(file_lock, NUM(result, -EBADF));
	lock_by_fcntl(fd);
}

PROBE(file_ioctl)
{
	int fd = probe_file("a", "x"), p[2], n, s = socket(AF_UNIX, SOCK_STREAM, 0);
	int tty = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios t;

	DO(ioctl, fd, (long)FIONREAD, &n);
	WANT(file_ioctl, PATH("a"), NUM(request, FIONREAD), NUM(arg, (uintptr_t)&n),
	     NUM(result, 0));
	DO(ioctl, fd, (long)TCGETS, &t);
	WANT(file_ioctl, PATH("a"), NUM(request, TCGETS), NUM(result, -ENOTTY));
	DO(ioctl, fd, (long)FS_IOC_GETFLAGS, &n);
	WANT(file_ioctl, PATH("a"), NUM(request, FS_IOC_GETFLAGS));
	MUST(pipe(p) == 0);
	DO(ioctl, p[0], (long)FIONREAD, &n);
	WANT(file_ioctl, STR(path, probe_fd_path(p[0])), NUM(request, FIONREAD), NUM(result, 0));
	DO(ioctl, s, (long)FIONREAD, &n);
	WANT(file_ioctl, ANY(path), NUM(request, FIONREAD));
	if (tty >= 0) {
		DO(ioctl, tty, (long)TCGETS, &t);
		WANT(file_ioctl, STR(path, probe_fd_path(tty)), NUM(request, TCGETS),
		     NUM(result, 0));
	}
	DO(ioctl, 999, (long)FIONREAD, &n);
	WANT(file_ioctl, NUM(request, FIONREAD), NUM(result, -EBADF));
}

PROBE(file_dup)
{
	int fd = probe_file("a", "x"), n, s;

	n = DO(dup, fd);
	WANT(file_dup, PATH("a"), NUM(fd, fd), NUM(new_fd, 0));
	MUST(n > fd);
	DO(dup2, fd, 77L);
	WANT(file_dup, PATH("a"), NUM(fd, fd), NUM(new_fd, 77), NUM(result, 77));
	DO(dup3, fd, 78L, (long)O_CLOEXEC);
	WANT(file_dup, PATH("a"), NUM(fd, fd), NUM(new_fd, 78), NUM(flags, O_CLOEXEC));
	DO(dup2, 77L, 77L);
	WANT(file_dup, PATH("a"), NUM(fd, 77), NUM(new_fd, 77), NUM(result, 77));
	DO(dup3, fd, fd, 0L);
	WANT(file_dup, PATH("a"), NUM(result, -EINVAL));
	DO(dup, 999);
	WANT(file_dup, NUM(fd, 999), NUM(result, -EBADF));
	s = eventfd(0, 0);
	DO(dup, s);
	WANT(file_dup, STR(path, probe_fd_path(s)), NUM(fd, s));
}

PROBE(file_fcntl)
{
	int fd = probe_file("a", "x");

	DO(fcntl, fd, (long)F_GETFD);
	WANT(file_fcntl, PATH("a"), NUM(command, F_GETFD), NUM(result, FD_CLOEXEC));
	DO(fcntl, fd, (long)F_SETFD, 0L);
	WANT(file_fcntl, PATH("a"), NUM(command, F_SETFD), NUM(arg, 0), NUM(result, 0));
	DO(fcntl, fd, (long)F_GETFL, 0L);
	WANT(file_fcntl, PATH("a"), NUM(command, F_GETFL));
	DO(fcntl, fd, (long)F_SETFL, (long)O_APPEND);
	WANT(file_fcntl, PATH("a"), NUM(command, F_SETFL), NUM(arg, O_APPEND));
	DO(fcntl, fd, (long)F_DUPFD_CLOEXEC, 60L);
	WANT(file_fcntl, PATH("a"), NUM(command, F_DUPFD_CLOEXEC), NUM(arg, 60), NUM(result, 60));
	DO(fcntl64, fd, (long)F_GETFD, 0L);
	WANT(file_fcntl, PATH("a"), NUM(command, F_GETFD));
	DO(fcntl, 999, (long)F_GETFD, 0L);
	WANT(file_fcntl, NUM(command, F_GETFD), NUM(result, -EBADF));
	DO(fcntl, fd, 4242L, 0L);
	WANT(file_fcntl, PATH("a"), NUM(command, 4242), NUM(result, -EINVAL));
}

PROBE(file_chdir)
{
	int dir;

	MUST(mkdir("dir", 0755) == 0 && mkdir("dir/in", 0755) == 0);
	MUST(symlink("dir", "link") == 0);
	dir = open("dir/in", O_RDONLY | O_DIRECTORY);
	DO(chdir, "dir");
	WANT(file_chdir, PATH("dir"), NUM(result, 0));
	DO(fchdir, dir);
	WANT(file_chdir, PATH("dir/in"), NUM(result, 0));
	DO(chdir, "..");
	WANT(file_chdir, EITHER(path, probe_at("dir/in/.."), probe_at("dir")), NUM(result, 0));
	DO(chdir, "missing");
	WANT(file_chdir, PATH("dir/missing"), NUM(result, -ENOENT));
	DO(fchdir, 999);
	WANT(file_chdir, NUM(result, -EBADF));
	DO(chdir, probe_at("link"));
	WANT(file_chdir, EITHER(path, probe_at("link"), probe_at("dir")), NUM(result, 0));
	DO(chdir, "here");
	WANT(file_chdir, PATH("dir/here"), NUM(result, -ENOENT));
}
