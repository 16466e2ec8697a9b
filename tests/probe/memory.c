/* SPDX-License-Identifier: MIT */
/* Mappings and what may be done with them. */
#include "probe.h"
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PAGE 4096L
#define RW   (long)(PROT_READ | PROT_WRITE)
#define RX   (long)(PROT_READ | PROT_EXEC)
#define RWX  (long)(PROT_READ | PROT_WRITE | PROT_EXEC)
#define ANON (long)(MAP_PRIVATE | MAP_ANONYMOUS)

/* FLAGS_exec_reason, ENUM_memory */
enum { WRITE_EXEC = 1, WAS_WRITABLE = 2, MODIFIED = 4, NO_FILE = 8 };

#define ADDRESS(p) NUM(address, (uintptr_t)(p))

/* The offset is in pages. */
#ifdef __i386__
#define MAP(at, n, prot, flags, fd, page) \
	(void *)DO(mmap2, (long)(at), (long)(n), prot, flags, (long)(fd), (long)(page))
#else
#define MAP(at, n, prot, flags, fd, page) \
	(void *)DO(mmap, (long)(at), (long)(n), prot, flags, (long)(fd), (long)(page)*PAGE)
#endif
#define RESULT(p) NUM(result, (uintptr_t)(p))

static int two_pages(const char *name)
{
	int fd = probe_file(name, "0123456789");

	MUST(ftruncate(fd, 2 * PAGE) == 0);
	return fd;
}

PROBE(memory_map)
{
	int fd = two_pages("a");
	char *p;

	p = MAP(0, 3 * PAGE, RW, ANON, -1, 0);
	WANT(memory_map, ADDRESS(p), NUM(hint, 0), NUM(length, 3 * PAGE), NUM(prot, 3),
	     NUM(flags, 0x22), NUM(offset, 0), STR(path, ""), RESULT(p));
	p = MAP(p, 10, (long)PROT_READ, (long)(MAP_SHARED | MAP_FIXED), fd, 1);
	WANT(memory_map, ADDRESS(p), NUM(hint, (uintptr_t)p), NUM(length, 10), NUM(prot, 1),
	     NUM(flags, 0x11), NUM(offset, PAGE), PATH("a"), RESULT(p));
	/* The descriptor of an anonymous mapping is not looked at. */
	p = MAP(0, PAGE, 0L, ANON, fd, 0);
	WANT(memory_map, ADDRESS(p), NUM(prot, 0), STR(path, ""), RESULT(p));
	(void)MAP(0, PAGE, RW, (long)MAP_PRIVATE, 999, 0);
	WANT(memory_map, ADDRESS(0), NUM(result, -EBADF), STR(path, ""));
	(void)MAP(16 * PAGE, 0, RW, ANON, -1, 0);
	WANT(memory_map, ADDRESS(16 * PAGE), NUM(hint, 16 * PAGE), NUM(result, -EINVAL));
#ifdef __i386__ /* the first form of the call: its arguments lie in memory */
	uint32_t args[6] = {0, 2 * PAGE, PROT_READ, MAP_PRIVATE, (uint32_t)fd, PAGE};

	p = (void *)DO(mmap, args);
	WANT(memory_map, ADDRESS(p), NUM(length, 2 * PAGE), NUM(prot, 1), NUM(flags, 2),
	     NUM(offset, PAGE), PATH("a"), RESULT(p));
	DO(mmap, 8L);
	WANT(memory_map, NUM(result, -EFAULT));
#endif
}

PROBE(memory_unmap)
{
	int fd = two_pages("a");
	char *p = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	DO(munmap, p, PAGE);
	WANT(memory_unmap, PATH("a"), ADDRESS(p), NUM(length, PAGE));
	DO(munmap, p + PAGE, 3 * PAGE);
	WANT(memory_unmap, STR(path, ""), ADDRESS(p + PAGE), NUM(length, 3 * PAGE));
	DO(munmap, p + 1, PAGE);
	WANT(memory_unmap, ADDRESS(p + 1), NUM(result, -EINVAL));
}

