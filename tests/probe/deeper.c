/* SPDX-License-Identifier: MIT */
/* What a look at the bytes, the mapping or the name tells beside the call itself. */
#include "probe.h"
#include <linux/fs.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { ELF = 1, SCRIPT, PE };
enum { WRITTEN = 1, READ };

#define SCRIPT_TEXT "#!/bin/sh\nexit 0\n"

static int fresh(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	MUST(fd >= 0);
	return fd;
}

/* A header as small as can be: MZ, and at 0x3c where PE stands. */
static char *make_pe(char pe[128], const char *sign)
{
	memset(pe, 0, 128);
	memcpy(pe, "MZ", 2);
	pe[0x3c] = 0x40;
	memcpy(pe + 0x40, sign, 2);
	return pe;
}

static void written(void)
{
	struct iovec v[2] = {{"\177ELF", 4}, {"rest", 4}};
	char pe[128];
	int fd = fresh("a");

	DO(write, fd, SCRIPT_TEXT, 17L);
	WANT(file_executable, PATH("a"), NUM(format, SCRIPT), NUM(seen, WRITTEN), NUM(size, 17),
	     NUM(result, 17));
	DO(write, fd, SCRIPT_TEXT, 17L); /* not its beginning */
	DO(pwrite64, fd, "\177ELF\2\1\1", 7L, OFF(0));
	WANT(file_executable, PATH("a"), NUM(format, ELF), NUM(seen, WRITTEN), NUM(size, 7));
	DO(pwrite64, fd, "\177ELF", 4L, OFF(512));
	DO(pwritev, fd, v, 2L, POS(0));
	WANT(file_executable, PATH("a"), NUM(format, ELF), NUM(size, 8));
	DO(pwrite64, fd, make_pe(pe, "PE"), 128L, OFF(0));
	WANT(file_executable, PATH("a"), NUM(format, PE), NUM(size, 128));
	DO(pwrite64, fd, make_pe(pe, "XX"), 128L, OFF(0));
	DO(pwrite64, fd, "plain text", 10L, OFF(0));
	DO(pwrite64, fd, "\177ELF", 3L, OFF(0)); /* too short to be any */
	DO(write, 999, "\177ELF", 4L);
	DO(pwrite64, fd, 8L, 16L, OFF(0));
	close(fd);
}

PROBE(file_executable)
{
	int from = fresh("from"), to, pipes[2];

	written();
	MUST(syscall(NR_pwrite64, from, "#!xy", 4L, OFF(0)) == 4);
	WANT(file_executable, PATH("from"), NUM(format, SCRIPT), ANY(syscall), ANY(result));
	to = fresh("to");
	DO(copy_file_range, from, 0L, to, 0L, 4096L, 0L);
	WANT(file_executable, PATH("to"), NUM(format, SCRIPT), NUM(seen, READ), NUM(size, 4),
	     NUM(result, 4));
	MUST(lseek(from, 0, SEEK_SET) == 0);
	to = fresh("sent");
	DO(sendfile64, to, from, 0L, 4096L);
	WANT(file_executable, PATH("sent"), NUM(format, SCRIPT), NUM(seen, READ));
	to = fresh("plain");
	MUST(pipe(pipes) == 0 && write(pipes[1], "#!pipe", 6) == 6); /* a pipe is no file */
	DO(splice, pipes[0], 0L, to, 0L, 2L, 0L); /* no more than two bytes went there */
	probe_sleep_ms(300);                      /* what is read afterwards must still be there */
}

PROBE(file_map_shared)
{
	int fd = probe_file("a", "0123456789"), ro = open("a", O_RDONLY | O_CLOEXEC);
	long address;

#ifdef __i386__
#define MMAP(len, prot, flags, fd, page) DO(mmap2, 0L, len, prot, flags, fd, page)
#else
#define MMAP(len, prot, flags, fd, page) DO(mmap, 0L, len, prot, flags, fd, (page)*4096L)
#endif
	address = MMAP(8192L, (long)(PROT_READ | PROT_WRITE), (long)MAP_SHARED, fd, 3L);
	WANT(file_map_shared, PATH("a"), NUM(length, 8192), NUM(offset, 3 * 4096),
	     NUM(result, (unsigned long)address));
	MMAP(4096L, (long)PROT_READ, (long)MAP_SHARED, fd, 0L);
	MMAP(4096L, (long)(PROT_READ | PROT_WRITE), (long)MAP_PRIVATE, fd, 0L);
	MMAP(4096L, (long)PROT_WRITE, (long)(MAP_SHARED | MAP_ANONYMOUS), fd, 0L);
	MMAP(4096L, (long)PROT_WRITE, (long)MAP_SHARED, ro, 0L);
	WANT(file_map_shared, PATH("a"), NUM(length, 4096), NUM(offset, 0), NUM(result, -EACCES));
	MMAP(4096L, (long)PROT_WRITE, (long)MAP_SHARED, 999, 0L);
}

/* A file that has no name any more, used by who has it open. */
PROBE(file_deleted)
{
	int fd = fresh("a"), again = open("a", O_RDONLY | O_CLOEXEC), other;
	char c;

	DO(write, fd, "1", 1L);
	WANT(file_write, PATH("a"), NUM(deleted, 0));
	MUST(unlink("a") == 0);
	other = open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	DO(write, fd, "2", 1L);
	WANT(file_write, STR(path, probe_fd_path(fd)), NUM(deleted, 1));
	DO(write, other, "3", 1L);
	WANT(file_write, PATH("a"), NUM(deleted, 0));
	DO(read, again, &c, 1L);
	WANT(file_read, STR(path, probe_fd_path(again)), NUM(deleted, 1));
	DO(close, again);
	WANT(file_close, STR(path, probe_at("a (deleted)")), NUM(deleted, 1));
	DO(close, fd);
	WANT(file_close, STR(path, probe_at("a (deleted)")), NUM(deleted, 1));
}
