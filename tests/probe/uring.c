/* SPDX-License-Identifier: MIT */
/* Operations through rings that the program handles itself: each must be recorded as its system
 * call would be, whoever in the kernel carried it out. */
#include "net.h"
#include "ring.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void make_file(void *arg)
{
	(void)arg;
	close(probe_file("a", "0123456789"));
}

/* --- files ---------------------------------------------------------------------------------- */

PROBE(uring_files)
{
	struct uring u;
	static char buf[16] = "abcdefgh";
	struct iovec v[2] = {{buf, 3}, {buf + 3, 2}};
	long fd, r;
	int p[2];

	SETUP(make_file);
	uring_need(&u);
	fd = uring_do(&u, SQE(OP(OPENAT), .fd = AT_FDCWD, .addr = AT("a"), .open_flags = O_RDWR));
	MUST(fd >= 0);
	SAID(file_open, "openat", fd, PATH("a"), STR(source, "kernel"), NUM(flags, O_RDWR),
	     NUM(created, 0));
	r = uring_do(&u,
		     SQE(OP(OPENAT), .fd = AT_FDCWD, .addr = AT("none"), .open_flags = O_RDONLY));
	SAID(file_open, "openat", r, PATH("none"), STR(source, "user"), NUM(flags, O_RDONLY));
	MUST(r == -ENOENT);
	r = uring_do(&u, SQE(OP(OPENAT), .fd = AT_FDCWD, .addr = AT("new"),
			     .open_flags = O_CREAT | O_WRONLY | O_CLOEXEC, .len = 0640));
	SAID(file_open, "openat", r, PATH("new"), NUM(flags, O_CREAT | O_WRONLY | O_CLOEXEC),
	     NUM(mode, 0640), NUM(created, 1));
	r = uring_do(&u, SQE(OP(READ), .fd = fd, .addr = AT(buf), .len = 4, .off = 3));
	MUST(r == 4);
	SAID(file_read, "read", 4, PATH("a"), STR(source, "kernel"), NUM(requested, 4),
	     NUM(offset, 3));
	r = uring_do(&u, SQE(OP(READV), .fd = fd, .addr = AT(v), .len = 2, .off = 7));
	MUST(r == 3);
	SAID(file_read, "readv", 3, PATH("a"), NUM(requested, 5), NUM(offset, 7));
	r = uring_do(&u, SQE(OP(READ), .fd = fd, .addr = AT(buf), .len = 2, .off = -1ULL));
	SAID(file_read, "read", r, PATH("a"), NUM(requested, 2), NUM(offset, 0));
	r = uring_do(&u,
		     SQE(OP(WRITE), .fd = fd, .addr = AT(buf), .len = 6, .off = 0x123456789aULL));
	MUST(r == 6);
	SAID(file_write, "write", 6, PATH("a"), NUM(requested, 6), NUM(offset, 0x123456789aLL));
	r = uring_do(&u, SQE(OP(READ), .fd = 999, .addr = AT(buf), .len = 5));
	SAID(file_read, "read", -EBADF, NUM(requested, 5));
	MUST(r == -EBADF);
	r = uring_do(&u, SQE(OP(FSYNC), .fd = fd));
	SAID(file_sync, "fsync", 0, PATH("a"));
	r = uring_do(&u, SQE(OP(FALLOCATE), .fd = fd, .off = 4096, .addr = 8192, .len = 1));
	SAID(file_fallocate, "fallocate", r, PATH("a"), NUM(mode, 1), NUM(offset, 4096),
	     NUM(length, 8192));
	MUST(pipe(p) == 0);
	r = uring_do(&u, SQE(OP(SPLICE), .fd = p[1], .off = -1ULL, .splice_fd_in = fd,
			     .splice_off_in = 2, .len = 5));
	MUST(r == 5);
	SAID(file_copy, "splice", 5, PATH("a"), STR(path2, probe_fd_path(p[1])), NUM(requested, 5));
	r = uring_do(&u, SQE(OP(CLOSE), .fd = fd));
	SAID(file_close, "close", 0, PATH("a"), NUM(fd, fd));
	MUST(r == 0);
	r = uring_do(&u, SQE(OP(CLOSE), .fd = 999));
	SAID(file_close, "close", -EBADF, NUM(fd, 999));
}

