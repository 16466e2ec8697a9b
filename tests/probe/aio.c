/* SPDX-License-Identifier: MIT */
/* io_submit: each request is an event of its own. */
#include "probe.h"
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/syscall.h>

static struct iocb request(int fd, unsigned opcode, void *buf, size_t n, long long offset)
{
	return (struct iocb){.aio_fildes = fd,
			     .aio_lio_opcode = opcode,
			     .aio_buf = (uintptr_t)buf,
			     .aio_nbytes = n,
			     .aio_offset = offset};
}

PROBE(file_aio)
{
	static char buf[32] = "0123456789";
	struct iocb a[4], *list[4] = {&a[0], &a[1], &a[2], &a[3]};
	aio_context_t ctx = 0;
	int fd = probe_file("a", "0123456789"), p[2];

	if (DO(io_setup, 8L, &ctx) == -ENOSYS)
		probe_skip("this kernel has no asynchronous I/O");
	MUST(pipe(p) == 0);
	DID(pwrite64, 10);
	WANT(file_write, PATH("a"));
	a[0] = request(fd, IOCB_CMD_PREAD, buf, 4, 3);
	a[1] = request(fd, IOCB_CMD_PWRITE, buf, 6, 0x12345678);
	a[2] = request(p[0], IOCB_CMD_POLL, (void *)1, 0, 0);
	MUST(DO(io_submit, ctx, 3L, list) == 3);
	WANT(file_read, PATH("a"), STR(source, "kernel"), NUM(requested, 4), NUM(offset, 3),
	     NUM(result, 4));
	WANT(file_write, PATH("a"), NUM(requested, 6), NUM(offset, 0x12345678), NUM(result, 6));
	/* its end is told to nobody but the program */
	WANT(file_aio, STR(path, probe_fd_path(p[0])), NUM(command, IOCB_CMD_POLL), NUM(pending, 1),
	     ANY(result));
	a[3] = request(999, IOCB_CMD_PREAD, buf, 5, 0);
	MUST(DO(io_submit, ctx, 1L, &list[3]) == -EBADF);
	WANT(file_read, NUM(requested, 5), NUM(result, -EBADF));
	MUST(DO(io_submit, ctx, 1L, 8L) == -EFAULT);
	WANT(file_aio, NUM(result, -EFAULT));
}