PROBE(memory_protect)
{
	int fd = two_pages("a");
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
	DO(mprotect, p, PAGE, (long)PROT_READ);
	WANT(memory_protect, PATH("a"), ADDRESS(p), NUM(length, PAGE), NUM(prot, 1),
	     NUM(old_prot, 3), STR(memory, "file"), NUM(pkey, -1));
	DO(mprotect, p + PAGE, 2 * PAGE, RX);
	WANT(memory_protect, STR(path, ""), ADDRESS(p + PAGE), NUM(length, 2 * PAGE), NUM(prot, 5),
	     NUM(old_prot, 3), STR(memory, "anonymous"), NUM(pkey, -1));
	DO(mprotect, p + 1, PAGE, 0L);
	WANT(memory_protect, ADDRESS(p + 1), NUM(prot, 0), NUM(result, -EINVAL));
	DO(pkey_mprotect, p + PAGE, PAGE, (long)PROT_READ, -1L);
	WANT(memory_protect, ADDRESS(p + PAGE), NUM(old_prot, 5), NUM(prot, 1), NUM(pkey, -1));
	DO(pkey_mprotect, p + PAGE, PAGE, (long)PROT_READ, 77L);
	WANT(memory_protect, NUM(pkey, 77), NUM(result, -EINVAL));
}

PROBE(memory_remap)
{
	int fd = two_pages("a");
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), *q;
	char *to = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	q = (void *)DO(mremap, p, PAGE, 2 * PAGE, (long)MREMAP_MAYMOVE, 0L);
	WANT(memory_remap, PATH("a"), ADDRESS(p), NUM(length, PAGE), NUM(new_length, 2 * PAGE),
	     NUM(flags, 1), NUM(hint, 0), RESULT(q));
	DO(mremap, q, 2 * PAGE, PAGE, (long)(MREMAP_MAYMOVE | MREMAP_FIXED), to);
	WANT(memory_remap, PATH("a"), ADDRESS(q), NUM(hint, (uintptr_t)to), NUM(flags, 3),
	     RESULT(to));
	DO(mremap, 8L, PAGE, PAGE, 0L, 0L);
	WANT(memory_remap, ADDRESS(8), NUM(result, -EINVAL));
}

PROBE(memory_brk)
{
	uintptr_t end = (uintptr_t)DO(brk, 0L);

	WANT(memory_brk, ADDRESS(0), RESULT(end));
	end = (uintptr_t)DO(brk, (long)(end + PAGE));
	WANT(memory_brk, ADDRESS(end), RESULT(end));
	DO(brk, 16L); /* below the heap: nothing changes, and that is said */
	WANT(memory_brk, ADDRESS(16), RESULT(end));
}

PROBE(memory_advise)
{
	int fd = two_pages("a");
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	DO(madvise, p, 2 * PAGE, (long)MADV_WILLNEED);
	WANT(memory_advise, PATH("a"), ADDRESS(p), NUM(length, 2 * PAGE),
	     STR(advice, "MADV_WILLNEED"));
	DO(madvise, p, PAGE, (long)MADV_DONTNEED);
	WANT(memory_advise, PATH("a"), NUM(length, PAGE), STR(advice, "MADV_DONTNEED"));
	DO(madvise, p, PAGE, 77L);
	WANT(memory_advise, NUM(advice, 77), NUM(result, -EINVAL));
}

PROBE(memory_lock)
{
	int fd = two_pages("a");
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	DO(mlock, p, PAGE);
	WANT(memory_lock, PATH("a"), ADDRESS(p), NUM(length, PAGE), NUM(flags, 0));
	DO(mlock2, p, 2 * PAGE, 1L);
	WANT(memory_lock, PATH("a"), ADDRESS(p), NUM(length, 2 * PAGE), NUM(flags, 1));
	DO(mlock2, p, PAGE, 0x40L);
	WANT(memory_lock, NUM(flags, 0x40), NUM(result, -EINVAL));
}