static void make_names(void *arg)
{
	make_file(arg);
	MUST(mkdir("dir", 0755) == 0);
}

PROBE(uring_names)
{
	static char deep[4000];
	struct statx st;
	struct uring u;
	long r;
	int dir;

	SETUP(make_names);
	uring_need(&u);
	if (!uring_has(&u, IORING_OP_LINKAT))
		probe_skip("no names by io_uring here");
	dir = open("dir", O_PATH | O_DIRECTORY);
	MUST(dir >= 0);
	r = uring_do(&u, SQE(OP(STATX), .fd = AT_FDCWD, .addr = AT("a"), .off = AT(&st),
			     .len = STATX_SIZE, .statx_flags = AT_SYMLINK_NOFOLLOW));
	MUST(r == 0);
	SAID(file_stat, "statx", 0, PATH("a"), STR(source, "user"),
	     NUM(flags, AT_SYMLINK_NOFOLLOW));
	r = uring_do(&u, SQE(OP(STATX), .fd = dir, .addr = AT(""), .off = AT(&st),
			     .len = STATX_SIZE, .statx_flags = AT_EMPTY_PATH));
	SAID(file_stat, "statx", r, PATH("dir"), STR(source, "kernel"));
	r = uring_do(&u, SQE(OP(MKDIRAT), .fd = dir, .addr = AT("sub"), .len = 0700));
	MUST(r == 0);
	SAID(file_mkdir, "mkdirat", 0, PATH("dir/sub"), NUM(mode, 0700));
	r = uring_do(&u, SQE(OP(RENAMEAT), .fd = AT_FDCWD, .addr = AT("a"), .len = dir,
			     .addr2 = AT("b"), .rename_flags = 1));
	MUST(r == 0);
	SAID(file_rename, "renameat", 0, PATH("a"), PATH2("dir/b"), NUM(flags, 1));
	r = uring_do(&u, SQE(OP(LINKAT), .fd = dir, .addr = AT("b"), .len = AT_FDCWD,
			     .addr2 = AT("c"), .hardlink_flags = 0));
	MUST(r == 0);
	SAID(file_link, "linkat", 0, PATH("dir/b"), PATH2("c"));
	r = uring_do(&u,
		     SQE(OP(SYMLINKAT), .fd = dir, .addr = AT("/etc/passwd"), .addr2 = AT("l")));
	MUST(r == 0);
	SAID(file_symlink, "symlinkat", 0, PATH("dir/l"), STR(target, "/etc/passwd"));
	r = uring_do(&u, SQE(OP(UNLINKAT), .fd = AT_FDCWD, .addr = AT("c")));
	MUST(r == 0);
	SAID(file_unlink, "unlinkat", 0, PATH("c"), NUM(flags, 0));
	r = uring_do(&u, SQE(OP(UNLINKAT), .fd = AT_FDCWD, .addr = AT("none")));
	SAID(file_unlink, "unlinkat", -ENOENT, PATH("none"));
	r = uring_do(&u, SQE(OP(UNLINKAT), .fd = dir, .addr = AT("sub"), .unlink_flags = 0x200));
	MUST(r == 0);
	SAID(file_rmdir, "unlinkat", 0, PATH("dir/sub"), NUM(flags, 0x200));
	/* longer than what is kept with the request, twice */
	for (size_t i = 0; i + 2 < sizeof(deep); i += 2)
		memcpy(deep + i, "./", 3);
	memcpy(deep + sizeof(deep) - 5, "none", 5);
	r = uring_do(&u, SQE(OP(RENAMEAT), .fd = AT_FDCWD, .addr = AT(deep), .len = AT_FDCWD,
			     .addr2 = AT(deep)));
	SAID(file_rename, "renameat", -ENOENT, ANY(path), ANY(path2), NUM(truncated, 0));
	/* a directory that io_uring renamed has its new name in the paths below it */
	r = uring_do(&u, SQE(OP(RENAMEAT), .fd = AT_FDCWD, .addr = AT("dir"), .len = AT_FDCWD,
			     .addr2 = AT("moved")));
	MUST(r == 0);
	SAID(file_rename, "renameat", 0, PATH("dir"), PATH2("moved"));
	r = uring_do(&u, SQE(OP(MKDIRAT), .fd = dir, .addr = AT("x"), .len = 0700));
	SAID(file_mkdir, "mkdirat", r, PATH("moved/x"));
}

PROBE(uring_attributes)
{
	static char value[8] = "value", back[8];
	struct uring u;
	long r;
	int fd;

	SETUP(make_file);
	uring_need(&u);
	if (!uring_has(&u, IORING_OP_SETXATTR))
		probe_skip("no attributes by io_uring here");
	fd = open("a", O_RDWR);
	MUST(fd >= 0);
	r = uring_do(&u, SQE(OP(SETXATTR), .addr = AT("user.one"), .addr2 = AT(value), .len = 5,
			     .addr3 = AT("a"), .xattr_flags = 1));
	SAID(file_setxattr, "setxattr", r, PATH("a"), STR(name, "user.one"), NUM(size, 5),
	     NUM(flags, 1));
	r = uring_do(&u, SQE(OP(FSETXATTR), .fd = fd, .addr = AT("user.two"), .addr2 = AT(value),
			     .len = 3));
	SAID(file_setxattr, "fsetxattr", r, PATH("a"), STR(name, "user.two"), NUM(size, 3));
	r = uring_do(&u, SQE(OP(FGETXATTR), .fd = fd, .addr = AT("user.none"), .addr2 = AT(back),
			     .len = 8));
	SAID(file_getxattr, "fgetxattr", r, PATH("a"), STR(name, "user.none"), NUM(size, 8));
}

/* --- sockets -------------------------------------------------------------------------------- */

PROBE(uring_sockets_made)
{
	union net_addr a;
	socklen_t n = net_loopback(&a, AF_INET, 0);
	struct uring ring, *u = &ring;
	long fd, r;

	uring_need(u);
	if (!uring_has(u, OP_SOCKET))
		probe_skip("no sockets by io_uring here");
	fd = uring_do(u,
		      SQE(.opcode = OP_SOCKET, .fd = AF_INET, .off = SOCK_STREAM | SOCK_CLOEXEC));
	MUST(fd >= 0);
	SAID(net_socket, "socket", fd, NUM(family, AF_INET), NUM(type, SOCK_STREAM | SOCK_CLOEXEC));
	if (!uring_has(u, OP_BIND)) {
		probe_note("no bind by io_uring here");
		return;
	}
	r = uring_do(u, SQE(.opcode = OP_BIND, .fd = fd, .addr = AT(&a), .addr2 = n));
	MUST(r == 0);
	SAID(net_bind, "bind", 0, STR(local, net_local(fd)));
	r = uring_do(u, SQE(.opcode = OP_BIND, .fd = 0, .addr = AT(&a), .addr2 = n));
	SAID(net_bind, "bind", r, ANY(path));
	r = uring_do(u, SQE(.opcode = OP_LISTEN, .fd = fd, .len = 7));
	MUST(r == 0);
	SAID(net_listen, "listen", 0, STR(local, net_local(fd)), NUM(backlog, 7));
}