PROBE(memory_lock_all)
{
	DO(mlockall, 1L);
	WANT(memory_lock_all, NUM(flags, 1 /* MCL_CURRENT */));
	DO(mlockall, 0L);
	WANT(memory_lock_all, NUM(flags, 0), NUM(result, -EINVAL));
}

PROBE(memory_unlock)
{
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	DO(munlock, p, PAGE);
	WANT(memory_unlock, STR(path, ""), ADDRESS(p), NUM(length, PAGE));
	DO(munlockall);
	WANT(memory_unlock, ADDRESS(0), NUM(length, 0));
	DO(munlock, 4 * PAGE, PAGE);
	WANT(memory_unlock, ADDRESS(4 * PAGE), NUM(result, -ENOMEM));
}

PROBE(memory_reorder)
{
	int fd = two_pages("a");
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	DO(remap_file_pages, p, PAGE, 0L, 1L, 0L);
	WANT(memory_reorder, PATH("a"), ADDRESS(p), NUM(length, PAGE), NUM(page, 1));
	DO(remap_file_pages, p, PAGE, 1L, 1L, 0L);
	WANT(memory_reorder, NUM(result, -EINVAL));
}

PROBE(memory_seal)
{
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long r = DO(mseal, p, PAGE, 0L);

	WANT(memory_seal, ADDRESS(p), NUM(length, PAGE), NUM(reserved, 0));
	DO(mseal, p, PAGE, 5L);
	WANT(memory_seal, NUM(reserved, 5), NUM(result, r == -ENOSYS || r == -EPERM ? r : -EINVAL));
}

/* --- what should not be executable ------------------------------------------------------------ */

#define EXEC(p, ...) WANT(memory_exec, ADDRESS(p), __VA_ARGS__)

static void exec_anonymous(void)
{
	char *p = MAP(0, PAGE, RWX, ANON, -1, 0);

	EXEC(p, NUM(length, PAGE), NUM(prot, 7), NUM(old_prot, 0), NUM(flags, 0x22),
	     NUM(cause, WRITE_EXEC | NO_FILE), STR(memory, "anonymous"), STR(path, ""), RESULT(p));
	DO(mprotect, p, PAGE, RX); /* less than before: nothing to say */
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	DO(mprotect, p, PAGE, RX);
	EXEC(p, NUM(length, PAGE), NUM(prot, 5), NUM(old_prot, 3), NUM(flags, 0),
	     NUM(cause, WAS_WRITABLE | NO_FILE), STR(memory, "anonymous"));
	DO(mprotect, p, PAGE, RWX);
	EXEC(p, NUM(prot, 7), NUM(old_prot, 5), NUM(cause, WRITE_EXEC));
	munmap(p + PAGE, PAGE);
	DO(mprotect, p, PAGE, RW);
	DO(pkey_mprotect, p, 2 * PAGE, RX, -1L);
	EXEC(p, NUM(cause, WAS_WRITABLE | NO_FILE), NUM(result, -ENOMEM));
}