PROBE(uring_sockets)
{
	static char buf[32] = "hello through the ring";
	struct iovec v = {buf, 9};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	union net_addr a;
	socklen_t n = sizeof(a);
	struct uring u;
	int server = net_server(AF_INET, SOCK_STREAM), client, udp;
	struct io_uring_cqe cqe;
	long fd = -1, r;

	uring_need(&u);
	client = socket(AF_INET, SOCK_STREAM, 0);
	MUST(server >= 0 && client >= 0 && getsockname(server, &a.sa, &n) == 0);
	uring_put(&u, SQE(OP(ACCEPT), .fd = server, .accept_flags = SOCK_CLOEXEC, .user_data = 1));
	uring_put(&u, SQE(OP(CONNECT), .fd = client, .addr = AT(&a), .off = n, .user_data = 2));
	MUST(uring_enter(&u, 2, 2) == 2);
	for (int i = 0; i < 2; i++) {
		cqe = uring_take(&u);
		if (cqe.user_data == 1)
			fd = cqe.res;
		else
			MUST(cqe.res == 0);
	}
	MUST(fd >= 0);
	SAID(net_accept, "accept", fd, STR(path, net_path(fd)), STR(local, net_local(fd)),
	     STR(remote, net_remote(fd)), NUM(flags, SOCK_CLOEXEC));
	SAID(net_connect, "connect", 0, STR(path, net_path(client)),
	     STR(remote, net_local(server)));
	r = uring_do(&u, SQE(OP(SEND), .fd = client, .addr = AT(buf), .len = 22,
			     .msg_flags = MSG_NOSIGNAL));
	MUST(r == 22);
	SAID(net_send, "send", 22, STR(path, net_path(client)), NUM(requested, 22), NUM(bytes, 22),
	     MASK(flags, MSG_NOSIGNAL, MSG_NOSIGNAL));
	r = uring_do(&u, SQE(OP(RECV), .fd = fd, .addr = AT(buf), .len = 5));
	MUST(r == 5);
	SAID(net_recv, "recv", 5, STR(path, net_path(fd)), NUM(requested, 5), NUM(bytes, 5),
	     STR(remote, net_remote(fd)));
	r = uring_do(&u, SQE(OP(RECVMSG), .fd = fd, .addr = AT(&m), .len = 1));
	MUST(r == 9);
	SAID(net_recv, "recvmsg", 9, STR(path, net_path(fd)), NUM(requested, 9), NUM(bytes, 9));
	r = uring_do(&u, SQE(OP(READ), .fd = fd, .addr = AT(buf), .len = 30));
	MUST(r == 8);
	SAID(net_recv, "read", 8, STR(path, net_path(fd)), NUM(requested, 30), NUM(bytes, 8));
	r = uring_do(&u, SQE(OP(WRITE), .fd = fd, .addr = AT(buf), .len = 3));
	SAID(net_send, "write", 3, STR(path, net_path(fd)), NUM(requested, 3), NUM(bytes, 3));
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	m.msg_name = &a;
	m.msg_namelen = n;
	r = uring_do(&u, SQE(OP(SENDMSG), .fd = udp, .addr = AT(&m), .len = 1));
	SAID(net_send, "sendmsg", r, ANY(path), NUM(requested, 9), STR(remote, net_local(server)));
	if (uring_has(&u, IORING_OP_SHUTDOWN)) {
		const char *path = net_path(fd);

		r = uring_do(&u, SQE(OP(SHUTDOWN), .fd = fd, .len = 1));
		SAID(net_shutdown, "shutdown", r, STR(path, path), NUM(how, 1));
	}
	r = uring_do(&u, SQE(OP(CLOSE), .fd = fd));
	SAID(net_close, "close", 0, NUM(fd, fd), ANY(path));
}

/* Addresses that nobody listens at are in no socket: they come from the request. */
PROBE(uring_connect)
{
	union net_addr a;
	socklen_t n = net_loopback(&a, AF_INET, 1);
	struct uring u;
	int fd;
	long r;

	uring_need(&u);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	r = uring_do(&u, SQE(OP(CONNECT), .fd = fd, .addr = AT(&a), .off = n));
	MUST(r == -ECONNREFUSED);
	SAID(net_connect, "connect", r, STR(remote, "127.0.0.1:1"));
	r = uring_do(&u, SQE(OP(CONNECT), .fd = 999, .addr = AT(&a), .off = n));
	SAID(net_connect, "connect", -EBADF, STR(remote, "127.0.0.1:1"));
}

/* --- registered files ----------------------------------------------------------------------- */

PROBE(uring_fixed)
{
	static char buf[16];
	int fds[4] = {-1, -1, -1, -1};
	struct uring u;
	long r;

	SETUP(make_file);
	uring_need(&u);
	fds[1] = DO(openat, AT_FDCWD, "a", O_RDWR, 0);
	MUST(fds[1] >= 0);
	WANT(file_open, PATH("a"));
	MUST(syscall(NR_io_uring_register, u.fd, (long)IORING_REGISTER_FILES, fds, 4L) == 0);
	DO(close, fds[1]);
	WANT(file_close, PATH("a"));
	r = uring_do(&u, SQE(OP(READ), .fd = 1, .flags = IOSQE_FIXED_FILE, .addr = AT(buf),
			     .len = 4, .off = 2));
	MUST(r == 4);
	SAID(file_read, "read", 4, PATH("a"), STR(source, "kernel"), NUM(requested, 4),
	     NUM(offset, 2));
	r = uring_do(&u,
		     SQE(OP(READ), .fd = 3, .flags = IOSQE_FIXED_FILE, .addr = AT(buf), .len = 4));
	SAID(file_read, "read", -EBADF, ANY(path), NUM(requested, 4));
	MUST(r == -EBADF);
	/* opened into a slot, read from there, closed there: no descriptor at all */
	r = uring_do(&u, SQE(OP(OPENAT2), .fd = AT_FDCWD, .addr = AT("a"),
			     .off = AT(&(uint64_t[3]){O_RDONLY, 0, 0x08 /* RESOLVE_BENEATH */}),
			     .len = 24, .file_index = 3));
	if (r == -EINVAL) {
		probe_note("no direct descriptors here");
		return;
	}
	MUST(r == 0);
	SAID(file_open, "openat2", 0, PATH("a"), STR(source, "kernel"), NUM(flags, O_RDONLY),
	     NUM(resolve, 0x08));
	r = uring_do(&u,
		     SQE(OP(READ), .fd = 2, .flags = IOSQE_FIXED_FILE, .addr = AT(buf), .len = 3));
	MUST(r == 3);
	SAID(file_read, "read", 3, PATH("a"), NUM(requested, 3));
	r = uring_do(&u, SQE(OP(CLOSE), .file_index = 3));
	MUST(r == 0);
	SAID(file_close, "close", 0, PATH("a"));
}

/* --- chains, cancelling --------------------------------------------------------------------- */

PROBE(uring_links)
{
	static char buf[16];
	struct uring u;
	int fd, full, p[2];

	SETUP(make_file);
	uring_need(&u);
	fd = open("a", O_RDWR);
	full = open("/dev/full", O_WRONLY);
	MUST(fd >= 0 && full >= 0 && pipe(p) == 0);
	/* the second of three fails, the third is cancelled */
	uring_put(&u, SQE(OP(READ), .fd = fd, .flags = IOSQE_IO_LINK, .addr = AT(buf), .len = 4,
			  .user_data = 1));
	uring_put(&u, SQE(OP(WRITE), .fd = full, .flags = IOSQE_IO_LINK, .addr = AT(buf), .len = 3,
			  .user_data = 2));
	uring_put(&u, SQE(OP(FSYNC), .fd = fd, .user_data = 3));
	MUST(uring_enter(&u, 3, 3) == 3);
	SAID(file_read, "read", 4, PATH("a"), NUM(requested, 4));
	SAID(file_write, "write", -ENOSPC, STR(path, "/dev/full"), NUM(requested, 3));
	SAID(file_sync, "fsync", -ECANCELED, ANY(path));
	for (int i = 0; i < 3; i++)
		uring_take(&u);
	/* one that waits, and is cancelled */
	uring_put(&u, SQE(OP(READ), .fd = p[0], .addr = AT(buf), .len = 9, .user_data = 0x77));
	MUST(uring_enter(&u, 1, 0) == 1);
	probe_sleep_ms(5);
	uring_put(&u, SQE(OP(ASYNC_CANCEL), .addr = 0x77, .user_data = 0x78));
	MUST(uring_enter(&u, 1, 2) == 1);
	NOTED();
	WANT(file_read, CALLED("read"), STR(path, probe_fd_path(p[0])), NUM(requested, 9),
	     NUM(result, -ECANCELED), MIN(duration, 4000000));
	SAID(system_uring, "async_cancel", 0, NUM(user_data, 0x78),
	     NUM(opcode, IORING_OP_ASYNC_CANCEL));
}