/* Code of a file, and behind it what is not: the range is about both. */
static void exec_range(void)
{
	int fd = two_pages("a");
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mmap(p, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	DO(mprotect, p, 2 * PAGE, RX); /* a file that nobody wrote to */
	DO(mprotect, p, 3 * PAGE, RX);
	EXEC(p, NUM(length, 3 * PAGE), NUM(old_prot, 3), NUM(cause, WAS_WRITABLE | NO_FILE),
	     STR(memory, "anonymous"), STR(path, ""));
}

/* Written, made read-only, and only then executable. */
static void exec_modified(void)
{
	int fd = two_pages("b");
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	p[0] = 1;
	DO(mprotect, p, PAGE, (long)PROT_READ);
	DO(mprotect, p, PAGE, RX);
	EXEC(p, PATH("b"), NUM(old_prot, 1), NUM(cause, MODIFIED), STR(memory, "file"));
}

static void exec_unnamed(void)
{
	int memfd = DO(memfd_create, "code", 0L), gone = two_pages("gone");
	char *p;

	if (memfd >= 0) {
		MUST(ftruncate(memfd, PAGE) == 0);
		p = MAP(0, PAGE, RX, (long)MAP_SHARED, memfd, 0);
		EXEC(p, STR(path, probe_fd_path(memfd)), NUM(cause, NO_FILE), STR(memory, "memfd"),
		     RESULT(p));
		WANT(image_load, STR(path, probe_fd_path(memfd)), STR(memory, "memfd"), ADDRESS(p),
		     RESULT(p));
	}
	MUST(unlink("gone") == 0);
	p = MAP(0, PAGE, RX, (long)MAP_PRIVATE, gone, 0);
	EXEC(p, STR(path, probe_fd_path(gone)), NUM(cause, NO_FILE), STR(memory, "deleted"),
	     RESULT(p));
	WANT(image_load, STR(path, probe_fd_path(gone)), STR(memory, "deleted"), ADDRESS(p),
	     RESULT(p));
	p = MAP(0, PAGE, RX, (long)(MAP_SHARED | MAP_ANONYMOUS), -1, 0);
	EXEC(p, STR(memory, "shared"), NUM(cause, NO_FILE), RESULT(p));
	/* shared memory is a file to the kernel */
	WANT(image_load, STR(memory, "shared"), ADDRESS(p), RESULT(p));
}

static void exec_stack(void)
{
	char here, *p = (char *)((uintptr_t)&here & ~(uintptr_t)(PAGE - 1));

	DO(mprotect, p, PAGE, RWX);
	EXEC(p, STR(memory, "stack"), NUM(old_prot, 3),
	     NUM(cause, WRITE_EXEC | WAS_WRITABLE | NO_FILE));
	DO(mprotect, p, PAGE, RW);
}

/* Readable means executable: no call says so. */
static void exec_implied(void *arg)
{
	char *p;

	(void)arg;
	MUST(personality(READ_IMPLIES_EXEC) >= 0);
	p = MAP(0, PAGE, RW, ANON, -1, 0);
	EXEC(p, NUM(prot, 7), NUM(cause, WRITE_EXEC | NO_FILE), RESULT(p));
}

/* A program whose file asks for an executable stack. */
static void exec_file_stack(void)
{
	char head[PAGE], *argv[] = {(char *)"p", (char *)"@exit", (char *)"0", NULL};
	int from = open(probe_exe, O_RDONLY), to = open("p", O_RDWR | O_CREAT, 0755);
	ElfW(Ehdr) *eh = (void *)head;
	ElfW(Phdr) *ph = (void *)(head + sizeof(*eh));
	struct stat st;
	pid_t pid;

	MUST(fstat(from, &st) == 0 && read(from, head, sizeof(head)) == sizeof(head));
	MUST(lseek(from, 0, SEEK_SET) == 0);
	for (off_t n = 0; n < st.st_size;)
		n += sendfile(to, from, NULL, (size_t)(st.st_size - n));
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_GNU_STACK)
			ph[i].p_flags |= PF_X;
	MUST(pwrite(to, head, sizeof(head), 0) == sizeof(head));
	close(to);
	pid = fork();
	if (pid == 0) {
		execv("p", argv);
		_exit(127);
	}
	MUST(probe_wait(pid) == 0);
	DID(execve, 0);
	WANT(memory_exec, OF(pid), STR(memory, "stack"), NUM(prot, 7),
	     NUM(cause, WRITE_EXEC | NO_FILE), STR(path, ""));
}

PROBE(memory_exec)
{
	exec_anonymous();
	exec_range();
	exec_modified();
	exec_unnamed();
	exec_stack();
	MUST(probe_wait(probe_child(exec_implied, NULL)) == 0);
	exec_file_stack();
}