/* --- more completions than requests --------------------------------------------------------- */

PROBE(uring_multishot)
{
	int server = net_server(AF_INET, SOCK_STREAM), clients[2], fds[2];
	struct io_uring_cqe cqe;
	struct uring u;

	uring_need(&u);
	if (!uring_has(&u, OP_SOCKET)) /* both came with 5.19 */
		probe_skip("no multishot accept here");
	uring_put(&u, SQE(OP(ACCEPT), .fd = server, .ioprio = 1, .user_data = 5));
	MUST(uring_enter(&u, 1, 0) == 1);
	for (int i = 0; i < 2; i++) {
		clients[i] = net_client(server, SOCK_STREAM);
		cqe = uring_take(&u);
		fds[i] = cqe.res;
		MUST(clients[i] >= 0 && cqe.res >= 0 && cqe.flags & 2);
		SAID(net_accept, "accept", fds[i], STR(path, net_path(fds[i])),
		     STR(remote, net_local(clients[i])));
	}
	uring_put(&u, SQE(OP(ASYNC_CANCEL), .addr = 5, .user_data = 6));
	MUST(uring_enter(&u, 1, 2) == 1);
	SAID(net_accept, "accept", -ECANCELED, STR(path, net_path(server)));
}

PROBE(uring_overflow)
{
	static char buf[4];
	struct uring u;
	int fd;

	SETUP(make_file);
	uring_need(&u);
	fd = open("a", O_RDWR);
	/* nothing is taken from the ring, which has room for 32 */
	for (int i = 0; i < 40; i++) {
		uring_put(&u, SQE(OP(READ), .fd = fd, .addr = AT(buf), .len = 3, .user_data = i));
		MUST(uring_enter(&u, 1, 0) == 1);
	}
	SAID(file_read, "read", 3, PATH("a"), NUM(requested, 3), COUNT(40));
}

/* --- requests that are refused, and ends that nobody is told -------------------------------- */

PROBE(uring_refused)
{
	struct uring u;
	long r;

	SETUP(make_file);
	uring_need(&u);
	if (!uring_has(&u, IORING_OP_LINKAT))
		probe_skip("too few operations here");
	r = uring_do(&u, SQE(OP(OPENAT), .fd = AT_FDCWD, .addr = 8));
	MUST(r == -EFAULT);
	SAID(file_open, "openat", -EFAULT, STR(source, "partial"), ANY(path));
	r = uring_do(&u, SQE(OP(UNLINKAT), .fd = AT_FDCWD, .addr = AT("a"), .unlink_flags = 0x40));
	MUST(r == -EINVAL);
	SAID(file_unlink, "unlinkat", -EINVAL, PATH("a"), STR(source, "user"), NUM(flags, 0x40));
	r = uring_do(&u, SQE(OP(RENAMEAT), .fd = AT_FDCWD, .addr = AT("a"), .len = AT_FDCWD,
			     .addr2 = AT("b"), .buf_index = 1));
	MUST(r == -EINVAL);
	SAID(file_rename, "renameat", -EINVAL, PATH("a"), PATH2("b"));
	r = uring_do(&u, SQE(.opcode = 111));
	MUST(r == -EINVAL);
	SAID(system_uring, "#111", -EINVAL, NUM(opcode, 111));
}

#define CQE_SKIP_SUCCESS (1u << 6)

PROBE(uring_skipped)
{
	struct uring u;
	long r;

	SETUP(make_file);
	uring_need(&u);
	if (!(u.p.features & (1u << 11)))
		probe_skip("no skipping of completions here");
	/* a failure is told, but nothing is recorded twice */
	r = uring_do(&u, SQE(OP(READ), .fd = 999, .len = 3, .flags = CQE_SKIP_SUCCESS));
	MUST(r == -EBADF);
	NOTED();
	WANT(file_read, CALLED("read"), NUM(requested, 3), NUM(pending, 1));
	uring_put(&u,
		  SQE(OP(UNLINKAT), .fd = AT_FDCWD, .addr = AT("a"), .flags = CQE_SKIP_SUCCESS));
	MUST(uring_enter(&u, 1, 0) == 1);
	NOTED();
	WANT(file_unlink, CALLED("unlinkat"), PATH("a"), STR(source, "user"), NUM(pending, 1));
}

/* Several at once that have one tag. */
PROBE(uring_tags)
{
	static char buf[16];
	struct uring u;
	int p[2], fd;

	SETUP(make_file);
	uring_need(&u);
	if (!uring_has(&u, OP_SOCKET))
		probe_skip("this kernel does not tell which request has ended");
	fd = open("a", O_RDWR);
	MUST(fd >= 0 && pipe(p) == 0);
	uring_put(&u, SQE(OP(READ), .fd = p[0], .addr = AT(buf), .len = 9, .user_data = 7));
	uring_put(&u, SQE(OP(READ), .fd = fd, .addr = AT(buf), .len = 4, .user_data = 7));
	uring_put(&u, SQE(OP(READ), .fd = fd, .addr = AT(buf), .len = 5, .user_data = 7));
	MUST(uring_enter(&u, 3, 2) == 3);
	MUST(syscall(NR_write, p[1], "abc", 3L) == 3);
	for (int i = 0; i < 3; i++)
		uring_take(&u);
	SAID(file_read, "read", 4, PATH("a"), NUM(requested, 4));
	SAID(file_read, "read", 5, PATH("a"), NUM(requested, 5));
	SAID(file_read, "read", 3, STR(path, probe_fd_path(p[0])), NUM(requested, 9));
}

/* --- who did it ----------------------------------------------------------------------------- */

/* The kernel's thread takes the requests: of this process all the same. */
PROBE(uring_polled)
{
	static char buf[16];
	struct uring u;
	long fd, r;

	SETUP(make_file);
	if (!uring_open(&u, IORING_SETUP_SQPOLL))
		probe_skip("no polling thread of io_uring here");
	fd = uring_do(&u, SQE(OP(OPENAT), .fd = AT_FDCWD, .addr = AT("a"), .open_flags = O_RDWR));
	MUST(fd >= 0);
	SAID(file_open, "openat", fd, PATH("a"), STR(source, "kernel"), ANY(tid));
	r = uring_do(&u, SQE(OP(READ), .fd = fd, .addr = AT(buf), .len = 4));
	MUST(r == 4);
	SAID(file_read, "read", 4, PATH("a"), NUM(requested, 4), ANY(tid));
	r = uring_do(&u, SQE(OP(READ), .fd = fd, .addr = AT(buf), .len = 3, .off = 2,
			     .flags = IOSQE_ASYNC)); /* by a worker */
	SAID(file_read, "read", r, PATH("a"), NUM(requested, 3), ANY(tid));
}

/* Operations that are no event of their own. */
PROBE(system_uring)
{
	struct __kernel_timespec {
		int64_t sec;
		long long nsec;
	} t = {0, 20000000};
	struct uring u;

	uring_need(&u);
	uring_put(&u, SQE(OP(NOP), .user_data = 0x1111));
	uring_put(&u, SQE(OP(TIMEOUT), .addr = AT(&t), .len = 1, .user_data = 0x2222222222ULL));
	MUST(uring_enter(&u, 2, 2) == 2);
	SAID(system_uring, "nop", 0, NUM(opcode, IORING_OP_NOP), NUM(user_data, 0x1111),
	     NUM(sqpoll, 0));
	SAID(system_uring, "timeout", -ETIME, NUM(opcode, IORING_OP_TIMEOUT),
	     NUM(user_data, 0x2222222222ULL), MIN(duration, 15000000));
	if (!uring_open(&u, IORING_SETUP_SQPOLL)) {
		probe_note("no polling thread of io_uring here");
		return;
	}
	uring_put(&u, SQE(OP(NOP), .user_data = 0x4444));
	MUST(uring_enter(&u, 1, 1) >= 0);
	SAID(system_uring, "nop", 0, NUM(user_data, 0x4444), NUM(sqpoll, 1), ANY(tid));
}
